"""What waits is told: in the outbox, in the mailboxes, for an operator."""

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookingd.bus.port import Backlog, Mailbox
from bookingd.config import Settings
from bookingd.config.sections import Exchange, Supplier, Suppliers
from bookingd.messages import codec
from bookingd.messages.catalogue import Lane
from bookingd.storage import attention, dead_letters, outbox, rates
from bookingd.storage.attention import Attention
from bookingd.storage.database import Connection, Database
from bookingd.storage.dead_letters import DeadLetter
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.gauges import Gauges
from tests.bus.test_contract import DEPOSIT, bundle_of, memory_bus
from tests.fakes.sources import START, ManualClock, SequentialIds
from tests.rates import sheet


class Watched:
    """Gauges on a bus whose mailboxes hold what the test says."""

    def __init__(self, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.backlog: Mapping[Mailbox, Backlog] = {}
        self.metrics = Metrics()
        bus = memory_bus()

        async def backlog() -> Mapping[Mailbox, Backlog]:
            return self.backlog

        monkeypatch.setattr(bus, "backlog", backlog)
        self.gauges = Gauges(
            database=database, bus=bus, clock=clock, metrics=self.metrics, settings=Settings()
        )

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


async def import_rates(connection: Connection, day: date, *, source: str = "ECB") -> None:
    await rates.add(
        connection,
        sheets=[sheet(day, source=source)],
        now=START,
        principal="operator:ada",
        entry_id=uuid4(),
    )


async def test_the_age_of_exchange_rates_is_told_in_business_days(
    watched: Watched, connection: Connection, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert math.isnan(await watched.value("exchange_rates_age_days") or 0)
    await import_rates(connection, START.date())  # a Sunday

    assert await watched.value("exchange_rates_age_days") == 0
    assert await watched.value("exchange_rates_age_limit_days") == 3
    clock.advance(timedelta(days=3).total_seconds())
    assert await watched.value("exchange_rates_age_days") == 3
    assert not caplog.records
    clock.advance(timedelta(days=1).total_seconds())
    for _ in range(2):
        assert await watched.value("exchange_rates_age_days") == 4
    await import_rates(connection, clock.now().date())
    assert await watched.value("exchange_rates_age_days") == 0

    old, again = caplog.messages
    assert old.startswith("the newest exchange rates are of 2026-11-22, 4 business days old")
    assert again == "there are exchange rates of 2026-11-26: other currencies are sold in again"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"exchange": Exchange(currencies=())}, False),
        ({"exchange": Exchange(currencies=("EUR",))}, False),
        (
            {
                "exchange": Exchange(currencies=()),
                "suppliers": Suppliers(inventory=Supplier(currencies=("EUR", "GBP"))),
            },
            True,
        ),
    ],
)
async def test_an_installation_that_exchanges_nothing_has_no_rates_that_age(
    database: Database, clock: ManualClock, connection: Connection, changed: dict[str, Any], told: bool
) -> None:
    await import_rates(connection, START.date())
    metrics = Metrics()
    settings = Settings(**changed)
    gauges = Gauges(database=database, bus=memory_bus(), clock=clock, metrics=metrics, settings=settings)

    await gauges.look()

    age = metrics.registry.get_sample_value("bookingd_exchange_rates_age_days")
    assert age is not None
    assert math.isnan(age) is not told
