"""When flights leave: the schedule of a network, in local times that a traveller would recognise.

Nobody leaves between half past eleven and half past five at night, and nobody lands between midnight and
half past five. Within that, an airline's flights of a way are spread over the day, and each comes back after
a turn-round.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bookingd.seeding.aircraft import Aircraft, choose
from bookingd.seeding.airports import Airport
from bookingd.seeding.chance import draw, name_number
from bookingd.seeding.network import Route

DAY = 24 * 60
GRID = 5
"""Minutes: times in timetables end in 0 or 5."""
EARLIEST, LATEST_DEPARTURE, LATEST_ARRIVAL = 5 * 60 + 30, 23 * 60 + 30, DAY

CRUISE_KMH = 840.0
"""Ground speed over a long way of a jet at Mach 0.78 to 0.85."""
TAXI_AND_CLIMB = 32
"""Minutes that a flight takes beyond its distance at cruising speed."""
WIND = 0.05
"""Faster to the east, slower to the west: the jet stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A line of the schedule, flown every day; `leaves` is the wall clock at the origin."""

    id: int
    airline: str
    low_cost: bool
    number: int
    origin: Airport
    destination: Airport
    leaves: time
    block_minutes: int
    distance: int
    aircraft: Aircraft


def timetable(routes: Sequence[Route], *, seed: int, first_day: date) -> list[Flight]:
    """Every flight of the network, there and back, with ids from 1 and numbers by airline."""
    numbers: Counter[str] = Counter()
    flights: list[Flight] = []
    for route in routes:
        for leg in _flights_of(route, seed, first_day):
            numbers[route.airline.code] += 1
            flights.append(
                Flight(
                    id=len(flights) + 1,
                    airline=route.airline.code,
                    low_cost=route.airline.low_cost,
                    number=numbers[route.airline.code],
                    origin=leg.origin,
                    destination=leg.destination,
                    leaves=time(*divmod(leg.leaves, 60)),
                    block_minutes=block_minutes(leg.origin, leg.destination, route.distance),
                    distance=round(route.distance),
                    aircraft=leg.aircraft,
                )
            )
    return flights


def block_minutes(origin: Airport, destination: Airport, distance: float) -> int:
    """Gate to gate over `distance` km, rounded up to five minutes."""
    east = math.sin(math.radians(destination.longitude - origin.longitude))
    speed = CRUISE_KMH * (1 + WIND * east * min(1.0, distance / 4000))
    return GRID * math.ceil((TAXI_AND_CLIMB + distance / speed * 60) / GRID)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leg:
    origin: Airport
    destination: Airport
    leaves: int
    aircraft: Aircraft


def _flights_of(route: Route, seed: int, first_day: date) -> Iterator[_Leg]:
    """The legs of one route: for each round trip the way out, then the way back."""
    code = name_number(route.airline.code + route.hub.code + route.away.code)
    plane = choose(
        route.airline.code,
        low_cost=route.airline.low_cost,
        distance=route.distance,
        demand=route.demand,
        draw=draw(seed, code),
    )
    east = _minutes_ahead(route.hub, route.away, first_day)
    out_block = block_minutes(route.hub, route.away, route.distance)
    back_block = block_minutes(route.away, route.hub, route.distance)
    for trip in range(route.daily):
        leaves = _spread(trip, route.daily, _good_times(out_block, east), draw(seed, code, trip))
        ready = leaves + out_block + east + _turn_round(out_block)
        back = _next_good(ready, _good_times(back_block, -east))
        yield _Leg(origin=route.hub, destination=route.away, leaves=leaves, aircraft=plane)
        yield _Leg(origin=route.away, destination=route.hub, leaves=back, aircraft=plane)


def _minutes_ahead(here: Airport, there: Airport, day: date) -> int:
    """How far clocks at `there` are ahead of clocks at `here` at noon (UTC) of `day`."""
    noon = datetime.combine(day, time(12), UTC)
    ahead = noon.astimezone(ZoneInfo(there.zone)).utcoffset()
    behind = noon.astimezone(ZoneInfo(here.zone)).utcoffset()
    return ((ahead or timedelta()) - (behind or timedelta())) // timedelta(minutes=1)


def _good_times(block: int, ahead: int) -> list[int]:
    """Local minutes of the day at which a flight may leave so that it also lands at a good hour."""
    return [
        minute
        for minute in range(EARLIEST, LATEST_DEPARTURE + 1, GRID)
        if EARLIEST <= (minute + block + ahead) % DAY < LATEST_ARRIVAL
    ]


def _spread(trip: int, trips: int, good: Sequence[int], drawn: int) -> int:
    """The time of one of `trips` a day: evenly over the good times, moved within its part by chance."""
    part = len(good) / trips
    return good[int(part * trip + part * (drawn % 1000) / 1000)]


def _next_good(ready: int, good: Sequence[int]) -> int:
    """The first good time of a day from `ready` on, or the first of the next day."""
    minute = ready % DAY
    return next((time_of_day for time_of_day in good if time_of_day >= minute), good[0])


def _turn_round(block: int) -> int:
    """Minutes on the ground before the way back: longer after longer flights."""
    return 45 if block < 300 else 100
