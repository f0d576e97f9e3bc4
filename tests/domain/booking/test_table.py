"""The lifecycle's table against every message in every booking that can come to be."""

from collections import defaultdict
from datetime import datetime

import pytest

from bookingd.domain.booking.decide import TABLE, decide
from bookingd.domain.booking.decision import Verdict
from bookingd.domain.booking.facts import (
    BookingMessage,
    CapturePayment,
    ItemHeld,
    ItemTicketed,
    RefundPayment,
    ReleaseItem,
    TicketItem,
    VoidPayment,
)
from bookingd.domain.booking.state import (
    FINAL,
    IN_HAND,
    OPEN_PAYMENTS,
    OVER,
    Booking,
    BookingState,
    ItemState,
    PaymentState,
)
from tests import factories
from tests.domain.booking.exploration import Step, advances, explore

ONE_ITEM = factories.booking(items=(factories.item(1, supplier="north"),))
TWO_ITEMS = factories.booking(
    items=(factories.item(1, supplier="north"), factories.item(2, supplier="south", cancel_fee=0))
)


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return explore(ONE_ITEM)


def test_every_message_has_an_answer_in_every_state(steps: list[Step]) -> None:
    """An exception would have ended the exploration."""
    met = {(type(step.message), step.before.state) for step in steps}

    assert met == {(message, state) for message in TABLE for state in BookingState}


def test_what_is_not_an_advance_changes_nothing(steps: list[Step]) -> None:
    wrong = [
        step
        for step in steps
        if step.decision.verdict is not Verdict.ADVANCED
        and (step.decision.booking is not step.before or step.decision.messages or step.decision.timers)
    ]
    assert wrong == []


def test_every_advance_adds_one_event_to_the_timeline(steps: list[Step]) -> None:
    assert all(step.decision.booking.sequence == step.before.sequence + 1 for step in advances(steps))


def test_the_table_says_where_each_message_leads(steps: list[Step]) -> None:
    seen: dict[tuple[type[BookingMessage], BookingState], set[BookingState]] = defaultdict(set)
    for step in advances(steps):
        if step.decision.booking.state is not step.before.state:
            seen[type(step.message), step.before.state].add(step.decision.booking.state)

    told = {
        (message, state): set(answer.leads_to)
        for message, row in TABLE.items()
        for state, answer in row.items()
        if answer.leads_to
    }
    assert told == seen


def test_nothing_leads_out_of_a_final_state(steps: list[Step]) -> None:
    left = [
        step
        for step in steps
        if step.before.state in FINAL and step.decision.booking.state != step.before.state
    ]
    assert left == []


def test_the_same_message_again_has_no_second_effect(steps: list[Step]) -> None:
    """But for a late hold or ticket: giving it back once more is harmless, keeping it is not."""
    twice = []
    for step in advances(steps):
        again = decide(step.decision.booking, step.message, step.terms)
        late = step.decision.booking.state in OVER and isinstance(step.message, ItemHeld | ItemTicketed)
        if again.verdict is not Verdict.IGNORED and not late:
            twice.append(step)
    assert twice == []


def test_a_booking_that_is_over_keeps_nothing(steps: list[Step]) -> None:
    keeping = {
        step.decision.booking
        for step in steps
        if step.decision.booking.state in OVER and not _is_empty(step.decision.booking)
    }
    assert keeping == set()


def _is_empty(booking: Booking) -> bool:
    kept = {*OPEN_PAYMENTS, *IN_HAND}
    return (
        all(item.state is ItemState.RELEASED for item in booking.items)
        and all(payment.state not in kept for payment in booking.payments)
        and booking.hold_until is None
    )


def test_a_confirmed_booking_is_ticketed_and_paid_for_once_at_the_agreed_price(steps: list[Step]) -> None:
    confirmed = [
        step.decision.booking for step in steps if step.decision.booking.state is BookingState.CONFIRMED
    ]

    assert confirmed
    for booking in confirmed:
        assert all(item.state is ItemState.CONFIRMED for item in booking.items)
        paid = [payment.amount for payment in booking.payments if payment.state in IN_HAND]
        assert paid == [booking.total]
        assert {payment.state for payment in booking.payments}.isdisjoint(OPEN_PAYMENTS)


def test_one_payment_at_a_time_pays_for_a_booking(steps: list[Step]) -> None:
    double = [
        step
        for step in steps
        if sum(payment.state in {*OPEN_PAYMENTS, *IN_HAND} for payment in step.decision.booking.payments) > 1
    ]
    assert double == []


def test_nothing_is_ticketed_before_it_is_paid_for(steps: list[Step]) -> None:
    """P3, and its other half: nothing is captured before everything is ticketed."""
    for step in advances(steps):
        booking = step.decision.booking
        if _asks(step, TicketItem):
            assert any(payment.state in IN_HAND for payment in booking.payments)
        if _asks(step, CapturePayment):
            assert all(item.state is ItemState.CONFIRMED for item in booking.items)


def test_whatever_is_given_up_is_asked_back(steps: list[Step]) -> None:
    """P2: a payment becomes `voiding` or `refunding`, an item `released`, only with the message for it."""
    for step in advances(steps):
        asked = {
            (type(message), getattr(message, "payment_id", None) or getattr(message, "item_id", None))
            for message in step.decision.messages
        }
        assert _given_up(step) <= asked


def _given_up(step: Step) -> set[tuple[type, object]]:
    before, after = step.before, step.decision.booking
    given_up: set[tuple[type, object]] = set()
    for payment in after.payments:
        old = before.payment(payment.id)
        if old is None or old.state is not payment.state:
            if payment.state is PaymentState.VOIDING:
                given_up.add((VoidPayment, payment.id))
            if payment.state is PaymentState.REFUNDING:
                given_up.add((RefundPayment, payment.id))
    for item in after.items:
        had = before.item(item.id)
        kept = had is not None and had.state in {ItemState.HELD, ItemState.CONFIRMED}
        if kept and item.state is ItemState.RELEASED:
            given_up.add((ReleaseItem, item.id))
    return given_up


def test_money_that_was_captured_is_kept_or_goes_back(steps: list[Step]) -> None:
    """P2: after `PaymentCaptured` of a known payment it is captured, or on its way back."""
    for step in steps:
        name, known = type(step.message).__name__, getattr(step.message, "payment_id", None)
        payment = step.decision.booking.payment(known) if name == "PaymentCaptured" and known else None
        if payment is not None:
            assert payment.state in {PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED}


def test_whoever_waits_has_a_deadline_and_a_timer(steps: list[Step]) -> None:
    """P6: a deadline is set only together with the timer that looks again at that very moment."""
    waits = {BookingState.PRICE_CHANGED, BookingState.AWAITING_PAYMENT}
    for step in advances(steps):
        after = step.decision.booking
        assert after.hold_until is not None or after.state not in waits
        if after.hold_until != step.before.hold_until and after.hold_until is not None:
            assert _timer(step) == after.hold_until


def _timer(step: Step) -> datetime | None:
    return next((timer.due for timer in step.decision.timers), None)


def test_the_deadline_ends_whatever_waits(steps: list[Step]) -> None:
    """P6: after the deadline, `HoldDue` leaves nothing waiting for a traveller."""
    hanging = [
        step
        for step in steps
        if type(step.message).__name__ == "HoldDue"
        and step.before.hold_until is not None
        and step.terms.now >= step.before.hold_until
        and step.decision.booking.state not in {*OVER, BookingState.CONFIRMING}
    ]
    assert hanging == []


def _asks(step: Step, kind: type[BookingMessage]) -> bool:
    return any(isinstance(message, kind) for message in step.decision.messages)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_same_holds_for_two_items_of_two_suppliers() -> None:
    steps = explore(TWO_ITEMS)

    test_what_is_not_an_advance_changes_nothing(steps)
    test_the_table_says_where_each_message_leads(steps)
    test_nothing_leads_out_of_a_final_state(steps)
    test_the_same_message_again_has_no_second_effect(steps)
    test_a_booking_that_is_over_keeps_nothing(steps)
    test_a_confirmed_booking_is_ticketed_and_paid_for_once_at_the_agreed_price(steps)
    test_one_payment_at_a_time_pays_for_a_booking(steps)
    test_nothing_is_ticketed_before_it_is_paid_for(steps)
    test_whatever_is_given_up_is_asked_back(steps)
    test_money_that_was_captured_is_kept_or_goes_back(steps)
    test_whoever_waits_has_a_deadline_and_a_timer(steps)
    test_the_deadline_ends_whatever_waits(steps)
