"""Payments and refunds as the gateways tell them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
import msgspec

from bookingd.domain.ids import BookingId, IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LOCK = query("payments.lock")
LOAD = query("payments.load")
OF_BOOKING = query("payments.of_booking")
OF_BOOKINGS = query("payments.of_bookings")
SAVE = query("payments.save")
REFUNDS = query("payments.refunds")
REFUND = query("payments.refund")
SAVE_REFUND = query("payments.save_refund")


class PaymentStatus(StrEnum):
    """Where a payment stands at its gateway."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    APPROVED = "approved"
    """Its payer agreed; the gateway is asked to hold the money."""
    IN_REVIEW = "in_review"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    """Some of it may have been given back."""
    VOIDED = "voided"
    FAILED = "failed"
    REFUNDED = "refunded"
    """All that was taken was given back."""


class PaymentStep(StrEnum):
    """What a gateway is asked to do about a payment: the step of its intents."""

    AUTHORISE = "authorise"
    COMPLETE = "complete"
    REAUTHORISE = "reauthorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    REFRESH = "refresh"
    FORGET = "forget"
    DISPUTES = "disputes"


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
    owner: str = ""
    """Whose booking it was when it was begun."""
    consent: str | None = None
    """The version of the text by which its payer has the means kept; None where they did not agree."""
    approvals: int = 0
    """How often its payer has approved it at the gateway."""
    authorised_until: datetime | None = None
    """When the gateway lets go of what it holds."""
    instructions: Mapping[str, str] | None = None
    """What its payer is to do outside of any page."""
    means_kind: str | None = None
    means_label: str | None = None
    """What it was made with, as a person reads it: `Visa ending in 4242`."""
    means_fingerprint: str | None = None


class RefundState(StrEnum):
    """Where a refund stands at its gateway."""

    PENDING = "pending"
    DONE = "done"
    """As far as the gateway knows: the payer's bank may still send it back."""
    FAILED = "failed"
    SETTLED = "settled"
    """Staff have paid what had failed in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How staff paid a refund that had failed."""

    by: str
    """The principal."""
    how: str
    """`transfer` or `cash`."""
    proof: str
    """The bank's reference, or the number of the receipt."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """Something given back, or on its way."""

    id: IntentId
    """The intent's that asked for it: by this the gateway finds it."""
    payment_id: PaymentId
    round: int = 1
    """Which refund of its payment, from 1."""
    gateway_reference: str | None
    """None where the gateway never took it on."""
    amount: Money
    state: RefundState
    trace: str | None = None
    """By what the payer's bank finds it."""
    expected_by: datetime | None = None
    """When the payer should have it."""
    failure: str | None = None
    """Why it failed, a stable code."""
    settlement: Settlement | None = None


async def lock(connection: Connection, *, ids: Collection[PaymentId]) -> dict[PaymentId, PaymentRow]:
    """Those of the payments that gateways have told of, locked until the transaction ends."""
    return {row.id: row for row in map(row_of, await connection.fetch(LOCK, ids))}


async def load(connection: Connection, *, payment_id: PaymentId) -> PaymentRow | None:
    """The payment; None if the gateway has not told of it yet."""
    row = await connection.fetchrow(LOAD, payment_id)
    return None if row is None else row_of(row)


async def of_booking(connection: Connection, *, booking_id: BookingId) -> list[PaymentRow]:
    """All payments of a booking, the first begun first."""
    return [row_of(row) for row in await connection.fetch(OF_BOOKING, booking_id)]


async def of_bookings(
    connection: Connection, *, ids: Collection[BookingId], changed_before: datetime
) -> dict[BookingId, list[PaymentRow]]:
    """All payments of each of the bookings of which none has changed since `changed_before`."""
    found: dict[BookingId, list[PaymentRow]] = {}
    for row in map(row_of, await connection.fetch(OF_BOOKINGS, ids, changed_before)):
        found.setdefault(row.booking_id, []).append(row)
    return found


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
        [row.owner for row in rows],
        [row.consent for row in rows],
        [row.approvals for row in rows],
        [row.authorised_until for row in rows],
        [_json(row.instructions) for row in rows],
        [row.means_kind for row in rows],
        [row.means_label for row in rows],
        [row.means_fingerprint for row in rows],
        now,
    )


async def refunds_of(connection: Connection, *, payment_id: PaymentId) -> list[RefundRow]:
    """All refunds of a payment, the first begun first. Who changes one has locked its payment."""
    return [_refund(row) for row in await connection.fetch(REFUNDS, payment_id)]


async def refund(connection: Connection, *, refund_id: IntentId) -> tuple[RefundRow, BookingId] | None:
    """The refund, and the booking of its payment."""
    row = await connection.fetchrow(REFUND, refund_id)
    return None if row is None else (_refund(row), BookingId(row["booking_id"]))


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
        refund.round,
        refund.trace,
        refund.expected_by,
        refund.failure,
        *(_settled(refund.settlement)),
        now,
    )


def row_of(row: asyncpg.Record) -> PaymentRow:
    """The payment that a row of the database is."""
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
        owner=row["owner"],
        consent=row["consent"],
        approvals=row["approvals"],
        authorised_until=row["authorised_until"],
        instructions=_instructions(row["instructions"]),
        means_kind=row["means_kind"],
        means_label=row["means_label"],
        means_fingerprint=row["means_fingerprint"],
    )


def _json(instructions: Mapping[str, str] | None) -> str | None:
    return None if instructions is None else msgspec.json.encode(instructions).decode()


def _instructions(stored: str | None) -> dict[str, str] | None:
    return None if stored is None else msgspec.json.decode(stored, type=dict[str, str])


def _refund(row: asyncpg.Record) -> RefundRow:
    return RefundRow(
        id=IntentId(row["id"]),
        payment_id=PaymentId(row["payment_id"]),
        round=row["round"],
        gateway_reference=row["gateway_reference"],
        amount=Money(row["amount"], row["currency"]),
        state=RefundState(row["state"]),
        trace=row["trace"],
        expected_by=row["expected_by"],
        failure=row["failure"],
        settlement=_settlement(row),
    )


def _settlement(row: asyncpg.Record) -> Settlement | None:
    if row["settled_by"] is None:
        return None
    return Settlement(
        by=row["settled_by"], how=row["settled_how"], proof=row["settled_proof"], at=row["settled_at"]
    )


def _settled(
    settlement: Settlement | None,
) -> tuple[str | None, str | None, str | None, datetime | None]:
    if settlement is None:
        return None, None, None, None
    return settlement.by, settlement.how, settlement.proof, settlement.at
