"""Disputes: the payer wants money back through their bank. A flag for people that moves nothing.

The money of a dispute moves in the books when the gateway says so, and what is done about the journey is for
people to decide.
"""

from dataclasses import replace

from bookingd.domain.booking.decision import Decision, Terms
from bookingd.domain.booking.ending import ignore
from bookingd.domain.booking.facts import BookingMessage, DisputeClosed, PaymentDisputed
from bookingd.domain.booking.state import Booking, Dispute, Payment


def dispute(booking: Booking, message: PaymentDisputed, terms: Terms) -> Decision:
    """It is disputed; where its end was heard of first, it stays at that."""
    payment = booking.payment(message.payment_id)
    known = _known(payment, message.dispute)
    if known.amount is not None:
        return ignore(booking, message, terms)
    told = replace(known, amount=message.amount, reason=message.reason, respond_by=message.respond_by)
    return _noted(booking, payment, told, message, terms)


def dispute_closed(booking: Booking, message: DisputeClosed, terms: Terms) -> Decision:
    """It has come to its end."""
    payment = booking.payment(message.payment_id)
    known = _known(payment, message.dispute)
    if known.won is not None:
        return ignore(booking, message, terms)
    return _noted(booking, payment, replace(known, won=message.won), message, terms)


def _known(payment: Payment | None, dispute_id: str) -> Dispute:
    disputes = payment.disputes if payment else ()
    return next((one for one in disputes if one.id == dispute_id), Dispute(id=dispute_id))


def _noted(
    booking: Booking, payment: Payment | None, noted: Dispute, message: BookingMessage, terms: Terms
) -> Decision:
    if payment is None:
        return ignore(booking, message, terms)
    others = tuple(one for one in payment.disputes if one.id != noted.id)
    disputes = tuple(sorted((*others, noted), key=lambda one: one.id))
    return Decision(booking=booking.with_payment(replace(payment, disputes=disputes)))
