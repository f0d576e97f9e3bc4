"""A deposit now, the balance by its date: asked for, charged to a kept card, or the end by rule."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bookingd.domain.booking.confirming import charge_id
from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Decision, Terms, Timer, Verdict
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BalanceAsked,
    BalanceDue,
    BalanceReminder,
    BookingCancelled,
    BookingMessage,
    BookingPaid,
    CapturePayment,
    CaptureRefused,
    GiveBack,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentInReview,
    RefundPayment,
    ReleaseItem,
    VoidPayment,
)
from bookingd.domain.booking.plans import Schedule
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.money import Money
from tests import factories
from tests.domain.booking.exploration import EARLY, confirmed, held, pay
from tests.fakes.sources import START

BOOKING = factories.booking()
OF = BOOKING.id
SECOND = factories.payment_id(2)
DEPOSIT, BALANCE = Money(2_000, "EUR"), Money(8_000, "EUR")
CONFIRMED = confirmed(BOOKING, schedule=Schedule.DEPOSIT)
BY = START + timedelta(days=1)
CHARGED = charge_id(BOOKING)


def at(moment: datetime, terms: Terms = EARLY) -> Terms:
    return replace(terms, now=moment)


def after(start: Booking, *messages: BookingMessage, terms: Terms = EARLY) -> Decision:
    decision = Decision(booking=start)
    for message in messages:
        decision = decide(decision.booking, message, terms)
        assert decision.verdict is Verdict.ADVANCED, message
    return decision


def sent(decision: Decision) -> list[type[BookingMessage]]:
    return [type(message) for message in decision.messages]


def timers() -> list[Timer]:
    """Those that confirming with a kept card sets."""
    return list(confirm_at(START).timers)


def confirm_at(moment: datetime) -> Decision:
    """The deposit's capture is answered then."""
    captured = PaymentCaptured(booking_id=OF, payment_id=factories.payment_id(1))
    taking = replace(CONFIRMED.payments[0], state=PaymentState.CAPTURING, captured=None)
    waiting = replace(CONFIRMED, state=BookingState.CONFIRMING).with_payment(taking)
    return decide(waiting, captured, at(moment))


def test_a_deposit_confirms_and_the_balance_is_waited_for() -> None:
    due = {(timer.due, type(timer.message)) for timer in timers()}

    assert (CONFIRMED.state, CONFIRMED.captured, CONFIRMED.wanted) == (
        BookingState.CONFIRMED,
        DEPOSIT,
        BALANCE,
    )
    assert CONFIRMED.balance_by == BY
    assert due == {
        (BY, BalanceDue),
        (BY - timedelta(hours=12), BalanceReminder),
        (BY - timedelta(hours=6), BalanceReminder),
        (BY - timedelta(hours=2), BalanceReminder),
    }


def test_each_reminder_asks_once() -> None:
    first = BalanceReminder(booking_id=OF, deadline=BY, number=1)
    second = replace(first, number=2)
    asked = after(CONFIRMED, first)

    assert asked.messages == (BalanceAsked(booking_id=OF, amount=BALANCE, until=BY),)
    assert decide(asked.booking, first, EARLY).verdict is Verdict.IGNORED
    assert sent(after(asked.booking, second)) == [BalanceAsked]


def test_the_balance_is_taken_at_once_and_the_booking_is_paid() -> None:
    begun = after(CONFIRMED, pay(BOOKING, 2))
    held = after(begun.booking, PaymentAuthorised(booking_id=OF, payment_id=SECOND))
    paid = after(held.booking, PaymentCaptured(booking_id=OF, payment_id=SECOND))

    assert [m.amount for m in begun.messages if isinstance(m, AuthorisePayment)] == [BALANCE]
    assert [m.amount for m in held.messages if isinstance(m, CapturePayment)] == [BALANCE]
    assert paid.messages == (BookingPaid(booking_id=OF, total=BOOKING.total),)
    assert (paid.booking.balance_by, paid.booking.wanted) == (None, Money(0, "EUR"))
    over = decide(paid.booking, BalanceDue(booking_id=OF, deadline=BY), at(BY))
    assert over.verdict is Verdict.IGNORED


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "given back"])
def test_an_unpaid_balance_ends_the_booking_by_rule(keeps: bool) -> None:
    assert CONFIRMED.plan is not None
    start = replace(CONFIRMED, plan=replace(CONFIRMED.plan, keeps_deposit=keeps))

    ended = after(start, BalanceDue(booking_id=OF, deadline=BY), terms=at(BY))

    nothing = Money(0, "EUR")
    kept, back = (DEPOSIT, nothing) if keeps else (nothing, DEPOSIT)
    assert (ended.booking.state, ended.booking.reason) == (BookingState.CANCELLED, "unpaid_balance")
    assert ended.messages[-1] == BookingCancelled(
        booking_id=OF, reason="unpaid_balance", kept=kept, paid_back=back
    )
    assert sent(ended) == [ReleaseItem, *([] if keeps else [RefundPayment]), BookingCancelled]
    assert ended.booking.captured == ended.booking.kept == kept


def test_the_deadline_comes_too_early_or_twice() -> None:
    due = BalanceDue(booking_id=OF, deadline=BY)
    ended = after(CONFIRMED, due, terms=at(BY)).booking

    assert decide(CONFIRMED, due, at(BY - timedelta(seconds=1))).verdict is Verdict.IGNORED
    assert decide(ended, due, at(BY)).verdict is Verdict.IGNORED


def test_part_of_the_balance_goes_back_with_the_end() -> None:
    part = Money(3_000, "EUR")
    partly = after(
        CONFIRMED,
        replace(pay(BOOKING, 2), gateway="cash", received=part),
        PaymentCaptured(booking_id=OF, payment_id=SECOND, amount=part),
    )
    ended = after(partly.booking, BalanceDue(booking_id=OF, deadline=BY), terms=at(BY))

    assert partly.booking.wanted == Money(5_000, "EUR")
    assert [m.amount for m in ended.messages if isinstance(m, RefundPayment)] == [part]


CHARGE = BalanceReminder(booking_id=OF, deadline=BY, charge=True, payment_id=CHARGED)


def test_a_kept_card_is_charged_for_what_is_open() -> None:
    charged = after(CONFIRMED, CHARGE)
    [wanted] = charged.messages

    assert isinstance(wanted, AuthorisePayment)
    assert (wanted.amount, wanted.off_session) == (BALANCE, True)
    assert wanted.payment_method == f"kept:{factories.payment_id(1)}"
    assert decide(charged.booking, CHARGE, EARLY).verdict is Verdict.IGNORED


def test_what_nobody_agreed_to_keep_is_not_charged() -> None:
    [payment] = CONFIRMED.payments
    unkept = CONFIRMED.with_payment(replace(payment, keep=False))

    assert decide(unkept, CHARGE, EARLY).verdict is Verdict.IGNORED


def test_a_payer_who_was_not_there_is_asked_when_their_card_is_declined() -> None:
    failed = after(
        CONFIRMED, CHARGE, PaymentFailed(booking_id=OF, payment_id=CHARGED, reason="authentication_required")
    )

    assert BalanceAsked in sent(failed)
    assert failed.booking.state is BookingState.CONFIRMED


def test_a_capture_under_way_decides_after_the_deadline() -> None:
    capturing = after(CONFIRMED, pay(BOOKING, 2), PaymentAuthorised(booking_id=OF, payment_id=SECOND)).booking
    due = BalanceDue(booking_id=OF, deadline=BY)
    refused = CaptureRefused(booking_id=OF, payment_id=SECOND, reason="expired")

    assert decide(capturing, due, at(BY)).verdict is Verdict.IGNORED
    assert sent(after(capturing, PaymentCaptured(booking_id=OF, payment_id=SECOND), terms=at(BY))) == [
        BookingPaid
    ]
    assert after(capturing, refused, terms=at(BY)).booking.state is BookingState.CANCELLED


def test_a_review_has_one_more_delay_and_no_second() -> None:
    """P6."""
    review = after(CONFIRMED, pay(BOOKING, 2), PaymentInReview(booking_id=OF, payment_id=SECOND)).booking
    due = BalanceDue(booking_id=OF, deadline=BY)
    longer = after(review, due, terms=at(BY))
    [timer] = longer.timers
    ended = after(longer.booking, timer.message, terms=at(timer.due))

    assert timer.due == longer.booking.balance_by == BY + EARLY.repayment
    assert ended.booking.state is BookingState.CANCELLED
    assert VoidPayment in sent(ended)


def test_who_begins_to_pay_at_the_last_moment_is_given_time_once() -> None:
    begun = after(CONFIRMED, pay(BOOKING, 2), terms=at(BY - timedelta(minutes=1)))
    declined = PaymentFailed(booking_id=OF, payment_id=SECOND, reason="generic_decline")
    again = after(begun.booking, declined, pay(BOOKING, 3), terms=at(BY + timedelta(minutes=5)))

    assert begun.booking.balance_by == BY - timedelta(minutes=1) + EARLY.payment_extension
    assert again.booking.balance_by == begun.booking.balance_by


def test_a_deposit_that_came_slowly_still_leaves_a_day_for_the_balance() -> None:
    late = confirm_at(BY + timedelta(days=2))

    assert late.booking.balance_by == BY + timedelta(days=2) + EARLY.repayment


def test_a_paid_balance_is_not_opened_again_by_what_is_given_back() -> None:
    paid = after(
        CONFIRMED,
        pay(BOOKING, 2),
        PaymentAuthorised(booking_id=OF, payment_id=SECOND),
        PaymentCaptured(booking_id=OF, payment_id=SECOND),
        GiveBack(booking_id=OF, payment_id=SECOND, round=1, amount=Money(1_000, "EUR"), reason="goodwill"),
    ).booking

    assert (paid.has_open_balance, paid.wanted) == (False, Money(0, "EUR"))
    assert decide(paid, BalanceDue(booking_id=OF, deadline=BY), at(BY)).verdict is Verdict.IGNORED


def left_open(gateway: str) -> Booking:
    """The payer began to pay the balance, and left it at that."""
    acting = PaymentActionRequired(booking_id=OF, payment_id=SECOND, action_url="")
    return after(CONFIRMED, replace(pay(BOOKING, 2), gateway=gateway), acting).booking


def test_a_page_that_was_left_open_keeps_no_kept_card_from_being_charged() -> None:
    charged = after(left_open("paypal"), CHARGE, terms=at(BY - timedelta(hours=6)))

    assert sent(charged) == [VoidPayment, AuthorisePayment]
    assert [m.amount for m in charged.messages if isinstance(m, AuthorisePayment)] == [BALANCE]


def test_an_announced_transfer_has_its_time_before_the_kept_card_is_charged() -> None:
    terms, waiting = replace(EARLY, patience={"transfer": timedelta(hours=9)}), left_open("transfer")
    wanted: BookingMessage = CHARGE
    moment, looks = BY - timedelta(hours=6), 0
    while (decision := after(waiting, wanted, terms=at(moment, terms))).timers:
        [timer] = decision.timers
        assert decision.booking.payments == waiting.payments
        assert decide(decision.booking, wanted, at(moment, terms)).verdict is Verdict.IGNORED
        waiting, wanted, moment, looks = decision.booking, timer.message, timer.due, looks + 1

    assert looks > 1
    assert BY - 2 * terms.payment_extension < moment < BY
    assert sent(decision) == [VoidPayment, AuthorisePayment]


def test_a_card_that_is_declined_while_the_kept_one_waits_is_followed_by_that() -> None:
    """Its holder paid by hand in the moment in which the kept card was to be charged."""
    moment = at(BY - timedelta(hours=6))
    held = after(CONFIRMED, pay(BOOKING, 2), PaymentAuthorised(booking_id=OF, payment_id=SECOND)).booking
    put_off = after(held, CHARGE, terms=moment)
    [timer] = put_off.timers
    refused = CaptureRefused(booking_id=OF, payment_id=SECOND, reason="expired")

    charged = after(after(put_off.booking, refused).booking, timer.message, terms=at(timer.due))

    assert sent(charged) == [AuthorisePayment]
    assert after(CONFIRMED, pay(BOOKING, 2), CHARGE, terms=moment).timers
    last = at(BY - timedelta(seconds=1))
    assert decide(held, CHARGE, last).verdict is Verdict.IGNORED


def test_a_deposit_by_transfer_pays_what_its_payer_was_asked_for() -> None:
    """P3: the plan is the one that was chosen, also days later when staff record what came."""
    terms, first = replace(EARLY, patience={"transfer": timedelta(days=3)}), factories.payment_id(1)
    chosen = replace(pay(BOOKING, 1, schedule=Schedule.DEPOSIT), gateway="transfer")
    received = replace(pay(BOOKING, 2), gateway="transfer", received=DEPOSIT)

    come = after(
        held(BOOKING),
        chosen,
        PaymentActionRequired(booking_id=OF, payment_id=first, action_url=""),
        received,
        PaymentCaptured(booking_id=OF, payment_id=SECOND, amount=DEPOSIT),
        terms=terms,
    )

    assert come.booking.state is BookingState.CONFIRMING
    assert come.booking.plan is not None
    assert (come.booking.plan.schedule, come.booking.plan.balance) == (Schedule.DEPOSIT, BALANCE)
