"""What seats cost in the made-up world: base fares by way, cabin and day, families, taxes.

Amounts are euro cents. A base is the airline's net for one adult in the cheapest family.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from bookingd.domain.flights import Cabin
from bookingd.seeding.airports import Airport
from bookingd.seeding.chance import between, draw

CURRENCY = "EUR"
LOW_COST_FACTOR = 0.62
CABIN_FACTORS = {
    Cabin.ECONOMY: 1.0,
    Cabin.PREMIUM_ECONOMY: 1.75,
    Cabin.BUSINESS: 3.3,
    Cabin.FIRST: 5.5,
}
SHORT_BUSINESS_FACTOR = 2.2
"""In business below 4,000 km: a free middle seat, no bed."""
WEEKDAY_FACTORS = (1.04, 0.92, 0.93, 1.0, 1.14, 0.98, 1.12)
"""Monday first: Friday and Sunday are what everybody wants."""
PASSENGER_FACTORS = {"adult": 10000, "child": 7500, "infant": 1000}
"""Basis points: children 75 %, infants on a lap 10 % of the fare, as most airlines have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A brand of fare; fees in cents a passenger, None where it is not possible."""

    rank: int
    name: str
    factor: int
    carry_on_bags: int
    checked_bags: int
    change_fee: int | None
    cancel_fee: int | None


def families(cabin: Cabin, *, low_cost: bool) -> tuple[Family, ...]:
    """Light, Classic and Flex of a cabin: more bags and more freedom for more money."""
    bags = 0 if cabin in {Cabin.ECONOMY, Cabin.PREMIUM_ECONOMY} else 1
    return (
        Family(
            rank=1,
            name="Light",
            factor=10000,
            carry_on_bags=0 if low_cost else 1,
            checked_bags=bags,
            change_fee=None if bags == 0 else 15000,
            cancel_fee=None,
        ),
        Family(
            rank=2,
            name="Classic",
            factor=11800 if low_cost else 11500,
            carry_on_bags=1,
            checked_bags=bags + 1,
            change_fee=4500 if low_cost else 7000,
            cancel_fee=None if low_cost else 15000,
        ),
        Family(
            rank=3,
            name="Flex",
            factor=14500,
            carry_on_bags=1,
            checked_bags=bags + 1,
            change_fee=0,
            cancel_fee=0,
        ),
    )


@cache
def way_fare(distance: int, *, low_cost: bool) -> float:
    """Cents of an ordinary day in economy: dear to begin with, cheaper by the kilometre."""
    return (2400 + 13.0 * math.pow(distance, 0.92)) * (LOW_COST_FACTOR if low_cost else 1.0)


def cabin_factor(cabin: Cabin, distance: int) -> float:
    """What a cabin costs beside economy."""
    if cabin is Cabin.BUSINESS and distance < 4000:
        return SHORT_BUSINESS_FACTOR
    return CABIN_FACTORS[cabin]


def day_factor(day: date, *, first_day: date) -> float:
    """What a day does to fares: the weekday, the season, and how soon it is."""
    ahead = (day - first_day).days
    soon = 1.35 if ahead < 4 else 1.18 if ahead < 10 else 1.05 if ahead < 21 else 1.0
    return WEEKDAY_FACTORS[day.weekday()] * season_factor(day) * soon


def season_factor(day: date) -> float:
    """Summer in the north and the days around Christmas are dear, winter weeks are not."""
    if day.month in {7, 8}:
        return 1.22
    if (day.month, day.day) >= (12, 18) or (day.month, day.day) <= (1, 4):
        return 1.28
    return 0.92 if day.month in {1, 2, 11} else 1.0


def noise(seed: int, flight: int, day: int) -> float:
    """What nobody can explain: up to 15 % either way, another for each flight and day."""
    return between(0.85, 1.15, draw(seed, flight, day))


def taxes(airport: Airport) -> Iterator[tuple[str, str, int, int, int]]:
    """Code, label and cents for an adult, a child and an infant of what leaving an airport costs."""
    service = round(6 + min(22.0, airport.millions * 0.3)) * 100 + 45
    yield "PS", "Passenger service charge", service, service, 0
    yield "SC", "Security charge", 680, 680, 0
