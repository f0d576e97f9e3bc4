"""Disputes of payments, what became of them, and what of ours speaks for us."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import DisputeStatus
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OF_PAYMENT = query("disputes.of_payment")
SAVE = query("disputes.save")
HISTORY = query("disputes.history")
FIND_EVIDENCE = query("disputes.find_evidence")
EVIDENCE = query("disputes.evidence")
OPEN = query("disputes.open")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRow:
    """A dispute as its gateway has told of it."""

    id: UUID
    payment_id: PaymentId
    booking_id: BookingId
    gateway: str
    gateway_reference: str
    amount: Money
    reason: str
    status: DisputeStatus
    respond_by: datetime | None
    opened_at: datetime
    """When we heard of it."""


class Change(NamedTuple):
    """What a dispute was from `at` on."""

    status: DisputeStatus
    amount: int
    respond_by: datetime | None
    at: datetime


class Evidence(NamedTuple):
    """Something of ours that can be sent: what it is, what finds it, and when it happened."""

    kind: str
    reference: str
    at: datetime | None


class Open(NamedTuple):
    """How many disputes are open, and until when the most urgent one that waits for us can be answered."""

    disputes: int
    respond_by: datetime | None


async def of_payment(connection: Connection, *, payment_id: PaymentId) -> list[DisputeRow]:
    """All disputes of a payment, the first heard of first. Who changes one has locked its payment."""
    return [_row(row) for row in await connection.fetch(OF_PAYMENT, payment_id)]


async def save(connection: Connection, *, dispute: DisputeRow, now: datetime) -> None:
    """Write it as it is now, and into its history that it is so."""
    await connection.execute(
        SAVE,
        dispute.id,
        dispute.payment_id,
        dispute.booking_id,
        dispute.gateway,
        dispute.gateway_reference,
        dispute.amount.amount,
        dispute.amount.currency,
        dispute.reason,
        dispute.status,
        dispute.respond_by,
        now,
    )


async def history(connection: Connection, *, dispute_id: UUID) -> list[Change]:
    """What it was, the first first."""
    return [
        Change(DisputeStatus(row["status"]), row["amount"], row["respond_by"], row["at"])
        for row in await connection.fetch(HISTORY, dispute_id)
    ]


async def find_evidence(
    connection: Connection, *, dispute_id: UUID, booking_id: BookingId, tickets: Collection[str]
) -> Mapping[str, int]:
    """Note what of the booking speaks for us; how many of each kind."""
    rows = await connection.fetch(FIND_EVIDENCE, booking_id, dispute_id, tickets)
    return Counter(row["kind"] for row in rows)


async def evidence(connection: Connection, *, dispute_id: UUID) -> list[Evidence]:
    """What was noted, in the order in which it happened."""
    return [Evidence(**dict(row)) for row in await connection.fetch(EVIDENCE, dispute_id)]


async def open_now(connection: Connection) -> Open:
    """What is open, for whoever watches."""
    row = await connection.fetchrow(OPEN)
    return Open(row["disputes"], row["respond_by"]) if row else Open(0, None)


def _row(row: asyncpg.Record) -> DisputeRow:
    return DisputeRow(
        id=row["id"],
        payment_id=PaymentId(row["payment_id"]),
        booking_id=BookingId(row["booking_id"]),
        gateway=row["gateway"],
        gateway_reference=row["gateway_reference"],
        amount=Money(row["amount"], row["currency"]),
        reason=row["reason"],
        status=DisputeStatus(row["status"]),
        respond_by=row["respond_by"],
        opened_at=row["opened_at"],
    )
