"""The booking lifecycle, all of it: one table of message x state.

Nothing else moves a booking, and nothing here knows of a database, a clock or a network. Every message
may come twice, late, or before its time, so the table has an answer for every pair: a transition,
`ignore` (late or repeated) or `too_early` (something else must come first). Compensation is a row like
any other: whoever reads the table sees what becomes of the seats and of the money.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from bookingd.domain.booking import balance, disputes, facts, items, payments, refunds, renewals
from bookingd.domain.booking.attempts import pay_refused
from bookingd.domain.booking.decision import Decision, Terms, Verdict
from bookingd.domain.booking.ending import call_off, hold_due, ignore, too_early
from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.booking.state import OVER, Booking, BookingState

Transition: TypeAlias = Callable[[Booking, Any, Terms], Decision]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message does to a booking in one state."""

    transition: Transition
    leads_to: tuple[BookingState, ...] = ()
    """The states to which it may move the booking; any transition may also leave it where it is."""


Row: TypeAlias = Mapping[BookingState, Answer]

PRICE_CHANGED = BookingState.PRICE_CHANGED
AWAITING_PAYMENT = BookingState.AWAITING_PAYMENT
CONFIRMING = BookingState.CONFIRMING
CONFIRMED = BookingState.CONFIRMED
EXPIRED = BookingState.EXPIRED
FAILED = BookingState.FAILED
CANCELLED = BookingState.CANCELLED


def _to(transition: Transition, *states: BookingState) -> Answer:
    return Answer(transition, states)


def _row(
    *,
    pending: Transition | Answer = ignore,
    price_changed: Transition | Answer = ignore,
    awaiting_payment: Transition | Answer = ignore,
    confirming: Transition | Answer = ignore,
    confirmed: Transition | Answer = ignore,
    over: Transition | Answer = ignore,
) -> Row:
    """One message's answers, state by state; `over` is for expired, failed and cancelled alike."""
    answers = {
        BookingState.PENDING: pending,
        PRICE_CHANGED: price_changed,
        AWAITING_PAYMENT: awaiting_payment,
        CONFIRMING: confirming,
        CONFIRMED: confirmed,
    }
    return MappingProxyType(
        {
            state: answer if isinstance(answer, Answer) else Answer(answer)
            for state, answer in (answers | dict.fromkeys(OVER, over)).items()
        }
    )


_called_off = _to(call_off, CANCELLED)
_due = _to(hold_due, EXPIRED)


def _known(*, confirming: Transition | None = None, of: Transition) -> Row:
    """The same answer wherever there can be payments."""
    return _row(price_changed=of, awaiting_payment=of, confirming=confirming or of, confirmed=of, over=of)


TABLE: Mapping[type[BookingMessage], Row] = MappingProxyType(
    {
        facts.PlaceBooking: _row(pending=items.place),
        facts.ItemHeld: _row(
            pending=_to(items.hold, PRICE_CHANGED, AWAITING_PAYMENT, FAILED), over=items.release_late
        ),
        facts.ItemRefused: _row(
            pending=_to(items.refuse_hold, FAILED), confirming=_to(items.refuse_ticket, FAILED)
        ),
        facts.GiveConsent: _row(pending=too_early, price_changed=_to(items.consent, AWAITING_PAYMENT)),
        facts.CallOff: _row(pending=_called_off, price_changed=_called_off, awaiting_payment=_called_off),
        facts.HoldDue: _row(pending=_due, price_changed=_due, awaiting_payment=_due),
        facts.StartPayment: _row(
            pending=too_early,
            price_changed=payments.pay_after_consent,
            awaiting_payment=_to(payments.pay, CONFIRMING, EXPIRED),
            confirming=pay_refused,
            confirmed=balance.pay,
            over=pay_refused,
        ),
        facts.PaymentActionRequired: _row(awaiting_payment=payments.act, confirmed=balance.act),
        facts.PaymentInReview: _row(awaiting_payment=payments.review, confirmed=payments.review),
        facts.PaymentAuthorised: _row(
            price_changed=payments.void_unwanted,
            awaiting_payment=_to(payments.authorise, CONFIRMING, EXPIRED),
            confirming=payments.void_unwanted,
            confirmed=balance.authorise,
            over=payments.void_unwanted,
        ),
        facts.AuthorisationDue: _row(awaiting_payment=renewals.renew, confirming=renewals.renew),
        facts.AuthorisationRenewed: _row(awaiting_payment=renewals.renewed, confirming=renewals.renewed),
        facts.ReauthorisationRefused: _row(
            awaiting_payment=renewals.renewal_refused, confirming=renewals.renewal_refused
        ),
        facts.PaymentFailed: _row(
            price_changed=payments.note_failure,
            awaiting_payment=payments.decline,
            confirming=payments.note_failure,
            confirmed=_to(balance.decline, CANCELLED),
            over=payments.note_failure,
        ),
        facts.ItemTicketed: _row(confirming=_to(items.ticket, CONFIRMED), over=items.release_late),
        facts.PaymentCaptured: _row(
            price_changed=payments.take_unwanted,
            awaiting_payment=_to(payments.capture, CONFIRMING, CONFIRMED, EXPIRED),
            confirming=_to(payments.capture_confirming, AWAITING_PAYMENT, CONFIRMED, FAILED),
            confirmed=_to(balance.captured, CANCELLED),
            over=payments.take_unwanted,
        ),
        facts.CaptureRefused: _row(
            awaiting_payment=payments.capture_refused,
            confirming=_to(payments.capture_refused_confirming, AWAITING_PAYMENT, FAILED),
            confirmed=_to(balance.capture_refused, CANCELLED),
        ),
        facts.PaymentVoided: _row(
            price_changed=payments.note_failure,
            awaiting_payment=payments.voided,
            confirming=_to(payments.voided_confirming, AWAITING_PAYMENT, FAILED),
            confirmed=_to(balance.voided, CANCELLED),
            over=payments.note_failure,
        ),
        facts.BalanceReminder: _row(confirmed=balance.remind),
        facts.BalanceDue: _row(confirmed=_to(balance.due, CANCELLED)),
        facts.GiveBack: _known(of=refunds.give_back, confirming=refunds.give_back_later),
        facts.PaymentRefunded: _known(of=refunds.refunded),
        facts.RefundFailed: _known(of=refunds.refund_failed),
        facts.PaymentDisputed: _known(of=disputes.dispute),
        facts.DisputeClosed: _known(of=disputes.dispute_closed),
    }
)


def decide(booking: Booking, message: BookingMessage, terms: Terms) -> Decision:
    """The answer to `message`; an advance appends one event to the booking's timeline.

    Raises KeyError for a message that is none of the lifecycle's.
    """
    decision = TABLE[type(message)][booking.state].transition(booking, message, terms)
    if decision.verdict is not Verdict.ADVANCED:
        return decision
    advanced = replace(decision.booking, sequence=booking.sequence + 1)
    return replace(decision, booking=advanced)
