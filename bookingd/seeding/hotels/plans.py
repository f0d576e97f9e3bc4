"""The rate plans of made-up hotels: meals, what cancelling costs, where one pays, for how long one stays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType

from bookingd.domain.hotels import ALL, FREE, WHOLE, Deadline, Fee, RatePlan
from bookingd.domain.stays import MOST_NIGHTS, Board, HotelKind, PaidAt
from bookingd.seeding.hotels.houses import House
from bookingd.seeding.hotels.places import Character

MOST_PLANS = 5
"""Ids of plans are those of their hotel times ten, and behind it their number."""

MEALS = MappingProxyType(
    {
        Board.ROOM_ONLY: 0.0,
        Board.BREAKFAST: 0.65,
        Board.HALF_BOARD: 1.9,
        Board.FULL_BOARD: 2.9,
        Board.ALL_INCLUSIVE: 3.6,
    }
)
"""What a person eats a day, beside a plain lunch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A rate plan, and what it does to prices and stays."""

    plan: RatePlan
    factor: float
    """Of the price of the room; meals come on top."""
    min_stay: int = 1
    max_stay: int = MOST_NIGHTS
    release_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    name: str
    board: Board
    factor: float
    flexible: bool
    min_stay: int = 1
    release_days: int = 0


def plans_of(house: House) -> tuple[Plan, ...]:
    """Two to five, and one of them can be cancelled."""
    terms = list(_TERMS[house.kind](house))[:MOST_PLANS]
    return tuple(_plan(house, number, one) for number, one in enumerate(terms))


def _hotel(house: House) -> Iterator[_Terms]:
    die = house.die
    yield _Terms(name="Non-refundable, room only", board=Board.ROOM_ONLY, factor=0.88, flexible=False)
    if house.stars < 5 or die.share("room only") < 0.6:
        yield _Terms(name="Flexible, room only", board=Board.ROOM_ONLY, factor=1.0, flexible=True)
    yield _Terms(name="Flexible with breakfast", board=Board.BREAKFAST, factor=1.0, flexible=True)
    leisure = house.place.character is not Character.CITY
    if die.share("half board") < (0.45 if leisure else 0.12) and house.stars >= 3:
        yield _Terms(name="Half board, flexible", board=Board.HALF_BOARD, factor=0.98, flexible=True)
    if die.share("long stay") < 0.25:
        nights = die.pick((4, 5, 7), "long")
        name = f"{nights} nights and longer, with breakfast"
        yield _Terms(name=name, board=Board.BREAKFAST, factor=0.82, flexible=False, min_stay=nights)


def _resort(house: House) -> Iterator[_Terms]:
    least = house.die.pick((1, 2, 2, 3), "least")
    inclusive = house.die.share("all inclusive") < 0.65
    yield _Terms(
        name="Breakfast, non-refundable", board=Board.BREAKFAST, factor=0.88, flexible=False, min_stay=least
    )
    yield _Terms(name="Breakfast, flexible", board=Board.BREAKFAST, factor=1.0, flexible=True, min_stay=least)
    yield _Terms(
        name="Half board, flexible", board=Board.HALF_BOARD, factor=0.97, flexible=True, min_stay=least
    )
    if inclusive:
        name, least = "All inclusive", max(least, 2)
        yield _Terms(name=name, board=Board.ALL_INCLUSIVE, factor=0.95, flexible=True, min_stay=least)
        name = "All inclusive, non-refundable"
        yield _Terms(name=name, board=Board.ALL_INCLUSIVE, factor=0.84, flexible=False, min_stay=least)
    elif house.die.share("full board") < 0.4:
        yield _Terms(
            name="Full board, flexible", board=Board.FULL_BOARD, factor=0.96, flexible=True, min_stay=least
        )


def _apartment(house: House) -> Iterator[_Terms]:
    least = house.die.pick((1, 1, 2, 3), "least")
    ahead = house.die.pick((0, 0, 1, 2), "release")
    yield _Terms(
        name="Non-refundable",
        board=Board.ROOM_ONLY,
        factor=0.88,
        flexible=False,
        min_stay=least,
        release_days=ahead,
    )
    yield _Terms(
        name="Flexible", board=Board.ROOM_ONLY, factor=1.0, flexible=True, min_stay=least, release_days=ahead
    )
    if house.die.share("weekly") < 0.6:
        yield _Terms(
            name="By the week",
            board=Board.ROOM_ONLY,
            factor=0.8,
            flexible=True,
            min_stay=7,
            release_days=ahead,
        )


def _guest_house(house: House) -> Iterator[_Terms]:
    if house.die.share("non-refundable") < 0.6:
        yield _Terms(name="Non-refundable, room only", board=Board.ROOM_ONLY, factor=0.9, flexible=False)
    if house.die.share("room only") < 0.5:
        yield _Terms(name="Flexible, room only", board=Board.ROOM_ONLY, factor=1.0, flexible=True)
    yield _Terms(name="Bed and breakfast", board=Board.BREAKFAST, factor=1.0, flexible=True)
    if house.die.share("half board") < 0.15:
        yield _Terms(name="Half board", board=Board.HALF_BOARD, factor=1.0, flexible=True, release_days=1)


def _hostel(house: House) -> Iterator[_Terms]:
    yield _Terms(name="Non-refundable", board=Board.ROOM_ONLY, factor=0.9, flexible=False)
    yield _Terms(name="Flexible", board=Board.ROOM_ONLY, factor=1.0, flexible=True)
    if house.die.share("with breakfast") < 0.5:
        yield _Terms(name="Flexible with breakfast", board=Board.BREAKFAST, factor=1.0, flexible=True)


_TERMS = MappingProxyType(
    {
        HotelKind.HOTEL: _hotel,
        HotelKind.RESORT: _resort,
        HotelKind.APARTMENT: _apartment,
        HotelKind.GUEST_HOUSE: _guest_house,
        HotelKind.HOSTEL: _hostel,
    }
)


def _plan(house: House, number: int, terms: _Terms) -> Plan:
    plan = RatePlan(
        id=house.id * 10 + number,
        name=terms.name,
        board=terms.board,
        paid_at=PaidAt.PROPERTY if terms.flexible and _pays_there(house) else PaidAt.BOOKING,
        deadlines=_deadlines(house) if terms.flexible else (),
        fee=_no_show(house) if terms.flexible else ALL,
    )
    return Plan(plan=plan, factor=terms.factor, min_stay=terms.min_stay, release_days=terms.release_days)


def _pays_there(house: House) -> bool:
    """Small houses like to be paid by the guest; resorts and apartments want to be sure."""
    chance = {
        HotelKind.HOTEL: 0.4,
        HotelKind.RESORT: 0.1,
        HotelKind.APARTMENT: 0.0,
        HotelKind.GUEST_HOUSE: 0.7,
        HotelKind.HOSTEL: 0.7,
    }
    return house.die.share("paid there") < chance[house.kind]


def _deadlines(house: House) -> tuple[Deadline, ...]:
    if house.kind in {HotelKind.RESORT, HotelKind.APARTMENT}:
        free, half = house.die.pick(((7, 3), (14, 7), (5, 2), (30, 14)), "deadlines")
        return (
            Deadline(days_before=free, until=time(18), fee=FREE),
            Deadline(days_before=half, until=time(18), fee=Fee(share=WHOLE // 2)),
        )
    days, hour = house.die.pick(((0, 18), (1, 18), (1, 23), (2, 18), (3, 12)), "deadlines")
    return (Deadline(days_before=days, until=time(hour), fee=FREE),)


def _no_show(house: House) -> Fee:
    """What it costs behind the last deadline."""
    if house.kind in {HotelKind.RESORT, HotelKind.APARTMENT}:
        return ALL
    return Fee(nights=1)
