"""Giving back: part or all of what a payment took, each refund known by its round.

Refunds are per payment: giving back one of two leaves the other, and the booking, as they are. What fails at
the gateway is still owed to its payer, so it never counts as ours again.
"""

from dataclasses import replace

from bookingd.domain.booking.decision import Decision, Terms
from bookingd.domain.booking.ending import ignore, refund_as, too_early
from bookingd.domain.booking.facts import GiveBack, PaymentRefunded, RefundFailed
from bookingd.domain.booking.state import IN_HAND, Booking, Payment, PaymentState, Refund, RefundState

FOLLOWS = {
    RefundState.ASKED: frozenset({RefundState.DONE, RefundState.FAILED, RefundState.SETTLED}),
    RefundState.DONE: frozenset({RefundState.FAILED, RefundState.SETTLED}),
    RefundState.FAILED: frozenset({RefundState.SETTLED}),
    RefundState.SETTLED: frozenset[RefundState](),
}
"""What a refund can become: only forward, so that news of it may come in any order."""


def give_back(booking: Booking, message: GiveBack, terms: Terms) -> Decision:
    """Give back as much of a payment as somebody with the right to do so says, once a round.

    The round was given when they said so. Where a refund by rule has taken it since, theirs is the next one.
    """
    payment = booking.payment(message.payment_id)
    if payment is None or any(one.wish == message.round for one in payment.refunds):
        return ignore(booking, message, terms)
    if payment.state is PaymentState.CAPTURING:
        return too_early(booking, message, terms)
    amount, left = message.amount, payment.refundable
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        return ignore(booking, message, terms)
    taken = any(one.round == message.round for one in payment.refunds)
    round_ = payment.next_round if taken else message.round
    asked = Refund(round=round_, amount=amount, wish=message.round)
    booking, undo = refund_as(booking, payment, asked)
    return Decision(booking=booking, messages=(undo,))


def give_back_later(booking: Booking, message: GiveBack, terms: Terms) -> Decision:
    """While tickets are issued nothing is taken from what pays for them: their outcome comes first."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in IN_HAND:
        return ignore(booking, message, terms)
    return too_early(booking, message, terms)


def refunded(booking: Booking, message: PaymentRefunded, terms: Terms) -> Decision:
    """What was taken is back with its payer, or on its way."""
    payment = booking.payment(message.payment_id)
    if payment is not None and payment.state is PaymentState.REFUNDING and not payment.refunds:
        done = replace(payment, state=PaymentState.REFUNDED)
        return Decision(booking=booking.with_payment(done))
    became = RefundState.SETTLED if message.settled else RefundState.DONE
    return _became(booking, message, terms, became)


def refund_failed(booking: Booking, message: RefundFailed, terms: Terms) -> Decision:
    """It is to be paid in another way: still owed to its payer, and nothing that the booking could use."""
    return _became(booking, message, terms, RefundState.FAILED)


def _became(
    booking: Booking, message: PaymentRefunded | RefundFailed, terms: Terms, became: RefundState
) -> Decision:
    payment = booking.payment(message.payment_id)
    refunds = payment.refunds if payment else ()
    known = next((one for one in refunds if one.round == message.round), None)
    if payment is None or known is None or became not in FOLLOWS[known.state]:
        return ignore(booking, message, terms)
    moved = tuple(replace(one, state=became) if one is known else one for one in refunds)
    return Decision(booking=booking.with_payment(_with_refunds(payment, moved)))


def _with_refunds(payment: Payment, refunds: tuple[Refund, ...]) -> Payment:
    """A payment of which nothing is left is over for the booking when every refund is answered."""
    payment = replace(payment, refunds=refunds)
    if payment.state is PaymentState.CAPTURED or any(one.state is RefundState.ASKED for one in refunds):
        return payment
    return replace(payment, state=PaymentState.REFUNDED)
