"""What a search for packages may ask: flights there and back, who sleeps in which room, filters of both."""

from bookingd.domain.flights import Cabin
from bookingd.domain.stay_filters import StaySort
from handlers.fields import Choice, Code, Day, Text, TrueOrFalse, Whole
from handlers.flight_requests import FARTHEST_NEARBY, FlightFilterFields
from handlers.stay_requests import DEAREST, StayFilterFields, rooms


class PackageSearch(FlightFilterFields, StayFilterFields):
    """Flights there and back with a hotel for the nights between them."""

    origin = Code(required=True, metadata={"description": "Airport or city (IATA).", "example": "FRA"})
    destination = Code(required=True, metadata={"description": "Airport or city (IATA).", "example": "LON"})
    depart = Day(required=True, metadata={"description": "Local date at the origin."})
    return_ = Day(
        required=True,
        data_key="return",
        attribute="return_on",
        metadata={"description": "Local date at the destination."},
    )
    place = Code(
        load_default=None,
        metadata={"description": "Where the hotel is (IATA), if not where the flight goes to."},
    )
    nearby_km = Whole(
        1,
        FARTHEST_NEARBY,
        load_default=None,
        metadata={"description": "Other airports within so many kilometres will do too."},
    )
    cabin = Choice([cabin.value for cabin in Cabin], load_default=Cabin.ECONOMY.value)
    rooms = rooms()
    currency = Text(
        longest=3,
        shortest=3,
        load_default=None,
        metadata={"description": "One that the agency sells in; its own unless said."},
    )
    min_price = Whole(
        0,
        DEAREST,
        load_default=None,
        metadata={"description": "Filter: the package for everybody at least, in minor units (cents)."},
    )
    max_price = Whole(
        0,
        DEAREST,
        load_default=None,
        metadata={"description": "Filter: the package for everybody at most, in minor units (cents)."},
    )
    refundable = TrueOrFalse(
        load_default=False,
        metadata={
            "description": "Filter: true for fares that can be cancelled, with rates that can be for nothing."
        },
    )
    sort = Choice(
        [sort.value for sort in StaySort],
        load_default=StaySort.PRICE.value,
        metadata={"description": "The best first; prices are those of packages."},
    )
    limit = Whole(1, 100, load_default=20, metadata={"description": "Hotels on a page."})
    cursor = Text(
        longest=200, load_default=None, metadata={"description": "`next` of the page before this one."}
    )
