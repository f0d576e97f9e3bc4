"""Several payments, refunds by rounds, disputes, authorisations that lapse: the stories, one by one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Decision, Terms, Verdict
from bookingd.domain.booking.facts import (
    AuthorisationDue,
    AuthorisationRenewed,
    AuthorisePayment,
    BookingConfirmed,
    BookingMessage,
    CapturePayment,
    DisputeClosed,
    ExtendHold,
    GiveBack,
    HoldDue,
    ItemRefused,
    ItemTicketed,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDisputed,
    PaymentInReview,
    PaymentRefunded,
    ReauthorisationRefused,
    ReauthorisePayment,
    RefundFailed,
    RefundPayment,
    TicketItem,
    VoidPayment,
)
from bookingd.domain.booking.state import Booking, BookingState, PaymentState, RefundState
from bookingd.domain.ids import PaymentId, RecordLocator
from bookingd.domain.money import Money
from bookingd.messages import codec
from tests import factories
from tests.domain.booking.exploration import confirmed, held, pay
from tests.fakes.sources import START

BOOKING = factories.booking()
OF = BOOKING.id
FIRST, SECOND, THIRD = (factories.payment_id(number) for number in (1, 2, 3))
TERMS = replace(factories.terms(), patience={"transfer": timedelta(days=3)})
HELD, CONFIRMED = held(BOOKING), confirmed(BOOKING)
TICKETED = ItemTicketed(
    booking_id=OF, item_id=BOOKING.items[0].id, locator=RecordLocator("ABC234"), tickets=("990-1",)
)


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


def received(number: int, cents: int) -> BookingMessage:
    return replace(pay(BOOKING, number), gateway="cash", received=eur(cents))


def captured(payment: PaymentId, cents: int) -> PaymentCaptured:
    return PaymentCaptured(booking_id=OF, payment_id=payment, amount=eur(cents))


def back(round_: int, cents: int, payment: PaymentId = FIRST) -> GiveBack:
    return GiveBack(booking_id=OF, payment_id=payment, round=round_, amount=eur(cents), reason="goodwill")


def after(start: Booking, *messages: BookingMessage, terms: Terms = TERMS) -> Decision:
    """The last decision after these messages, all of which must advance."""
    decision = Decision(booking=start)
    for message in messages:
        decision = decide(decision.booking, message, terms)
        assert decision.verdict is Verdict.ADVANCED, message
    return decision


def sent(decision: Decision, kind: type[BookingMessage]) -> list[object]:
    """Amounts, or what else there is, of the messages of that kind."""
    return [getattr(one, "amount", one) for one in decision.messages if isinstance(one, kind)]


def test_a_transfer_in_two_parts_pays_for_a_booking() -> None:
    transfer = replace(pay(BOOKING, 1), gateway="transfer")
    waits = PaymentActionRequired(booking_id=OF, payment_id=FIRST, action_url="")
    half = after(HELD, transfer, waits, captured(FIRST, 4_000))
    whole = after(half.booking, captured(FIRST, 10_000))

    assert (half.booking.state, half.booking.payable) == (BookingState.AWAITING_PAYMENT, eur(6_000))
    assert whole.booking.state is BookingState.CONFIRMING
    assert sent(after(whole.booking, TICKETED), BookingConfirmed)
    assert sent(after(whole.booking, TICKETED), CapturePayment) == []


def test_what_a_transfer_brings_too_much_goes_back() -> None:
    transfer = replace(pay(BOOKING, 1), gateway="transfer")
    paid = after(HELD, transfer, captured(FIRST, 12_000))

    assert sent(paid, RefundPayment) == [eur(2_000)]
    assert (paid.booking.captured, paid.booking.state) == (eur(10_000), BookingState.CONFIRMING)


def test_a_chosen_transfer_prolongs_the_hold_once() -> None:
    first = after(HELD, replace(pay(BOOKING, 1), gateway="transfer"))
    waits = PaymentActionRequired(booking_id=OF, payment_id=FIRST, action_url="")
    later = replace(TERMS, now=START + timedelta(days=1))
    again = after(
        after(first.booking, waits).booking, replace(pay(BOOKING, 2), gateway="transfer"), terms=later
    )

    assert first.booking.hold_until == START + timedelta(days=3)
    assert [timer.message for timer in first.timers] == [
        HoldDue(booking_id=OF, deadline=START + timedelta(days=3))
    ]
    assert sent(first, ExtendHold)
    assert again.booking.hold_until == first.booking.hold_until


def test_cash_and_a_card_share_what_is_due() -> None:
    partly = after(HELD, received(1, 3_000), captured(FIRST, 3_000))
    asked = after(partly.booking, pay(BOOKING, 2))
    authorised = after(asked.booking, PaymentAuthorised(booking_id=OF, payment_id=SECOND), TICKETED)
    paid = after(authorised.booking, captured(SECOND, 7_000))

    assert sent(asked, AuthorisePayment) == sent(authorised, CapturePayment) == [eur(7_000)]
    assert (paid.booking.state, paid.booking.captured) == (BookingState.CONFIRMED, eur(10_000))


def test_of_a_card_only_what_is_still_owed_is_taken() -> None:
    """The transfer came while the card was being asked for all of it."""
    both = after(HELD, pay(BOOKING, 1), received(2, 4_000), captured(SECOND, 4_000))
    authorised = after(both.booking, PaymentAuthorised(booking_id=OF, payment_id=FIRST), TICKETED)

    assert sent(authorised, CapturePayment) == [eur(6_000)]
    assert after(authorised.booking, captured(FIRST, 6_000)).booking.captured == eur(10_000)


def test_money_that_staff_received_is_not_refused_by_a_deadline() -> None:
    """https://github.com/HiEventsDev/Hi.Events/issues/513"""
    late = replace(TERMS, now=START + TERMS.hold)
    over = after(HELD, received(1, 10_000), terms=late)
    back_again = after(over.booking, captured(FIRST, 10_000), terms=late)

    assert over.booking.state is BookingState.EXPIRED
    assert sent(over, AuthorisePayment) == sent(back_again, RefundPayment) == [eur(10_000)]


@pytest.mark.parametrize("amount", [Money(0, "EUR"), Money(-5, "EUR"), Money(10_000, "USD")])
def test_what_is_no_amount_of_this_booking_is_refused(amount: Money) -> None:
    refused = after(HELD, replace(pay(BOOKING, 1), received=amount))

    assert [getattr(one, "reason", None) for one in refused.messages] == ["wrong_amount"]
    assert refused.booking.in_hand == eur(0)


def test_while_the_gateway_looks_at_the_risk_nothing_is_confirmed() -> None:
    review = after(HELD, pay(BOOKING, 1), PaymentInReview(booking_id=OF, payment_id=FIRST))
    approved = after(review.booking, PaymentAuthorised(booking_id=OF, payment_id=FIRST))
    late = replace(TERMS, now=START + timedelta(hours=1))
    over = after(review.booking, HoldDue(booking_id=OF, deadline=review.booking.deadline), terms=late)

    assert (review.booking.state, review.booking.in_hand) == (BookingState.AWAITING_PAYMENT, eur(0))
    assert sent(approved, TicketItem)
    assert sent(over, VoidPayment)


def test_an_authorisation_is_renewed_before_it_lapses() -> None:
    until = START + timedelta(days=3)
    held_for_us = after(
        HELD, pay(BOOKING, 1), PaymentAuthorised(booking_id=OF, payment_id=FIRST, until=until)
    )
    [timer] = held_for_us.timers
    asked = after(held_for_us.booking, timer.message)
    longer = AuthorisationRenewed(booking_id=OF, payment_id=FIRST, until=until + timedelta(days=3))
    renewed = after(asked.booking, longer)

    assert (timer.due, type(timer.message)) == (until - TERMS.renewal, AuthorisationDue)
    assert sent(asked, ReauthorisePayment) == [eur(10_000)]
    assert [timer.due for timer in renewed.timers] == [until + timedelta(days=3) - TERMS.renewal]
    assert decide(renewed.booking, timer.message, TERMS).verdict is Verdict.IGNORED
    assert decide(renewed.booking, longer, TERMS).verdict is Verdict.IGNORED


def test_what_cannot_be_renewed_is_taken_early_and_given_back_if_nothing_comes_of_it() -> None:
    """P2."""
    until = START + timedelta(days=3)
    refused = after(
        HELD,
        pay(BOOKING, 1),
        PaymentAuthorised(booking_id=OF, payment_id=FIRST, until=until),
        AuthorisationDue(booking_id=OF, payment_id=FIRST, until=until),
        ReauthorisationRefused(booking_id=OF, payment_id=FIRST, reason="not_supported"),
    )
    taken = after(refused.booking, captured(FIRST, 10_000))
    item = BOOKING.items[0].id
    failed = after(taken.booking, ItemRefused(booking_id=OF, item_id=item, reason="hold_lost"))

    assert sent(refused, CapturePayment) == sent(failed, RefundPayment) == [eur(10_000)]
    assert after(taken.booking, TICKETED).booking.state is BookingState.CONFIRMED


def test_refunds_are_per_payment_and_leave_the_booking() -> None:
    """https://github.com/pretix/pretix/issues/343 and /issues/2598"""
    once = after(CONFIRMED, back(1, 3_000))
    twice = after(once.booking, PaymentRefunded(booking_id=OF, payment_id=FIRST), back(2, 7_000))
    done = after(twice.booking, PaymentRefunded(booking_id=OF, payment_id=FIRST, round=2))

    assert [(payment.state, payment.refundable) for payment in once.booking.payments] == [
        (PaymentState.CAPTURED, eur(7_000))
    ]
    assert [message.round for message in twice.messages if isinstance(message, RefundPayment)] == [2]
    assert [payment.state for payment in twice.booking.payments] == [PaymentState.REFUNDING]
    assert [payment.state for payment in done.booking.payments] == [PaymentState.REFUNDED]
    assert done.booking.state is BookingState.CONFIRMED


@pytest.mark.parametrize(
    "wrong",
    [
        back(1, 10_001),
        back(1, 0),
        back(1, -1),
        back(1, 5, SECOND),
        replace(back(1, 1), amount=Money(1, "USD")),
    ],
)
def test_what_cannot_be_given_back_changes_nothing(wrong: GiveBack) -> None:
    assert decide(CONFIRMED, wrong, TERMS).verdict is Verdict.IGNORED


def test_a_refund_by_rule_takes_no_round_from_one_that_staff_have_asked_for() -> None:
    """P2, P4: both were promised, and the one by rule came in between."""
    more = PaymentCaptured(booking_id=OF, payment_id=FIRST, amount=CONFIRMED.total + eur(700))
    by_rule = after(CONFIRMED, more)
    both = after(by_rule.booking, back(1, 2_500))

    rounds = [one for step in (by_rule, both) for one in step.messages if isinstance(one, RefundPayment)]
    assert [(one.round, one.amount) for one in rounds] == [(1, eur(700)), (2, eur(2_500))]
    assert decide(both.booking, back(1, 2_500), TERMS).verdict is Verdict.IGNORED


def test_the_same_round_is_the_same_refund() -> None:
    once = after(CONFIRMED, back(1, 3_000)).booking

    assert decide(once, back(1, 4_000), TERMS).verdict is Verdict.IGNORED
    assert decide(once, back(2, 7_001), TERMS).verdict is Verdict.IGNORED


def test_news_of_refunds_and_disputes_come_to_the_same_in_any_order() -> None:
    asked = after(CONFIRMED, back(1, 3_000), back(2, 2_000)).booking
    news = (
        PaymentRefunded(booking_id=OF, payment_id=FIRST, round=1, amount=eur(3_000)),
        RefundFailed(booking_id=OF, payment_id=FIRST, round=1, amount=eur(3_000), reason="closed"),
        PaymentRefunded(booking_id=OF, payment_id=FIRST, round=1, amount=eur(3_000), settled=True),
        PaymentRefunded(booking_id=OF, payment_id=FIRST, round=2, amount=eur(2_000)),
        PaymentDisputed(booking_id=OF, payment_id=FIRST, dispute="dp", amount=eur(500), reason="fraudulent"),
        DisputeClosed(booking_id=OF, payment_id=FIRST, dispute="dp", won=True),
    )

    ends = {_all_of(asked, order + order[:3]) for order in permutations(news)}

    assert len(ends) == 1
    [end] = ends
    assert [one.state for one in end.payments[0].refunds] == [RefundState.SETTLED, RefundState.DONE]
    assert end.payments[0].disputes[0].won
    assert end.captured == eur(5_000)


def _all_of(booking: Booking, messages: Sequence[BookingMessage]) -> Booking:
    for message in messages:
        booking = decide(booking, message, TERMS).booking
    return replace(booking, sequence=0)


def test_what_failed_at_the_gateway_is_not_ours_again() -> None:
    """P2: it is paid in another way, and cannot be given back a second time."""
    failed = RefundFailed(booking_id=OF, payment_id=FIRST, round=1, amount=eur(10_000), reason="closed")
    owed = after(CONFIRMED, back(1, 10_000), failed).booking

    assert owed.in_hand == owed.captured == eur(0)
    assert decide(owed, back(2, 1), TERMS).verdict is Verdict.IGNORED


def test_late_money_for_a_booking_that_is_paid_goes_back() -> None:
    late = after(CONFIRMED, received(2, 2_500), captured(SECOND, 2_500))

    assert sent(late, RefundPayment) == [eur(2_500)]
    assert late.booking.captured == eur(10_000)


OLD_PAYMENT = {"id": str(FIRST), "gateway": "stripe", "amount": {"amount": 10_000, "currency": "EUR"}}


@pytest.mark.parametrize(
    ("state", "paid"), [("captured", 10_000), ("authorised", 0), ("refunding", 0), ("refunded", 0)]
)
def test_a_booking_of_an_older_release_is_read_as_it_was_meant(state: str, paid: int) -> None:
    """Without a plan, without lists of refunds, without amounts of what was taken."""
    told = msgspec.json.decode(codec.encode(HELD))
    old = {name: told[name] for name in ("id", "reference", "owner", "items", "state", "hold_until")}
    old["payments"] = [OLD_PAYMENT | {"state": state}]

    booking = codec.decode(msgspec.json.encode(old), Booking)

    assert (booking.captured.amount, booking.due_now, booking.owed) == (paid, eur(10_000), eur(10_000))
    assert booking.payable == eur(0 if state in {"captured", "authorised"} else 10_000)
    known = decide(booking, PaymentCaptured(booking_id=OF, payment_id=FIRST), TERMS)
    assert sent(known, RefundPayment) == []
    if state == "refunding":
        done = after(booking, PaymentRefunded(booking_id=OF, payment_id=FIRST)).booking
        assert done.payments[0].state is PaymentState.REFUNDED
