"""Every booking that any sequence of messages can lead to, however absurd, and every step between them.

Nobody here keeps to the rules: suppliers and gateways say anything at any time, early or after the
deadline, about payments and items that are known or not. Sequence numbers are left out, so that the
bookings are finitely many.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Decision, Terms, Verdict
from bookingd.domain.booking.facts import (
    BookingMessage,
    CallOff,
    CaptureRefused,
    GiveConsent,
    HoldDue,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    PaymentVoided,
    PlaceBooking,
    StartPayment,
)
from bookingd.domain.booking.state import Booking, Item
from bookingd.domain.ids import RecordLocator
from bookingd.domain.money import Money
from tests import factories
from tests.fakes.sources import START

EARLY = factories.terms(START)
LATE = factories.terms(START + timedelta(days=2))

MOST_RELEASES = 1
"""How often an item is given back here; every further time is like the first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One message put to one booking, and the answer."""

    before: Booking
    message: BookingMessage
    terms: Terms
    decision: Decision


def explore(start: Booking) -> list[Step]:
    """All steps that can be reached from `start`."""
    seen, waiting, steps = {start}, deque([start]), []
    alphabet = list(_alphabet(start))
    while waiting:
        before = waiting.popleft()
        for terms in (EARLY, LATE):
            for message in alphabet:
                decision = decide(before, message, terms)
                steps.append(Step(before, message, terms, decision))
                after = replace(decision.booking, sequence=0)
                if after not in seen and max(item.releases for item in after.items) <= MOST_RELEASES:
                    seen.add(after)
                    waiting.append(after)
    return steps


def advances(steps: list[Step]) -> Iterator[Step]:
    return (step for step in steps if step.decision.verdict is Verdict.ADVANCED)


def _alphabet(booking: Booking) -> Iterator[BookingMessage]:
    of = booking.id
    yield PlaceBooking(booking_id=of)
    yield CallOff(booking_id=of)
    yield HoldDue(booking_id=of, deadline=START)
    yield GiveConsent(booking_id=of, total=booking.total)
    yield GiveConsent(booking_id=of, total=booking.total + Money(500, booking.currency))
    for item in (*booking.items, factories.item(99, supplier="nobody")):
        yield from _about_item(booking, item)
    for number in (1, 2):
        yield StartPayment(
            booking_id=of,
            payment_id=factories.payment_id(number),
            gateway="fake",
            payment_method="pm",
            return_url="https://example.org",
        )
    for number in (1, 2, 99):
        yield from _about_payment(booking, number)


def _about_item(booking: Booking, item: Item) -> Iterator[BookingMessage]:
    of, shown = booking.id, item.offer
    abroad = replace(shown, price=factories.price(Money(10_000, "USD")))
    for held in (shown, factories.dearer(shown), abroad):
        yield ItemHeld(booking_id=of, item_id=item.id, offer=held)
    yield ItemRefused(booking_id=of, item_id=item.id, reason="sold_out")
    locator = RecordLocator("ABC234")
    yield ItemTicketed(booking_id=of, item_id=item.id, locator=locator, tickets=("990-1",))


def _about_payment(booking: Booking, number: int) -> Iterator[BookingMessage]:
    of, payment = booking.id, factories.payment_id(number)
    yield PaymentActionRequired(booking_id=of, payment_id=payment, action_url="https://bank.example")
    yield PaymentAuthorised(booking_id=of, payment_id=payment)
    yield PaymentFailed(booking_id=of, payment_id=payment, reason="generic_decline")
    yield PaymentCaptured(booking_id=of, payment_id=payment)
    yield CaptureRefused(booking_id=of, payment_id=payment, reason="expired")
    yield PaymentVoided(booking_id=of, payment_id=payment)
    yield PaymentRefunded(booking_id=of, payment_id=payment)
