"""Payments and refunds as the gateways tell them, and the webhooks that told."""

from collections.abc import Collection, Sequence
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
REFUNDS = query("payments.refunds")
SAVE_REFUND = query("payments.save_refund")
RECEIVE_WEBHOOKS = query("payments.receive_webhooks")
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


class PaymentStep(StrEnum):
    """What a gateway is asked to do about a payment: the step of its intents."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    REFRESH = "refresh"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A verified event of a gateway."""

    gateway: str
    event_id: str
    kind: str
    payment_id: PaymentId | None
    """Ours, where the gateway's object names it."""
    gateway_reference: str | None
    """The gateway's own id of the payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """A payment that a new event is about."""

    gateway: str
    event_id: str
    payment_id: PaymentId
    booking_id: BookingId
    state: PaymentStatus
    under_way: frozenset[str]
    """The steps (see PaymentStep) of it that somebody is calling the gateway for at this moment."""


async def lock(connection: Connection, *, ids: Collection[PaymentId]) -> dict[PaymentId, PaymentRow]:
    """Those of the payments that gateways have told of, locked until the transaction ends."""
    return {row.id: row for row in map(_row, await connection.fetch(LOCK, ids))}


async def load(connection: Connection, *, payment_id: PaymentId) -> PaymentRow | None:
    """The payment; None if the gateway has not told of it yet."""
    row = await connection.fetchrow(LOAD, payment_id)
    return None if row is None else _row(row)


async def of_booking(connection: Connection, *, booking_id: BookingId) -> list[PaymentRow]:
    """All payments of a booking, the first begun first."""
    return [_row(row) for row in await connection.fetch(OF_BOOKING, booking_id)]


async def save(connection: Connection, *, rows: Sequence[PaymentRow], now: datetime) -> None:
    """Write the payments, each once, as they are now."""
    await connection.execute(
        SAVE,
        [row.id for row in rows],
        [row.booking_id for row in rows],
        [row.gateway for row in rows],
        [row.gateway_reference for row in rows],
        [row.state for row in rows],
        [row.amount.amount for row in rows],
        [row.amount.currency for row in rows],
        [row.captured.amount for row in rows],
        [row.refunded.amount for row in rows],
        [row.action_url for row in rows],
        [row.failure for row in rows],
        now,
    )


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


async def receive_webhooks(
    connection: Connection, *, webhooks: Sequence[Webhook], now: datetime
) -> list[Concerned]:
    """Store verified webhooks, each given once; the payments that new ones are about, where we have them."""
    rows = await connection.fetch(
        RECEIVE_WEBHOOKS,
        [webhook.gateway for webhook in webhooks],
        [webhook.event_id for webhook in webhooks],
        [webhook.kind for webhook in webhooks],
        [webhook.payment_id for webhook in webhooks],
        [webhook.gateway_reference for webhook in webhooks],
        now,
    )
    return [
        Concerned(
            gateway=row["gateway"],
            event_id=row["event_id"],
            payment_id=PaymentId(row["id"]),
            booking_id=BookingId(row["booking_id"]),
            state=PaymentStatus(row["state"]),
            under_way=frozenset(row["under_way"]),
        )
        for row in rows
    ]


async def forget_webhooks(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` webhooks that came earlier; how many went."""
    return len(await connection.fetch(FORGET_WEBHOOKS, before, limit))


def _row(row: asyncpg.Record) -> PaymentRow:
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
