"""From price to last refund in every currency: no unit is lost, none is made, and the books come to nothing.

https://github.com/cartalyst/stripe/issues/59, https://github.com/medusajs/medusa/issues/14818,
https://github.com/Qloapps/QloApps/pull/756.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.domain import ledger
from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.facts import (
    BalanceDue,
    BookingCancelled,
    BookingMessage,
    CapturePayment,
    GiveBack,
    ItemTicketed,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentRefunded,
    RefundPayment,
)
from bookingd.domain.booking.plans import Schedule
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.ids import PaymentId, RecordLocator
from bookingd.domain.ledger import CUSTOMERS, Entry, Movement
from bookingd.domain.money import EXPONENTS, Money, total
from tests import factories
from tests.domain.booking.exploration import EARLY, confirmed, held, pay

JOURNAL = UUID(int=1)
FIRST, SECOND = factories.payment_id(1), factories.payment_id(2)


@st.composite
def bookings(draw: st.DrawFn) -> Booking:
    """One or two items, each at a price of its own, in any currency."""
    currency = draw(st.sampled_from(sorted(EXPONENTS)))
    totals = draw(st.lists(st.integers(3_000, 10**9), min_size=1, max_size=2))
    items = []
    for number, amount in enumerate(totals, start=1):
        item = factories.item(number)
        price = factories.price(Money(amount, currency))
        items.append(replace(item, offer=replace(item.offer, price=price)))
    return factories.booking(items=tuple(items))


@settings(max_examples=150, deadline=None)
@given(booking=bookings(), cuts=st.lists(st.fractions(min_value=0, max_value=1), max_size=5))
def test_what_was_paid_goes_back_in_parts_to_the_last_unit(
    booking: Booking, cuts: Sequence[Fraction]
) -> None:
    done = confirmed(booking)
    parts = [part for part in _parts(done.total, cuts) if part]
    asked: list[BookingMessage] = []
    for number, part in enumerate(parts, start=1):
        back = GiveBack(booking_id=done.id, payment_id=FIRST, round=number, amount=part, reason="goodwill")
        decision = decide(done, back, EARLY)
        refunded = PaymentRefunded(booking_id=done.id, payment_id=FIRST, round=number, amount=part)
        done, asked = decide(decision.booking, refunded, EARLY).booking, [*asked, *decision.messages]
    more = GiveBack(booking_id=done.id, payment_id=FIRST, round=99, amount=parts[0], reason="goodwill")

    amounts = [one.amount for one in asked if isinstance(one, RefundPayment)]
    assert total(amounts, done.currency) == done.total
    assert not done.in_hand
    assert decide(done, more, EARLY).messages == ()
    paid = _entry(ledger.captured, FIRST, done.total)
    given = [_entry(ledger.refunded, FIRST, amount) for amount in amounts]
    assert not any(_balances([paid, *given]).values())


@settings(max_examples=150, deadline=None)
@given(booking=bookings())
def test_deposit_and_balance_are_the_price_and_what_is_earned(booking: Booking) -> None:
    deposited = confirmed(booking, schedule=Schedule.DEPOSIT)
    decision = decide(deposited, pay(booking, 2), EARLY)
    asked = deposited.payable
    captured = PaymentCaptured(booking_id=booking.id, payment_id=SECOND, amount=asked)
    paid = decide(decision.booking, captured, EARLY).booking
    deposit = paid.payments[0].taken

    assert deposit + asked == booking.total == paid.captured
    assert paid.paid
    entries = [_entry(ledger.captured, FIRST, deposit), _entry(ledger.captured, SECOND, asked)]
    balances = _balances([*entries, *ledger.sale(paid, journal=JOURNAL)])
    assert balances[CUSTOMERS] == 0
    assert sum(balances.values()) == 0
    assert balances["gateway:fake"] == booking.total.amount


@settings(max_examples=100, deadline=None)
@given(booking=bookings(), keeps=st.booleans(), part=st.fractions(min_value=0, max_value=1))
def test_what_a_cancellation_keeps_and_gives_back_is_what_was_taken(
    booking: Booking, keeps: bool, part: Fraction
) -> None:
    """In the booking's own currency, also after staff have given a part of it back."""
    terms = replace(EARLY, plans=replace(EARLY.plans, keeps_deposit=keeps))
    deposited = confirmed(booking, schedule=Schedule.DEPOSIT, terms=terms)
    deposit, before = deposited.captured, Money(int(deposited.captured.amount * part), booking.currency)
    back = GiveBack(booking_id=booking.id, payment_id=FIRST, round=1, amount=before, reason="goodwill")
    deposited = decide(deposited, back, terms).booking
    assert deposited.balance_by is not None
    due = BalanceDue(booking_id=booking.id, deadline=deposited.balance_by)
    ended = decide(deposited, due, replace(terms, now=deposited.balance_by))

    [told] = [one for one in ended.messages if isinstance(one, BookingCancelled)]
    assert told.kept + told.paid_back + before == deposit
    assert told.kept == (deposit - before if keeps else Money.zero(booking.currency))
    assert {told.kept.currency, told.paid_back.currency} == {booking.currency}
    entries = [_entry(ledger.captured, FIRST, deposit)]
    entries += [_entry(ledger.refunded, FIRST, one) for one in (before, told.paid_back) if one]
    entries += ledger.sale(deposited, journal=JOURNAL)
    balances = _balances([*entries, *ledger.cancellation(ended.booking, journal=JOURNAL)])
    left = {account: amount for account, amount in balances.items() if amount}
    kept = {"gateway:fake": told.kept.amount, "revenue:cancellation": -told.kept.amount}
    assert left == (kept if told.kept else {})


@settings(max_examples=100, deadline=None)
@given(booking=bookings(), part=st.fractions(min_value=0, max_value=1))
def test_two_payments_are_captured_for_the_price_together(booking: Booking, part: float) -> None:
    """Staff received a part; the card takes what is left, whatever else it could."""
    received = Money(max(1, int(booking.total.amount * part) - 1), booking.currency)
    staff = replace(pay(booking, 1), received=received)
    waiting = decide(held(booking), staff, EARLY).booking
    came = PaymentCaptured(booking_id=booking.id, payment_id=FIRST, amount=received)
    waiting = decide(waiting, came, EARLY).booking
    moved = decide(waiting, pay(booking, 2), EARLY).booking
    told, moved = _ticketed(moved)

    [take] = [one for one in told if isinstance(one, CapturePayment)]
    assert take.amount + received == booking.total
    done = PaymentCaptured(booking_id=booking.id, payment_id=SECOND, amount=take.amount)
    assert decide(moved, done, EARLY).booking.state is BookingState.CONFIRMED


def _ticketed(booking: Booking) -> tuple[Sequence[BookingMessage], Booking]:
    """What is asked for when the second payment is authorised and all items are ticketed."""
    decision = decide(booking, PaymentAuthorised(booking_id=booking.id, payment_id=SECOND), EARLY)
    for item in booking.items:
        ticketed = ItemTicketed(
            booking_id=booking.id, item_id=item.id, locator=RecordLocator("ABC234"), tickets=("990-1",)
        )
        decision = decide(decision.booking, ticketed, EARLY)
    return decision.messages, decision.booking


def _parts(whole: Money, cuts: Sequence[Fraction]) -> Iterator[Money]:
    places = sorted({0, whole.amount, *(int(whole.amount * cut) for cut in cuts)})
    for start, end in pairwise(places):
        yield Money(end - start, whole.currency)


def _entry(movement: Movement, payment_id: PaymentId, amount: Money) -> Entry:
    return movement(
        journal=JOURNAL,
        booking_id=factories.booking_id(),
        payment_id=payment_id,
        gateway="fake",
        amount=amount,
    )


def _balances(entries: Sequence[Entry]) -> Counter[str]:
    balances: Counter[str] = Counter()
    for entry in entries:
        balances[entry.debit] += entry.amount.amount
        balances[entry.credit] -= entry.amount.amount
    return balances
