"""How an attempt to pay begins: asked of a gateway, recorded by staff, or refused without a call."""

from dataclasses import replace
from datetime import datetime

from bookingd.domain.booking.decision import Decision, Terms
from bookingd.domain.booking.ending import ignore
from bookingd.domain.booking.facts import AuthorisePayment, PaymentDeclined, StartPayment
from bookingd.domain.booking.state import Booking, Payment, PaymentState
from bookingd.domain.money import Money

NOT_PAYABLE = "not_payable"
"""The reason where there is nothing to pay for now."""

ANOTHER_UNDER_WAY = "another_payment_under_way"
"""The reason where an earlier attempt is with its gateway, and might be authorised at any moment."""

PLAN_NOT_OFFERED = "plan_not_offered"
"""The reason where the wanted schedule is not offered for this booking, or not any more."""

WRONG_AMOUNT = "wrong_amount"
"""The reason where what staff say they received is nothing, or in another currency than the booking."""


def receive(booking: Booking, message: StartPayment) -> Decision:
    """Money that staff have becomes a payment in every state: it pays, or it goes back."""
    amount = message.received
    if amount is None or amount.currency != booking.currency or amount.amount <= 0:
        return refuse(booking, message, WRONG_AMOUNT)
    asking, wanted = ask(booking, message, amount)
    return Decision(booking=asking, messages=(wanted,))


def pay_refused(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """There is nothing to pay for now: the attempt fails without a call."""
    if booking.payment(message.payment_id) is not None:
        return ignore(booking, message, terms)
    return receive(booking, message) if message.received else refuse(booking, message, NOT_PAYABLE)


def ask(booking: Booking, message: StartPayment, amount: Money) -> tuple[Booking, AuthorisePayment]:
    """Have the gateway hold the amount, or record it as received."""
    received = message.received is not None
    payment = Payment(
        id=message.payment_id, gateway=message.gateway, amount=amount, keep=message.keep, received=received
    )
    return booking.with_payment(payment), AuthorisePayment(
        booking_id=booking.id,
        reference=booking.reference,
        payment_id=message.payment_id,
        gateway=message.gateway,
        amount=amount,
        payment_method=message.payment_method,
        return_url=message.return_url,
        owner=booking.owner,
        keep=message.keep,
        received=received,
    )


def refuse(booking: Booking, message: StartPayment, reason: str) -> Decision:
    """The attempt fails without a call."""
    payment = Payment(id=message.payment_id, gateway=message.gateway, amount=booking.payable or booking.owed)
    return declined(booking, payment, reason)


def declined(booking: Booking, payment: Payment, reason: str) -> Decision:
    """The attempt came to nothing, and its payer is told."""
    failed = booking.with_payment(replace(payment, state=PaymentState.FAILED))
    event = PaymentDeclined(booking_id=booking.id, payment_id=payment.id, reason=reason)
    return Decision(booking=failed, messages=(event,))


def deadline_after(booking: Booking, gateway: str, terms: Terms) -> datetime | None:
    """Until when money is waited for, once it is asked for now by that gateway; None without a deadline.

    Whoever has started to pay is given time to finish, never beyond the departure: once a hold, and once
    more by a slow way; once a balance.
    """
    deadline, patience = booking.balance_by or booking.hold_until, terms.patience.get(gateway)
    if deadline is None:
        return None
    used = booking.extended if patience is None else booking.waited
    if booking.balance_extended if booking.has_open_balance else used:
        return deadline
    wait = terms.payment_extension if patience is None else patience
    return max(deadline, min(terms.now + wait, booking.starts_at))
