"""The database of a daemon: started where it is embedded, migrated where we may, checked everywhere."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from bookingd.config import Settings
from bookingd.engine import OWNER, Engine
from bookingd.messages.envelope import SYSTEM
from bookingd.seeding.demonstration import exchange, fill, furnish, prolong
from bookingd.seeding.hotels.world import Stays
from bookingd.seeding.loading import Progress
from bookingd.seeding.world import Plan
from bookingd.sources import Sources
from bookingd.storage import inventory, migrations
from bookingd.storage.database import Database, check_clock, ensure_partitions
from bookingd.telemetry.metrics import PoolMetrics

SOLD_AHEAD = timedelta(days=30)
"""How far ahead a made-up network can be booked after it was prolonged."""

SOLD_AHEAD_LEAST = timedelta(days=16)
"""With fewer days left it is prolonged: `bookingd trip` flies in two weeks."""

Say = Callable[[str], None]
"""Tells whoever started the daemon what takes time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An open database, and the embedded server if that is ours."""

    database: Database
    dsn: str
    engine: Engine | None


async def open_ground(
    settings: Settings, sources: Sources, *, metrics: PoolMetrics, stack: AsyncExitStack, say: Say
) -> Ground:
    """Start, migrate, check, open, and fill an empty demonstration database."""
    engine = None
    if settings.database.embedded:
        engine = await _start_engine(settings.paths.var / "postgres", stack, say)
        await _migrate(engine.dsn(OWNER), sources, say)
    dsn = engine.dsn() if engine else settings.database.url.reveal()
    database = await Database.open(
        dsn=dsn,
        minimum=settings.database.pool_minimum,
        maximum=settings.database.pool_maximum,
        metrics=metrics,
    )
    stack.push_async_callback(database.close)
    await _check(database, sources)
    if engine and settings.inventory.demo:
        await _keep_demonstrating(engine.dsn(OWNER), settings, sources, say)
    return Ground(database=database, dsn=dsn, engine=engine)


async def _start_engine(directory: Path, stack: AsyncExitStack, say: Say) -> Engine:
    if not await asyncio.to_thread(directory.exists):
        say("making a PostgreSQL database under " + str(directory))
    return await stack.enter_async_context(Engine(directory))


async def _migrate(owner_dsn: str, sources: Sources, say: Say) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        waiting = await migrations.pending(connection)
        if waiting:
            say(f"migrating the database: {len(waiting)} steps")
        await migrations.migrate(connection, clock=sources.clock)
    finally:
        await connection.close()


async def _check(database: Database, sources: Sources) -> None:
    async with database.connection() as connection:
        await migrations.check(connection)
        await check_clock(connection, clock=sources.clock)
        await ensure_partitions(connection, clock=sources.clock)


async def _keep_demonstrating(owner_dsn: str, settings: Settings, sources: Sources, say: Say) -> None:
    """Make a world up where there is none, hotels where it has none, more days when the old ones run out, and
    exchange rates of today.
    """
    connection = await asyncpg.connect(owner_dsn)
    try:
        there = await inventory.demo(connection)
        if there is None:
            await _seed(connection, settings, sources, say)
            return
        if not there.hotels:
            await _furnish(connection, settings, sources, say)
        if there.last_day < sources.clock.now().date() + SOLD_AHEAD_LEAST:
            await _prolong(connection, sources, say)
        await exchange(connection, sources=sources, principal=SYSTEM)
    finally:
        await connection.close()


async def _seed(connection: asyncpg.Connection, settings: Settings, sources: Sources, say: Say) -> None:
    wanted = settings.inventory
    plan = Plan(first_day=sources.clock.now().date(), departures=wanted.departures, hotels=wanted.hotels)
    seeded = await fill(connection, plan=plan, sources=sources, principal=SYSTEM, progress=_tenths(say))
    say(
        f"the world is there: {seeded.departures} departures, {seeded.airports} airports,"
        f" {seeded.stays.hotels} hotels in {seeded.stays.cities} cities"
    )


async def _furnish(connection: asyncpg.Connection, settings: Settings, sources: Sources, say: Say) -> None:
    stays = Stays(first_night=sources.clock.now().date(), hotels=settings.inventory.hotels)
    loaded = await furnish(connection, stays=stays, sources=sources, principal=SYSTEM, progress=_tenths(say))
    if loaded is not None:
        say(f"the made-up network has hotels now: {loaded.hotels} in {loaded.cities} cities")


async def _prolong(connection: asyncpg.Connection, sources: Sources, say: Say) -> None:
    until = sources.clock.now().date() + SOLD_AHEAD
    more = await prolong(connection, until=until, sources=sources, principal=SYSTEM)
    if more is not None:
        say(f"the made-up network flies until {more.last_day}: {more.departures} more departures")


def _tenths(say: Say) -> Progress:
    """Says how far it is, every tenth of each sort of thing."""
    told: dict[str, int] = {}

    def progress(what: str, done: int, whole: int) -> None:
        if done * 10 // whole > told.get(what, -1):
            told[what] = done * 10 // whole
            say(f"making a world up: {told[what] * 10} % of {whole} {what}")

    return progress
