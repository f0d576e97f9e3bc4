"""Every booking that any sequence of messages can lead to, however absurd, and every step between them.

Nobody here keeps to the rules: suppliers and gateways say anything at any time, early or after the
deadline, about payments and items that are known or not. Sequence numbers are left out, so that the
bookings are finitely many.

All messages at once would lead to more bookings than anybody can look at. So there are several journeys, each
with the messages of one subject beside those that lead to it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from bookingd.domain.booking.confirming import charge_id
from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Decision, Terms, Verdict
from bookingd.domain.booking.facts import (
    AuthorisationDue,
    AuthorisationRenewed,
    BalanceDue,
    BalanceReminder,
    BookingMessage,
    CallOff,
    CaptureRefused,
    DisputeClosed,
    GiveBack,
    GiveConsent,
    HoldDue,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentInReview,
    PaymentRefunded,
    PaymentVoided,
    PlaceBooking,
    ReauthorisationRefused,
    RefundFailed,
    StartPayment,
)
from bookingd.domain.booking.plans import PlanTerms, Schedule
from bookingd.domain.booking.state import Booking, BookingState, Item, ItemState
from bookingd.domain.ids import PaymentId, RecordLocator
from bookingd.domain.money import Money
from tests import factories
from tests.fakes.sources import START

Alphabet = Callable[[Booking], Iterator[BookingMessage]]

DEPOSITS = PlanTerms(
    deposit=Fraction(1, 5),
    balance_before=timedelta(days=9),
    least_wait=timedelta(hours=1),
    reminders=(timedelta(hours=12), timedelta(hours=2)),
    charge_before=timedelta(hours=6),
    keeps_deposit=True,
)
"""The balance of a flight in ten days is due tomorrow: between EARLY and LATE."""

EARLY = replace(factories.terms(START), plans=DEPOSITS)
LATE = replace(EARLY, now=START + timedelta(days=2))

MOST_RELEASES = 1
"""How often an item is given back here; every further time is like the first."""

MOST_RENEWALS = 1
LONG, LONGER = START + timedelta(days=5), START + timedelta(days=9)
PART = Money(3_000, "EUR")


@dataclass(frozen=True, slots=True)
class Step:
    """One message put to one booking, and the answer."""

    before: Booking
    message: BookingMessage
    terms: Terms
    decision: Decision


def explore(start: Booking, alphabet: Alphabet | None = None) -> list[Step]:
    """All steps that can be reached from `start` with these messages."""
    seen, waiting, steps = {start}, deque([start]), []
    messages = list((alphabet or plain)(start))
    while waiting:
        before = waiting.popleft()
        for terms in (EARLY, LATE):
            for message in messages:
                decision = decide(before, message, terms)
                steps.append(Step(before, message, terms, decision))
                after = replace(decision.booking, sequence=0)
                if after not in seen and _is_near(after):
                    seen.add(after)
                    waiting.append(after)
    return steps


def _is_near(booking: Booking) -> bool:
    return (
        max(item.releases for item in booking.items) <= MOST_RELEASES
        and max((payment.renewals for payment in booking.payments), default=0) <= MOST_RENEWALS
        and max((payment.next_round for payment in booking.payments), default=0) <= 4
    )


def advances(steps: list[Step]) -> Iterator[Step]:
    return (step for step in steps if step.decision.verdict is Verdict.ADVANCED)


def held(start: Booking) -> Booking:
    """The booking when everything is held, and nothing paid."""
    for item in start.items:
        start = start.with_item(replace(item, state=ItemState.HELD))
    return replace(start, state=BookingState.AWAITING_PAYMENT, hold_until=START + EARLY.hold)


def confirmed(start: Booking, *, schedule: Schedule = Schedule.FULL, terms: Terms = EARLY) -> Booking:
    """The booking when it is ticketed and what is due now is paid."""
    paying = pay(start, 1, schedule=schedule, keep=True)
    moved = decide(held(start), paying, terms).booking
    moved = decide(moved, PaymentAuthorised(booking_id=start.id, payment_id=paying.payment_id), terms).booking
    for item in start.items:
        moved = decide(moved, _ticketed(start, item), terms).booking
    captured = PaymentCaptured(booking_id=start.id, payment_id=paying.payment_id)
    return replace(decide(moved, captured, terms).booking, sequence=0)


# Journeys


def plain(booking: Booking) -> Iterator[BookingMessage]:
    """From the request on, all of it paid at once."""
    of = booking.id
    yield PlaceBooking(booking_id=of)
    yield CallOff(booking_id=of)
    yield HoldDue(booking_id=of, deadline=START)
    yield GiveConsent(booking_id=of, total=booking.total)
    yield GiveConsent(booking_id=of, total=booking.total + Money(500, booking.currency))
    for item in (*booking.items, factories.item(99, supplier="nobody")):
        yield from _about_item(booking, item)
    for number in (1, 2):
        yield pay(booking, number)
    for number in (1, 2, 99):
        yield from _about_payment(booking, factories.payment_id(number))


def in_parts(booking: Booking) -> Iterator[BookingMessage]:
    """Held, and then paid by card, by transfer in parts, and with money that staff record."""
    of, first, second = booking.id, factories.payment_id(1), factories.payment_id(2)
    yield HoldDue(booking_id=of, deadline=START)
    yield from _tickets(booking)
    yield pay(booking, 1)
    yield replace(pay(booking, 2), received=PART)
    yield replace(pay(booking, 3), received=Money(1, "USD"))
    for payment, amounts in ((first, (None, PART * 4)), (second, (PART, PART * 2))):
        for amount in amounts:
            yield PaymentCaptured(booking_id=of, payment_id=payment, amount=amount)
    yield from _answers(booking, first)
    yield GiveBack(booking_id=of, payment_id=second, round=1, amount=PART, reason="goodwill")


def refunding(booking: Booking) -> Iterator[BookingMessage]:
    """Confirmed, and then given back in rounds, some of which fail; and disputed."""
    of, payment = booking.id, factories.payment_id(1)
    for round_, amount in ((1, PART), (2, booking.total - PART), (2, PART), (3, booking.total * 2)):
        yield GiveBack(booking_id=of, payment_id=payment, round=round_, amount=amount, reason="goodwill")
    for round_ in (1, 2, 9):
        yield PaymentRefunded(booking_id=of, payment_id=payment, round=round_, amount=PART)
        yield PaymentRefunded(booking_id=of, payment_id=payment, round=round_, amount=PART, settled=True)
        yield RefundFailed(
            booking_id=of, payment_id=payment, round=round_, amount=PART, reason="account_closed"
        )
    yield PaymentCaptured(booking_id=of, payment_id=payment)
    yield PaymentCaptured(booking_id=of, payment_id=payment, amount=booking.total * 2)
    yield PaymentDisputed(booking_id=of, payment_id=payment, dispute="dp", amount=PART, reason="fraudulent")
    yield DisputeClosed(booking_id=of, payment_id=payment, dispute="dp", won=False)
    yield DisputeClosed(booking_id=of, payment_id=factories.payment_id(99), dispute="dp", won=False)


def renewing(booking: Booking) -> Iterator[BookingMessage]:
    """Held and authorised, and the authorisation is about to lapse before all is ticketed."""
    of, payment = booking.id, factories.payment_id(1)
    yield HoldDue(booking_id=of, deadline=START)
    yield from _tickets(booking)
    yield pay(booking, 1)
    yield replace(pay(booking, 2), received=PART)
    yield PaymentCaptured(booking_id=of, payment_id=factories.payment_id(2), amount=PART)
    yield GiveBack(booking_id=of, payment_id=factories.payment_id(2), round=1, amount=PART, reason="goodwill")
    for until in (LONG, LONGER):
        yield AuthorisationDue(booking_id=of, payment_id=payment, until=until)
        yield AuthorisationRenewed(booking_id=of, payment_id=payment, until=until)
    yield AuthorisationRenewed(booking_id=of, payment_id=payment)
    yield ReauthorisationRefused(booking_id=of, payment_id=payment, reason="not_supported")
    yield PaymentAuthorised(booking_id=of, payment_id=payment, until=LONG)
    for amount in (None, PART):
        yield PaymentCaptured(booking_id=of, payment_id=payment, amount=amount)
    yield CaptureRefused(booking_id=of, payment_id=payment, reason="expired")
    yield PaymentVoided(booking_id=of, payment_id=payment)
    yield PaymentRefunded(booking_id=of, payment_id=payment)


def paying_later(booking: Booking) -> Iterator[BookingMessage]:
    """Confirmed with a deposit: the balance is asked for, paid, charged to a kept card, or due."""
    of, payment = booking.id, factories.payment_id(2)
    yield BalanceDue(booking_id=of, deadline=START)
    yield BalanceReminder(booking_id=of, deadline=START)
    yield BalanceReminder(booking_id=of, deadline=START, number=2)
    yield pay(booking, 2)
    yield replace(pay(booking, 3), received=PART)
    yield PaymentCaptured(booking_id=of, payment_id=factories.payment_id(3))
    yield from _answers(booking, payment)
    yield PaymentCaptured(booking_id=of, payment_id=payment)
    yield PaymentInReview(booking_id=of, payment_id=payment)


def charging_kept(booking: Booking) -> Iterator[BookingMessage]:
    """Confirmed with a deposit: the kept card is charged for the balance, whatever else is done."""
    of, payment = booking.id, charge_id(booking)
    deposit, part = factories.payment_id(1), Money(500, "EUR")
    yield BalanceDue(booking_id=of, deadline=START)
    yield BalanceReminder(booking_id=of, deadline=START, charge=True, payment_id=payment)
    yield BalanceReminder(booking_id=of, deadline=START, charge=True)
    yield GiveBack(booking_id=of, payment_id=deposit, round=1, amount=part, reason="goodwill")
    yield pay(booking, 2)
    yield from _answers(booking, payment)
    yield PaymentCaptured(booking_id=of, payment_id=payment)
    yield PaymentActionRequired(booking_id=of, payment_id=payment, action_url="")
    yield PaymentInReview(booking_id=of, payment_id=payment)


def with_deposit(booking: Booking) -> Iterator[BookingMessage]:
    """Held, and then paid for with a deposit, or with everything."""
    yield HoldDue(booking_id=booking.id, deadline=START)
    yield from _tickets(booking)
    for number in (1, 2):
        yield pay(booking, number, schedule=(Schedule.DEPOSIT, Schedule.FULL)[number - 1], keep=True)
        payment = factories.payment_id(number)
        yield from _answers(booking, payment)
        yield PaymentCaptured(booking_id=booking.id, payment_id=payment)
        yield PaymentInReview(booking_id=booking.id, payment_id=payment)


def at_property(booking: Booking) -> Iterator[BookingMessage]:
    """Held, and nothing of it is paid to us."""
    yield CallOff(booking_id=booking.id)
    yield HoldDue(booking_id=booking.id, deadline=START)
    yield from _tickets(booking)
    for number, schedule in enumerate((*Schedule, Schedule.AT_PROPERTY), start=1):
        yield pay(booking, number, schedule=schedule)
    yield replace(pay(booking, 5), received=PART)
    yield PaymentCaptured(booking_id=booking.id, payment_id=factories.payment_id(5), amount=PART)


def pay(
    booking: Booking, number: int, *, schedule: Schedule = Schedule.FULL, keep: bool = False
) -> StartPayment:
    return StartPayment(
        booking_id=booking.id,
        payment_id=factories.payment_id(number),
        gateway="fake",
        payment_method="pm",
        return_url="https://example.org",
        schedule=schedule,
        keep=keep,
    )


def _about_item(booking: Booking, item: Item) -> Iterator[BookingMessage]:
    of, shown = booking.id, item.offer
    abroad = replace(shown, price=factories.price(Money(10_000, "USD")))
    for offer in (shown, factories.dearer(shown), abroad):
        yield ItemHeld(booking_id=of, item_id=item.id, offer=offer)
    yield ItemRefused(booking_id=of, item_id=item.id, reason="sold_out")
    yield _ticketed(booking, item)


def _tickets(booking: Booking) -> Iterator[BookingMessage]:
    for item in booking.items:
        yield ItemRefused(booking_id=booking.id, item_id=item.id, reason="sold_out")
        yield _ticketed(booking, item)


def _ticketed(booking: Booking, item: Item) -> ItemTicketed:
    locator = RecordLocator("ABC234")
    return ItemTicketed(booking_id=booking.id, item_id=item.id, locator=locator, tickets=("990-1",))


def _about_payment(booking: Booking, payment: PaymentId) -> Iterator[BookingMessage]:
    of = booking.id
    yield PaymentActionRequired(booking_id=of, payment_id=payment, action_url="https://bank.example")
    yield PaymentCaptured(booking_id=of, payment_id=payment)
    yield PaymentRefunded(booking_id=of, payment_id=payment)
    yield from _answers(booking, payment)


def _answers(booking: Booking, payment: PaymentId) -> Iterator[BookingMessage]:
    of = booking.id
    yield PaymentAuthorised(booking_id=of, payment_id=payment)
    yield PaymentFailed(booking_id=of, payment_id=payment, reason="generic_decline")
    yield CaptureRefused(booking_id=of, payment_id=payment, reason="expired")
    yield PaymentVoided(booking_id=of, payment_id=payment)
