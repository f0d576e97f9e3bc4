"""What a hotel search may ask: criteria, filters, order and page, as they stand in a query string."""

import re
from typing import Any

from marshmallow import fields

from bookingd.domain.stay_filters import PricePer, StaySort
from bookingd.domain.stays import ADULT_GUEST_FROM, MOST_ROOMS, Board, HotelKind, RoomGuests
from handlers.fields import (
    NEEDED,
    Choice,
    Choices,
    Code,
    Codes,
    Day,
    Real,
    Repeated,
    Request,
    Said,
    Text,
    TrueOrFalse,
    Whole,
)

MOST_ADULTS = 9
"""In a room."""
MOST_CHILDREN = 6
FARTHEST_KM = 100.0
DEAREST = 10**12
"""Minor units."""
MOST_STARS = 5
MOST_DISTRICTS = 20
TWO_ADULTS = RoomGuests(adults=2)

_ROOM = re.compile(r"([0-9]{1,2})(?::([0-9]{1,2}(?:,[0-9]{1,2})*))?")


class Room(fields.String):
    """Who sleeps in a room: its adults, and the ages of the children in it: `2`, `2:5,9`."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("room", "This has to be as 2 (adults), or 2:5,9 with the ages of children."),
        "adults": Said("adults", f"A room takes 1 to {MOST_ADULTS} adults."),
        "children": Said("children", f"A room takes {MOST_CHILDREN} children at most."),
        "age": Said("age", f"Children are 0 to {ADULT_GUEST_FROM - 1} years old; older guests are adults."),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = _ROOM.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            raise self.make_error("invalid")
        ages = tuple(int(age) for age in found[2].split(",")) if found[2] else ()
        if not 1 <= int(found[1]) <= MOST_ADULTS:
            raise self.make_error("adults")
        if len(ages) > MOST_CHILDREN:
            raise self.make_error("children")
        if any(age >= ADULT_GUEST_FROM for age in ages):
            raise self.make_error("age")
        return RoomGuests(adults=int(found[1]), children=ages)


def _perhaps(low: int, high: int, about: str) -> Whole:
    return Whole(low, high, load_default=None, metadata={"description": about})


def rooms(most: int = MOST_ROOMS) -> Repeated:
    """The rooms that are wanted, in the order in which offers have them."""
    return Repeated(
        Room(metadata={"example": "2:5,9"}),
        most=most,
        data_key="room",
        attribute="rooms",
        load_default=(TWO_ADULTS,),
        metadata={
            "description": "Who sleeps in a room: adults, and behind a colon children's ages at check-in."
            f" Repeated for several rooms, {MOST_ROOMS} at most; left out, one room for two adults."
        },
    )


class StayFilterFields(Request):
    """What may be wanted of hotels and their rates."""

    stars = Choices(
        [str(stars) for stars in range(MOST_STARS + 1)],
        load_default=(),
        metadata={"description": "Filter: one of these; 0 is without stars.", "example": "4,5"},
    )
    kinds = Choices(
        [kind.value for kind in HotelKind], load_default=(), metadata={"description": "Filter: one of these."}
    )
    amenities = Codes(
        "[a-z][a-z0-9_]{0,39}",
        example="swimming_pool",
        load_default=(),
        metadata={"description": "Filter: all of these; codes of `GET /v1/amenities`, parted by commas."},
    )
    district = Repeated(
        Text(longest=80),
        most=MOST_DISTRICTS,
        attribute="districts",
        load_default=(),
        metadata={"description": "Filter: in one of these parts of the city."},
    )
    boards = Choices(
        [board.value for board in Board], load_default=(), metadata={"description": "Filter: one of these."}
    )
    name = Text(
        shortest=0,
        longest=80,
        load_default="",
        metadata={"description": "Filter: in the hotel's name, whatever the case and the accents."},
    )
    min_rating = _perhaps(0, 100, "Filter: guests rated it so on average at least, of 100.")
    max_distance_km = Real(
        0.1,
        FARTHEST_KM,
        load_default=None,
        metadata={"description": "Filter: from the middle of the place that is asked for."},
    )
    pay_at_property = TrueOrFalse(
        load_default=False, metadata={"description": "Filter: true for what is paid at the hotel."}
    )


class StaySearch(StayFilterFields):
    """Hotel stays in a `place`, around a position (`latitude`, `longitude`, `radius_km`) or in `hotel`."""

    place = Code(
        load_default=None,
        metadata={
            "description": "City or airport (IATA); an airport means its city and what is near it.",
            "example": "LON",
        },
    )
    latitude = Real(-90, 90, load_default=None, metadata={"description": "Degrees; instead of `place`."})
    longitude = Real(-180, 180, load_default=None, metadata={"description": "Degrees."})
    radius_km = Real(
        0.1, FARTHEST_KM, load_default=None, metadata={"description": "Around that position; 10 if left out."}
    )
    hotel = Text(
        longest=80,
        load_default=None,
        metadata={
            "description": "Id of one hotel, as offers and `GET /v1/places` have it; instead of `place`."
        },
    )
    check_in = Day(required=True, metadata={"description": "Date of the first night, where the hotel is."})
    check_out = Day(required=True, metadata={"description": "Date of the morning behind the last night."})
    rooms = rooms()
    currency = Text(
        longest=3,
        shortest=3,
        load_default=None,
        metadata={"description": "One that the agency sells in; its own unless said."},
    )
    min_price = _perhaps(0, DEAREST, "Filter: in minor units (cents), of what `price_per` says.")
    max_price = _perhaps(0, DEAREST, "Filter: in minor units (cents), of what `price_per` says.")
    price_per = Choice(
        [per.value for per in PricePer],
        load_default=PricePer.STAY.value,
        metadata={
            "description": "What `min_price` and `max_price` are for: all rooms for all nights, or a night."
        },
    )
    refundable = TrueOrFalse(
        load_default=False,
        metadata={"description": "Filter: true for what can still be cancelled for nothing."},
    )
    sort = Choice(
        [sort.value for sort in StaySort],
        load_default=StaySort.PRICE.value,
        metadata={"description": "The best first. docs/search.md tells `best`."},
    )
    limit = Whole(1, 100, load_default=20, metadata={"description": "Hotels on a page."})
    cursor = Text(
        longest=200, load_default=None, metadata={"description": "`next` of the page before this one."}
    )
