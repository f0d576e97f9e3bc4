"""Inventories of different sizes in which a search finds the same: more days, and more routes elsewhere.

A network is flown for some days; a larger inventory has more days of it, and copies of it between airports
that it does not serve. Nothing flies from one copy to another, so whoever searches in the first one has to be
led past all that is not asked for.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from bookingd.seeding.airports import Airport, airports
from bookingd.seeding.timetable import Flight
from bookingd.seeding.world import Plan, World

FEWEST_DAYS = 5
"""Of the smallest: one to leave on and one to come back on, one before them, and two behind for what flies
over midnight, changes, and flies over midnight again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a size is reached."""

    daily: int
    """Departures a day of one network, about."""
    days: int
    networks: int

    @classmethod
    def of(cls, size: int, *, smallest: int) -> "Shape":
        """As many times more days as networks, beside the smallest size."""
        daily, growth = round(smallest / FEWEST_DAYS), size / smallest
        networks = max(1, round(math.sqrt(growth)))
        return cls(daily=daily, days=max(FEWEST_DAYS, round(size / (daily * networks))), networks=networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days(Plan):
    """A plan that names its days."""

    flown: int

    @property
    def days(self) -> int:
        return self.flown


class Apart(World):
    """Copies of one network beside each other; the first is the one that `bookingd seed` makes."""

    def __init__(self, shape: Shape, *, first_day: date) -> None:
        plan = _Days(first_day=first_day, departures=shape.daily * shape.days, flown=shape.days)
        super().__init__(plan)
        unserved = _unserved()
        copies = [self.flights]
        for _ in range(1, shape.networks):
            copies.append(_moved(self.flights, unserved, first_id=len(copies) * len(self.flights) + 1))
        self.network = tuple({flight.origin.code: flight.origin for flight in self.flights}.values())
        """The airports that are searched between."""
        self.flights = [flight for copy in copies for flight in copy]


def _moved(flights: Sequence[Flight], unserved: Iterator[Airport], *, first_id: int) -> list[Flight]:
    """The same flights between airports of their own."""
    served = dict.fromkeys(flight.origin.code for flight in flights)
    places = dict(zip(served, islice(unserved, len(served)), strict=True))
    return [
        replace(
            flight,
            id=number,
            origin=places[flight.origin.code],
            destination=places[flight.destination.code],
        )
        for number, flight in enumerate(flights, start=first_id)
    ]


def _unserved() -> Iterator[Airport]:
    """Airports outside the network, each the only one of its city."""
    cities = [airport.city_code for airport in airports().values()]
    several = {city for city in set(cities) if cities.count(city) > 1}
    for airport in airports().values():
        if airport.rank is None and airport.city_code not in several:
            yield airport
