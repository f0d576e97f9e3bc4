"""Refunds that staff have asked for. Who asks for one has locked the booking."""

from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OF_PAYMENT = query("refund_requests.of_payment")
ASK = query("refund_requests.ask")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What was asked for, by whom and why."""

    payment_id: PaymentId
    round: int
    """Which refund of its payment, from 1."""
    amount: Money
    reason: str
    asked_by: str
    asked_at: datetime


async def of_payment(connection: Connection, *, payment_id: PaymentId) -> list[RefundRequest]:
    """Those of the payment, the first asked for first."""
    return [
        RefundRequest(
            payment_id=payment_id,
            round=row["round"],
            amount=Money(row["amount"], row["currency"]),
            reason=row["reason"],
            asked_by=row["asked_by"],
            asked_at=row["asked_at"],
        )
        for row in await connection.fetch(OF_PAYMENT, payment_id)
    ]


async def ask(connection: Connection, *, request: RefundRequest, booking_id: BookingId) -> None:
    """Write it down."""
    await connection.execute(
        ASK,
        request.payment_id,
        request.round,
        booking_id,
        request.amount.amount,
        request.amount.currency,
        request.reason,
        request.asked_by,
        request.asked_at,
    )
