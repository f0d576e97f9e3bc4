"""Who may use a database beside whom: memory:// reaches one process, RabbitMQ reaches all that are on it."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from uuid import UUID

import pytest

from bookingd.storage import exclusive
from bookingd.storage.database import Connection, Database
from bookingd.storage.exclusive import AlreadyRunning, hold_exclusively, hold_together
from tests.conftest import Spawn
from tests.toy.house import HurriedClock, until

together = partial(hold_together, process=UUID(int=5))

HOLD = """
import asyncio, sys
from bookingd.storage.exclusive import hold_exclusively
async def main():
    async with hold_exclusively(sys.argv[1]):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
HOLDERS = """
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name IN ('bookingd alone', 'bookingd together')
"""


Hold = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "PATIENCE_MS", 50)


@pytest.mark.usefixtures("impatient")
async def test_a_second_process_is_told_what_to_do(database_dsn: str) -> None:
    async with hold_exclusively(database_dsn):
        with pytest.raises(AlreadyRunning, match=r"another bookingd.*stop that one"):
            await asyncio.create_task(_hold_for_a_moment(database_dsn))


async def test_those_over_rabbitmq_are_together(database_dsn: str) -> None:
    async with together(database_dsn), together(database_dsn):
        pass


@pytest.mark.usefixtures("impatient")
async def test_nobody_over_rabbitmq_is_beside_one_in_memory(database_dsn: str) -> None:
    async with hold_exclusively(database_dsn):
        with pytest.raises(AlreadyRunning, match=r"over memory://, which reaches one process only.*bus\.url"):
            await asyncio.create_task(_hold_for_a_moment(database_dsn, together))


@pytest.mark.usefixtures("impatient")
async def test_nobody_in_memory_is_beside_those_over_rabbitmq(database_dsn: str) -> None:
    async with together(database_dsn), together(database_dsn):
        with pytest.raises(AlreadyRunning, match=r"over RabbitMQ.*bus\.url"):
            await asyncio.create_task(_hold_for_a_moment(database_dsn))


async def test_another_database_is_another_matter(database_dsn: str, owner_connection: Connection) -> None:
    elsewhere = database_dsn.replace(await owner_connection.fetchval("SELECT current_database()"), "postgres")
    async with hold_exclusively(database_dsn), together(elsewhere):
        pass


async def test_who_has_gone_lets_the_next_one_in(database_dsn: str) -> None:
    await _hold_for_a_moment(database_dsn)
    await _hold_for_a_moment(database_dsn)


async def test_who_was_killed_lets_the_next_one_in(database_dsn: str, spawn: Spawn) -> None:

    holder = spawn(sys.executable, "-c", HOLD, database_dsn)
    assert holder.stdout
    assert await asyncio.to_thread(holder.stdout.readline) == "held\n"

    holder.kill()

    await _hold_for_a_moment(database_dsn)


@pytest.mark.parametrize(("hold", "other"), [(hold_exclusively, together), (together, hold_exclusively)])
@pytest.mark.usefixtures("impatient")
async def test_a_lost_session_is_replaced(
    database_dsn: str, database: Database, owner_connection: Connection, hold: Hold, other: Hold
) -> None:
    async with hold(database_dsn, clock=HurriedClock()):
        lost = await _holder(owner_connection)
        async with database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend($1, 5000)", lost)

        async def replaced() -> bool:
            return await _holder(owner_connection) not in (None, lost)

        await until(replaced)
        with pytest.raises(AlreadyRunning):
            await asyncio.create_task(_hold_for_a_moment(database_dsn, other))


@pytest.mark.parametrize("hold", [hold_exclusively, together])
@pytest.mark.usefixtures("impatient")
async def test_whoever_took_over_meanwhile_stays(
    database_dsn: str, owner_connection: Connection, database: Database, hold: Hold
) -> None:
    async def first() -> None:
        async with hold(database_dsn, clock=HurriedClock()):
            held.set()
            await asyncio.Event().wait()

    held = asyncio.Event()
    running = asyncio.create_task(first())
    await held.wait()
    lost = await _holder(owner_connection)
    async with database.session() as second:
        waiting = asyncio.create_task(second.execute("SELECT pg_advisory_lock($1)", exclusive.LOCK))
        async with database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend($1, 5000)", lost)
        await waiting

        with pytest.raises(BaseExceptionGroup) as caught:
            await running

    assert caught.group_contains(AlreadyRunning)


async def _hold_for_a_moment(dsn: str, hold: Hold = hold_exclusively) -> None:
    async with hold(dsn):
        pass


async def _holder(connection: Connection) -> int | None:
    pid: int | None = await connection.fetchval(HOLDERS)
    return pid
