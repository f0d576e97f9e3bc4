"""All that is known of one payment, put together for an operator; and the newest ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.storage import disputes, payments
from bookingd.storage.database import Connection
from bookingd.storage.disputes import Change, DisputeRow, Evidence
from bookingd.storage.dossiers import Posted
from bookingd.storage.payments import PaymentRow, RefundRow
from bookingd.storage.queries import query
from bookingd.storage.reconciliation import owners

NEWEST = query("payments.newest")
BOOKS = query("ledger.of_payment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """A dispute with what became of it and what speaks for us."""

    dispute: DisputeRow
    history: Sequence[Change]
    evidence: Sequence[Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFile:
    """A payment with everything around it; each list has the oldest first."""

    payment: PaymentRow
    reference: str
    """The booking's."""
    refunds: Sequence[RefundRow]
    disputes: Sequence[Disputed]
    books: Sequence[Posted]


async def compile_of(connection: Connection, *, payment_id: PaymentId) -> PaymentFile | None:
    """The payment's; None where there is none of that id."""
    row = await payments.load(connection, payment_id=payment_id)
    if row is None:
        return None
    owner = (await owners(connection, ids=[payment_id]))[payment_id]
    return PaymentFile(
        payment=row,
        reference=owner.reference,
        refunds=await payments.refunds_of(connection, payment_id=payment_id),
        disputes=[
            Disputed(
                dispute=dispute,
                history=await disputes.history(connection, dispute_id=dispute.id),
                evidence=await disputes.evidence(connection, dispute_id=dispute.id),
            )
            for dispute in await disputes.of_payment(connection, payment_id=payment_id)
        ],
        books=await _books(connection, row),
    )


async def newest(
    connection: Connection, *, state: str | None, limit: int
) -> list[tuple[str, datetime, PaymentRow]]:
    """The last begun, with their bookings' references and when they were begun."""
    rows = await connection.fetch(NEWEST, state, limit)
    return [(row["reference"], row["created_at"], payments.row_of(row)) for row in rows]


async def _books(connection: Connection, row: PaymentRow) -> list[Posted]:
    return [
        Posted(
            reason=line["reason"],
            debit=line["debit"],
            credit=line["credit"],
            amount=Money(line["amount"], line["currency"]),
            payment_id=row.id,
            at=line["at"],
        )
        for line in await connection.fetch(BOOKS, row.booking_id, row.id)
    ]
