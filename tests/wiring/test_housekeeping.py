"""Housekeeping makes partitions, forgets what is old, and outlives the database's absence."""

from datetime import timedelta

import pytest

from bookingd.domain.ids import PaymentId
from bookingd.sources import Sources
from bookingd.storage import payments
from bookingd.storage.database import Connection, Database
from bookingd.storage.payments import Webhook
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring import housekeeping
from bookingd.wiring.housekeeping import WEBHOOKS_KEPT, Housekeeping
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds


@pytest.fixture
def keeping(database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Housekeeping:
    sources = Sources(clock=clock, ids=ids, chance=chance)
    return Housekeeping(database=database, sources=sources, metrics=Metrics())


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


async def test_tomorrows_partitions_are_there_today(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=40))

    await keeping.keep()

    day = (clock.now() + timedelta(days=1)).strftime("%Y%m%d")
    assert await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"inbox_p{day}")
