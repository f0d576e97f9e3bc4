"""Searching own flights: new searches in inventories of different sizes, in which as much is found.

From end to end of the adapter, in this process: paths, departures, combinations, prices. The databases are on
one server and take turns, so that whatever else runs is in the way of all.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from benchmarks.worlds import FEWEST_DAYS, Apart, Shape
from bookingd.domain.passengers import Party
from bookingd.domain.places import great_circle_km
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.engine import DAEMON, OWNER, SUPERUSER, Engine
from bookingd.seeding.airports import Airport
from bookingd.seeding.loading import load
from bookingd.sources import SystemClock
from bookingd.storage import migrations
from bookingd.storage.database import Database
from bookingd.storage.prices import CurrentRules, seed_rules
from bookingd.suppliers.inventory import InventoryFlights

BUSY_PLACES = 60
"""Searches go between this many of the airports with the most traffic."""
WARM_UP = 20
"""Searches before the first that counts: plans, the network in memory, pages of the database."""
NEARBY = 6
"""More airports around each end of a search that takes them."""
FAMILY = Party(adults=2, children=1)
ALIKE = 0.1
"""As much as inventories may differ in what the same searches find: fares differ by the day, and with them
what is left out."""
FEW = 60
"""Offers that make no difference, in a run that finds hardly more."""


class Unequal(Exception):
    """The searches of two sizes do not find the same, so their times are no comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """The rounds of one size."""

    departures: int
    days: int
    routes: int
    offers: list[list[int]] = field(default_factory=list)
    """Found by each search of each round; the searches of a round are the same for all sizes."""
    figures: list[Figure] = field(default_factory=list)

    @property
    def mean_offers(self) -> Spread:
        """Of a search, by round."""
        return Spread([sum(found) / len(found) for found in self.offers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventories:
    """All sizes, the smallest first; and other searches in the largest, by name."""

    sizes: Sequence[Sized]
    wider: Mapping[str, Sized]

    @property
    def growth(self) -> Spread:
        """The median of the largest for one of the smallest."""
        return self._ratio(0.5)

    @property
    def tail_growth(self) -> Spread:
        """The same of what 99 of 100 keep within."""
        return self._ratio(0.99)

    def _ratio(self, share: float) -> Spread:
        pairs = zip(self.sizes[0].figures, self.sizes[-1].figures, strict=True)
        return Spread([large.percentile(share) / small.percentile(share) for small, large in pairs])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An inventory that can be searched."""

    sized: Sized
    flights: InventoryFlights
    airports: Sequence[Airport]
    first_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rounds:
    """How long is measured, and where."""

    engine: Engine
    seconds: float
    number: int
    progress: Progress

    async def one(self, place: _Place, searches: Iterator[FlightCriteria], name: str) -> None:
        """A round of a place."""
        latencies: list[float] = []
        offers: list[int] = []
        assert self.engine.pid is not None
        async with self.progress.step(name, self.seconds) as tell:
            cpu, begin = Cpu(PostgreSQL=self.engine.pid), time.perf_counter()
            while (now := time.perf_counter()) < begin + self.seconds:
                offers.append(len((await place.flights.search(next(searches))).offers))
                latencies.append(time.perf_counter() - now)
            took = time.perf_counter() - begin
            figure = Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())
            tell(f"{figure.percentile(0.5):8.1f} ms")
        place.sized.offers.append(offers)
        place.sized.figures.append(figure)

    async def wider(self, place: _Place, name: str, kind: "_Kind") -> Sized:
        """Rounds of other searches in a place, told apart from its own."""
        sized = replace(place.sized, offers=[], figures=[])
        for number in range(1, self.number + 1):
            searches = _of_kind(place, random.Random(number), kind)
            await self.one(replace(place, sized=sized), searches, f"{name}, round {number}")
        return sized


async def measure(*, sizes: Sequence[int], seconds: float, rounds: int, progress: Progress) -> Inventories:
    """Fill a database for each size, and search them in turn."""
    async with _server() as engine, AsyncExitStack() as stack:
        measured = _Rounds(engine=engine, seconds=seconds, number=rounds, progress=progress)
        places = []
        for size in sorted(sizes):
            progress.say(f"making an inventory of {size:,} departures up")
            shape = Shape.of(size, smallest=min(sizes))
            places.append(await stack.enter_async_context(_inventory(engine, shape)))
        for place in places:
            for criteria in islice(_simple(place, random.Random(0)), WARM_UP):
                await place.flights.search(criteria)
        for number in range(1, rounds + 1):
            for place in places:
                name = f"new searches, {place.sized.departures:,} departures, round {number}"
                await measured.one(place, _simple(place, random.Random(number)), name)
        wider = {name: await measured.wider(places[-1], name, kind) for name, kind in _WIDER.items()}
    found = Inventories(sizes=[place.sized for place in places], wider=wider)
    _check(found)
    return found


def _check(found: Inventories) -> None:
    """Whether the same searches have found the same in all sizes. Raises Unequal."""
    for one, other in pairwise(found.sizes):
        for here, there in zip(one.offers, other.offers, strict=True):
            together = min(len(here), len(there))
            few, many = sorted((sum(here[:together]), sum(there[:together])))
            if many > max((1 + ALIKE) * few, few + FEW):
                raise Unequal(f"{together} searches found {few} offers in one size and {many} in another")


def _simple(place: _Place, chance: random.Random) -> Iterator[FlightCriteria]:
    """One way and there and back in turn, between busy airports, on any day that has FEWEST_DAYS around it.

    The same pairs for each size, whatever its days.
    """
    days = random.Random(1)
    while True:
        for back in (False, True):
            origin, destination = chance.sample(place.airports, 2)
            day = place.first_day + timedelta(days=days.randint(1, place.sized.days - FEWEST_DAYS + 1))
            out = WantedSlice(origin=origin.code, destination=destination.code, day=day)
            home = WantedSlice(origin=destination.code, destination=origin.code, day=day + timedelta(days=1))
            yield FlightCriteria(slices=(out, home) if back else (out,), party=FAMILY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What is asked beyond there and back."""

    cities: int = 2
    flexible_days: int = 0
    nearby: int = 0


_WIDER: Mapping[str, _Kind] = {
    "there and back, three days earlier or later": _Kind(flexible_days=3),
    f"there and back, {NEARBY} more airports at each end": _Kind(nearby=NEARBY),
    "round trips over four cities": _Kind(cities=4),
}


def _of_kind(place: _Place, chance: random.Random, kind: _Kind) -> Iterator[FlightCriteria]:
    """Round trips, two days in each city."""
    while True:
        cities = chance.sample(place.airports, kind.cities)
        first = chance.randint(1, max(1, place.sized.days - 2 * kind.cities - kind.flexible_days))
        slices = [
            WantedSlice(
                origin=here.code,
                destination=there.code,
                day=place.first_day + timedelta(days=first + 2 * number),
                nearby_origins=_around(here, place.airports, kind.nearby),
                nearby_destinations=_around(there, place.airports, kind.nearby),
            )
            for number, (here, there) in enumerate(zip(cities, [*cities[1:], cities[0]], strict=True))
        ]
        yield FlightCriteria(slices=tuple(slices), party=FAMILY, flexible_days=kind.flexible_days)


def _around(airport: Airport, others: Sequence[Airport], count: int) -> tuple[str, ...]:
    def far(other: Airport) -> float:
        return great_circle_km(airport.latitude, airport.longitude, other.latitude, other.longitude)

    return tuple(one.code for one in sorted(others, key=far)[1 : count + 1])


@asynccontextmanager
async def _server() -> AsyncIterator[Engine]:
    with TemporaryDirectory(prefix="bookingd-bench-") as place:
        async with Engine(Path(place) / "postgres") as engine:
            yield engine


@asynccontextmanager
async def _inventory(engine: Engine, shape: Shape) -> AsyncIterator[_Place]:
    """A database of its own, filled, with the adapter on it."""
    clock = SystemClock()
    world = await asyncio.to_thread(Apart, shape, first_day=clock.now().date())
    name = f"inventory_{world.size}"
    await _make(engine, name)
    connection = await asyncpg.connect(engine.dsn(OWNER, name))
    try:
        await migrations.migrate(connection, clock=clock)
        await load(connection, world=world, now=clock.now(), progress=lambda _what, _done, _whole: None)
        await seed_rules(connection, clock.now())
    finally:
        await connection.close()
    routes = len({(flight.airline, flight.origin.code, flight.destination.code) for flight in world.flights})
    busiest = sorted(world.network, key=lambda airport: airport.rank or len(world.network))[:BUSY_PLACES]
    database = await Database.open(dsn=engine.dsn(DAEMON, name))
    try:
        yield _Place(
            sized=Sized(departures=world.size, days=world.plan.days, routes=routes),
            flights=InventoryFlights(database=database, clock=clock, rules=CurrentRules()),
            airports=busiest,
            first_day=world.plan.first_day,
        )
    finally:
        await database.close()


async def _make(engine: Engine, name: str) -> None:
    connection = await asyncpg.connect(engine.dsn(SUPERUSER))
    try:
        await connection.execute(f'CREATE DATABASE {name} OWNER "{OWNER}"')
    finally:
        await connection.close()
