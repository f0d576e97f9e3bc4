"""The booking lifecycle, all of it: one table of message x state.

Nothing else moves a booking, and nothing here knows of a database, a clock or a network. Every message
may come twice, late, or before its time, so the table has an answer for every pair: a transition,
`ignore` (late or repeated) or `too_early` (something else must come first). Compensation is a row like
any other: whoever reads the table sees what becomes of the seats and of the money.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

from bookingd.domain.booking import facts, items, payments
from bookingd.domain.booking.decision import Decision, Terms, Verdict
from bookingd.domain.booking.ending import call_off, hold_due, ignore, too_early
from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.booking.state import OVER, Booking, BookingState

Transition: TypeAlias = Callable[[Booking, Any, Terms], Decision]
Row: TypeAlias = Mapping[BookingState, Transition]


def _row(
    *,
    pending: Transition = ignore,
    price_changed: Transition = ignore,
    awaiting_payment: Transition = ignore,
    confirming: Transition = ignore,
    confirmed: Transition = ignore,
    over: Transition = ignore,
) -> Row:
    """One message's answers, state by state; `over` is for expired, failed and cancelled alike."""
    answers = {
        BookingState.PENDING: pending,
        BookingState.PRICE_CHANGED: price_changed,
        BookingState.AWAITING_PAYMENT: awaiting_payment,
        BookingState.CONFIRMING: confirming,
        BookingState.CONFIRMED: confirmed,
    }
    return MappingProxyType(answers | dict.fromkeys(OVER, over))


TABLE: Mapping[type[BookingMessage], Row] = MappingProxyType(
    {
        facts.PlaceBooking: _row(pending=items.place),
        facts.ItemHeld: _row(pending=items.hold, over=items.release_late_hold),
        facts.ItemRefused: _row(pending=items.refuse_hold, confirming=items.refuse_ticket),
        facts.GiveConsent: _row(pending=too_early, price_changed=items.consent),
        facts.CallOff: _row(pending=call_off, price_changed=call_off, awaiting_payment=call_off),
        facts.HoldDue: _row(pending=hold_due, price_changed=hold_due, awaiting_payment=hold_due),
        facts.StartPayment: _row(
            pending=too_early,
            price_changed=payments.pay_refused,
            awaiting_payment=payments.pay,
            confirming=payments.pay_refused,
            confirmed=payments.pay_refused,
            over=payments.pay_refused,
        ),
        facts.PaymentActionRequired: _row(awaiting_payment=payments.act),
        facts.PaymentAuthorised: _row(
            awaiting_payment=payments.authorise,
            confirming=payments.void_unwanted,
            confirmed=payments.void_unwanted,
            over=payments.void_unwanted,
        ),
        facts.PaymentFailed: _row(
            awaiting_payment=payments.decline,
            confirming=payments.decline,
            confirmed=payments.note_failure,
            over=payments.note_failure,
        ),
        facts.ItemTicketed: _row(confirming=items.ticket, over=items.release_late_ticket),
        facts.PaymentCaptured: _row(
            awaiting_payment=payments.refund_unwanted,
            confirming=payments.capture,
            confirmed=payments.refund_unwanted,
            over=payments.refund_unwanted,
        ),
        facts.CaptureRefused: _row(confirming=payments.capture_refused),
        facts.PaymentVoided: _row(
            awaiting_payment=payments.decline,
            confirming=payments.voided,
            confirmed=payments.note_failure,
            over=payments.note_failure,
        ),
        facts.PaymentRefunded: _row(
            awaiting_payment=payments.refunded,
            confirming=payments.refunded,
            confirmed=payments.refunded,
            over=payments.refunded,
        ),
    }
)


def decide(booking: Booking, message: BookingMessage, terms: Terms) -> Decision:
    """The answer to `message`; an advance appends one event to the booking's timeline.

    Raises KeyError for a message that is none of the lifecycle's.
    """
    decision = TABLE[type(message)][booking.state](booking, message, terms)
    if decision.verdict is not Verdict.ADVANCED:
        return decision
    advanced = replace(decision.booking, sequence=booking.sequence + 1)
    return replace(decision, booking=advanced)
