"""How a booking ends without success, and the two answers that change nothing."""

from dataclasses import replace
from datetime import datetime

from bookingd.domain.booking.decision import Decision, Terms, Timer, Verdict
from bookingd.domain.booking.facts import (
    BookingCalledOff,
    BookingCancelled,
    BookingExpired,
    BookingFailed,
    BookingMessage,
    CallOff,
    HoldDue,
    RefundPayment,
    ReleaseItem,
    VoidPayment,
)
from bookingd.domain.booking.state import (
    OPEN_PAYMENTS,
    UNDER_WAY,
    Booking,
    BookingState,
    Item,
    ItemState,
    Payment,
    PaymentState,
    Refund,
)
from bookingd.domain.money import Money, total

MAY_TAKE = OPEN_PAYMENTS | {PaymentState.CAPTURING}
"""What a booking that ends has to stop. A capture may have happened: then its answer says so, and it is
refunded.
"""


def ignore(booking: Booking, message: BookingMessage, terms: Terms) -> Decision:
    """Late or repeated: nothing changes."""
    return Decision(booking=booking, verdict=Verdict.IGNORED)


def too_early(booking: Booking, message: BookingMessage, terms: Terms) -> Decision:
    """Something else must come first: the message comes again a little later."""
    return Decision(booking=booking, verdict=Verdict.EARLY)


def hold_due(booking: Booking, message: HoldDue, terms: Terms) -> Decision:
    """The deadline has come, unless it was moved since the timer was set."""
    if booking.hold_until is None or terms.now < booking.hold_until:
        return ignore(booking, message, terms)
    return expire(booking)


def expire(booking: Booking) -> Decision:
    """Not paid for in time."""
    ended, messages = _give_back(booking, BookingState.EXPIRED, reason="expired")
    event = BookingExpired(booking_id=booking.id, paid_back=_pays_back(messages))
    return Decision(booking=ended, messages=(*messages, event))


def fail(booking: Booking, reason: str) -> Decision:
    """It cannot be had."""
    ended, messages = _give_back(booking, BookingState.FAILED, reason=reason)
    event = BookingFailed(booking_id=booking.id, reason=reason, paid_back=_pays_back(messages))
    return Decision(booking=ended, messages=(*messages, event))


def call_off(booking: Booking, message: CallOff, terms: Terms) -> Decision:
    """The traveller does not want it any more."""
    ended, messages = _give_back(booking, BookingState.CANCELLED, reason="called_off")
    event = BookingCalledOff(booking_id=booking.id, paid_back=_pays_back(messages))
    return Decision(booking=ended, messages=(*messages, event))


def cancel(booking: Booking, reason: str, *, keep: Money) -> Decision:
    """A confirmed booking is cancelled by rule: of what was captured, `keep` at most stays with us."""
    ended, messages = _give_back(booking, BookingState.CANCELLED, reason=reason, keep=keep)
    event = BookingCancelled(
        booking_id=booking.id,
        reason=reason,
        kept=ended.captured,
        paid_back=total((one.amount for one in messages if isinstance(one, RefundPayment)), booking.currency),
    )
    return Decision(booking=replace(ended, kept=ended.captured), messages=(*messages, event))


def hold_timer(booking: Booking, deadline: datetime) -> Timer:
    """Look again when the hold is over."""
    return Timer(due=deadline, message=HoldDue(booking_id=booking.id, deadline=deadline))


def release(booking: Booking, item: Item) -> tuple[Booking, ReleaseItem]:
    """Give one item's stock back."""
    given_back = replace(item, state=ItemState.RELEASED, releases=item.releases + 1)
    return booking.with_item(given_back), ReleaseItem(
        booking_id=booking.id, item_id=item.id, offer=item.offer, round=given_back.releases
    )


def void(booking: Booking, payment: Payment) -> tuple[Booking, VoidPayment]:
    """See to it that this payment takes nothing."""
    voiding = booking.with_payment(replace(payment, state=PaymentState.VOIDING))
    return voiding, VoidPayment(booking_id=booking.id, payment_id=payment.id, gateway=payment.gateway)


def abandon(booking: Booking) -> tuple[Booking, tuple[BookingMessage, ...]]:
    """Attempts that may still come to hold money are called off: their money is not waited for any more.

    What staff have received is not an attempt: it comes, and is made use of or goes back.
    """
    messages: list[BookingMessage] = []
    for payment in booking.payments:
        if payment.state in UNDER_WAY and not payment.received:
            booking, undo = void(booking, payment)
            messages.append(undo)
    return booking, tuple(messages)


def refund(booking: Booking, payment: Payment, amount: Money) -> tuple[Booking, RefundPayment]:
    """Give back `amount` of what this payment took, as a refund of its own."""
    return refund_as(booking, payment, Refund(round=payment.next_round, amount=amount))


def refund_as(booking: Booking, payment: Payment, asked: Refund) -> tuple[Booking, RefundPayment]:
    """Give it back as that refund. When nothing is left of the payment it is being refunded in full."""
    state = PaymentState.CAPTURED if asked.amount < payment.refundable else PaymentState.REFUNDING
    refunding = replace(payment, state=state, refunds=(*payment.refunds, asked))
    return booking.with_payment(refunding), RefundPayment(
        booking_id=booking.id,
        payment_id=payment.id,
        gateway=payment.gateway,
        amount=asked.amount,
        round=asked.round,
    )


def _give_back(
    booking: Booking, state: BookingState, *, reason: str, keep: Money | None = None
) -> tuple[Booking, tuple[BookingMessage, ...]]:
    """Every item back to its supplier, every payment back to its payer, but for what is kept.

    An item that is only quoted has nothing to give back: if its hold is under way, the answer finds the
    booking over, and the item is released then.
    """
    messages: list[BookingMessage] = []
    undo: BookingMessage
    for item in booking.items:
        if item.state is ItemState.QUOTED:
            booking = booking.with_item(replace(item, state=ItemState.RELEASED))
        elif item.state is not ItemState.RELEASED:
            booking, undo = release(booking, item)
            messages.append(undo)
    booking, payments = _pay_back(booking, keep or Money.zero(booking.currency))
    return replace(booking, state=state, reason=reason, hold_until=None), (*messages, *payments)


def _pay_back(booking: Booking, keep: Money) -> tuple[Booking, list[BookingMessage]]:
    """Every payment back to its payer, but for `keep`, which the first ones leave."""
    messages: list[BookingMessage] = []
    undo: BookingMessage
    for payment in booking.payments:
        if payment.state in MAY_TAKE and not payment.received:
            booking, undo = void(booking, payment)
            messages.append(undo)
        elif payment.state is PaymentState.CAPTURED and not payment.taken:
            booking = booking.with_payment(replace(payment, state=PaymentState.VOIDED))
        else:
            kept = min(payment.refundable, keep)
            keep -= kept
            if back := payment.refundable - kept:
                booking, undo = refund(booking, payment, back)
                messages.append(undo)
    return booking, messages


def _pays_back(messages: tuple[BookingMessage, ...]) -> bool:
    return any(isinstance(message, VoidPayment | RefundPayment) for message in messages)
