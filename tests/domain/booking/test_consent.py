"""P8: the price shown is the price charged, and what changed is agreed to first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Verdict
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BookingHeld,
    BookingMessage,
    GiveConsent,
    ItemHeld,
    PlaceBooking,
    PriceChanged,
    StartPayment,
)
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.flights import Cabin, Itinerary, Slice
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from tests import factories
from tests.fakes.sources import START

SHOWN = factories.offer()
BOOKING = factories.booking()
TERMS = factories.terms()
PLACED = decide(BOOKING, PlaceBooking(booking_id=BOOKING.id), TERMS).booking


def held(offer: Offer, start: Booking = PLACED) -> tuple[Booking, tuple[BookingMessage, ...]]:
    item = start.items[0]
    decision = decide(start, ItemHeld(booking_id=start.id, item_id=item.id, offer=offer), TERMS)
    return decision.booking, decision.messages


def otherwise(**changes: object) -> Offer:
    itinerary: Itinerary = replace(SHOWN.itinerary, **changes)  # type: ignore[arg-type]
    return replace(SHOWN, itinerary=itinerary)


def an_hour_later() -> Offer:
    moved = factories.segment(departs_at=START + timedelta(days=10, hours=1))
    return otherwise(slices=(Slice(segments=(moved,)),))


@pytest.mark.parametrize(
    "changed",
    [
        factories.dearer(SHOWN),
        factories.dearer(SHOWN, by=-500),
        otherwise(conditions=factories.conditions("Light")),
        otherwise(conditions=factories.conditions("Classic", cancel_fee=0)),
        otherwise(cabin=Cabin.BUSINESS),
        an_hour_later(),
    ],
    ids=["dearer", "cheaper", "brand", "conditions", "cabin", "hour"],
)
def test_what_differs_from_what_was_shown_needs_consent(changed: Offer) -> None:
    """https://github.com/duffelhq/duffel-api-javascript/issues/1024: another brand came back."""
    booking, messages = held(changed)

    assert booking.state is BookingState.PRICE_CHANGED
    assert messages == (
        PriceChanged(
            booking_id=BOOKING.id, shown=SHOWN.total, proposed=changed.total, until=START + TERMS.hold
        ),
    )


def test_what_a_traveller_cannot_see_needs_none() -> None:
    """How many seats are left, and which part of the same total is whose."""
    net_dearer = replace(SHOWN.price, lines=tuple(reversed(SHOWN.price.lines)))
    booking, messages = held(replace(SHOWN, seats_left=1, price=net_dearer))

    assert booking.state is BookingState.AWAITING_PAYMENT
    assert [type(message) for message in messages] == [BookingHeld]
    assert booking.items[0].offer.price == net_dearer


def test_another_currency_is_refused_and_given_back() -> None:
    abroad = replace(SHOWN, price=factories.price(Money(10_000, "USD")))

    booking, messages = held(abroad)

    assert (booking.state, booking.reason) == (BookingState.FAILED, "currency_changed")
    assert [type(message).__name__ for message in messages] == ["ReleaseItem", "BookingFailed"]


def test_consent_to_another_total_is_no_consent() -> None:
    booking, _ = held(factories.dearer(SHOWN))

    decision = decide(booking, GiveConsent(booking_id=booking.id, total=SHOWN.total), TERMS)

    assert decision.verdict is Verdict.IGNORED


def test_what_was_agreed_to_is_charged() -> None:
    dearer = factories.dearer(SHOWN)
    waiting, _ = held(dearer)
    agreed = decide(waiting, GiveConsent(booking_id=waiting.id, total=dearer.total), TERMS).booking

    decision = decide(agreed, _pay(), TERMS)

    charged = [message.amount for message in decision.messages if isinstance(message, AuthorisePayment)]
    assert charged == [dearer.total]


def test_nothing_is_charged_while_consent_is_waited_for() -> None:
    waiting, _ = held(factories.dearer(SHOWN))

    decision = decide(waiting, _pay(), TERMS)

    assert [getattr(message, "reason", None) for message in decision.messages] == ["not_payable"]


def test_consent_and_payment_that_come_before_the_hold_come_again() -> None:
    consent = GiveConsent(booking_id=BOOKING.id, total=SHOWN.total)

    assert decide(PLACED, consent, TERMS).verdict is Verdict.EARLY
    assert decide(PLACED, _pay(), TERMS).verdict is Verdict.EARLY


def _pay() -> StartPayment:
    return StartPayment(
        booking_id=BOOKING.id,
        payment_id=factories.payment_id(1),
        gateway="fake",
        payment_method="pm",
        return_url="https://example.org",
    )
