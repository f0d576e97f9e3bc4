"""What kind of house a made-up hotel is: stars, size, what guests think of it, what its price begins with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from bookingd.domain.stays import HotelKind
from bookingd.seeding.chance import Die
from bookingd.seeding.hotels.places import Character, Climate, Place
from bookingd.seeding.hotels.positions import Spot

NET = 0.82
"""Of what travellers pay for a room, what the hotel gets: the rest is the agency's."""
UNJUDGED = 0.02
"""Of all hotels, those that have just opened."""
WORST, BEST = 52, 98
"""Ratings in tenths that hotels really have."""

_KINDS = MappingProxyType(
    {
        Character.CITY: {
            HotelKind.HOTEL: 0.66,
            HotelKind.APARTMENT: 0.15,
            HotelKind.GUEST_HOUSE: 0.11,
            HotelKind.HOSTEL: 0.08,
        },
        Character.SIGHTS: {
            HotelKind.HOTEL: 0.56,
            HotelKind.APARTMENT: 0.14,
            HotelKind.GUEST_HOUSE: 0.19,
            HotelKind.HOSTEL: 0.11,
        },
        Character.BEACH: {
            HotelKind.HOTEL: 0.28,
            HotelKind.RESORT: 0.38,
            HotelKind.APARTMENT: 0.14,
            HotelKind.GUEST_HOUSE: 0.14,
            HotelKind.HOSTEL: 0.06,
        },
    }
)
_NEAR_AIRPORT = MappingProxyType({HotelKind.HOTEL: 0.85, HotelKind.GUEST_HOUSE: 0.15})
_STARS = MappingProxyType(
    {
        HotelKind.HOTEL: {2: 0.16, 3: 0.38, 4: 0.33, 5: 0.13},
        HotelKind.RESORT: {3: 0.18, 4: 0.48, 5: 0.34},
        HotelKind.APARTMENT: {0: 0.35, 3: 0.35, 4: 0.25, 5: 0.05},
        HotelKind.GUEST_HOUSE: {0: 0.45, 1: 0.1, 2: 0.25, 3: 0.2},
        HotelKind.HOSTEL: {0: 0.75, 1: 0.25},
    }
)
_RICH_STARS = MappingProxyType({2: 0.08, 3: 0.26, 4: 0.4, 5: 0.26})
"""Of hotels in the Gulf and other deserts that are rich."""
_ROOMS = MappingProxyType(
    {
        HotelKind.HOTEL: {2: (18, 70), 3: (28, 140), 4: (60, 260), 5: (70, 340)},
        HotelKind.RESORT: {3: (60, 220), 4: (90, 380), 5: (60, 420)},
        HotelKind.APARTMENT: {0: (6, 30), 3: (12, 60), 4: (20, 90), 5: (20, 80)},
        HotelKind.GUEST_HOUSE: {0: (4, 10), 1: (5, 12), 2: (5, 16), 3: (6, 20)},
        HotelKind.HOSTEL: {0: (10, 45), 1: (12, 60)},
    }
)
_STAR_RATING = MappingProxyType({0: 79, 1: 71, 2: 74, 3: 79, 4: 84, 5: 90})
_STAR_FACTOR = MappingProxyType({0: 0.85, 1: 0.6, 2: 0.72, 3: 1.0, 4: 1.45, 5: 2.7})
_KIND_FACTOR = MappingProxyType(
    {
        HotelKind.HOTEL: 1.0,
        HotelKind.RESORT: 1.2,
        HotelKind.APARTMENT: 1.0,
        HotelKind.GUEST_HOUSE: 0.82,
        HotelKind.HOSTEL: 0.62,
    }
)


@dataclass(frozen=True, kw_only=True)
class House:
    """A made-up hotel before it has a name."""

    id: int
    place: Place
    spot: Spot
    kind: HotelKind
    stars: int
    size: int
    """Rooms, apartments or dormitories."""
    rating: int | None
    reviews: int
    die: Die

    @cached_property
    def base(self) -> float:
        """Cents net for its plain double room without meals, on an ordinary night."""
        return _base(self)

    @property
    def by_the_sea(self) -> bool:
        return _by_the_sea(self.place, self.spot)

    @property
    def meal(self) -> float:
        """Cents net of what a plain lunch costs there: meals are reckoned from it."""
        return self.place.level * 100 * NET * (0.1 + 0.025 * self.stars)


def house(number: int, place: Place, spot: Spot, die: Die) -> House:
    """One that fits the place and the spot."""
    kind = die.weighted(_kinds(place, spot), "kind")
    stars = _stars(kind, place, die)
    low, high = _ROOMS[kind][stars]
    size = round(low + (high - low) * math.pow(die.share("size"), 1.6))
    rating = _rating(kind, stars, die)
    return House(
        id=number,
        place=place,
        spot=spot,
        kind=kind,
        stars=stars,
        size=size,
        rating=rating,
        reviews=0 if rating is None else _reviews(size, die),
        die=die,
    )


def _by_the_sea(place: Place, spot: Spot) -> bool:
    return place.character is Character.BEACH and spot.waterside and not spot.airport


def _kinds(place: Place, spot: Spot) -> Mapping[HotelKind, float]:
    """Resorts stand by the sea only."""
    if spot.airport:
        return _NEAR_AIRPORT
    inland = place.character is Character.BEACH and not spot.waterside
    return _KINDS[Character.SIGHTS if inland else place.character]


def _stars(kind: HotelKind, place: Place, die: Die) -> int:
    rich = kind is HotelKind.HOTEL and place.climate is Climate.DESERT
    return die.weighted(_RICH_STARS if rich else _STARS[kind], "stars")


def _rating(kind: HotelKind, stars: int, die: Die) -> int | None:
    """In tenths; guests of small houses are kinder."""
    if die.share("judged") < UNJUDGED:
        return None
    kinder = 3 if kind is HotelKind.GUEST_HOUSE else 0
    return round(max(WORST, min(BEST, _STAR_RATING[stars] + kinder + 4.5 * die.bell("rating"))))


def _reviews(size: int, die: Die) -> int:
    """Many stay in big houses, and some houses are old."""
    return 1 + round(math.pow(size, 0.75) * 3 * math.pow(25, die.share("reviews")))


def _base(house: House) -> float:
    """What is near and liked costs more, and some of it nobody can explain."""
    place, spot = house.place, house.spot
    liked = 1.0 if house.rating is None else 1 + (house.rating - _STAR_RATING[house.stars]) * 0.012
    near = 0.9 if spot.airport else max(0.82, 1.1 - 0.035 * spot.from_centre_km)
    if place.character is Character.BEACH:
        near = 1.0
    unexplained = house.die.between(0.85, 1.18, "base")
    sort = _STAR_FACTOR[house.stars] * _KIND_FACTOR[house.kind]
    return place.level * 100 * NET * sort * liked * near * unexplained
