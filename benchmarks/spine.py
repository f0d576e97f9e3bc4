"""The spine beside the broker under it: queries beside raw calls, durable commands beside raw publishes.

In turn, round by round, on one private broker and one database. A command is counted when it has taken
effect: through a transaction and the outbox, over the broker, into another process's inbox.
"""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks import raw_amqp
from benchmarks.errand import Note, Price, Priced, Spine, spine
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.processes import child, first_line
from benchmarks.progress import Progress
from bookingd.actor.batching import Batcher
from bookingd.bus.port import ask_once
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.storage.database import Database

CALLERS = (1, 64)
IN_FLIGHT = 64
TIMEOUT = 30.0
HANDLED_WITHIN = 60.0
ORIGIN = Origin(principal=SYSTEM, correlation_id=UUID(int=1))

HANDLED = "SELECT count(*) FROM inbox"

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Rounds of ours and of the peer's, in pairs."""

    name: str
    peer: str
    ours: list[Figure] = field(default_factory=list)
    theirs: list[Figure] = field(default_factory=list)

    @property
    def ratio(self) -> Spread:
        """Ours for one of theirs."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return Spread([ours.rate / theirs.rate for ours, theirs in pairs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run is made: a broker, a migrated database, a directory for logs."""

    url: str
    dsn: str
    directory: Path
    broker: int
    """The broker's process."""
    postgres: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How a comparison is made."""

    seconds: float
    number: int
    progress: Progress


async def measure(place: Place, rounds: Rounds) -> list[Compared]:
    """Queries with each number of callers, then commands."""
    async with AsyncExitStack() as stack:
        answering = await _answering(place, stack)
        database = await Database.open(dsn=place.dsn)
        stack.push_async_callback(database.close)
        ours = await stack.enter_async_context(_running(spine(place.url, database, name="asking")))
        pair = Pair(place=place, ours=ours, answering=answering)
        found = [await _queries(pair, callers, rounds) for callers in CALLERS]
        return [*found, await _commands(pair, rounds)]


async def _answering(place: Place, stack: AsyncExitStack) -> int:
    log = place.directory / "errand.log"
    process = await stack.enter_async_context(child("-m", "benchmarks.errand", place.url, place.dsn, log=log))
    await first_line(process, log)
    return process.pid


@asynccontextmanager
async def _running(parts: Spine) -> AsyncIterator[Spine]:
    await parts.bus.open()
    relaying = asyncio.create_task(parts.relay.run())
    try:
        yield parts
    finally:
        parts.relay.stop()
        await relaying
        await parts.bus.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Our two processes: this one, and the one that answers and handles."""

    place: Place
    ours: Spine
    answering: int


# Queries


async def _queries(pair: Pair, callers: int, rounds: Rounds) -> Compared:
    found = Compared(name=f"queries, {callers} at once", peer="calls by aio-pika alone")

    async def ask() -> None:
        answer = await ask_once(pair.ours.bus, Price(), origin=ORIGIN, timeout=TIMEOUT)
        assert isinstance(answer, Priced)

    async with _raw_calls(pair.place) as (call, serving):
        sides = (
            ("bookingd", ask, pair.answering, found.ours),
            ("aio-pika", call, serving, found.theirs),
        )
        for number, (name, function, server, figures) in itertools.product(
            range(1, rounds.number + 1), sides
        ):
            step = f"{found.name}, round {number}: {name}"
            async with rounds.progress.step(step, rounds.seconds) as tell:
                pids = {"answering": server, "broker": pair.place.broker}
                figures.append(await _drive(function, callers, rounds.seconds, **pids))
                tell(f"{figures[-1].rate:8,.0f} /s")
    return found


@asynccontextmanager
async def _raw_calls(place: Place) -> AsyncIterator[tuple[Call, int]]:
    queue, log = f"raw.{uuid.uuid4().hex}", place.directory / "raw-amqp.log"
    async with child("-m", "benchmarks.raw_amqp", place.url, queue, log=log) as process:
        await first_line(process, log)
        async with raw_amqp.calling(place.url, queue) as call:
            yield call, process.pid


async def _drive(call: Call, callers: int, seconds: float, **pids: int) -> Figure:
    """So many callers, each again when it has its answer."""
    latencies: list[float] = []
    for _ in range(50):
        await call()
    cpu, begin = Cpu(**pids), time.perf_counter()

    async def again_and_again() -> None:
        while (now := time.perf_counter()) < begin + seconds:
            await call()
            latencies.append(time.perf_counter() - now)

    await asyncio.gather(*(again_and_again() for _ in range(callers)))
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


# Commands


async def _commands(pair: Pair, rounds: Rounds) -> Compared:
    found = Compared(
        name=f"durable commands, {IN_FLIGHT} in flight", peer="confirmed publishes by aio-pika alone"
    )
    connection = await asyncpg.connect(pair.place.dsn)
    pids = {"broker": pair.place.broker, "PostgreSQL": pair.place.postgres}
    try:
        async with raw_amqp.publishing(pair.place.url) as publish:
            for number in range(1, rounds.number + 1):
                step = f"{found.name}, round {number}"
                async with rounds.progress.step(f"{step}: bookingd", rounds.seconds) as tell:
                    sent = await _send(
                        pair.ours, connection, rounds.seconds, answering=pair.answering, **pids
                    )
                    found.ours.append(sent)
                    tell(f"{sent.rate:8,.0f} /s")
                async with rounds.progress.step(f"{step}: aio-pika", rounds.seconds) as tell:
                    found.theirs.append(await _drive(publish, IN_FLIGHT, rounds.seconds, **pids))
                    tell(f"{found.theirs[-1].rate:8,.0f} /s")
    finally:
        await connection.close()
    return found


async def _send(ours: Spine, connection: asyncpg.Connection, seconds: float, **pids: int) -> Figure:
    """Send as the intake of requests does, many in a transaction, until the last has taken effect."""

    async def commit(notes: Sequence[Note]) -> Sequence[None]:
        async with ours.transactions.begin() as transaction:
            for note in notes:
                transaction.send(note, origin=ORIGIN)
        return [None] * len(notes)

    intake: Batcher[Note, None] = Batcher(commit)
    taking_in = asyncio.create_task(intake.run())
    try:
        before = await connection.fetchval(HANDLED)
        begin = time.perf_counter()
        sent = await _drive(lambda: intake.submit(Note()), IN_FLIGHT, seconds, **pids)
        async with asyncio.timeout(HANDLED_WITHIN):
            while (handled := await connection.fetchval(HANDLED) - before) < sent.done:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        took = time.perf_counter() - begin
    finally:
        taking_in.cancel()
    return Figure(done=handled, seconds=took, latencies=sent.latencies, cpu=sent.cpu)
