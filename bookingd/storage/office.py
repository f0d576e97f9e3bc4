"""Money that staff receive and pay out by hand: transfers and cash, each with its proof."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import asyncpg

from bookingd.domain.ids import BookingId, IntentId, PaymentId, Reference
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ASK = query("office.ask")
CALL_OFF = query("office.call_off")
RECEIVE = query("office.receive")
PAYMENT = query("office.payment")
LOCK = query("office.lock")
OWE = query("office.owe")
PAYOUT = query("office.payout")
PAY = query("office.pay")
OPEN = query("office.open")
MOVEMENTS = query("office.movements")


class ReceivedBy(StrEnum):
    """How money came."""

    TRANSFER = "transfer"
    CASH = "cash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Money that came, as staff record it."""

    payment_id: PaymentId
    booking_id: BookingId
    means: ReceivedBy
    amount: Money
    received_on: date
    proof: str
    """The bank's reference, or the number of the receipt: one a means, so that nothing is recorded twice."""
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficePayment:
    """What is known of a payment that is awaited or was received."""

    reference: str | None
    """The booking's, where a transfer was asked for."""
    amount: Money
    received: Money
    back: Money
    """What is to go back of it, or has gone."""
    called_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money that goes back by hand."""

    id: IntentId
    payment_id: PaymentId
    amount: Money
    asked_at: datetime
    paid_on: date | None
    proof: str | None
    reference: Reference | None
    """Of its booking; None where that is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money that came (`capture`) or went back (`refund`)."""

    kind: str
    payment_id: PaymentId
    own: str
    amount: Money
    at: datetime


async def ask(
    connection: Connection, *, payment_id: PaymentId, reference: str, amount: Money, now: datetime
) -> None:
    """Await a transfer; asked again, nothing changes."""
    await connection.execute(ASK, payment_id, reference, amount.amount, amount.currency, now)


async def call_off(connection: Connection, *, payment_id: PaymentId, now: datetime) -> None:
    """No transfer is awaited for it any more; what comes nevertheless is recorded as any money."""
    await connection.execute(CALL_OFF, payment_id, now)


async def receive(connection: Connection, *, received: Received, now: datetime) -> bool:
    """Record money that came; False where its proof was recorded before."""
    amount = received.amount
    row = await connection.fetchrow(
        RECEIVE,
        received.payment_id,
        received.booking_id,
        received.means,
        amount.amount,
        amount.currency,
        received.received_on,
        received.proof,
        received.recorded_by,
        now,
    )
    return row is not None


async def payment(connection: Connection, *, payment_id: PaymentId) -> OfficePayment | None:
    """The payment; None where nothing was asked for and nothing came."""
    row = await connection.fetchrow(PAYMENT, payment_id)
    if row is None:
        return None
    currency = row["currency"]
    return OfficePayment(
        reference=row["reference"],
        amount=Money(row["amount"], currency),
        received=Money(row["received"], currency),
        back=Money(row["back"], currency),
        called_off=bool(row["called_off"]),
    )


async def owe(
    connection: Connection, *, payout_id: IntentId, payment_id: PaymentId, amount: Money, now: datetime
) -> None:
    """So much is to go back; asked again by the same name, nothing changes."""
    await connection.execute(OWE, payout_id, payment_id, amount.amount, amount.currency, now)


async def lock(connection: Connection, *, payment_id: PaymentId) -> None:
    """Nobody else gives of this payment back until the transaction ends."""
    await connection.execute(LOCK, payment_id)


async def payout(connection: Connection, *, payout_id: IntentId) -> Payout | None:
    """What is to go back by that name."""
    row = await connection.fetchrow(PAYOUT, payout_id)
    return None if row is None else _payout(row)


async def open_payouts(connection: Connection, *, limit: int) -> list[Payout]:
    """What is still to be paid out, the oldest first."""
    return [_payout(row) for row in await connection.fetch(OPEN, limit)]


async def pay(
    connection: Connection, *, payout_id: IntentId, paid_on: date, proof: str, by: str, now: datetime
) -> PaymentId | None:
    """It has been paid out; the payment that it is of. None where that was recorded before."""
    row = await connection.fetchrow(PAY, payout_id, paid_on, proof, by, now)
    return None if row is None else PaymentId(row["payment_id"])


async def movements(
    connection: Connection, *, means: ReceivedBy, since: datetime, until: datetime
) -> AsyncIterator[Movement]:
    """What came and went by that means, as it was recorded."""
    for row in await connection.fetch(MOVEMENTS, means, since, until):
        yield movement(row)


def movement(row: asyncpg.Record) -> Movement:
    """A row of movements, which office and credit share."""
    return Movement(
        kind=row["kind"],
        payment_id=PaymentId(row["payment_id"]),
        own=str(row["own"]),
        amount=Money(row["amount"], row["currency"]),
        at=row["at"],
    )


def _payout(row: asyncpg.Record) -> Payout:
    return Payout(
        id=IntentId(row["id"]),
        payment_id=PaymentId(row["payment_id"]),
        amount=Money(row["amount"], row["currency"]),
        asked_at=row["asked_at"],
        paid_on=row["paid_on"],
        proof=row["proof"],
        reference=Reference(row["reference"]) if row["reference"] else None,
    )
