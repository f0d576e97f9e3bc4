"""The way to PostgreSQL: a pool of connections, and what its errors mean.

Its one rule: no transaction is open while anything outside PostgreSQL is awaited.

A pooled connection goes from one user to the next without the round trip that would reset it, so nobody
changes its session: SET LOCAL and pg_advisory_xact_lock end with the transaction; whoever needs a lock or
a setting for longer takes `session()`.

JSON is passed as text both ways (asyncpg's own way): msgspec encodes and decodes it where the type is
known. Plans: asyncpg keeps statements prepared per connection, and PostgreSQL is told to plan each of them
once there, whatever the values (`force_generic_plan`): left to itself it plans those with short lists anew at
every call, which took longer than most of them. A plan that was made for an empty table stays bad after the
table has been filled, so `analyze` runs after migrations and seeding: fresh statistics throw kept plans away.
It lets empty tables be, of which nothing is known then but that they may fill.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bookingd.sources import Clock
from bookingd.storage.queries import query
from bookingd.telemetry.metrics import PoolMetrics

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection | PoolConnectionProxy

CLOCK = query("ground.clock")
ANALYZE = query("ground.analyze")
ENSURE_PARTITIONS = query("ground.ensure_partitions")
DROP_OLD_PARTITIONS = query("ground.drop_old_partitions")
TAKE_TURN = query("ground.take_turn")

CHORES = 0x63686F7265
"""The letters of "chore" in ASCII: the advisory lock of whoever keeps the tables tidy."""

SKEW_WARNED = 0.5  # seconds: deadlines are still met well enough
SKEW_REFUSED = 5.0  # seconds: holds would expire while their buyer is paying

# What says nothing about the statement itself (SQLSTATE, PostgreSQL's appendix A): connection lost; no
# connection, memory or disk left; shutdown or crash; a server that has become read-only by a failover.
_UNAVAILABLE = ("08", "53", "57P", "25006")
# asyncpg's words when a lost connection is used again (the pool takes it back by itself), or the pool ends.
_LOST = ("connection is closed", "connection has been released back to the pool", "pool is clos")
# The same when the server's last word has arrived and the end of the connection has not yet: the protocol
# is in state 2, PROTOCOL_ERROR_CONSUME (asyncpg 0.32, protocol/coreproto.pxd).
_ENDING = "another operation (2) is in progress"
_RETRYABLE = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock not available


class DatabaseUnavailable(ConnectionError):
    """No connection was to be had; the cause is its `__cause__`."""


class ClockSkew(Exception):
    """The host's clock and PostgreSQL's are too far apart for deadlines to mean anything."""


class Database:
    """A pool of connections of one role.

    `async with database.transaction() as connection` commits at its end or rolls back on an exception;
    `connection()` gives a connection outside a transaction, where each statement commits by itself. Both
    raise DatabaseUnavailable when there is none within `acquire_within` seconds. A connection that was
    lost is replaced by itself.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        dsn: str,
        settings: dict[str, str],
        acquire_within: float,
        metrics: PoolMetrics,
    ) -> None:
        self._pool = pool
        self._dsn = dsn
        self._settings = settings
        self._acquire_within = acquire_within
        self._waiting = 0
        self._metrics = metrics
        metrics.size.set_function(pool.get_size)
        metrics.idle.set_function(pool.get_idle_size)
        metrics.waiting.set_function(lambda: self._waiting)

    @classmethod
    async def open(
        cls,
        *,
        dsn: str,
        minimum: int = 1,
        maximum: int = 10,
        application_name: str = "bookingd",
        acquire_within: float = 10.0,
        metrics: PoolMetrics | None = None,
    ) -> Self:
        """Make the pool; `minimum` connections are made now and kept.

        Raises DatabaseUnavailable when the server cannot be reached, and asyncpg.PostgresError when it
        refuses us (a wrong password, an unknown database).
        """
        settings = {
            "application_name": application_name,
            "timezone": "UTC",
            "plan_cache_mode": "force_generic_plan",
        }
        pool = asyncpg.create_pool(
            dsn,
            min_size=minimum,
            max_size=maximum,
            timeout=acquire_within,
            server_settings=settings,
            reset=_leave_session,
        )
        try:
            await pool
        except Exception as error:
            raise _translated(error) from error
        told = PoolMetrics() if metrics is None else metrics
        return cls(pool, dsn=dsn, settings=settings, acquire_within=acquire_within, metrics=told)

    async def close(self) -> None:
        """Wait for the connections in use to come back, then close all."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        connection = await self._acquire()
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        self._waiting += 1
        try:
            with self._metrics.acquire_seconds.time():
                return await self._pool.acquire(timeout=self._acquire_within)
        except Exception as error:
            self._metrics.failures.inc()
            raise _translated(error) from error
        finally:
            self._waiting -= 1

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A connection outside the pool, closed at the end: for locks and settings of a session."""
        try:
            connection = await asyncpg.connect(
                self._dsn, timeout=self._acquire_within, server_settings=self._settings
            )
        except Exception as error:
            raise _translated(error) from error
        try:
            yield connection
        finally:
            await connection.close()


async def _leave_session(_: Any) -> None:
    """Instead of asyncpg's reset, which asks the server after each use: one round trip a transaction."""


def _translated(error: Exception) -> Exception:
    """`error` of an attempt to connect, told apart from one that a statement brings."""
    if isinstance(error, OSError | TimeoutError) or is_unavailable(error):
        return DatabaseUnavailable(f"PostgreSQL cannot be reached: {str(error) or type(error).__name__}")
    return error


async def analyze(connection: Connection) -> None:
    """Refresh the planner's statistics; to be called after seeding (`migrate` does it by itself).

    The connection is of the owner's role: PostgreSQL skips the tables of others with a warning.
    """
    await connection.execute(ANALYZE)


async def ensure_partitions(connection: Connection, *, clock: Clock) -> int:
    """Make the partitions that this time and the next steps need; how many were missing.

    To be called at start and some times a day. Raises LockNotAvailableError (`is_retryable`) rather than
    keep others waiting.
    """
    made: int = await connection.fetchval(ENSURE_PARTITIONS, clock.now())
    return made


async def drop_old_partitions(connection: Connection, *, clock: Clock) -> int:
    """Away with the partitions that their tables no longer keep; how many were dropped.

    Raises LockNotAvailableError (`is_retryable`) rather than keep others waiting.
    """
    dropped: int = await connection.fetchval(DROP_OLD_PARTITIONS, clock.now())
    return dropped


async def take_turn(connection: Connection) -> bool:
    """Whether nobody else is at the chores; if so nobody else is until this transaction ends."""
    ours: bool = await connection.fetchval(TAKE_TURN, CHORES)
    return ours


async def clock_skew(connection: Connection, *, clock: Clock) -> float:
    """By how many seconds PostgreSQL's clock is ahead of ours, less what the question itself took."""
    before = clock.now()
    theirs = await connection.fetchval(CLOCK)
    after = clock.now()
    if theirs < before:
        return float((theirs - before).total_seconds())
    return max(0.0, float((theirs - after).total_seconds()))


async def check_clock(connection: Connection, *, clock: Clock) -> float:
    """The skew, told in the log above half a second. Raises ClockSkew above five seconds."""
    skew = await clock_skew(connection, clock=clock)
    if abs(skew) > SKEW_REFUSED:
        raise ClockSkew(
            f"PostgreSQL's clock differs from this host's by {skew:+.1f} s, and {SKEW_REFUSED:.0f} s are too"
            " much: set both by NTP (timedatectl set-ntp true)"
        )
    if abs(skew) > SKEW_WARNED:
        logger.warning(
            "PostgreSQL's clock differs from this host's by %+.1f s; is NTP running on both?", skew
        )
    return skew


def is_unavailable(error: BaseException) -> bool:
    """Whether the database could not be asked at all: no fault of the message, which waits."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_UNAVAILABLE)
    if isinstance(error, asyncpg.InternalClientError):
        return _ENDING in str(error)
    if isinstance(error, asyncpg.InterfaceError):
        return any(state in str(error) for state in _LOST)
    return isinstance(error, DatabaseUnavailable)


def is_retryable(error: BaseException) -> bool:
    """Whether the same transaction may well succeed when it is done again at once."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _RETRYABLE
