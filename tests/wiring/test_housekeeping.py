"""Housekeeping makes partitions, forgets what is old, and outlives the database's absence."""

import asyncio
from datetime import timedelta

import pytest

from bookingd.domain.ids import PaymentId
from bookingd.sources import Sources
from bookingd.storage import payments
from bookingd.storage.database import Connection, Database, take_turn
from bookingd.storage.payments import Webhook
from bookingd.wiring import housekeeping
from bookingd.wiring.housekeeping import KEYS_KEPT, WEBHOOKS_KEPT, Housekeeping
from tests.fakes.accounts import plant_account, plant_api_key
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds


@pytest.fixture
def keeping(database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Housekeeping:
    sources = Sources(clock=clock, ids=ids, chance=chance)
    return Housekeeping(database=database, sources=sources)


async def receive(connection: Connection, name: str, *, clock: ManualClock) -> None:
    event = Webhook(
        gateway="stripe",
        event_id=name,
        kind="payment_intent.succeeded",
        payment_id=PaymentId(SequentialIds().new()),
        gateway_reference=None,
    )
    await payments.receive_webhooks(connection, webhooks=[event], now=clock.now())


async def test_old_webhooks_go_and_young_ones_stay(
    keeping: Housekeeping, connection: Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BITE", 2)
    for number in range(5):
        await receive(connection, f"old_{number}", clock=clock)
    clock.advance(WEBHOOKS_KEPT + timedelta(seconds=1))
    await receive(connection, "young", clock=clock)

    await keeping.keep()

    left = await connection.fetch("SELECT event_id FROM webhook_events")
    assert [row["event_id"] for row in left] == ["young"]


async def test_api_keys_that_have_long_been_over_go(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    account = await plant_account(connection)
    for number, days in enumerate((1, 2), start=1):
        ends = clock.now() + timedelta(days=days)
        await plant_api_key(connection, account, number, expires_at=ends)
    clock.advance(KEYS_KEPT + timedelta(days=1, seconds=1))

    await keeping.keep()

    left = await connection.fetch("SELECT name FROM api_keys")
    assert [row["name"] for row in left] == ["Key 2"]


async def test_tomorrows_partitions_are_there_today(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=40))

    await keeping.keep()

    day = (clock.now() + timedelta(days=1)).strftime("%Y%m%d")
    assert await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"inbox_p{day}")


async def test_two_processes_at_their_chores_do_not_get_in_each_others_way(
    keeping: Housekeeping, connection: Connection, owner_connection: Connection, clock: ManualClock
) -> None:
    """Who drops an old part waits for its reader; who comes meanwhile does not drop it a second time."""
    await keeping.keep()
    old = min(await _parts(connection))
    clock.advance(timedelta(days=60))

    async with owner_connection.transaction():
        await owner_connection.execute(f"SELECT FROM {old}")
        both = [asyncio.create_task(keeping.keep()) for _ in range(2)]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*both)

    assert old not in await _parts(connection)


async def test_who_finds_another_at_the_chores_leaves_them(
    keeping: Housekeeping, database: Database, connection: Connection, clock: ManualClock
) -> None:
    await receive(connection, "old", clock=clock)
    clock.advance(WEBHOOKS_KEPT + timedelta(seconds=1))

    async with database.transaction() as other:
        assert await take_turn(other)
        await keeping.keep()
        assert await connection.fetchval("SELECT count(*) FROM webhook_events") == 1

    await keeping.keep()
    assert await connection.fetchval("SELECT count(*) FROM webhook_events") == 0


async def _parts(connection: Connection) -> set[str]:
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relname ~ '^inbox_p\\d+$'")
    return {row["relname"] for row in rows}
