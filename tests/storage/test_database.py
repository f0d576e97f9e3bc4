"""The pool, and what errors mean: a message is not to blame for a lost connection."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from bookingd.sources import SystemClock
from bookingd.storage.database import (
    ClockSkew,
    Connection,
    Database,
    DatabaseUnavailable,
    check_clock,
    clock_skew,
    is_retryable,
    is_unavailable,
)
from bookingd.telemetry.metrics import PoolMetrics

LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg may raise on a connection that was lost, according to how far the news has come."""


class ShiftedClock(SystemClock):
    """The host's clock, wrong by some seconds."""

    def __init__(self, seconds: float) -> None:
        self._shift = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


@pytest.fixture
async def table(owner_connection: Connection) -> None:
    await owner_connection.execute("CREATE TABLE things (id integer PRIMARY KEY, content jsonb)")


async def test_a_transaction_commits_at_its_end(database: Database, table: None) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO things VALUES (1)")

    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM things") == 1


async def test_a_transaction_leaves_nothing_when_it_fails(database: Database, table: None) -> None:
    async def fail_halfway() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO things VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()

    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM things") == 0


async def test_json_is_text_on_both_ways(database: Database, table: None) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO things VALUES (1, $1)", '{"a": [1, 2]}')
        assert await connection.fetchval("SELECT content FROM things") == '{"a": [1, 2]}'


async def test_a_statement_is_planned_once(database: Database) -> None:
    async with database.connection() as connection:
        for value in range(3):
            await connection.fetchval("SELECT $1::integer", value)
        [planned] = await connection.fetch(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1",
            "SELECT $1::integer",
        )
    assert tuple(planned) == (3, 0)


async def test_times_come_back_in_utc(database: Database) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("SHOW timezone") == "UTC"


async def test_a_connection_that_was_lost_is_replaced(database: Database, administrator: Connection) -> None:
    async with database.connection() as connection:
        lost = await connection.fetchval("SELECT pg_backend_pid()")
        await administrator.execute("SELECT pg_terminate_backend($1, 5000)", lost)
        with pytest.raises(LOST) as caught:
            await connection.execute("SELECT 1")
        with pytest.raises(LOST) as again:
            await connection.execute("SELECT 1")

    assert is_unavailable(caught.value)
    assert is_unavailable(again.value)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != lost


async def test_a_session_keeps_its_lock_until_its_end(database: Database) -> None:
    async with database.session() as holder:
        await holder.execute("SELECT pg_advisory_lock(42)")
        async with database.connection() as other:
            assert not await other.fetchval("SELECT pg_try_advisory_lock(42)")

    async with database.session() as other:
        assert await other.fetchval("SELECT pg_try_advisory_lock(42)")


async def test_no_connection_within_the_time_is_unavailable(database_dsn: str) -> None:
    database = await Database.open(dsn=database_dsn, minimum=1, maximum=1, acquire_within=0.05)
    async with database.connection():
        with pytest.raises(DatabaseUnavailable) as caught:
            async with database.connection():
                pass
    await database.close()

    assert is_unavailable(caught.value)


@pytest.mark.parametrize(
    "dsn", ["postgresql://bookingd@/bookingd?host=/nowhere", "postgresql://bookingd@127.0.0.1:1/bookingd"]
)
async def test_a_server_that_is_not_there_is_unavailable(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        await Database.open(dsn=dsn)


async def test_a_refusal_is_not_taken_for_absence(database_dsn: str) -> None:
    with pytest.raises(asyncpg.InvalidCatalogNameError) as caught:
        await Database.open(dsn=database_dsn.replace("/bookingd_test_", "/no_such_"))

    assert not is_unavailable(caught.value)


@pytest.mark.parametrize(
    ("error", "unavailable", "retryable"),
    [
        (asyncpg.ConnectionDoesNotExistError(), True, False),
        (asyncpg.AdminShutdownError(), True, False),
        (asyncpg.CannotConnectNowError(), True, False),
        (asyncpg.TooManyConnectionsError(), True, False),
        (asyncpg.DiskFullError(), True, False),
        (asyncpg.ReadOnlySQLTransactionError(), True, False),
        (asyncpg.SerializationError(), False, True),
        (asyncpg.DeadlockDetectedError(), False, True),
        (asyncpg.LockNotAvailableError(), False, True),
        (asyncpg.UniqueViolationError(), False, False),
        (asyncpg.CheckViolationError(), False, False),
        (asyncpg.QueryCanceledError(), False, False),
        (asyncpg.InterfaceError("another operation is in progress"), False, False),
        (
            asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
            True,
            False,
        ),
        (
            asyncpg.InternalClientError("cannot switch to state 12; another operation (4) is in progress"),
            False,
            False,
        ),
        (FileNotFoundError("a template of a mail"), False, False),
        (TimeoutError(), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_errors_are_told_apart(error: Exception, unavailable: bool, retryable: bool) -> None:
    assert is_unavailable(error) is unavailable
    assert is_retryable(error) is retryable


async def test_clocks_that_agree_have_no_skew(connection: Connection) -> None:
    assert abs(await clock_skew(connection, clock=SystemClock())) < 0.4


@pytest.mark.parametrize("seconds", [-3.0, 3.0])
async def test_a_small_skew_is_told(
    connection: Connection, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        skew = await check_clock(connection, clock=ShiftedClock(seconds))

    assert skew == pytest.approx(-seconds, abs=0.4)
    assert "NTP" in caplog.text


@pytest.mark.parametrize("seconds", [-6.0, 6.0])
async def test_a_large_skew_stops_the_start(connection: Connection, seconds: float) -> None:
    with pytest.raises(ClockSkew, match="NTP"):
        await check_clock(connection, clock=ShiftedClock(seconds))


async def test_the_pool_tells_of_its_connections_and_of_those_who_wait_for_one(database_dsn: str) -> None:
    registry = CollectorRegistry()
    small = await Database.open(dsn=database_dsn, minimum=1, maximum=1, metrics=PoolMetrics(registry))

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"bookingd_database_pool_{name}")

    assert (value("connections"), value("idle_connections"), value("waiting")) == (1, 1, 0)
    async with small.connection():
        waiting = asyncio.create_task(small.connection().__aenter__())
        await asyncio.sleep(0)
        assert (value("idle_connections"), value("waiting")) == (0, 1)
        waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert value("waiting") == 0
    assert value("acquire_seconds_count") == 2
    assert value("failures_total") == 0
    await small.close()
