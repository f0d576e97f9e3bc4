"""Who may use a database beside whom: over memory:// one process alone, over RabbitMQ any number together.

The rule: a session holds an advisory lock for as long as the process lives, exclusive for who is alone and
shared for those together, and PostgreSQL lets go of it when the process dies, however it dies. A session
that is lost is replaced; where the other kind took the lock meanwhile, it keeps it, and we stop.

Together, each session also holds a berth, a lock by its process's id: who has none for a while is dead.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from bookingd.sources import Clock, SystemClock
from bookingd.storage.database import Connection, is_unavailable
from bookingd.storage.queries import query

log = logging.getLogger(__name__)

TAKE_ALONE = query("exclusive.take_alone")
TAKE_TOGETHER = query("exclusive.take_together")
ANYBODY_TOGETHER = query("exclusive.anybody_together")
TAKE_BERTH = query("exclusive.take_berth")
BERTHS = query("exclusive.berths")

LOCK = 0x626F6F6B696E6764
"""The letters of "bookingd" in ASCII."""

BERTHS_CLASS = 0x626F6F6B
"""The letters of "book": berths are locks of this class."""

PATIENCE_MS = 3000
"""How long a session of a process that was killed may take to end."""

PAUSE = 0.5
"""Seconds between two tries while the database is away."""


class AlreadyRunning(Exception):
    """Another process uses the database in a way that leaves no room for us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A way to use a database: how its lock is taken, and what is said where others leave no room for it."""

    session: str
    take: str
    beside_one_alone: str
    beside_some_together: str


_ALONE = _Way(
    session="bookingd alone",
    take=TAKE_ALONE,
    beside_one_alone="another bookingd uses this database, and messages over memory:// reach one process"
    " only: stop that one first",
    beside_some_together="another bookingd uses this database over RabbitMQ, and messages over memory://"
    " would never reach it: give bus.url the same amqp:// address here, or stop that one first",
)
_TOGETHER = _Way(
    session="bookingd together",
    take=TAKE_TOGETHER,
    beside_one_alone="another bookingd uses this database over memory://, which reaches one process only:"
    " give bus.url the same amqp:// address there, or stop that one first",
    beside_some_together="another bookingd, over memory://, waits for those that use this database over"
    " RabbitMQ to go: stop that one first",
)


@asynccontextmanager
async def hold_exclusively(dsn: str, *, clock: Clock | None = None) -> AsyncIterator[None]:
    """Be the only one within the block. Raises AlreadyRunning at its begin.

    Where the lock was lost and another process has it by now, the block is cancelled and AlreadyRunning
    comes out in an exception group, as from a task group.
    """
    async with _holding(_Held(_ALONE, dsn, clock or SystemClock())):
        yield


@asynccontextmanager
async def hold_together(dsn: str, *, process: UUID, clock: Clock | None = None) -> AsyncIterator[None]:
    """Keep out, within the block, whoever wants to be alone, and be seen to live by the id of the process.

    Raises AlreadyRunning as `hold_exclusively`.
    """
    async with _holding(_Held(_TOGETHER, dsn, clock or SystemClock(), berth=berth_of(process))):
        yield


def berth_of(process: UUID) -> int:
    """31 bits of its id that are drawn by chance (RFC 9562, 5.7); two alike only seem to live longer."""
    return process.int & 0x7FFF_FFFF


async def living(connection: Connection, *, processes: Sequence[UUID]) -> set[UUID]:
    """Those that hold their berth."""
    held = {row["berth"] for row in await connection.fetch(BERTHS, BERTHS_CLASS)}
    return {process for process in processes if berth_of(process) in held}


@asynccontextmanager
async def _holding(held: "_Held") -> AsyncIterator[None]:
    await held.take()
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(held.keep(), name="lock of the database")
            try:
                yield
            finally:
                keeper.cancel()
    finally:
        await held.let_go()


class _Held:
    """The lock, and the session that it is held by."""

    def __init__(self, way: _Way, dsn: str, clock: Clock, *, berth: int | None = None) -> None:
        self._way = way
        self._berth = berth
        self._dsn = dsn
        self._clock = clock
        self._session: asyncpg.Connection[asyncpg.Record] | None = None

    async def take(self) -> None:
        """Raises AlreadyRunning, or what keeps us from PostgreSQL."""
        settings = {"application_name": self._way.session, "lock_timeout": str(PATIENCE_MS)}
        self._session = await asyncpg.connect(self._dsn, server_settings=settings)
        try:
            await self._lock(self._session)
        except BaseException:
            self._session.terminate()
            raise

    async def _lock(self, session: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            await session.execute(self._way.take, LOCK)
        except asyncpg.LockNotAvailableError as error:
            way = self._way
            some = await session.fetchval(ANYBODY_TOGETHER, LOCK)
            raise AlreadyRunning(way.beside_some_together if some else way.beside_one_alone) from error
        if self._berth is not None:
            await session.execute(TAKE_BERTH, BERTHS_CLASS, self._berth)

    async def keep(self) -> None:
        """Take it again whenever its session is lost, until cancelled. Raises AlreadyRunning."""
        while True:
            await self._end_of_session()
            log.warning("the session that kept other processes out is lost")
            await self._take_when_possible()
            log.info("other processes are kept out again")

    async def let_go(self) -> None:
        """End the session, and with it the lock."""
        if self._session is not None:
            await self._session.close()

    async def _end_of_session(self) -> None:
        ended = asyncio.Event()

        def tell(_: object) -> None:
            ended.set()

        if self._session is not None and not self._session.is_closed():
            self._session.add_termination_listener(tell)
            await ended.wait()

    async def _take_when_possible(self) -> None:
        while True:
            try:
                return await self.take()
            except Exception as error:
                if not (isinstance(error, OSError | TimeoutError) or is_unavailable(error)):
                    raise
                await self._clock.sleep(PAUSE)
