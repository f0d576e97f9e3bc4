"""The made-up world as rows: schedule and departures of a number of days, ready for COPY."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo

from bookingd.domain.flights import Cabin
from bookingd.seeding import fares
from bookingd.seeding.hotels.world import Stays
from bookingd.seeding.network import routes
from bookingd.seeding.timetable import Flight, timetable

DEFAULT_DEPARTURES = 90_000
DEFAULT_DAYS = 30
FEWEST, MOST = 1, 10_000_000
SHORTEST, LONGEST = 7, 345
"""Days: airlines sell about 345 to 360 days ahead."""


class ImpossibleSize(ValueError):
    """No believable network has that few or that many departures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make up: about `departures` of them from `first_day` on, and so many hotels.

    Raises ImpossibleSize, or ImpossibleNumber of hotels.
    """

    first_day: date
    departures: int = DEFAULT_DEPARTURES
    hotels: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        if not FEWEST <= self.departures <= MOST:
            raise ImpossibleSize(f"departures must be {FEWEST} to {MOST}, not {self.departures}")
        _ = self.stays

    @property
    def days(self) -> int:
        """A smaller world has fewer days and fewer ways; a bigger one has hardly more ways, but more days.

        So no search finds much more in a bigger one.
        """
        size = self.departures / DEFAULT_DEPARTURES
        days = round(DEFAULT_DAYS * math.pow(size, 0.55 if size < 1 else 0.97))
        return max(SHORTEST, min(LONGEST, days))

    @property
    def stays(self) -> Stays:
        """What to make up of hotels."""
        return Stays(first_night=self.first_day, hotels=self.hotels, seed=self.seed)

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A flight on a day, with the base fare in cents of each of its cabins."""

    id: int
    flight: Flight
    day: date
    departs_at: datetime
    arrives_at: datetime
    fares: tuple[tuple[Cabin, int], ...]


class World:
    """The schedule of a plan, and its departures one after another without keeping them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        daily = round(plan.departures / plan.days)
        self.flights = timetable(routes(daily_departures=daily), seed=plan.seed, first_day=plan.first_day)

    @property
    def size(self) -> int:
        """How many departures there are."""
        return len(self.flights) * self.plan.days

    def departures(self) -> Iterator[Departure]:
        """Day by day in the order of the schedule, with ids from 1."""
        ids = count(1)
        for day in self._days():
            factor = fares.day_factor(day, first_day=self.plan.first_day)
            for flight in self.flights:
                yield self._departure(next(ids), flight, day, factor)

    def _departure(self, number: int, flight: Flight, day: date, factor: float) -> Departure:
        departs_at = leaves(day, flight.leaves, flight.origin.zone)
        noise = fares.noise(self.plan.seed, flight.id, day.toordinal())
        base = fares.way_fare(flight.distance, low_cost=flight.low_cost) * factor * noise
        return Departure(
            id=number,
            flight=flight,
            day=day,
            departs_at=departs_at,
            arrives_at=departs_at + timedelta(minutes=flight.block_minutes),
            fares=tuple(
                (cabin, round(base * fares.cabin_factor(cabin, flight.distance) / 100) * 100)
                for cabin in flight.aircraft.seats
            ),
        )

    def _days(self) -> Iterator[date]:
        return (self.plan.first_day + timedelta(days=number) for number in range(self.plan.days))


_zone = cache(ZoneInfo)


def leaves(day: date, wall_clock: time, zone: str) -> datetime:
    """The instant, in UTC, at which the clock on the wall shows that on that day."""
    return datetime.combine(day, wall_clock, _zone(zone)).astimezone(UTC)
