"""What a hotel stay is made of: who sleeps where, under which board and conditions.

Its one rule: a stay is plain dates in the hotel's zone. A night is named by the date on which it begins;
`check_out` is the morning after the last one. Instants appear in deadlines only, and there with their zone.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bookingd.domain.exchange import FrozenRate
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.prices import Price

ADULT_GUEST_FROM = 18
"""Years; hotels count guests below it as children and price them by their age."""
MOST_ROOMS = 9
MOST_NIGHTS = 30


class Board(StrEnum):
    """Meals that the rate includes, least first."""

    ROOM_ONLY = "room_only"
    BREAKFAST = "breakfast"
    HALF_BOARD = "half_board"
    FULL_BOARD = "full_board"
    ALL_INCLUSIVE = "all_inclusive"


class HotelKind(StrEnum):
    """What sort of house it is."""

    HOTEL = "hotel"
    RESORT = "resort"
    APARTMENT = "apartment"
    GUEST_HOUSE = "guest_house"
    HOSTEL = "hostel"


class PaidAt(StrEnum):
    """When a part of a stay's price is paid."""

    BOOKING = "booking"
    PROPERTY = "property"
    """At the hotel, in its own currency where that differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomGuests:
    """Who sleeps in one room; children by their age in whole years at check-in."""

    adults: int
    children: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Heads."""
        return self.adults + len(self.children)

    def __str__(self) -> str:
        """As a person says it: `2 adults, children of 5 and 9`."""
        adults = f"{self.adults} adult{'s' if self.adults != 1 else ''}"
        if not self.children:
            return adults
        *most, last = map(str, self.children)
        ages = f"{', '.join(most)} and {last}" if most else last
        return f"{adults}, {'children' if most else 'a child'} of {ages}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Within `radius_km` of a position in degrees."""

    latitude: float
    longitude: float
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StayCriteria:
    """One of: a place by its IATA code (city or airport), a position, one hotel by the id that we show."""

    place: str | None = None
    around: Around | None = None
    hotel: str | None = None
    check_in: date
    check_out: date
    rooms: tuple[RoomGuests, ...]
    currency: str = "EUR"

    @property
    def nights(self) -> int:
        """Nights of the stay."""
        return (self.check_out - self.check_in).days


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelFacts:
    """A hotel as offers show it: what people choose by."""

    key: str
    """The supplier's own key; for own inventory the hotel's id in decimal. See `hotel_id`."""
    name: str
    latitude: float
    longitude: float
    address: str
    city: str
    city_code: str
    """IATA code of the city; empty where a supplier names none."""
    district: str = ""
    """Part of the city or village nearby, as people call it; empty where it is not known."""
    country: str
    """ISO 3166-1 alpha-2."""
    zone: str
    """IANA."""
    kind: HotelKind
    stars: int
    """1 to 5; 0 where it has none."""
    rating: int | None = None
    """Of its guests, in tenths: 0 to 100."""
    reviews: int = 0
    amenities: tuple[str, ...] = ()
    """Codes of `GET /v1/amenities`."""
    pictures: tuple[str, ...] = ()
    """Ids of pictures that we serve, the best one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationStep:
    """What cancelling costs until an instant; the steps of a rate leave no gap (see `StayTerms`)."""

    until: datetime | None
    """Aware, UTC; None: from the step before on, without end."""
    fee: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StayTerms:
    """The conditions of a rate: compared when the offer is checked or held (P8)."""

    board: Board
    cancellation: tuple[CancellationStep, ...]
    """In the order of time; the last one has no end."""
    paid_at: PaidAt = PaidAt.BOOKING

    def free_until(self) -> datetime | None:
        """Until when cancelling costs nothing; None where it never does."""
        first = self.cancellation[0]
        return first.until if first.fee.amount == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRoom:
    """One room of an offer, for the guests at the same place in the criteria."""

    key: str
    """The supplier's key of the room type."""
    rate: str
    """The supplier's key of the rate plan."""
    name: str
    rate_name: str
    beds: str
    guests: RoomGuests


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """A tax or charge that the price of the rooms has in it already: told, not added."""

    label: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedStay:
    """What is sold in another currency than the supplier's, as the supplier has it; see `conversion`."""

    rate: FrozenRate
    price: Price
    """Line by line what the offer's price was converted from."""
    terms: StayTerms
    included: tuple[Included, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StayOffer:
    """Priced rooms of one hotel for one stay, all under the same terms.

    The price and the terms are what the traveller was shown (P8). The price's total is all that is mandatory,
    also what is paid at the hotel; its lines say which that is.
    """

    id: OfferId
    supplier: str
    hotel: HotelFacts
    check_in: date
    check_out: date
    rooms: tuple[StayRoom, ...]
    terms: StayTerms
    price: Price
    included: tuple[Included, ...] = ()
    rooms_left: int
    """How often it could be had when it was made, over all its nights; a hint, never a promise."""
    made_at: datetime
    expires_at: datetime
    supplied: SuppliedStay | None = None
    """Where it is sold in another currency than the supplier's."""

    @property
    def total(self) -> Money:
        """What the stay costs all in all."""
        return self.price.total

    @property
    def at_property(self) -> Money:
        """How much of it is paid at the hotel."""
        return self.price.at_property

    @property
    def nights(self) -> int:
        """Nights of the stay."""
        return (self.check_out - self.check_in).days


def hotel_id(supplier: str, key: str) -> str:
    """The id of a hotel as we show it: `inventory-17`."""
    return f"{supplier}-{key}"


def hotel_key(shown: str) -> tuple[str, str]:
    """Whose hotel an id that we showed is, and that supplier's own key of it (empty: it is no such id)."""
    supplier, _, key = shown.partition("-")
    return supplier, key
