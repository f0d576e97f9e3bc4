"""What made-up hotels have: more of it with more stars, and by what kind of house they are."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from bookingd.domain.hotels import Amenity
from bookingd.domain.stays import Board, HotelKind
from bookingd.seeding.hotels.houses import House
from bookingd.seeding.hotels.places import Climate

# Code, label, category | of 100 hotels of two, three, four and five stars, resorts, apartments, guest houses
# and hostels, how many have it.
_AMENITIES = """
wifi Free Wi-Fi, General | 96 99 100 100 99 98 97 99
reception_24h 24-hour reception, General | 45 80 99 100 95 15 5 75
lift Lift, General | 50 80 95 100 70 60 8 35
non_smoking Non-smoking rooms, General | 85 92 97 99 95 90 95 95
accessible Step-free access, General | 30 48 70 85 65 30 10 20
luggage_storage Luggage storage, General | 70 88 98 100 90 45 50 92
family_rooms Family rooms, General | 40 50 55 60 85 60 45 40
pets_allowed Pets allowed, General | 28 30 28 30 12 35 30 10
laundry Laundry, General | 25 50 85 98 85 40 25 70
lockers Lockers, General | 0 0 0 0 0 0 0 92
parking Parking, Getting there | 45 50 62 75 85 45 50 15
ev_charging Charging for electric cars, Getting there | 5 12 32 50 35 12 6 2
airport_shuttle Airport shuttle, Getting there | 12 20 32 50 55 5 10 12
bicycle_rental Bicycle hire, Getting there | 15 22 30 35 55 12 20 40
air_conditioning Air conditioning, In the room | 60 82 96 100 97 72 50 45
safe Safe, In the room | 35 65 92 100 92 35 20 10
minibar Minibar, In the room | 5 25 72 98 80 4 3 0
kitchen Kitchen, In the room | 0 1 2 2 5 97 8 0
washing_machine Washing machine, In the room | 0 0 0 0 2 62 2 0
balcony Balconies, In the room | 15 22 30 40 78 42 22 5
restaurant Restaurant, Food and drink | 18 45 82 99 99 3 12 8
bar Bar, Food and drink | 22 55 90 99 98 4 6 50
breakfast Breakfast, Food and drink | 0 0 0 0 0 0 0 0
room_service Room service, Food and drink | 3 18 62 98 80 2 2 0
shared_kitchen Shared kitchen, Food and drink | 0 0 0 0 0 0 12 88
swimming_pool Outdoor pool, Wellness | 5 10 25 42 97 22 10 5
indoor_pool Indoor pool, Wellness | 0 4 24 52 28 5 0 0
spa Spa, Wellness | 0 5 32 82 72 2 1 0
sauna Sauna, Wellness | 2 12 42 70 48 6 3 0
gym Gym, Wellness | 4 25 75 98 88 18 1 3
tennis Tennis court, Wellness | 0 1 5 12 52 2 0 0
golf Golf course, Wellness | 0 0 0 0 14 0 0 0
garden Garden, Outside | 12 18 25 38 85 22 52 28
terrace Terrace, Outside | 20 28 45 65 88 35 52 48
beachfront On the beach, Outside | 0 0 0 0 0 0 0 0
playground Playground, Families | 2 4 6 8 72 6 8 0
kids_club Children's club, Families | 0 0 3 8 68 0 0 0
cots Cots, Families | 45 62 82 95 92 52 45 8
meeting_rooms Meeting rooms, Business | 3 25 68 88 58 2 0 3
business_centre Business centre, Business | 2 15 55 75 30 1 0 2
"""

_BEACHFRONT = {
    HotelKind.RESORT: 0.72,
    HotelKind.HOTEL: 0.25,
    HotelKind.APARTMENT: 0.2,
    HotelKind.GUEST_HOUSE: 0.15,
    HotelKind.HOSTEL: 0.1,
}
"""Of those by the sea, how many stand on the beach itself."""
_WARM = frozenset({Climate.DESERT, Climate.WINTER_SUN, Climate.MONSOON, Climate.MEDITERRANEAN, Climate.EVEN})
_FOR_CARS = frozenset({"parking", "ev_charging"})
_WITHOUT_CARS = frozenset({"VCE", "MLE"})
"""Cities on islands to which no car comes."""
_WORDS = {"Spa": "spa", "Onsen": "spa", "Golf": "golf", "Pool": "swimming_pool", "Beach": "beachfront"}
"""What a name promises."""
_KINDS = (HotelKind.RESORT, HotelKind.APARTMENT, HotelKind.GUEST_HOUSE, HotelKind.HOSTEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chances:
    amenity: Amenity
    by_stars: tuple[float, ...]
    """Of hotels, from two stars on."""
    by_kind: Mapping[HotelKind, float]


def amenities() -> tuple[Amenity, ...]:
    """All that hotels can have, in the order in which they are listed."""
    return tuple(one.amenity for one in _table())


def amenities_of(house: House, name: str, boards: Collection[Board]) -> tuple[str, ...]:
    """Codes of what it has: what its name promises and what its meals need always among them."""
    needed = set(_promised(name, boards))
    return tuple(
        one.amenity.code
        for one in _table()
        if one.amenity.code in needed or house.die.share(one.amenity.code) < _chance(one, house)
    )


def _promised(name: str, boards: Collection[Board]) -> Iterator[str]:
    for word, code in _WORDS.items():
        if word in name.split():
            yield code
    if set(boards) - {Board.ROOM_ONLY}:
        yield "breakfast"
    if set(boards) - {Board.ROOM_ONLY, Board.BREAKFAST}:
        yield "restaurant"


def _chance(one: _Chances, house: House) -> float:
    if one.amenity.code == "beachfront":
        return _BEACHFRONT[house.kind] if house.by_the_sea else 0.0
    if one.amenity.code == "airport_shuttle" and house.spot.airport:
        return 0.85
    if one.amenity.code in _FOR_CARS and house.place.code in _WITHOUT_CARS:
        return 0.0
    if one.amenity.code == "air_conditioning" and house.place.climate in _WARM:
        return 1.0 if house.stars >= 3 else 0.85
    if house.kind is HotelKind.HOTEL:
        return one.by_stars[max(0, house.stars - 2)]
    return one.by_kind[house.kind]


@cache
def _table() -> tuple[_Chances, ...]:
    lines = [line for line in _AMENITIES.splitlines() if line]
    return tuple(_chances(line, rank) for rank, line in enumerate(lines, start=1))


def _chances(line: str, rank: int) -> _Chances:
    told, _, numbers = line.partition(" | ")
    code, _, named = told.partition(" ")
    label, _, category = named.rpartition(", ")
    chances = [int(number) / 100 for number in numbers.split()]
    return _Chances(
        amenity=Amenity(code=code, label=label, category=category, rank=rank),
        by_stars=tuple(chances[:4]),
        by_kind=dict(zip(_KINDS, chances[4:], strict=True)),
    )
