"""Money that a gateway has taken: what the booking can use of it counts, the rest goes back at once (P2)."""

from dataclasses import dataclass, replace

from bookingd.domain.booking.ending import refund
from bookingd.domain.booking.facts import BookingMessage, PaymentCaptured
from bookingd.domain.booking.state import (
    IN_HAND,
    TAKEN,
    UNDER_WAY,
    Booking,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from bookingd.domain.money import Money

COUNTS = UNDER_WAY | IN_HAND
"""What is taken by a payment in one of these pays for the booking; what was given up before goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of money that was taken."""

    booking: Booking
    kept: Money
    """How much of it pays for the booking."""
    messages: tuple[BookingMessage, ...]


def take(booking: Booking, message: PaymentCaptured) -> Taken | None:
    """Count what is new of it; None where nothing is: the payment is unknown, or this was told before.

    A gateway tells how much it took in all, so that the same again is nothing new, and more of the same
    transfer is.
    """
    payment = booking.payment(message.payment_id)
    if payment is None:
        return None
    told = message.amount or payment.captured or payment.taking or payment.amount
    new = told - payment.taken
    if new.amount <= 0:
        return None
    kept = min(new, _usable(booking, payment)) if payment.state in COUNTS else Money.zero(booking.currency)
    taken = replace(payment, state=PaymentState.CAPTURED, captured=told, refunds=_refunds(payment))
    booking = booking.with_payment(taken)
    if kept == new:
        return Taken(booking=booking, kept=kept, messages=())
    booking, back = refund(booking, taken, new - kept)
    return Taken(booking=booking, kept=kept, messages=(back,))


def _usable(booking: Booking, payment: Payment) -> Money:
    """How much more money the booking can use, from a payment which counts for what it has taken so far."""
    so_far = replace(payment, state=PaymentState.CAPTURED, captured=payment.taken)
    return booking.with_payment(so_far).wanted


def _refunds(payment: Payment) -> tuple[Refund, ...]:
    """Those of its refunds; a payment that was given back before they were listed had one, of all."""
    if payment.state not in TAKEN - {PaymentState.CAPTURED} or payment.refunds:
        return payment.refunds
    return (Refund(round=1, amount=payment.taken, state=RefundState.DONE),)
