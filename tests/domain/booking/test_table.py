"""The lifecycle's table against every message in every booking that can come to be."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from bookingd.domain.booking.decide import TABLE, decide
from bookingd.domain.booking.decision import Verdict
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BalanceDue,
    BookingMessage,
    CapturePayment,
    HoldDue,
    ItemHeld,
    ItemTicketed,
    RefundPayment,
    ReleaseItem,
    TicketItem,
    VoidPayment,
)
from bookingd.domain.booking.plans import Schedule
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
from bookingd.domain.money import Money, total
from tests import factories
from tests.domain.booking import exploration
from tests.domain.booking.exploration import EARLY, Step, advances, explore

ONE_ITEM = factories.booking(items=(factories.item(1, supplier="north"),))
TWO_ITEMS = factories.booking(
    items=(factories.item(1, supplier="north"), factories.item(2, supplier="south", cancel_fee=0))
)


THERE = replace(
    factories.item(1, supplier="north"),
    offer=replace(factories.offer(supplier="north"), price=factories.price_at_property()),
)
"""What is paid for at the property, and not to us."""

JOURNEYS = (
    (exploration.in_parts, exploration.held(ONE_ITEM)),
    (exploration.renewing, exploration.held(ONE_ITEM)),
    (exploration.with_deposit, exploration.held(ONE_ITEM)),
    (exploration.at_property, exploration.held(factories.booking(items=(THERE,)))),
    (exploration.refunding, exploration.confirmed(ONE_ITEM)),
    (exploration.paying_later, exploration.confirmed(ONE_ITEM, schedule=Schedule.DEPOSIT)),
    (exploration.charging_kept, exploration.confirmed(ONE_ITEM, schedule=Schedule.DEPOSIT)),
)


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """From the request on, and all of it paid at once."""
    return explore(ONE_ITEM)


@pytest.fixture(scope="module")
def journeys() -> dict[str, list[Step]]:
    """From where ways of paying differ."""
    return {alphabet.__name__: explore(start, alphabet) for alphabet, start in JOURNEYS}


@pytest.fixture(scope="module")
def every(steps: list[Step], journeys: dict[str, list[Step]]) -> list[Step]:
    """All of them."""
    return [*steps, *(step for journey in journeys.values() for step in journey)]


def test_every_message_has_an_answer_in_every_state(every: list[Step]) -> None:
    """Also in every combination of payments: an exception would end this."""
    samples = {type(step.message): step.message for step in every}
    bookings = {
        (step.before.state, tuple(payment.state for payment in step.before.payments)): step.before
        for step in every
    }
    met = set()
    for booking in bookings.values():
        for message in samples.values():
            decide(booking, message, EARLY)
            met.add((type(message), booking.state))

    assert met == {(message, state) for message in TABLE for state in BookingState}


def test_what_is_not_an_advance_changes_nothing(every: list[Step]) -> None:
    wrong = [
        step
        for step in every
        if step.decision.verdict is not Verdict.ADVANCED
        and (step.decision.booking is not step.before or step.decision.messages or step.decision.timers)
    ]
    assert wrong == []


def test_every_advance_adds_one_event_to_the_timeline(every: list[Step]) -> None:
    assert all(step.decision.booking.sequence == step.before.sequence + 1 for step in advances(every))


def test_the_table_says_where_each_message_leads(every: list[Step]) -> None:
    seen: dict[tuple[type[BookingMessage], BookingState], set[BookingState]] = defaultdict(set)
    for step in advances(every):
        if step.decision.booking.state is not step.before.state:
            seen[type(step.message), step.before.state].add(step.decision.booking.state)

    told = {
        (message, state): set(answer.leads_to)
        for message, row in TABLE.items()
        for state, answer in row.items()
        if answer.leads_to
    }
    assert told == seen


def test_nothing_leads_out_of_a_final_state_but_an_unpaid_balance(every: list[Step]) -> None:
    left = [
        step
        for step in every
        if step.before.state in FINAL
        and step.decision.booking.state != step.before.state
        and not _balance_unpaid(step)
    ]
    assert left == []


def _balance_unpaid(step: Step) -> bool:
    """The balance's date is over, and nothing can still pay it: the deadline itself, or the last answer."""
    before, after = step.before, step.decision.booking
    overdue = before.balance_by is not None and step.terms.now >= before.balance_by
    short = before.captured < before.owed
    return overdue and short and (after.state, after.reason) == (BookingState.CANCELLED, "unpaid_balance")


def test_the_same_message_again_has_no_second_effect(every: list[Step]) -> None:
    """But for a late hold or ticket: giving it back once more is harmless, keeping it is not."""
    twice = []
    for step in advances(every):
        again = decide(step.decision.booking, step.message, step.terms)
        late = step.decision.booking.state in OVER and isinstance(step.message, ItemHeld | ItemTicketed)
        if again.verdict is not Verdict.IGNORED and not late:
            twice.append(step)
    assert twice == []


def test_a_booking_that_is_over_keeps_nothing(every: list[Step]) -> None:
    """But what its plan says is kept of a cancelled one; what staff record later comes and goes back."""
    keeping = {
        step.decision.booking
        for step in every
        if step.decision.booking.state in OVER and not _is_empty(step.decision.booking)
    }
    assert keeping == set()


def _is_empty(booking: Booking) -> bool:
    kept = booking.kept or Money.zero(booking.currency)
    taking = {*OPEN_PAYMENTS, *IN_HAND} - {PaymentState.CAPTURED}
    attempts = [one for one in booking.payments if not (one.received and one.state is PaymentState.CREATED)]
    return (
        all(item.state is ItemState.RELEASED for item in booking.items)
        and all(payment.state not in taking for payment in attempts)
        and booking.captured <= kept
        and (bool(kept) or all(payment.state is not PaymentState.CAPTURED for payment in attempts))
        and (not kept or booking.reason == "unpaid_balance")
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


def test_nothing_is_ticketed_or_confirmed_before_what_is_due_is_in_hand(every: list[Step]) -> None:
    """P3. What is due is nothing only where all of it is paid at the property."""
    for step in advances(every):
        booking = step.decision.booking
        if _asks(step, TicketItem):
            assert booking.in_hand >= booking.due_now
            assert booking.due_now or booking.at_property == booking.total
        if booking.state is BookingState.CONFIRMED is not step.before.state:
            assert booking.captured >= booking.due_now
            assert booking.is_ticketed


def test_never_more_is_asked_for_or_kept_than_is_owed(every: list[Step]) -> None:
    """P8, P2: money in hand counts once; what cannot be used goes back in the same breath."""
    for step in advances(every):
        booking = step.decision.booking
        assert booking.captured <= booking.owed
        for message in step.decision.messages:
            if isinstance(message, AuthorisePayment) and not message.received:
                assert 0 < message.amount.amount <= (step.before.owed - step.before.in_hand).amount
            if isinstance(message, CapturePayment):
                capturing = [one for one in booking.payments if one.state is PaymentState.CAPTURING]
                taken = booking.captured + sum_of(one.in_hand for one in capturing)
                assert taken <= booking.owed


def test_no_payment_gives_back_more_than_it_took(every: list[Step]) -> None:
    for step in advances(every):
        for payment in step.decision.booking.payments:
            given = sum_of(refund.amount for refund in payment.refunds)
            rounds = [refund.round for refund in payment.refunds]
            assert given <= payment.taken
            assert len(rounds) == len(set(rounds))


def test_one_attempt_at_a_time_is_with_a_gateway(every: list[Step]) -> None:
    """What staff have received is no attempt."""
    waiting = {PaymentState.CREATED, PaymentState.REQUIRES_ACTION, PaymentState.IN_REVIEW}
    double = [
        step
        for step in every
        if sum(one.state in waiting and not one.received for one in step.decision.booking.payments) > 1
    ]
    assert double == []


def test_every_refund_is_asked_for_as_it_is_noted(every: list[Step]) -> None:
    """P2: a round appears in a booking only together with the message that asks for it, and once."""
    for step in advances(every):
        asked = {
            (message.payment_id, message.round): message.amount
            for message in step.decision.messages
            if isinstance(message, RefundPayment)
        }
        before = {(one.id, refund.round) for one in step.before.payments for refund in one.refunds}
        noted = {
            (one.id, refund.round): refund.amount
            for one in step.decision.booking.payments
            for refund in one.refunds
            if (one.id, refund.round) not in before
        }
        assert noted == asked


def test_an_open_balance_has_a_deadline_and_a_timer(every: list[Step]) -> None:
    """P6: it is set only together with the timer that looks again at that very moment."""
    for step in advances(every):
        after = step.decision.booking
        assert (after.balance_by is not None) == after.has_open_balance
        if after.balance_by is not None and after.balance_by != step.before.balance_by:
            due = [timer.due for timer in step.decision.timers if isinstance(timer.message, BalanceDue)]
            assert due == [after.balance_by]


def test_the_balances_deadline_waits_for_answers_alone(every: list[Step]) -> None:
    """P6: after it, a booking with an open balance has an answer under way that decides it."""
    waits = {PaymentState.AUTHORISED, PaymentState.CAPTURING}
    for step in every:
        after = step.decision.booking
        if isinstance(step.message, BalanceDue) and step.terms.now >= (after.balance_by or step.terms.now):
            assert not after.has_open_balance or any(
                one.state in waits or (one.received and one.state is PaymentState.CREATED)
                for one in after.payments
            )


def sum_of(amounts: Iterable[Money]) -> Money:
    return total(amounts, "EUR")


def test_nothing_is_ticketed_before_it_is_paid_for(steps: list[Step]) -> None:
    """P3, and its other half: nothing is captured before everything is ticketed."""
    for step in advances(steps):
        booking = step.decision.booking
        if _asks(step, TicketItem):
            assert any(payment.state in IN_HAND for payment in booking.payments)
        if _asks(step, CapturePayment):
            assert all(item.state is ItemState.CONFIRMED for item in booking.items)


def test_whatever_is_given_up_is_asked_back(every: list[Step]) -> None:
    """P2: a payment becomes `voiding` or `refunding`, an item `released`, only with the message for it."""
    for step in advances(every):
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


def test_money_that_was_captured_is_kept_or_goes_back(every: list[Step]) -> None:
    """P2: after `PaymentCaptured` of a known payment it is captured, or on its way back."""
    for step in every:
        name, known = type(step.message).__name__, getattr(step.message, "payment_id", None)
        payment = step.decision.booking.payment(known) if name == "PaymentCaptured" and known else None
        if payment is not None:
            assert payment.state in {PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED}


def test_whoever_waits_has_a_deadline_and_a_timer(every: list[Step]) -> None:
    """P6: a deadline is set only together with the timer that looks again at that very moment."""
    waits = {BookingState.PRICE_CHANGED, BookingState.AWAITING_PAYMENT}
    for step in advances(every):
        after = step.decision.booking
        assert after.hold_until is not None or after.state not in waits
        if after.hold_until != step.before.hold_until and after.hold_until is not None:
            assert _timer(step) == after.hold_until


def _timer(step: Step) -> datetime | None:
    timers = [timer for timer in step.decision.timers if isinstance(timer.message, HoldDue)]
    return next((timer.due for timer in timers), None)


def test_the_deadline_ends_whatever_waits(every: list[Step]) -> None:
    """P6: after the deadline, `HoldDue` leaves nothing waiting for a traveller."""
    hanging = [
        step
        for step in every
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
def test_the_same_holds_for_two_items_of_two_suppliers(every: list[Step]) -> None:
    steps = explore(TWO_ITEMS)

    test_what_is_not_an_advance_changes_nothing(steps)
    test_the_table_says_where_each_message_leads([*every, *steps])
    test_nothing_leads_out_of_a_final_state_but_an_unpaid_balance(steps)
    test_the_same_message_again_has_no_second_effect(steps)
    test_a_booking_that_is_over_keeps_nothing(steps)
    test_a_confirmed_booking_is_ticketed_and_paid_for_once_at_the_agreed_price(steps)
    test_one_payment_at_a_time_pays_for_a_booking(steps)
    test_nothing_is_ticketed_before_it_is_paid_for(steps)
    test_whatever_is_given_up_is_asked_back(steps)
    test_money_that_was_captured_is_kept_or_goes_back(steps)
    test_whoever_waits_has_a_deadline_and_a_timer(steps)
    test_the_deadline_ends_whatever_waits(steps)
    test_nothing_is_ticketed_or_confirmed_before_what_is_due_is_in_hand(steps)
    test_never_more_is_asked_for_or_kept_than_is_owed(steps)
    test_every_refund_is_asked_for_as_it_is_noted(steps)
