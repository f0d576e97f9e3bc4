"""Transitions that concern the money: authorised before anything is confirmed, captured after (P3).

Whatever the gateway tells, each payment is judged by itself: an old attempt's late failure never
touches a newer one's success, and money that comes when it is no longer wanted goes back (P2).
"""

from dataclasses import replace

from bookingd.domain.booking.decision import Decision, Terms
from bookingd.domain.booking.ending import expire, fail, hold_timer, ignore, refund, void
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BookingMessage,
    CaptureRefused,
    ExtendHold,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentFailed,
    PaymentNeeded,
    PaymentRefunded,
    PaymentVoided,
    StartPayment,
)
from bookingd.domain.booking.items import confirm_next, finish_if_ticketed
from bookingd.domain.booking.state import (
    OPEN_PAYMENTS,
    Booking,
    BookingState,
    ItemState,
    Payment,
    PaymentState,
)

UNDER_WAY = frozenset({PaymentState.CREATED, PaymentState.REQUIRES_ACTION})

LOST = "payment_lost"
"""The reason where money that was held for us is gone, without anyone's no."""

ANOTHER_UNDER_WAY = "another_payment_under_way"
"""The reason where an earlier attempt is with its gateway, and might be authorised at any moment."""


def pay(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """Ask the gateway for the money. An attempt that waits for its payer is abandoned first.

    One that the gateway has not answered yet is waited for. A void would come after its authorisation, and
    banks go on blocking a card's limit for days after a void.
    """
    if booking.payment(message.payment_id) is not None:
        return ignore(booking, message, terms)
    if booking.hold_until is not None and terms.now >= booking.hold_until:
        return _too_late(booking, message, terms)
    if booking.is_asking_for_money:
        return _refuse(booking, message, ANOTHER_UNDER_WAY)
    messages: list[BookingMessage] = []
    for open_payment in [payment for payment in booking.payments if payment.state in OPEN_PAYMENTS]:
        booking, abandon = void(booking, open_payment)
        messages.append(abandon)
    payment = Payment(id=message.payment_id, gateway=message.gateway, amount=booking.total)
    messages.append(_authorise(booking, message))
    extended = _extend_once(booking.with_payment(payment), terms)
    return replace(extended, messages=(*messages, *extended.messages))


def pay_refused(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """There is nothing to pay for now: the attempt fails without a call."""
    if booking.payment(message.payment_id) is not None:
        return ignore(booking, message, terms)
    return _refuse(booking, message, "not_payable")


def act(booking: Booking, message: PaymentActionRequired, terms: Terms) -> Decision:
    """The payer must do something first."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.CREATED:
        return ignore(booking, message, terms)
    return Decision(booking=booking.with_payment(replace(payment, state=PaymentState.REQUIRES_ACTION)))


def authorise(booking: Booking, message: PaymentAuthorised, terms: Terms) -> Decision:
    """The money is held for us: confirm what it is for, if that is still ours."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in UNDER_WAY:
        return void_unwanted(booking, message, terms)
    authorised = booking.with_payment(replace(payment, state=PaymentState.AUTHORISED))
    if booking.hold_until is not None and terms.now >= booking.hold_until:
        return expire(authorised)
    return confirm_next(replace(authorised, state=BookingState.CONFIRMING))


def void_unwanted(booking: Booking, message: PaymentAuthorised, terms: Terms) -> Decision:
    """Money is held that nobody wants any more."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*UNDER_WAY, PaymentState.FAILED}:
        return ignore(booking, message, terms)
    voiding, undo = void(booking, payment)
    return Decision(booking=voiding, messages=(undo,))


def decline(booking: Booking, message: PaymentFailed, terms: Terms) -> Decision:
    """The attempt came to nothing.

    Of a payment that is authorised this is old news: the payer failed first, and then tried again.
    """
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in UNDER_WAY:
        return note_failure(booking, message, terms)
    return _declined(booking, payment, message.reason)


def voided(booking: Booking, message: PaymentVoided, terms: Terms) -> Decision:
    """Nothing is held any more. If nobody asked for that, it depends on how far this attempt had come."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*OPEN_PAYMENTS, PaymentState.CAPTURING}:
        return note_failure(booking, message, terms)
    if payment.state in UNDER_WAY:
        return _declined(booking, payment, LOST)
    failed = booking.with_payment(replace(payment, state=PaymentState.FAILED))
    return fail(failed, LOST) if payment.state is PaymentState.AUTHORISED else _ask_again(failed, LOST, terms)


def capture(booking: Booking, message: PaymentCaptured, terms: Terms) -> Decision:
    """The money is ours, and what it is for is ours to give."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {PaymentState.AUTHORISED, PaymentState.CAPTURING}:
        return refund_unwanted(booking, message, terms)
    captured = booking.with_payment(replace(payment, state=PaymentState.CAPTURED))
    return finish_if_ticketed(captured)


def refund_unwanted(booking: Booking, message: PaymentCaptured, terms: Terms) -> Decision:
    """Money was taken that pays for nothing here: it goes back at once."""
    payment = booking.payment(message.payment_id)
    settled = {PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED}
    if payment is None or payment.state in settled:
        return ignore(booking, message, terms)
    refunding, undo = refund(booking, payment)
    return Decision(booking=refunding, messages=(undo,))


def capture_refused(booking: Booking, message: CaptureRefused, terms: Terms) -> Decision:
    """Ticketed, but the money cannot be had. What may still be held of it is let go."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.CAPTURING:
        return ignore(booking, message, terms)
    voiding, undo = void(booking, payment)
    asking = _ask_again(voiding, message.reason, terms)
    return replace(asking, messages=(undo, *asking.messages))


def refunded(booking: Booking, message: PaymentRefunded, terms: Terms) -> Decision:
    """What was taken is back with its payer."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.REFUNDING:
        return ignore(booking, message, terms)
    return Decision(booking=booking.with_payment(replace(payment, state=PaymentState.REFUNDED)))


def note_failure(booking: Booking, message: PaymentFailed | PaymentVoided, terms: Terms) -> Decision:
    """A payment that decides nothing (any more) has come to its end."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*UNDER_WAY, PaymentState.VOIDING}:
        return ignore(booking, message, terms)
    ended = PaymentState.VOIDED if payment.state is PaymentState.VOIDING else PaymentState.FAILED
    return Decision(booking=booking.with_payment(replace(payment, state=ended)))


def _refuse(booking: Booking, message: StartPayment, reason: str) -> Decision:
    """The attempt fails without a call."""
    payment = Payment(id=message.payment_id, gateway=message.gateway, amount=booking.total)
    return _declined(booking, payment, reason)


def _declined(booking: Booking, payment: Payment, reason: str) -> Decision:
    failed = booking.with_payment(replace(payment, state=PaymentState.FAILED))
    declined = PaymentDeclined(booking_id=booking.id, payment_id=payment.id, reason=reason)
    return Decision(booking=failed, messages=(declined,))


def _ask_again(booking: Booking, reason: str, terms: Terms) -> Decision:
    """Ticketed and not paid for: another payment is waited for, within a deadline."""
    until = terms.now + terms.repayment
    asking = replace(booking, state=BookingState.AWAITING_PAYMENT, hold_until=until)
    needed = PaymentNeeded(booking_id=booking.id, reason=reason, until=until)
    return Decision(booking=asking, messages=(needed,), timers=(hold_timer(booking, until),))


def _too_late(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """The hold is over, though its timer has not come yet."""
    refused = pay_refused(booking, message, terms)
    over = expire(refused.booking)
    return replace(over, messages=(*refused.messages, *over.messages))


def _authorise(booking: Booking, message: StartPayment) -> AuthorisePayment:
    return AuthorisePayment(
        booking_id=booking.id,
        reference=booking.reference,
        payment_id=message.payment_id,
        gateway=message.gateway,
        amount=booking.total,
        payment_method=message.payment_method,
        return_url=message.return_url,
    )


def _extend_once(booking: Booking, terms: Terms) -> Decision:
    """Whoever has started to pay is given time to finish, once a booking."""
    until = terms.now + terms.payment_extension
    if booking.extended or booking.hold_until is None or until <= booking.hold_until:
        return Decision(booking=booking)
    kept = tuple(
        ExtendHold(booking_id=booking.id, item_id=item.id, offer=item.offer, until=until)
        for item in booking.items
        if item.state is ItemState.HELD
    )
    longer = replace(booking, hold_until=until, extended=True)
    return Decision(booking=longer, messages=kept, timers=(hold_timer(booking, until),))
