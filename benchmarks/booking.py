"""Bookings end to end beside the floor under them, and whether what was counted is true.

Through the HTTP API and the WebSocket of the daemon, by users who book one journey after the other. In
turn with each measurement `pgbench` runs the minimal write set on the same server (A B A B). What the
daemon still has to do when the last booking is confirmed (mails, audit chain) is waited for and counted.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

import asyncpg

from benchmarks import floor
from benchmarks.api import Api, Json
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from benchmarks.search import path
from benchmarks.servers import Servers
from benchmarks.spy import Profiles
from benchmarks.travellers import Journeys, crowd, let_book
from bookingd.storage import stock

SEARCHES_A_SECOND = 6
"""Of booking: what they find is enough for some 500 bookings a second."""
FEWEST_SEARCHES = 20
SEARCHES_AT_ONCE = 4
WARM_UP = 2.0
"""Seconds of booking that are not counted: plans, connections, caches."""
DRAINED_WITHIN = 120.0
LOOK_EVERY = 0.1

ROUTES = """
SELECT origin, destination, service_date FROM departures WHERE service_date = ANY ($1)
 GROUP BY 1, 2, 3 ORDER BY md5(origin || destination || service_date) LIMIT $2
"""
WAITING = "SELECT count(*) FROM outbox WHERE due_at <= clock_timestamp()"
UNTOLD = """
SELECT count(*) FROM bookings WHERE state = 'confirmed' AND NOT EXISTS (
    SELECT FROM notifications AS mail WHERE mail.booking_id = bookings.id AND mail.state = 'sent')
"""
UNCHAINED = "SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_chain)"
TRUE_ONES = """
SELECT count(*) FILTER (WHERE booking.state = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE payment.captured = booking.total) AS paid,
       count(*) FILTER (WHERE mail.state = 'sent') AS told
  FROM bookings AS booking
  LEFT JOIN payments AS payment ON payment.booking_id = booking.id
  LEFT JOIN notifications AS mail ON mail.booking_id = booking.id
 WHERE booking.reference = ANY ($1)
"""
DEAD = "SELECT count(*) FROM dead_letters"


class Untrue(Exception):
    """What was counted is not what happened; there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement of bookings."""

    figure: Figure
    """Latencies from the first request to `confirmed`; of the CPU until drained its share."""
    held: Sequence[float] = field(repr=False)
    """Seconds from the first request until the seats are held."""
    settled: Sequence[float] = field(repr=False)
    """Seconds from the 2xx to the payment until `confirmed`."""
    drained: float
    """Seconds after the last booking until mails and audit chain had caught up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The rounds with a number of users, and the floor's right after each."""

    topology: str
    users: int
    daemons: tuple[str, ...]
    """Which components are the daemon."""
    ours: list[Measured] = field(default_factory=list)
    floor: list[Figure] = field(default_factory=list)

    @property
    def ratio(self) -> Spread:
        """Our bookings for one of the floor's."""
        pairs = zip(self.ours, self.floor, strict=True)
        return Spread([ours.figure.rate / floor.rate for ours, floor in pairs])

    @property
    def cpu_ratio(self) -> Spread:
        """The same for a millisecond of the servers' CPU, however many cores others left to us."""
        pairs = zip(self.ours, self.floor, strict=True)
        return Spread([floor.each("PostgreSQL") / self._servers(ours.figure) for ours, floor in pairs])

    def _servers(self, figure: Figure) -> float:
        """Milliseconds a booking of what belongs to an installation."""
        belong = {*self.daemons, "PostgreSQL", "RabbitMQ", "Redis"}
        return sum(figure.each(component) for component in figure.cpu if component in belong)


async def measure(
    servers: Servers,
    *,
    topology: str,
    users: Sequence[int],
    seconds: float,
    rounds: int,
    progress: Progress,
    profiles: Profiles | None = None,
) -> list[Booked]:
    """Rounds with each number of users in turn, then one for `profiles`. Raises Untrue, Refused."""
    found = [Booked(topology=topology, users=number, daemons=servers.daemons) for number in users]
    measurements = rounds * len(users) + (profiles is not None)
    searches = max(FEWEST_SEARCHES, round(SEARCHES_A_SECOND * seconds * measurements))
    offers = await offers_of(servers, searches, progress)
    warm_up = min(WARM_UP, seconds)
    async with progress.step("bookings, not counted", warm_up):
        await _book(servers, max(users), offers, warm_up)
    for number, booked in itertools.product(range(1, rounds + 1), found):
        what = f"{booked.users} users, {topology}, round {number}"
        async with progress.step(f"bookings by {what}", seconds) as tell:
            booked.ours.append(await _book(servers, booked.users, offers, seconds))
            tell(f"{booked.ours[-1].figure.rate:8,.0f} bookings/s")
        async with progress.step(f"the floor beside {what}", seconds) as tell:
            booked.floor.append(await floor.measure(servers, seconds=seconds))
            tell(f"{booked.floor[-1].rate:8,.0f} transactions/s")
    if profiles is not None:
        most = max(found, key=lambda booked: booked.users)
        await profiles.add(
            servers,
            partial(_book, servers, most.users, offers, seconds),
            what=f"bookings by {most.users} users",
            topology=topology,
            cpu=most.ours[-1].figure.cpu,
            seconds=seconds,
        )
    return found


async def offers_of(servers: Servers, searches: int, progress: Progress) -> Iterator[str]:
    """Bookable offers of many routes and days, each of different flights, over and over."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        rows = await connection.fetch(ROUTES, servers.days, searches)
    finally:
        await connection.close()
    paths = iter([path(*row) for row in rows])
    flights: dict[tuple[str, ...], str] = {}
    async with (
        Api.anonymous(servers.url) as api,
        progress.step("searching for what to book", searches / 60) as tell,
    ):

        async def search() -> None:
            for wanted in paths:
                for offer in (await api.get(wanted))["offers"]:
                    flights.setdefault(_flights(offer), offer["id"])

        await asyncio.gather(*(search() for _ in range(SEARCHES_AT_ONCE)))
        tell(f"{len(flights):8,} journeys of {len(rows)} searches")
    found = list(flights.values())
    random.Random(1).shuffle(found)
    return itertools.cycle(found)


def _flights(offer: Json) -> tuple[str, ...]:
    return tuple(
        f"{segment['flight']} {segment['departs']['utc']}"
        for slice_ in offer["slices"]
        for segment in slice_["segments"]
    )


async def _book(servers: Servers, users: int, offers: Iterator[str], seconds: float) -> Measured:
    """Raises Untrue when a booking that was counted is not as it should be."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        async with AsyncExitStack() as stack:
            travellers = await crowd(servers.url, users, stack)
            await connection.execute("CHECKPOINT")
            cpu = Cpu(**servers.pids)
            journeys = await let_book(travellers, offers, seconds)
            end = time.perf_counter()
            await drained(connection)
            caught_up, used = time.perf_counter() - end, cpu.used()
        await _check(connection, journeys)
    finally:
        await connection.close()
    done, length = journeys.counted(seconds)
    share = done / len(journeys.references)
    figure = Figure(
        done=done,
        seconds=length,
        latencies=journeys.whole,
        cpu={component: spent * share for component, spent in used.items()},
    )
    return Measured(figure=figure, held=journeys.held, settled=journeys.settled, drained=caught_up)


async def drained(connection: asyncpg.Connection) -> None:
    """Until nothing is under way any more. Raises Untrue if it stays."""
    for looked_for in (WAITING, UNTOLD, UNCHAINED):
        async with asyncio.timeout(DRAINED_WITHIN):
            while await connection.fetchval(looked_for):  # noqa: ASYNC110 - another process empties it
                await asyncio.sleep(LOOK_EVERY)


async def _check(connection: asyncpg.Connection, journeys: Journeys) -> None:
    counted = len(journeys.references)
    if not counted or len(set(journeys.references)) != counted:
        raise Untrue(f"{counted} bookings were counted, some twice or none")
    row = await connection.fetchrow(TRUE_ONES, journeys.references)
    if row is None or tuple(row.values()) != (counted, counted, counted):
        raise Untrue(f"{counted} bookings were counted, but of them are {row}")
    if wrong := await stock.check_books(connection):
        raise Untrue(f"stock does not balance: {wrong[:3]}")
    if dead := await connection.fetchval(DEAD):
        raise Untrue(f"{dead} messages could not be handled")
