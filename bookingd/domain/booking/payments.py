"""Payments before a booking is confirmed: authorised before anything is confirmed, captured after (P3).

Whatever the gateway tells, each payment is judged by itself: an old attempt's late failure never
touches a newer one's success, and money that comes when it is no longer wanted goes back (P2).
"""

from dataclasses import replace

from bookingd.domain.booking.attempts import (
    ANOTHER_UNDER_WAY,
    PLAN_NOT_OFFERED,
    ask,
    deadline_after,
    declined,
    pay_refused,
    receive,
    refuse,
)
from bookingd.domain.booking.confirming import LOST, go_on, proceed
from bookingd.domain.booking.decision import Decision, Terms
from bookingd.domain.booking.ending import abandon, expire, hold_timer, ignore, too_early, void
from bookingd.domain.booking.facts import (
    CaptureRefused,
    ExtendHold,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentInReview,
    PaymentVoided,
    StartPayment,
)
from bookingd.domain.booking.plans import Plan, plan_of
from bookingd.domain.booking.renewals import authorised
from bookingd.domain.booking.state import (
    UNDER_WAY,
    Booking,
    ItemState,
    Payment,
    PaymentState,
)
from bookingd.domain.booking.taking import take
from bookingd.domain.money import Money

HELD = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING})
"""A payment in one of these has the payer's money held for us."""


def pay(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """Ask the gateway for what is due now. An attempt that waits for its payer is abandoned first.

    One that the gateway has not answered yet is waited for. A void would come after its authorisation, and
    banks go on blocking a card's limit for days after a void.
    """
    if booking.payment(message.payment_id) is not None:
        return ignore(booking, message, terms)
    if _hold_is_over(booking, terms):
        over = expire(booking)
        return pay_refused(over.booking, message, terms).after(over.messages)
    plan = _plan(booking, message, terms)
    if message.received is not None:
        recorded = receive(replace(booking, plan=plan), message)
        return _extend_once(recorded.booking, message, terms).after(recorded.messages)
    if booking.is_asking_for_money:
        return refuse(booking, message, ANOTHER_UNDER_WAY)
    if plan is None:
        return refuse(booking, message, PLAN_NOT_OFFERED)
    return _begin(replace(booking, plan=plan), message, terms)


def pay_after_consent(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """Nothing is asked for before the traveller agrees; money that is here already waits for that."""
    if message.received is not None:
        return too_early(booking, message, terms)
    return pay_refused(booking, message, terms)


def act(booking: Booking, message: PaymentActionRequired, terms: Terms) -> Decision:
    """The payer must do something first."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.CREATED:
        return ignore(booking, message, terms)
    return Decision(booking=booking.with_payment(replace(payment, state=PaymentState.REQUIRES_ACTION)))


def review(booking: Booking, message: PaymentInReview, terms: Terms) -> Decision:
    """The gateway looks at the risk: the booking waits unconfirmed, and its deadline stands."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {PaymentState.CREATED, PaymentState.REQUIRES_ACTION}:
        return ignore(booking, message, terms)
    return Decision(booking=booking.with_payment(replace(payment, state=PaymentState.IN_REVIEW)))


def authorise(booking: Booking, message: PaymentAuthorised, terms: Terms) -> Decision:
    """The money is held for us: confirm what it is for, if that is still ours and it is enough."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in UNDER_WAY:
        return void_unwanted(booking, message, terms)
    booking, timers = authorised(booking, payment, message, terms)
    if _hold_is_over(booking, terms):
        return expire(booking)
    return _proceed_if_enough(booking, terms).after((), timers)


def void_unwanted(booking: Booking, message: PaymentAuthorised, terms: Terms) -> Decision:
    """Money is held that nobody wants any more."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*UNDER_WAY, PaymentState.FAILED}:
        return ignore(booking, message, terms)
    voiding, undo = void(booking, payment)
    return Decision(booking=voiding, messages=(undo,))


def capture(booking: Booking, message: PaymentCaptured, terms: Terms) -> Decision:
    """Money is ours before anything is confirmed: a transfer, cash, or what was taken early."""
    taken = take(booking, message)
    if taken is None:
        return ignore(booking, message, terms)
    if not taken.kept:
        return Decision(booking=taken.booking, messages=taken.messages)
    if _hold_is_over(booking, terms):
        return expire(taken.booking).after(taken.messages)
    return _proceed_if_enough(taken.booking, terms).after(taken.messages)


def capture_confirming(booking: Booking, message: PaymentCaptured, terms: Terms) -> Decision:
    """The money is ours, and what it is for is ours to give."""
    taken = take(booking, message)
    if taken is None:
        return ignore(booking, message, terms)
    return go_on(taken.booking, LOST, terms).after(taken.messages)


def take_unwanted(booking: Booking, message: PaymentCaptured, terms: Terms) -> Decision:
    """Money was taken that pays for nothing here: it goes back at once."""
    taken = take(booking, message)
    if taken is None:
        return ignore(booking, message, terms)
    return Decision(booking=taken.booking, messages=taken.messages)


def decline(booking: Booking, message: PaymentFailed, terms: Terms) -> Decision:
    """The attempt came to nothing.

    Of a payment that is authorised this is old news: the payer failed first, and then tried again.
    """
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in UNDER_WAY:
        return note_failure(booking, message, terms)
    return declined(booking, payment, message.reason)


def voided(booking: Booking, message: PaymentVoided, terms: Terms) -> Decision:
    """Nothing is held any more, though nobody asked for that: another payment is to be made."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*UNDER_WAY, *HELD}:
        return note_failure(booking, message, terms)
    return declined(booking, payment, LOST)


def voided_confirming(booking: Booking, message: PaymentVoided, terms: Terms) -> Decision:
    """The money that was to pay for what is being ticketed is gone."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in HELD:
        return note_failure(booking, message, terms)
    failed = booking.with_payment(replace(payment, state=PaymentState.FAILED))
    return go_on(failed, LOST, terms)


def capture_refused(booking: Booking, message: CaptureRefused, terms: Terms) -> Decision:
    """What was to be taken early cannot be had: another payment is to be made."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.CAPTURING:
        return ignore(booking, message, terms)
    told = declined(booking, payment, message.reason)
    voiding, undo = void(booking, payment)
    return replace(told, booking=voiding).after((undo,))


def capture_refused_confirming(booking: Booking, message: CaptureRefused, terms: Terms) -> Decision:
    """The money cannot be had. What may still be held of it is let go."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.CAPTURING:
        return ignore(booking, message, terms)
    voiding, undo = void(booking, payment)
    return go_on(voiding, message.reason, terms).after((undo,))


def note_failure(booking: Booking, message: PaymentFailed | PaymentVoided, terms: Terms) -> Decision:
    """A payment that decides nothing (any more) has come to its end."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*UNDER_WAY, PaymentState.VOIDING}:
        return ignore(booking, message, terms)
    ended = PaymentState.VOIDED if payment.state is PaymentState.VOIDING else PaymentState.FAILED
    return Decision(booking=booking.with_payment(replace(payment, state=ended)))


def _begin(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    booking, abandoned = abandon(booking)
    if not booking.payable:
        return _nothing_due(booking, message, terms).after(abandoned)
    booking, wanted = ask(booking, message, booking.payable)
    return _extend_once(booking, message, terms).after((*abandoned, wanted))


def _nothing_due(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """All of it is paid at the property: no gateway is asked, and what is agreed to is confirmed."""
    nothing = Money.zero(booking.currency)
    agreed = Payment(
        id=message.payment_id, gateway=message.gateway, amount=nothing, state=PaymentState.CAPTURED
    )
    return proceed(booking.with_payment(agreed), terms)


def _proceed_if_enough(booking: Booking, terms: Terms) -> Decision:
    return proceed(booking, terms) if booking.in_hand >= booking.due_now else Decision(booking=booking)


def _plan(booking: Booking, message: StartPayment, terms: Terms) -> Plan | None:
    """As agreed already, where there is money or a ticket for that; None where it is not offered.

    What staff received pays by what its payer chose: a transfer of the deposit comes days after that.
    """
    if booking.has_firm_plan or (booking.plan and message.received):
        return booking.plan
    return plan_of(booking, message.schedule, terms.plans, now=terms.now)


def _hold_is_over(booking: Booking, terms: Terms) -> bool:
    return booking.hold_until is not None and terms.now >= booking.hold_until


def _extend_once(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """Whoever has started to pay is given time to finish: once a booking, and once more by a slow way."""
    until = deadline_after(booking, message.gateway, terms)
    if until is None or until == booking.hold_until:
        return Decision(booking=booking)
    kept = tuple(
        ExtendHold(booking_id=booking.id, item_id=item.id, offer=item.offer, until=until)
        for item in booking.items
        if item.state is ItemState.HELD
    )
    waited = booking.waited or message.gateway in terms.patience
    longer = replace(booking, hold_until=until, extended=True, waited=waited)
    return Decision(booking=longer, messages=kept, timers=(hold_timer(booking, until),))
