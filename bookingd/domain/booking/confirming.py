"""From money in hand to a confirmed booking: tickets one after the other, then the money is taken (P3)."""

from dataclasses import replace
from uuid import uuid5

from bookingd.domain.booking.decision import Decision, Terms, Timer
from bookingd.domain.booking.ending import abandon, fail, hold_timer, void
from bookingd.domain.booking.facts import (
    BalanceDue,
    BalanceReminder,
    BookingConfirmed,
    BookingMessage,
    CapturePayment,
    PaymentNeeded,
    TicketItem,
)
from bookingd.domain.booking.state import Booking, BookingState, Item, ItemState, Payment, PaymentState
from bookingd.domain.ids import PaymentId

LOST = "payment_lost"
"""The reason where money that was held for us is gone, without anyone's no."""


def proceed(booking: Booking, terms: Terms) -> Decision:
    """What is due now is in hand: have confirmed what it is for."""
    booking, abandoned = abandon(replace(booking, state=BookingState.CONFIRMING))
    return confirm_next(booking, terms).after(abandoned)


def confirm_next(booking: Booking, terms: Terms) -> Decision:
    """Have one item after the other ticketed, what can be undone first.

    Not all at once: while the irrevocable ones are not asked for, everything else can still be undone.
    """
    waiting = [item for item in booking.items if item.state is ItemState.HELD]
    if not waiting:
        return go_on(booking, LOST, terms)
    item = min(waiting, key=_irrevocable)
    wanted = TicketItem(booking_id=booking.id, item_id=item.id, offer=item.offer)
    return Decision(booking=booking, messages=(wanted,))


def go_on(booking: Booking, reason: str, terms: Terms) -> Decision:
    """After money came, or was lost for `reason`: nothing while tickets are issued and enough is in hand.

    Everything ticketed: take what is authorised; enough taken: it is confirmed. Too little: before all is
    ticketed it has failed, after that another payment is asked for.
    """
    if booking.in_hand < booking.due_now:
        return _ask_again(booking, reason, terms) if booking.is_ticketed else fail(booking, reason)
    if not booking.is_ticketed:
        return Decision(booking=booking)
    booking, messages = _capture_all(booking)
    if booking.captured < booking.due_now:
        return Decision(booking=booking, messages=messages)
    return _confirmed(booking, terms).after(messages)


def capture(booking: Booking, payment: Payment) -> tuple[Booking, BookingMessage]:
    """Take of what this payment authorised as much as the booking can use; where that is nothing, void it."""
    others = booking.with_payment(replace(payment, state=PaymentState.VOIDED))
    amount = min(payment.amount, others.wanted)
    if not amount:
        return void(booking, payment)
    taking = replace(payment, state=PaymentState.CAPTURING, taking=amount)
    return booking.with_payment(taking), CapturePayment(
        booking_id=booking.id, payment_id=payment.id, gateway=payment.gateway, amount=amount
    )


def charge_id(booking: Booking) -> PaymentId:
    """Of the payment by which a kept card is charged for the balance: one a booking, whoever asks."""
    return PaymentId(uuid5(booking.id, "balance"))


def _capture_all(booking: Booking) -> tuple[Booking, tuple[BookingMessage, ...]]:
    messages: list[BookingMessage] = []
    for payment in booking.payments:
        if payment.state is PaymentState.AUTHORISED:
            booking, take = capture(booking, payment)
            messages.append(take)
    return booking, tuple(messages)


def _confirmed(booking: Booking, terms: Terms) -> Decision:
    done = replace(booking, state=BookingState.CONFIRMED, hold_until=None)
    event = BookingConfirmed(booking_id=booking.id, total=booking.total)
    if not done.has_open_balance:
        return Decision(booking=done, messages=(event,))
    if done.captured >= done.owed:
        return Decision(booking=replace(done, paid=True), messages=(event,))
    done, timers = _await_balance(done, terms)
    return Decision(booking=done, messages=(event,), timers=timers)


def _await_balance(booking: Booking, terms: Terms) -> tuple[Booking, tuple[Timer, ...]]:
    """The balance has its time, also where the deposit came so slowly that its date is here already."""
    plan, rules = booking.plan, terms.plans
    if plan is None or plan.balance_by is None:
        raise ValueError(f"booking {booking.reference} has no balance")
    until = max(plan.balance_by, terms.now + terms.repayment)
    due = BalanceDue(booking_id=booking.id, deadline=until)
    timers = [Timer(due=until, message=due)]
    for number, before in enumerate(sorted(rules.reminders, reverse=True), start=1):
        if until - before > terms.now:
            asks = BalanceReminder(booking_id=booking.id, deadline=until, number=number)
            timers.append(Timer(due=until - before, message=asks))
    if any(payment.keep for payment in booking.payments):
        charge = BalanceReminder(
            booking_id=booking.id,
            deadline=until,
            charge=True,
            payment_id=charge_id(booking),
        )
        timers.append(Timer(due=max(until - rules.charge_before, terms.now), message=charge))
    return replace(booking, plan=replace(plan, balance_by=until)), tuple(timers)


def _ask_again(booking: Booking, reason: str, terms: Terms) -> Decision:
    """Ticketed and not paid for: another payment is waited for, within a deadline."""
    until = terms.now + terms.repayment
    asking = replace(booking, state=BookingState.AWAITING_PAYMENT, hold_until=until)
    needed = PaymentNeeded(booking_id=booking.id, reason=reason, until=until)
    return Decision(booking=asking, messages=(needed,), timers=(hold_timer(booking, until),))


def _irrevocable(item: Item) -> bool:
    return item.offer.itinerary.conditions.cancel_fee is None
