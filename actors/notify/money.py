"""What travellers are told of their money: transfers asked for, balances, reviews, and what goes back.

The one rule: what a gateway has told (an expected day, a bank's reference, a card's last digits) is read when
the mail is written, and never guessed.
"""

from dataclasses import replace
from types import MappingProxyType

from bookingd.channels.views import Happening, MailKind, PaymentPaper
from bookingd.domain.booking.facts import (
    BalanceAsked,
    BookingCancelled,
    BookingMessage,
    BookingPaid,
    PaymentActionRequired,
    PaymentInReview,
    PaymentRefunded,
    RefundFailed,
)
from bookingd.domain.booking.state import UNDER_WAY, Booking, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.storage import payments
from bookingd.storage.database import Connection

# A mail about one payment is not sent when that has moved on. The booking hears of it at the same moment as
# we do, and may be a step behind.
WAITS_AS = MappingProxyType(
    {
        MailKind.TRANSFER_ASKED: frozenset({PaymentState.CREATED, PaymentState.REQUIRES_ACTION}),
        MailKind.PAYMENT_IN_REVIEW: UNDER_WAY,
    }
)

BY_TRANSFER = "transfer"

NAMES = MappingProxyType(
    {
        "amount": "Amount",
        "beneficiary": "To",
        "iban": "IBAN",
        "bic": "BIC",
        "bank": "Bank",
        "reference": "Reference",
    }
)
"""What a transfer needs, in the order in which a bank's form asks for it."""


def happening_of(message: BookingMessage) -> tuple[Happening, str]:
    """The mail about a payment, and its occasion."""
    match message:
        case PaymentActionRequired():
            return Happening(kind=MailKind.TRANSFER_ASKED), str(message.payment_id)
        case PaymentInReview():
            return Happening(kind=MailKind.PAYMENT_IN_REVIEW), str(message.payment_id)
        case BalanceAsked():
            reason = "charge_failed" if message.after else None
            asked = Happening(
                kind=MailKind.BALANCE_ASKED, reason=reason, until=message.until, amount=message.amount
            )
            return asked, f"{message.until.isoformat()} {message.number} {message.after or ''}"
        case BookingPaid():
            return Happening(kind=MailKind.BALANCE_PAID), ""
        case BookingCancelled():
            ended = Happening(kind=MailKind.BALANCE_UNPAID, amount=message.paid_back, kept=message.kept)
            return ended, ""
        case PaymentRefunded():
            kind = MailKind.REFUND_SETTLED if message.settled else MailKind.REFUND_SENT
            return Happening(kind=kind, amount=message.amount), f"{message.payment_id} {message.round}"
        case RefundFailed():
            failed = Happening(kind=MailKind.REFUND_FAILED, amount=message.amount)
            return failed, f"{message.payment_id} {message.round}"
    raise TypeError(f"nobody is written to about {type(message).__name__}")


def still_waits(kind: MailKind, booking: Booking, payment_id: PaymentId) -> bool:
    """Of payers that have to act only those are written to who have no page before them."""
    payment = booking.payment(payment_id)
    if payment is None or payment.state not in WAITS_AS[kind]:
        return False
    return kind is not MailKind.TRANSFER_ASKED or payment.gateway == BY_TRANSFER


def was_asked_for(booking: Booking, message: PaymentRefunded) -> bool:
    """Of a booking that came to nothing its own mail has told what goes back; staff may give more."""
    payment = booking.payment(message.payment_id)
    refunds = payment.refunds if payment else ()
    return any(one.round == message.round and one.wish is not None for one in refunds)


async def paper_of(connection: Connection, message: BookingMessage) -> PaymentPaper | None:
    """What the gateway has told of what the mail is about."""
    if not isinstance(message, PaymentActionRequired | PaymentRefunded | RefundFailed):
        return None
    row = await payments.load(connection, payment_id=message.payment_id)
    if row is None:
        return None
    told = row.instructions or {}
    paper = PaymentPaper(
        amount=row.amount,
        gateway=row.gateway,
        means=row.means_label,
        instructions=tuple((name, told[key]) for key, name in NAMES.items() if key in told),
    )
    if isinstance(message, PaymentActionRequired):
        return paper
    made = await payments.refunds_of(connection, payment_id=message.payment_id)
    refund = next((one for one in made if one.round == message.round), None)
    if refund is None:
        return paper
    by = refund.settlement
    return replace(
        paper,
        amount=refund.amount,
        expected_by=refund.expected_by.date() if refund.expected_by else None,
        trace=by.proof if by else refund.trace,
        how=by.how if by else None,
    )
