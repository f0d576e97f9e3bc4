"""The balance of a confirmed booking: paid by its date, asked for before that, and else cancelled by rule.

A confirmed booking without an open balance wants no more money: what comes goes back.
"""

from dataclasses import replace
from datetime import datetime

from bookingd.domain.booking import payments
from bookingd.domain.booking.attempts import (
    ANOTHER_UNDER_WAY,
    NOT_PAYABLE,
    ask,
    deadline_after,
    declined,
    pay_refused,
    refuse,
)
from bookingd.domain.booking.confirming import LOST, capture
from bookingd.domain.booking.decision import Decision, Terms, Timer
from bookingd.domain.booking.ending import abandon, cancel, ignore, void
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BalanceAsked,
    BalanceDue,
    BalanceReminder,
    BookingPaid,
    CaptureRefused,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentVoided,
    StartPayment,
)
from bookingd.domain.booking.state import UNDER_WAY, Booking, Payment, PaymentState
from bookingd.domain.booking.taking import take
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money

BEING_TAKEN = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING})
"""A payment in one of these is about to pay the balance, or not: its answer is waited for."""

UNPAID = "unpaid_balance"


def pay(booking: Booking, message: StartPayment, terms: Terms) -> Decision:
    """Ask the gateway for the balance. An attempt that waits for its payer is abandoned first."""
    if booking.payment(message.payment_id) is not None or message.received is not None:
        return pay_refused(booking, message, terms)
    if not booking.payable or _is_overdue(booking, terms):
        return refuse(booking, message, NOT_PAYABLE)
    if booking.is_asking_for_money:
        return refuse(booking, message, ANOTHER_UNDER_WAY)
    booking, abandoned = abandon(booking)
    booking, wanted = ask(booking, message, booking.payable)
    return _extend_once(booking, deadline_after(booking, message.gateway, terms)).after((*abandoned, wanted))


def act(booking: Booking, message: PaymentActionRequired, terms: Terms) -> Decision:
    """The payer must do something; one who was not there is asked to pay."""
    acting = payments.act(booking, message, terms)
    payment = acting.booking.payment(message.payment_id)
    if acting.booking is booking or payment is None or not payment.off_session:
        return acting
    return acting.after(_asked(acting.booking, after=payment.id))


def authorise(booking: Booking, message: PaymentAuthorised, terms: Terms) -> Decision:
    """What is held for the balance is taken at once: everything is ticketed."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in UNDER_WAY:
        return payments.void_unwanted(booking, message, terms)
    booking, wanted = capture(booking, payment)
    return Decision(booking=booking, messages=(wanted,))


def captured(booking: Booking, message: PaymentCaptured, terms: Terms) -> Decision:
    """Money is ours: it pays the balance, or goes back."""
    taken = take(booking, message)
    if taken is None:
        return ignore(booking, message, terms)
    return _settle(taken.booking, terms).after(taken.messages)


def decline(booking: Booking, message: PaymentFailed, terms: Terms) -> Decision:
    """An attempt to pay the balance came to nothing."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in UNDER_WAY:
        return payments.note_failure(booking, message, terms)
    return _failed(declined(booking, payment, message.reason), payment, terms)


def voided(booking: Booking, message: PaymentVoided, terms: Terms) -> Decision:
    """What was held for the balance is gone."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state not in {*UNDER_WAY, PaymentState.CAPTURING}:
        return payments.note_failure(booking, message, terms)
    return _failed(declined(booking, payment, LOST), payment, terms)


def capture_refused(booking: Booking, message: CaptureRefused, terms: Terms) -> Decision:
    """What was held for the balance cannot be had. What may still be held of it is let go."""
    payment = booking.payment(message.payment_id)
    if payment is None or payment.state is not PaymentState.CAPTURING:
        return ignore(booking, message, terms)
    told = declined(booking, payment, message.reason)
    voiding, undo = void(booking, payment)
    return _failed(replace(told, booking=voiding).after((undo,)), payment, terms)


def remind(booking: Booking, message: BalanceReminder, terms: Terms) -> Decision:
    """Ask for what is open, once a reminder, or charge the kept card for it."""
    if not booking.has_open_balance or _is_overdue(booking, terms):
        return ignore(booking, message, terms)
    if message.charge:
        return _charge(booking, message, terms)
    if not booking.payable or message.number <= booking.reminded:
        return ignore(booking, message, terms)
    reminded = replace(booking, reminded=message.number)
    return Decision(booking=reminded, messages=_asked(reminded))


def due(booking: Booking, message: BalanceDue, terms: Terms) -> Decision:
    """The deadline has come, unless it was moved since the timer was set.

    Money that is just being taken decides when its answer comes: then the deadline is looked at again.
    """
    if not _is_overdue(booking, terms) or _is_being_taken(booking):
        return ignore(booking, message, terms)
    return _end(booking, terms)


def _settle(booking: Booking, terms: Terms) -> Decision:
    """All paid: nothing more is waited for. Not all, and the deadline over: cancelled, unless more comes."""
    if not booking.has_open_balance:
        return Decision(booking=booking)
    if booking.captured >= booking.owed:
        booking, abandoned = abandon(replace(booking, paid=True))
        event = BookingPaid(booking_id=booking.id, total=booking.total)
        return Decision(booking=booking, messages=(*abandoned, event))
    if _is_overdue(booking, terms) and not _is_being_taken(booking):
        return _end(booking, terms)
    return Decision(booking=booking)


def _failed(told: Decision, payment: Payment, terms: Terms) -> Decision:
    """After an attempt at the balance has failed. A payer who was not there is asked to pay."""
    after = _settle(told.booking, terms)
    is_to_ask = payment.off_session and after.booking.payable
    asked = _asked(after.booking, after=payment.id) if is_to_ask else ()
    return after.after((*told.messages, *asked))


def _end(booking: Booking, terms: Terms) -> Decision:
    """Not paid in time: cancelled by rule. A gateway that still looks at the risk is given a last delay."""
    if any(payment.state is PaymentState.IN_REVIEW for payment in booking.payments):
        longer = _extend_once(booking, terms.now + terms.repayment)
        if longer.timers:
            return longer
    keeps = booking.plan is not None and booking.plan.keeps_deposit
    return cancel(booking, UNPAID, keep=booking.due_now if keeps else Money.zero(booking.currency))


def _charge(booking: Booking, message: BalanceReminder, terms: Terms) -> Decision:
    """Charge what its holder agreed to have kept. A page that its payer has left open is given up for that.

    Who pays by hand just now, or has announced a transfer, is not charged as well; but once more is looked
    whether anything came of it, since nobody else would before the booking is cancelled.
    """
    kept = [one for one in booking.payments if one.keep and one.state is PaymentState.CAPTURED]
    known = message.payment_id is None or booking.payment(message.payment_id) is not None
    if message.payment_id is None or known or not kept or message.number <= booking.put_off:
        return ignore(booking, message, terms)
    if (later := _look_again_at(booking, terms)) is not None:
        again = Timer(due=later, message=replace(message, number=message.number + 1))
        return Decision(booking=replace(booking, put_off=message.number), timers=(again,))
    if not booking.payable or booking.is_asking_for_money:
        return ignore(booking, message, terms)
    booking, abandoned = abandon(booking)
    return _charged(booking, message.payment_id, kept[-1]).after(abandoned)


def _look_again_at(booking: Booking, terms: Terms) -> datetime | None:
    """Half-way to the deadline, where money may come by hand and there is time for that."""
    if booking.balance_by is None or not any(_is_on_its_way(one, terms) for one in booking.payments):
        return None
    half = (booking.balance_by - terms.now) / 2
    return terms.now + half if half >= terms.payment_extension else None


def _is_on_its_way(payment: Payment, terms: Terms) -> bool:
    """Of a page it is not known whether its payer will ever come back."""
    if payment.state is PaymentState.REQUIRES_ACTION:
        return payment.gateway in terms.patience
    return payment.state in UNDER_WAY | BEING_TAKEN


def _charged(booking: Booking, payment_id: PaymentId, kept: Payment) -> Decision:
    amount = booking.payable
    payment = Payment(id=payment_id, gateway=kept.gateway, amount=amount, off_session=True)
    wanted = AuthorisePayment(
        booking_id=booking.id,
        reference=booking.reference,
        payment_id=payment_id,
        gateway=kept.gateway,
        amount=amount,
        payment_method=f"kept:{kept.id}",
        return_url="",
        owner=booking.owner,
        off_session=True,
    )
    return Decision(booking=booking.with_payment(payment), messages=(wanted,))


def _asked(booking: Booking, *, after: PaymentId | None = None) -> tuple[BalanceAsked, ...]:
    until = booking.balance_by
    if until is None:
        raise ValueError(f"booking {booking.reference} has no open balance")
    asked = BalanceAsked(
        booking_id=booking.id,
        amount=booking.wanted,
        until=until,
        number=max(booking.reminded, 1),
        after=after,
    )
    return (asked,)


def _is_overdue(booking: Booking, terms: Terms) -> bool:
    return booking.balance_by is not None and terms.now >= booking.balance_by


def _is_being_taken(booking: Booking) -> bool:
    return any(
        payment.state in BEING_TAKEN or (payment.received and payment.state is PaymentState.CREATED)
        for payment in booking.payments
    )


def _extend_once(booking: Booking, until: datetime | None) -> Decision:
    """Whoever has started to pay is given time to finish, once a balance."""
    plan = booking.plan
    if plan is None or plan.balance_by is None or until is None:
        return Decision(booking=booking)
    if booking.balance_extended or until <= plan.balance_by:
        return Decision(booking=booking)
    longer = replace(booking, plan=replace(plan, balance_by=until), balance_extended=True)
    timer = Timer(due=until, message=BalanceDue(booking_id=booking.id, deadline=until))
    return Decision(booking=longer, timers=(timer,))
