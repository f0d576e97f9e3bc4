"""Payments as the gateways tell them, and the webhooks that told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LOCK = query("payments.lock")
LOAD = query("payments.load")
OF_BOOKING = query("payments.of_booking")
SAVE = query("payments.save")
RECEIVE_WEBHOOK = query("payments.receive_webhook")
FORGET_WEBHOOKS = query("payments.forget_webhooks")


class PaymentStatus(StrEnum):
    """Where a payment stands at its gateway."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One attempt to pay."""

    id: PaymentId
    booking_id: BookingId
    gateway: str
    gateway_reference: str | None = None
    state: PaymentStatus = PaymentStatus.CREATED
    amount: Money
    captured: Money
    refunded: Money
    action_url: str | None = None
    failure: str | None = None


async def lock(connection: Connection, *, payment_id: PaymentId) -> PaymentRow | None:
    """The payment, locked until the transaction ends; None if the gateway has not told of it yet."""
    return _row(await connection.fetchrow(LOCK, payment_id))


async def load(connection: Connection, *, payment_id: PaymentId) -> PaymentRow | None:
    """The payment; None if the gateway has not told of it yet."""
    return _row(await connection.fetchrow(LOAD, payment_id))


async def of_booking(connection: Connection, *, booking_id: BookingId) -> list[PaymentRow]:
    """All payments of a booking, the first begun first."""
    rows = await connection.fetch(OF_BOOKING, booking_id)
    return [found for row in rows if (found := _row(row)) is not None]


async def save(connection: Connection, *, payment: PaymentRow, now: datetime) -> None:
    """Write the payment as it is now."""
    await connection.execute(
        SAVE,
        payment.id,
        payment.booking_id,
        payment.gateway,
        payment.gateway_reference,
        payment.state,
        payment.amount.amount,
        payment.amount.currency,
        payment.captured.amount,
        payment.refunded.amount,
        payment.action_url,
        payment.failure,
        now,
    )


async def receive_webhook(
    connection: Connection,
    *,
    gateway: str,
    event_id: str,
    kind: str,
    payment_id: PaymentId | None,
    now: datetime,
) -> bool:
    """Store a verified webhook; False if this event was stored before."""
    new = await connection.fetchval(RECEIVE_WEBHOOK, gateway, event_id, kind, payment_id, now)
    return bool(new)


async def forget_webhooks(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` webhooks that came earlier; how many went."""
    return len(await connection.fetch(FORGET_WEBHOOKS, before, limit))


def _row(row: asyncpg.Record | None) -> PaymentRow | None:
    if row is None:
        return None
    currency = row["currency"]
    return PaymentRow(
        id=PaymentId(row["id"]),
        booking_id=BookingId(row["booking_id"]),
        gateway=row["gateway"],
        gateway_reference=row["gateway_reference"],
        state=PaymentStatus(row["state"]),
        amount=Money(row["amount"], currency),
        captured=Money(row["captured"], currency),
        refunded=Money(row["refunded"], currency),
        action_url=row["action_url"],
        failure=row["failure"],
    )
