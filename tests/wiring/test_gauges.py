"""What waits is told: in the outbox, in the mailboxes, for an operator."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd.bus.port import Backlog, Mailbox
from bookingd.messages import codec
from bookingd.messages.catalogue import Lane
from bookingd.storage import attention, dead_letters, outbox
from bookingd.storage.attention import Attention
from bookingd.storage.database import Connection, Database
from bookingd.storage.dead_letters import DeadLetter
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.gauges import Gauges
from tests.bus.test_contract import DEPOSIT, bundle_of, memory_bus
from tests.fakes.sources import ManualClock, SequentialIds


class Watched:
    """Gauges on a bus whose mailboxes hold what the test says."""

    def __init__(self, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.backlog: Mapping[Mailbox, Backlog] = {}
        self.metrics = Metrics()
        bus = memory_bus()

        async def backlog() -> Mapping[Mailbox, Backlog]:
            return self.backlog

        monkeypatch.setattr(bus, "backlog", backlog)
        self.gauges = Gauges(database=database, bus=bus, clock=clock, metrics=self.metrics)

    async def value(self, name: str, **labels: str) -> float | None:
        await self.gauges.look()
        return self.metrics.registry.get_sample_value(f"bookingd_{name}", labels)


@pytest.fixture
def watched(database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(database, clock, monkeypatch)


async def test_the_outbox_tells_how_much_is_due_and_for_how_long(
    watched: Watched, connection: Connection, clock: ManualClock
) -> None:
    assert await watched.value("outbox_lag_seconds") == 0
    bundle = replace(bundle_of(DEPOSIT), due_at=clock.now())
    later = replace(bundle_of(DEPOSIT), due_at=clock.now() + timedelta(hours=1))
    await outbox.insert(connection, bundles=[bundle, later])
    clock.advance(90)

    assert await watched.value("outbox_due_bundles") == 1
    assert await watched.value("outbox_lag_seconds") == 90


async def test_mailboxes_are_told_of_while_the_broker_is_there(watched: Watched) -> None:
    watched.backlog = {Mailbox("booking", Lane.NORMAL): Backlog(7, 0)}
    assert await watched.value("bus_mailbox_bundles", actor="booking", lane="normal") == 7
    assert await watched.value("bus_mailbox_consumers", actor="booking", lane="normal") == 0

    watched.backlog = {}
    assert await watched.value("bus_mailbox_bundles", actor="booking", lane="normal") is None


async def test_what_waits_for_an_operator_is_counted_and_what_waits_for_a_traveller_is_not(
    watched: Watched, connection: Connection, clock: ManualClock, ids: SequentialIds
) -> None:
    for owner in ("operator", "traveller", "operator"):
        subject = ids.new()
        entry = Attention(
            id=ids.new(),
            subject_kind="booking",
            subject=subject,
            object=subject,
            reason="payment_stuck",
            detail="",
            owner=owner,
            opened_at=clock.now(),
        )
        await attention.open_entry(connection, entry=entry)
    letter = DeadLetter(
        id=ids.new(),
        actor="booking",
        envelope=codec.unpack(bundle_of(DEPOSIT).payload)[0],
        reason="x",
        trace="",
        died_at=clock.now(),
    )
    await dead_letters.bury(connection, letter=letter)

    assert await watched.value("attention_open") == 2
    assert await watched.value("dead_letters") == 1
