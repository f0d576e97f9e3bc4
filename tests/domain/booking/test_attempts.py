"""Several attempts to pay: each is judged by itself."""

from dataclasses import replace

import pytest

from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Decision, Verdict
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BookingConfirmed,
    BookingMessage,
    CapturePayment,
    CaptureRefused,
    ExtendHold,
    ItemHeld,
    ItemTicketed,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentFailed,
    PaymentNeeded,
    PaymentVoided,
    PlaceBooking,
    RefundPayment,
    ReleaseItem,
    StartPayment,
    TicketItem,
    VoidPayment,
)
from bookingd.domain.booking.state import Booking, BookingState, ItemState, PaymentState
from bookingd.domain.ids import RecordLocator
from tests import factories
from tests.fakes.sources import START

BOOKING = factories.booking()
OF, ITEM = BOOKING.id, BOOKING.items[0]
FIRST, SECOND = factories.payment_id(1), factories.payment_id(2)
TERMS = factories.terms()
AFTER_ALL = replace(TERMS, now=START + TERMS.hold + TERMS.payment_extension + TERMS.repayment)

TICKETED = ItemTicketed(
    booking_id=OF, item_id=ITEM.id, locator=RecordLocator("ABC234"), tickets=("990-1000000000",)
)


def pay(number: int) -> StartPayment:
    return StartPayment(
        booking_id=OF,
        payment_id=factories.payment_id(number),
        gateway="fake",
        payment_method="pm",
        return_url="https://example.org",
    )


def after(*messages: BookingMessage, start: Booking = BOOKING) -> Decision:
    """The last decision after these messages, all of which must advance."""
    decision = Decision(booking=start)
    for message in messages:
        decision = decide(decision.booking, message, TERMS)
        assert decision.verdict is Verdict.ADVANCED, message
    return decision


WAITS_FOR_PAYER = PaymentActionRequired(booking_id=OF, payment_id=FIRST, action_url="https://bank.example")
HELD = after(PlaceBooking(booking_id=OF), ItemHeld(booking_id=OF, item_id=ITEM.id, offer=ITEM.offer)).booking
SECOND_AUTHORISED = after(
    pay(1), WAITS_FOR_PAYER, pay(2), PaymentAuthorised(booking_id=OF, payment_id=SECOND), start=HELD
).booking
CAPTURING = after(TICKETED, start=SECOND_AUTHORISED).booking
CONFIRMED = after(PaymentCaptured(booking_id=OF, payment_id=SECOND), start=CAPTURING).booking


def sent(decision: Decision) -> list[type[BookingMessage]]:
    return [type(message) for message in decision.messages]


@pytest.mark.parametrize("standing", [SECOND_AUTHORISED, CAPTURING, CONFIRMED], ids=lambda one: one.state)
@pytest.mark.parametrize(
    "late",
    [
        PaymentFailed(booking_id=OF, payment_id=FIRST, reason="generic_decline"),
        PaymentVoided(booking_id=OF, payment_id=FIRST),
        CaptureRefused(booking_id=OF, payment_id=FIRST, reason="expired"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_late_failure_of_the_first_attempt_never_touches_the_second(
    standing: Booking, late: BookingMessage
) -> None:
    """https://github.com/202-ecommerce/stripe_official/issues/78"""
    decision = decide(standing, late, TERMS)

    assert decision.booking.state is standing.state
    assert decision.booking.payment(SECOND) == standing.payment(SECOND)
    assert decision.booking.items == standing.items
    assert decision.messages == ()


@pytest.mark.parametrize("standing", [SECOND_AUTHORISED, CAPTURING, CONFIRMED], ids=lambda one: one.state)
def test_a_late_failure_never_touches_a_success_of_the_same_attempt(standing: Booking) -> None:
    """The payer failed at the bank, tried again there, and the news came in the wrong order."""
    late = PaymentFailed(booking_id=OF, payment_id=SECOND, reason="generic_decline")

    assert decide(standing, late, TERMS).verdict is Verdict.IGNORED


def test_a_late_success_of_the_first_attempt_is_not_kept_beside_the_second() -> None:
    """It is being voided since the second began; what was captured all the same goes back."""
    authorised = decide(CONFIRMED, PaymentAuthorised(booking_id=OF, payment_id=FIRST), TERMS)
    captured = decide(CONFIRMED, PaymentCaptured(booking_id=OF, payment_id=FIRST), TERMS)

    assert authorised.verdict is Verdict.IGNORED
    assert sent(captured) == [RefundPayment]
    assert captured.booking.state is BookingState.CONFIRMED


def test_a_new_attempt_abandons_the_one_that_waits_for_its_payer() -> None:
    decision = after(pay(1), WAITS_FOR_PAYER, pay(2), start=HELD)

    assert sent(decision) == [VoidPayment, AuthorisePayment]


def test_while_the_gateway_has_not_answered_no_other_attempt_is_made() -> None:
    """Eight at once would all be authorised, and seven voids leave the card blocked for days."""
    asked = after(pay(1), start=HELD).booking

    decisions = [decide(asked, pay(number), TERMS) for number in range(2, 9)]

    for number, decision in enumerate(decisions, 2):
        refused = decision.booking.payment(factories.payment_id(number))
        assert refused is not None
        assert refused.state is PaymentState.FAILED
        assert sent(decision) == [PaymentDeclined]
        assert [getattr(message, "reason", "") for message in decision.messages] == [
            "another_payment_under_way"
        ]
        assert decision.booking.payment(FIRST) == asked.payment(FIRST)
        assert decision.booking.hold_until == asked.hold_until


def test_an_attempt_that_was_declined_makes_room_for_the_next() -> None:
    declined = PaymentFailed(booking_id=OF, payment_id=FIRST, reason="generic_decline")

    assert sent(after(pay(1), declined, pay(2), start=HELD)) == [AuthorisePayment]


def test_starting_to_pay_prolongs_the_hold_once() -> None:
    """https://github.com/big-neon/bn-api/issues/342"""
    late = replace(TERMS, now=START + TERMS.hold * 0.9)
    first = decide(HELD, pay(1), late)
    later = replace(TERMS, now=START + TERMS.hold)
    second = decide(decide(first.booking, WAITS_FOR_PAYER, late).booking, pay(2), later)

    assert sent(first) == [AuthorisePayment, ExtendHold]
    assert [timer.due for timer in first.timers] == [late.now + TERMS.payment_extension]
    assert sent(second) == [VoidPayment, AuthorisePayment]
    assert second.booking.hold_until == first.booking.hold_until


def test_whoever_pays_after_the_deadline_is_told_so_and_not_charged() -> None:
    late = replace(TERMS, now=START + TERMS.hold)

    decision = decide(HELD, pay(1), late)

    assert decision.booking.state is BookingState.EXPIRED
    assert [payment.state for payment in decision.booking.payments] == [PaymentState.FAILED]
    assert AuthorisePayment not in sent(decision)
    assert {PaymentDeclined, ReleaseItem} <= set(sent(decision))


def test_money_authorised_after_the_deadline_is_let_go() -> None:
    """https://github.com/liedekef/events-made-easy/issues/496"""
    waiting = after(pay(1), start=HELD).booking

    decision = decide(waiting, PaymentAuthorised(booking_id=OF, payment_id=FIRST), AFTER_ALL)

    assert decision.booking.state is BookingState.EXPIRED
    assert {ReleaseItem, VoidPayment} <= set(sent(decision))


def test_a_payment_that_is_voided_elsewhere_is_told_as_declined() -> None:
    waiting = after(pay(1), start=HELD).booking

    decision = decide(waiting, PaymentVoided(booking_id=OF, payment_id=FIRST), TERMS)

    assert [getattr(message, "reason", None) for message in decision.messages] == ["payment_lost"]
    assert decision.booking.state is BookingState.AWAITING_PAYMENT


@pytest.mark.parametrize(
    "lost",
    [
        PaymentVoided(booking_id=OF, payment_id=SECOND),
        CaptureRefused(booking_id=OF, payment_id=SECOND, reason="expired"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_ticketed_booking_whose_money_is_lost_waits_for_another_payment(lost: BookingMessage) -> None:
    needed = after(lost, start=CAPTURING)
    third = factories.payment_id(3)
    paid = after(
        pay(3),
        PaymentAuthorised(booking_id=OF, payment_id=third),
        PaymentCaptured(booking_id=OF, payment_id=third),
        start=needed.booking,
    )

    assert needed.booking.state is BookingState.AWAITING_PAYMENT
    asked = [message.until for message in needed.messages if isinstance(message, PaymentNeeded)]
    assert asked == [START + TERMS.repayment]
    assert sent(paid) == [BookingConfirmed]


def test_what_a_refused_capture_may_still_hold_is_let_go() -> None:
    refused = CaptureRefused(booking_id=OF, payment_id=SECOND, reason="expired")

    assert sent(after(refused, start=CAPTURING)) == [VoidPayment, PaymentNeeded]


def test_irrevocable_items_are_ticketed_last() -> None:
    """While the irrevocable one is not asked for, the other can still be undone for nothing."""
    irrevocable = factories.item(1, supplier="north", state=ItemState.HELD)
    free = factories.item(2, supplier="south", state=ItemState.HELD, cancel_fee=0)
    waiting = factories.booking(
        items=(irrevocable, free),
        payments=(factories.payment(1, amount=factories.TOTAL * 2),),
        state=BookingState.AWAITING_PAYMENT,
        hold_until=START + TERMS.hold,
    )

    first = decide(waiting, PaymentAuthorised(booking_id=OF, payment_id=FIRST), TERMS)
    second = decide(first.booking, replace(TICKETED, item_id=free.id), TERMS)
    last = decide(second.booking, replace(TICKETED, item_id=irrevocable.id), TERMS)

    asked = [
        getattr(message, "item_id", type(message))
        for decision in (first, second, last)
        for message in decision.messages
    ]
    assert asked == [free.id, irrevocable.id, CapturePayment]
    assert sent(first) == sent(second) == [TicketItem]


def test_a_ticket_that_comes_after_its_release_is_given_back_again() -> None:
    """As another effect than the first release, which was done before there was a ticket."""
    paid = after(pay(1), PaymentAuthorised(booking_id=OF, payment_id=FIRST), start=HELD).booking
    lost = after(PaymentVoided(booking_id=OF, payment_id=FIRST), start=paid)
    late = after(TICKETED, start=lost.booking)

    rounds = [
        message.round
        for decision in (lost, late)
        for message in decision.messages
        if isinstance(message, ReleaseItem)
    ]
    assert rounds == [1, 2]
