"""Authorisations that are about to lapse: asked to be held for longer, and else taken before they do."""

from dataclasses import replace
from datetime import datetime

from bookingd.domain.booking.confirming import capture
from bookingd.domain.booking.decision import Decision, Terms, Timer
from bookingd.domain.booking.ending import ignore
from bookingd.domain.booking.facts import (
    AuthorisationDue,
    AuthorisationRenewed,
    PaymentAuthorised,
    ReauthorisationRefused,
    ReauthorisePayment,
)
from bookingd.domain.booking.state import Booking, Payment, PaymentState


def authorised(
    booking: Booking, payment: Payment, message: PaymentAuthorised, terms: Terms
) -> tuple[Booking, tuple[Timer, ...]]:
    """The payment is held for us; look again before that ends."""
    held = replace(payment, state=PaymentState.AUTHORISED, until=message.until)
    return booking.with_payment(held), _timers(booking, payment, message.until, terms)


def renew(booking: Booking, message: AuthorisationDue, terms: Terms) -> Decision:
    """Still held, and not for much longer: ask for more."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.AUTHORISED or payment.until != message.until:
        return ignore(booking, message, terms)
    if payment.renewing:
        return ignore(booking, message, terms)
    asking = replace(payment, renewing=True, renewals=payment.renewals + 1)
    wanted = ReauthorisePayment(
        booking_id=booking.id,
        payment_id=payment.id,
        gateway=payment.gateway,
        amount=payment.amount,
        round=asking.renewals,
    )
    return Decision(booking=booking.with_payment(asking), messages=(wanted,))


def renewed(booking: Booking, message: AuthorisationRenewed, terms: Terms) -> Decision:
    """It is held for longer."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.AUTHORISED or not payment.renewing:
        return ignore(booking, message, terms)
    if message.until is not None and payment.until is not None and message.until <= payment.until:
        return ignore(booking, message, terms)
    held = replace(payment, until=message.until, renewing=False)
    timers = _timers(booking, payment, message.until, terms)
    return Decision(booking=booking.with_payment(held), timers=timers)


def renewal_refused(booking: Booking, message: ReauthorisationRefused, terms: Terms) -> Decision:
    """It will not be held for longer: it is taken now, and given back if nothing comes of the booking."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.AUTHORISED or not payment.renewing:
        return ignore(booking, message, terms)
    booking, take = capture(booking, replace(payment, renewing=False))
    return Decision(booking=booking, messages=(take,))


def is_moot(booking: Booking, timer: Timer) -> bool:
    """Whether it was set for an authorisation that is none any more: it would find nothing to do."""
    if not isinstance(timer.message, AuthorisationDue):
        return False
    payment = booking.payment(timer.message.payment_id)
    return payment is None or payment.state is not PaymentState.AUTHORISED


def _timers(booking: Booking, payment: Payment, until: datetime | None, terms: Terms) -> tuple[Timer, ...]:
    if until is None:
        return ()
    due = AuthorisationDue(booking_id=booking.id, payment_id=payment.id, until=until)
    return (Timer(due=max(until - terms.renewal, terms.now), message=due),)
