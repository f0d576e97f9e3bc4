"""How a booking ends without success, and the two answers that change nothing."""

from dataclasses import replace
from datetime import datetime

from bookingd.domain.booking.decision import Decision, Terms, Timer, Verdict
from bookingd.domain.booking.facts import (
    BookingCalledOff,
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
    Booking,
    BookingState,
    Item,
    ItemState,
    Payment,
    PaymentState,
)


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


def refund(booking: Booking, payment: Payment) -> tuple[Booking, RefundPayment]:
    """Give back what this payment took."""
    refunding = booking.with_payment(replace(payment, state=PaymentState.REFUNDING))
    return refunding, RefundPayment(
        booking_id=booking.id, payment_id=payment.id, gateway=payment.gateway, amount=payment.amount
    )


def _give_back(
    booking: Booking, state: BookingState, *, reason: str
) -> tuple[Booking, tuple[BookingMessage, ...]]:
    """Every item back to its supplier, every payment back to its payer.

    An item that is only quoted has nothing to give back: if its hold is under way, the answer finds the
    booking over, and the item is released then. Nothing is being captured yet: that comes when everything
    is ticketed, and then only the capture's own answer moves the booking.
    """
    messages: list[BookingMessage] = []
    undo: BookingMessage
    for item in booking.items:
        if item.state is ItemState.QUOTED:
            booking = booking.with_item(replace(item, state=ItemState.RELEASED))
        elif item.state is not ItemState.RELEASED:
            booking, undo = release(booking, item)
            messages.append(undo)
    for payment in booking.payments:
        if payment.state in OPEN_PAYMENTS:
            booking, undo = void(booking, payment)
        elif payment.state is PaymentState.CAPTURED:
            booking, undo = refund(booking, payment)
        else:
            continue
        messages.append(undo)
    return replace(booking, state=state, reason=reason, hold_until=None), tuple(messages)


def _pays_back(messages: tuple[BookingMessage, ...]) -> bool:
    return any(isinstance(message, VoidPayment | RefundPayment) for message in messages)
