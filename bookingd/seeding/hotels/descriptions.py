"""What is told of a made-up hotel: two or three short paragraphs of nothing but its facts."""

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType

from bookingd.domain.hotels import RoomType
from bookingd.domain.stays import Board, HotelKind
from bookingd.seeding.airports import airports
from bookingd.seeding.hotels.houses import House
from bookingd.seeding.hotels.places import Character
from bookingd.seeding.hotels.plans import Plan

NEAR_KM = 0.6
"""Nearer to the centre than this one is in it."""

_STARS = ("", "one-star", "two-star", "three-star", "four-star", "five-star")
_KIND = MappingProxyType(
    {
        HotelKind.HOTEL: "hotel",
        HotelKind.RESORT: "resort",
        HotelKind.APARTMENT: "apartment house",
        HotelKind.GUEST_HOUSE: "guest house",
        HotelKind.HOSTEL: "hostel",
    }
)
_TELLING = MappingProxyType(
    {
        "swimming_pool": "an outdoor pool",
        "indoor_pool": "an indoor pool",
        "spa": "a spa",
        "sauna": "a sauna",
        "gym": "a gym",
        "tennis": "a tennis court",
        "golf": "a golf course",
        "garden": "a garden",
        "terrace": "a terrace",
        "restaurant": "a restaurant",
        "bar": "a bar",
        "kids_club": "a children's club",
        "playground": "a playground",
        "meeting_rooms": "meeting rooms",
        "shared_kitchen": "a kitchen for all guests",
        "bicycle_rental": "bicycles for hire",
        "laundry": "a laundry",
        "lockers": "lockers",
    }
)
"""Amenities worth a word, the best ones first."""
MOST_TOLD = 5
_BOARDS = MappingProxyType(
    {
        Board.BREAKFAST: "breakfast",
        Board.HALF_BOARD: "half board",
        Board.FULL_BOARD: "full board",
        Board.ALL_INCLUSIVE: "all inclusive",
    }
)


def description_of(
    name: str, house: House, rooms: Sequence[RoomType], plans: Sequence[Plan], amenities: Sequence[str]
) -> str:
    """Paragraphs with empty lines between them."""
    where = f"{_opening(name, house)} {_size(house, rooms)}"
    has = " ".join(filter(None, (_told_amenities(house, amenities), _meals(plans))))
    rest = " ".join(_rest(house, amenities))
    return "\n\n".join(filter(None, (where, has, rest)))


def _opening(name: str, house: House) -> str:
    kind = " ".join(filter(None, (_STARS[house.stars], _KIND[house.kind])))
    where = _where(house)
    if house.die.share("opening") < 0.5 or where[0].isdecimal():
        return f"{name} is {_a(kind)} {where}."
    return f"{where[0].upper()}{where[1:]} stands {name}, {_a(kind)}."


def _where(house: House) -> str:
    city, district, away = house.place.name, house.spot.district, house.spot.from_centre_km
    if house.spot.airport:
        airport = airports()[house.spot.airport].name
        return f"in {district}, near {airport}"
    if house.place.character is Character.BEACH:
        return f"in {district}, {city}" if district else f"in {city}"
    if away < NEAR_KM:
        return f"in {district}, in the centre of {city}" if district else f"in the centre of {city}"
    if not district:
        return f"{_distance(away)} from the centre of {city}"
    return f"in {district}, {_distance(away)} from the centre of {city}"


def _distance(kilometres: float) -> str:
    if kilometres < 0.95:
        return f"{round(kilometres * 10) * 100} m"
    return f"{kilometres:.1f} km" if kilometres < 10 else f"{kilometres:.0f} km"


def _size(house: House, rooms: Sequence[RoomType]) -> str:
    if house.kind is HotelKind.HOSTEL:
        return f"It has {house.size} rooms, dormitories and private ones."
    most = max(room.occupancy for room in rooms)
    what = "apartments" if house.kind is HotelKind.APARTMENT else "rooms"
    sleeps = f"the largest take {_number(most)} guests" if most > 2 else "each for two guests at most"
    return (
        house.die.pick(
            (f"It has {house.size} {what}; {sleeps}.", f"There are {house.size} {what}, and {sleeps}."),
            "size told",
        )
        .replace(", and each", ", each")
        .replace("; each", ", each")
    )


def _told_amenities(house: House, amenities: Sequence[str]) -> str:
    had = [told for code, told in _TELLING.items() if code in amenities][:MOST_TOLD]
    if not had:
        return ""
    if "beachfront" in amenities:
        return f"The beach is at the door, and guests find {_listed(had)}."
    return house.die.pick(
        (f"Guests find {_listed(had)}.", f"The house has {_listed(had)}."), "amenities told"
    )


def _meals(plans: Sequence[Plan]) -> str:
    boards = [told for board, told in _BOARDS.items() if any(one.plan.board is board for one in plans)]
    if not boards:
        return ""
    return f"Rooms can be booked with {_listed(boards, 'or')}."


def _rest(house: House, amenities: Sequence[str]) -> Iterator[str]:
    if house.spot.airport and "airport_shuttle" in amenities:
        yield "A shuttle runs to the airport."
    if "pets_allowed" in amenities:
        yield "Pets are welcome."
    if "cots" in amenities and house.kind is not HotelKind.HOSTEL:
        yield "Cots are free for the smallest ones."
    if "ev_charging" in amenities:
        yield "Electric cars can be charged here."
    elif "parking" in amenities:
        yield "There is a car park."
    if "reception_24h" in amenities:
        yield "The reception is open day and night."


def _listed(told: Iterable[str], last: str = "and") -> str:
    *some, end = told
    return f"{', '.join(some)} {last} {end}" if some else end


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" and not kind.startswith("one") else f"a {kind}"


def _number(number: int) -> str:
    return ("", "one", "two", "three", "four", "five", "six")[number] if number <= 6 else str(number)
