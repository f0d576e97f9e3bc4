"""Being the only process of a database, where the transport reaches one process only (memory://).

The rule: a session holds an advisory lock for as long as the process lives, and PostgreSQL lets go of it
when the process dies, however it dies. A session that is lost is replaced; whoever took the lock
meanwhile keeps it, and we stop.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from bookingd.sources import Clock, SystemClock
from bookingd.storage.database import is_unavailable
from bookingd.storage.queries import query

log = logging.getLogger(__name__)

TAKE = query("exclusive.take")

LOCK = 0x626F6F6B696E6764
"""The letters of "bookingd" in ASCII."""

PATIENCE_MS = 3000
"""How long a session of a process that was killed may take to end."""

PAUSE = 0.5
"""Seconds between two tries while the database is away."""


class AlreadyRunning(Exception):
    """Another process uses the database in a way that leaves no room for us."""


@asynccontextmanager
async def hold_exclusively(dsn: str, *, clock: Clock | None = None) -> AsyncIterator[None]:
    """Be the only one within the block. Raises AlreadyRunning at its begin.

    Where the lock was lost and another process has it by now, the block is cancelled and AlreadyRunning
    comes out in an exception group, as from a task group.
    """
    held = _Held(dsn, clock or SystemClock())
    await held.take()
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(held.keep(), name="exclusive lock")
            try:
                yield
            finally:
                keeper.cancel()
    finally:
        await held.let_go()


class _Held:
    """The lock, and the session that it is held by."""

    def __init__(self, dsn: str, clock: Clock) -> None:
        self._dsn = dsn
        self._clock = clock
        self._session: asyncpg.Connection[asyncpg.Record] | None = None

    async def take(self) -> None:
        """Raises AlreadyRunning, or what keeps us from PostgreSQL."""
        settings = {"application_name": "bookingd alone", "lock_timeout": str(PATIENCE_MS)}
        self._session = await asyncpg.connect(self._dsn, server_settings=settings)
        try:
            await self._session.execute(TAKE, LOCK)
        except asyncpg.LockNotAvailableError as error:
            await self.let_go()
            raise AlreadyRunning(
                "another bookingd uses this database, and messages over memory:// reach one process only:"
                " stop that one first"
            ) from error
        except BaseException:
            self._session.terminate()
            raise

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
