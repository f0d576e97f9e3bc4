"""Payments and refunds as the gateways tell them, and the webhooks that told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from bookingd.domain.ids import BookingId, IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LOCK = query("payments.lock")
LOAD = query("payments.load")
OF_BOOKING = query("payments.of_booking")
SAVE = query("payments.save")
AT_GATEWAY = query("payments.at_gateway")
REFUNDS = query("payments.refunds")
SAVE_REFUND = query("payments.save_refund")
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


class RefundState(StrEnum):
    """Where a refund stands at its gateway."""

    PENDING = "pending"
    DONE = "done"
    """As far as the gateway knows: the payer's bank may still send it back."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """Something given back, or on its way."""

    id: IntentId
    """The intent's that asked for it: by this the gateway finds it."""
    payment_id: PaymentId
    gateway_reference: str
    amount: Money
    state: RefundState


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


async def at_gateway(connection: Connection, *, gateway: str, reference: str) -> PaymentRow | None:
    """The payment that the gateway calls so; None if it is not one that we know."""
    return _row(await connection.fetchrow(AT_GATEWAY, gateway, reference))


async def refunds_of(connection: Connection, *, payment_id: PaymentId) -> list[RefundRow]:
    """All refunds of a payment, the first begun first. Who changes one has locked its payment."""
    return [
        RefundRow(
            id=IntentId(row["id"]),
            payment_id=PaymentId(row["payment_id"]),
            gateway_reference=row["gateway_reference"],
            amount=Money(row["amount"], row["currency"]),
            state=RefundState(row["state"]),
        )
        for row in await connection.fetch(REFUNDS, payment_id)
    ]


async def save_refund(connection: Connection, *, refund: RefundRow, now: datetime) -> None:
    """Write the refund as it is now."""
    await connection.execute(
        SAVE_REFUND,
        refund.id,
        refund.payment_id,
        refund.gateway_reference,
        refund.amount.amount,
        refund.amount.currency,
        refund.state,
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
