"""The made-up hotels as contracts, ready to be loaded, and the pictures that go with them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from bookingd.domain.hotels import Contract, Hotel
from bookingd.domain.stays import HotelKind
from bookingd.seeding.chance import Die, name_number
from bookingd.seeding.fares import CURRENCY
from bookingd.seeding.hotels.amenities import amenities_of
from bookingd.seeding.hotels.charges import charges_of
from bookingd.seeding.hotels.descriptions import description_of
from bookingd.seeding.hotels.houses import House, house
from bookingd.seeding.hotels.names import address_of, email_of, name_of
from bookingd.seeding.hotels.places import Character, Place, places
from bookingd.seeding.hotels.plans import Plan, plans_of
from bookingd.seeding.hotels.portraits import Portrait, portraits_of
from bookingd.seeding.hotels.positions import Ground
from bookingd.seeding.hotels.rates import days_of, seasons_of
from bookingd.seeding.hotels.rooms import Room, age_bands_of, rooms_of

DEFAULT_HOTELS = 3_200
MOST_HOTELS = 20_000
"""More would need more names than there are words for."""
FEWEST_OF_A_CITY = 4
"""A smaller world has hotels in fewer cities."""
NIGHTS = 364
"""That are on sale: the weeks of a year."""
HOLIDAY_FACTOR = 1.7
"""How many more hotels there are where travellers come for a holiday, than where they change planes."""


class ImpossibleNumber(ValueError):
    """No believable world has so many hotels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """How many hotels to make up, on sale from `first_night` for NIGHTS."""

    first_night: date
    hotels: int = DEFAULT_HOTELS
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.hotels <= MOST_HOTELS:
            raise ImpossibleNumber(f"hotels must be 0 to {MOST_HOTELS}, not {self.hotels}")

    @property
    def last_night(self) -> date:
        return self.first_night + timedelta(days=NIGHTS - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A hotel with all that is sold of it, and its pictures."""

    contract: Contract
    portraits: tuple[Portrait, ...]


def hotels(stays: Stays) -> Iterator[Made]:
    """One after another without keeping them, with ids from 1, the city with most travellers first."""
    number = 0
    for place, count in shares(stays.hotels).items():
        ground, taken = Ground(place), set[str]()
        for position in range(count):
            number += 1
            die = Die(stays.seed, name_number(place.code), position)
            yield _made(house(number, place, ground.spot(die), die), taken, stays)


def shares(hotels: int) -> dict[Place, int]:
    """How many hotels each city has, by its travellers and why they come; they add up to `hotels`."""
    wanted = min(len(places()), max(1, hotels // FEWEST_OF_A_CITY))
    chosen = places()[:wanted]
    weights = {place: _weight(place) for place in chosen}
    whole = sum(weights.values())
    spare = hotels - min(hotels, FEWEST_OF_A_CITY * len(chosen))
    exact = {place: spare * weight / whole for place, weight in weights.items()}
    counts = {place: int(share) for place, share in exact.items()}
    by_rest = sorted(chosen, key=lambda place: (counts[place] - exact[place], place.code))
    for place in by_rest[: spare - sum(counts.values())]:
        counts[place] += 1
    left = hotels - spare
    for number, place in enumerate(chosen):
        counts[place] += left // len(chosen) + (number < left % len(chosen))
    return counts


def _weight(place: Place) -> float:
    return math.pow(place.millions, 0.9) * (1.0 if place.character is Character.CITY else HOLIDAY_FACTOR)


def _made(one: House, taken: set[str], stays: Stays) -> Made:
    rooms, plans = rooms_of(one), plans_of(one)
    hotel = _hotel(one, taken, rooms, plans)
    nights = {"first": stays.first_night, "last": stays.last_night}
    contract = Contract(
        hotel=hotel,
        rooms=tuple(room.type for room in rooms),
        plans=tuple(plan.plan for plan in plans),
        seasons=seasons_of(one, rooms, plans, **nights),
        age_bands=age_bands_of(one),
        days=days_of(one, rooms, plans, **nights),
        charges=charges_of(one),
    )
    return Made(contract=contract, portraits=portraits_of(one, hotel))


def _hotel(one: House, taken: set[str], rooms: tuple[Room, ...], plans: tuple[Plan, ...]) -> Hotel:
    name = name_of(one, taken)
    amenities = amenities_of(one, name, {plan.plan.board for plan in plans})
    types = [room.type for room in rooms]
    check_in, until, check_out = _hours(one, amenities)
    return Hotel(
        id=one.id,
        name=name,
        kind=one.kind,
        stars=one.stars,
        rating=one.rating,
        reviews=one.reviews,
        city_code=one.place.code,
        district=one.spot.district,
        address=address_of(one),
        latitude=one.spot.latitude,
        longitude=one.spot.longitude,
        zone=one.place.zone,
        check_in_from=check_in,
        check_in_until=until,
        check_out_until=check_out,
        amenities=amenities,
        description=description_of(name, one, types, plans, amenities),
        email=email_of(name, one),
        currency=CURRENCY,
    )


def _hours(one: House, amenities: tuple[str, ...]) -> tuple[time, time | None, time]:
    """From when and until when guests may come, and until when they have to leave."""
    check_in = one.die.pick((14, 15) if one.stars < 4 else (15, 15, 16), "check in")
    until = None if "reception_24h" in amenities else time(one.die.pick((20, 22, 23), "check in until"))
    check_out = one.die.pick((10, 11) if one.kind is not HotelKind.HOTEL else (11, 11, 12), "check out")
    return time(check_in), until, time(check_out)
