"""Payments as gateways tell them, and webhooks, each stored once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from bookingd.domain.ids import IntentId
from bookingd.domain.money import Money
from bookingd.storage import bookings, intents, payments
from bookingd.storage import webhooks as stored
from bookingd.storage.database import Connection, Database
from bookingd.storage.intents import IntentKey
from bookingd.storage.payments import (
    PaymentRow,
    PaymentStatus,
    PaymentStep,
    RefundRow,
    RefundState,
)
from bookingd.storage.webhooks import Concerned, Webhook
from tests import factories
from tests.fakes.sources import START

NONE = Money.zero("EUR")
ROW = PaymentRow(
    id=factories.payment_id(1),
    booking_id=factories.booking_id(),
    gateway="fake",
    amount=factories.TOTAL,
    captured=NONE,
    refunded=NONE,
)


@pytest.fixture(autouse=True)
async def _booking(connection: Connection) -> None:
    new = [factories.new_booking(factories.booking())]
    await bookings.insert(connection, bookings=new, now=START)


async def save(connection: Connection, row: PaymentRow) -> None:
    await payments.save(connection, rows=[row], now=START)


async def test_a_payment_comes_back_as_it_was_written(connection: Connection) -> None:
    row = replace(
        ROW,
        gateway_reference="pi_1",
        state=PaymentStatus.REQUIRES_ACTION,
        action_url="https://bank.example",
        failure="authentication_required",
    )
    await save(connection, row)

    assert await payments.load(connection, payment_id=row.id) == row
    assert await payments.lock(connection, ids=[row.id]) == {row.id: row}
    assert await payments.of_booking(connection, booking_id=row.booking_id) == [row]


async def test_a_payment_that_is_not_told_of_yet_is_none(connection: Connection) -> None:
    assert await payments.load(connection, payment_id=ROW.id) is None
    assert await payments.lock(connection, ids=[ROW.id]) == {}


async def test_a_payment_moves_on_and_keeps_its_reference_and_its_beginning(connection: Connection) -> None:
    await save(connection, replace(ROW, gateway_reference="pi_1"))
    captured = replace(ROW, state=PaymentStatus.CAPTURED, captured=factories.TOTAL)
    await payments.save(connection, rows=[captured], now=START + timedelta(minutes=1))

    assert await payments.load(connection, payment_id=ROW.id) == replace(captured, gateway_reference="pi_1")
    times = await connection.fetchrow("SELECT created_at, changed_at FROM payments")
    assert times is not None
    assert tuple(times) == (START, START + timedelta(minutes=1))


async def test_many_are_written_and_locked_at_once_each_as_it_is(connection: Connection) -> None:
    old, new, absent = (factories.payment_id(number) for number in (2, 1, 3))
    await save(connection, replace(ROW, id=old, gateway_reference="pi_2"))
    captured = replace(ROW, id=old, state=PaymentStatus.CAPTURED, captured=factories.TOTAL)
    failed = replace(ROW, id=new, state=PaymentStatus.FAILED, failure="card_declined")

    await payments.save(connection, rows=[captured, failed], now=START)

    assert await payments.lock(connection, ids={old, new, absent}) == {
        old: replace(captured, gateway_reference="pi_2"),
        new: failed,
    }


async def test_payments_of_a_booking_come_in_the_order_of_their_ids(connection: Connection) -> None:
    for number in (2, 1):
        await save(connection, replace(ROW, id=factories.payment_id(number)))

    found = await payments.of_booking(connection, booking_id=ROW.booking_id)

    assert [row.id for row in found] == [factories.payment_id(1), factories.payment_id(2)]


@pytest.mark.parametrize(
    "impossible",
    [
        replace(ROW, captured=Money(10_001, "EUR")),
        replace(ROW, captured=Money(-1, "EUR")),
        replace(ROW, captured=factories.TOTAL, refunded=Money(10_001, "EUR")),
        replace(ROW, refunded=Money(1, "EUR")),
        replace(ROW, amount=NONE),
    ],
    ids=["too much", "below zero", "refunded too much", "refunded what was not taken", "nothing"],
)
async def test_the_table_refuses_impossible_money(connection: Connection, impossible: PaymentRow) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await save(connection, impossible)


async def test_one_gateway_payment_is_one_payment(connection: Connection) -> None:
    """https://github.com/woocommerce/woocommerce-paypal-payments/issues/4058: one capture, three orders."""
    await save(connection, replace(ROW, gateway_reference="pi_1"))
    with pytest.raises(asyncpg.UniqueViolationError):
        await save(connection, replace(ROW, id=factories.payment_id(2), gateway_reference="pi_1"))


async def test_a_refund_comes_back_as_it_was_written_and_moves_on(connection: Connection) -> None:
    await save(connection, replace(ROW, gateway_reference="pi_1"))
    pending = RefundRow(
        id=IntentId(UUID(int=7)),
        payment_id=ROW.id,
        gateway_reference="re_1",
        amount=factories.TOTAL,
        state=RefundState.PENDING,
    )
    failed = replace(pending, state=RefundState.FAILED)
    await payments.save_refund(connection, refund=pending, now=START)
    before = await payments.refunds_of(connection, payment_id=ROW.id)
    await payments.save_refund(connection, refund=failed, now=START + timedelta(days=3))

    assert before == [pending]
    assert await payments.refunds_of(connection, payment_id=ROW.id) == [failed]
    times = await connection.fetchrow("SELECT created_at, changed_at FROM refunds")
    assert times is not None
    assert tuple(times) == (START, START + timedelta(days=3))


def webhook(event_id: str = "evt_1", **kinds: Any) -> Webhook:
    given = {"gateway": "fake", "payment_id": None, "gateway_reference": None, **kinds}
    return Webhook(event_id=event_id, kind="payment", **given)


async def receive(connection: Connection, *webhooks: Webhook) -> list[Concerned]:
    received = await stored.receive(connection, events=webhooks, now=START)
    return received.concerned


async def test_an_event_tells_of_a_payment_by_our_id_or_by_the_gateways(connection: Connection) -> None:
    await save(connection, replace(ROW, gateway_reference="pi_1"))

    found = await receive(
        connection,
        webhook("ours", payment_id=ROW.id),
        webhook("theirs", gateway_reference="pi_1"),
        webhook("anothers", gateway_reference="pi_1", gateway="other"),
    )

    assert {(one.event_id, one.payment_id, one.booking_id, one.state) for one in found} == {
        ("ours", ROW.id, ROW.booking_id, PaymentStatus.CREATED),
        ("theirs", ROW.id, ROW.booking_id, PaymentStatus.CREATED),
    }
    stored = await connection.fetch("SELECT event_id, payment_id FROM webhook_events")
    assert {tuple(row) for row in stored} == {("ours", ROW.id), ("theirs", ROW.id), ("anothers", None)}


async def test_a_webhook_is_received_once_a_gateway(connection: Connection) -> None:
    """Also one about a payment that nobody knows of (yet): stored first."""
    await save(connection, replace(ROW, gateway_reference="pi_1"))
    ours = webhook(payment_id=ROW.id)

    assert len(await receive(connection, ours)) == 1
    assert await receive(connection, ours, webhook(gateway="other")) == []
    assert await connection.fetchval("SELECT count(*) FROM webhook_events") == 2


@pytest.mark.parametrize(("age", "told"), [(timedelta(0), {"capture"}), (timedelta(minutes=5), set())])
async def test_an_event_meets_the_calls_that_are_under_way(
    connection: Connection, age: timedelta, told: set[str]
) -> None:
    await save(connection, ROW)
    key = IntentKey(subject=ROW.booking_id, object=ROW.id, step=PaymentStep.CAPTURE)
    begun = START - age
    until = begun + timedelta(minutes=1)
    wishes, process = [factories.wish(key)], UUID(int=77)
    await intents.lease(connection, actor="payment", wishes=wishes, process=process, now=begun, until=until)

    (found,) = await receive(connection, webhook(payment_id=ROW.id))

    assert found.under_way == told


async def test_a_payment_is_recorded_while_its_booking_is_being_decided(database: Database) -> None:
    """Or both would wait for each other as soon as there are two payments and two bookings."""
    async with database.transaction() as deciding, asyncio.timeout(5):
        await bookings.lock(deciding, ids=[ROW.booking_id])
        async with database.transaction() as recording:
            await save(recording, ROW)
