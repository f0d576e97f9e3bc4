"""Transitions that concern the items: holding, consent to a changed price, ticketing."""

from dataclasses import replace
from datetime import datetime

from bookingd.domain.booking.confirming import confirm_next
from bookingd.domain.booking.decision import Decision, Terms
from bookingd.domain.booking.ending import fail, hold_timer, ignore, release, too_early
from bookingd.domain.booking.facts import (
    BookingHeld,
    GiveConsent,
    HoldItem,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    PlaceBooking,
    PriceChanged,
)
from bookingd.domain.booking.state import Booking, BookingState, Item, ItemState
from bookingd.domain.offers import Offer


def place(booking: Booking, message: PlaceBooking, terms: Terms) -> Decision:
    """Ask for every item; the hold's time begins now."""
    if booking.hold_until is not None:
        return ignore(booking, message, terms)
    until = terms.now + terms.hold
    wanted = tuple(
        HoldItem(booking_id=booking.id, item_id=item.id, offer=item.offer, until=until)
        for item in booking.items
    )
    placed = replace(booking, hold_until=until)
    return Decision(booking=placed, messages=wanted, timers=(hold_timer(booking, until),))


def hold(booking: Booking, message: ItemHeld, terms: Terms) -> Decision:
    """An item is held; when all are, the booking can be paid for, or its new price agreed to."""
    if booking.hold_until is None:
        return too_early(booking, message, terms)
    item = booking.item(message.item_id)
    if item is None or item.state is not ItemState.QUOTED:
        return ignore(booking, message, terms)
    if message.offer.price.currency != booking.currency:
        return fail(booking.with_item(replace(item, state=ItemState.HELD)), "currency_changed")
    booking = booking.with_item(_held(item, message.offer))
    if any(other.state is ItemState.QUOTED for other in booking.items):
        return Decision(booking=booking)
    if any(other.proposed for other in booking.items):
        return _propose(booking)
    return _await_payment(booking)


def refuse_hold(booking: Booking, message: ItemRefused, terms: Terms) -> Decision:
    """An item cannot be held: the others are given back."""
    item = booking.item(message.item_id)
    if item is None or item.state is not ItemState.QUOTED:
        return ignore(booking, message, terms)
    return fail(booking, message.reason)


def consent(booking: Booking, message: GiveConsent, terms: Terms) -> Decision:
    """The traveller agrees to what was proposed, and to nothing else."""
    if message.total != booking.proposed_total:
        return ignore(booking, message, terms)
    for item in booking.items:
        booking = booking.with_item(replace(item, offer=item.proposed or item.offer, proposed=None))
    return _await_payment(booking)


def release_late(booking: Booking, message: ItemHeld | ItemTicketed, terms: Terms) -> Decision:
    """A hold or a ticket came through after the booking was over."""
    item = booking.item(message.item_id)
    if item is None:
        return ignore(booking, message, terms)
    released, undo = release(booking, item)
    return Decision(booking=released, messages=(undo,))


def ticket(booking: Booking, message: ItemTicketed, terms: Terms) -> Decision:
    """An item is confirmed; the next one is asked for, and when all are confirmed, the money is taken."""
    item = booking.item(message.item_id)
    if item is None or item.state is not ItemState.HELD:
        return ignore(booking, message, terms)
    confirmed = replace(item, state=ItemState.CONFIRMED, locator=message.locator, tickets=message.tickets)
    return confirm_next(booking.with_item(confirmed), terms)


def refuse_ticket(booking: Booking, message: ItemRefused, terms: Terms) -> Decision:
    """An item could not be confirmed after all: nothing is kept, nothing is charged."""
    item = booking.item(message.item_id)
    if item is None or item.state is not ItemState.HELD:
        return ignore(booking, message, terms)
    return fail(booking, message.reason)


def _await_payment(booking: Booking) -> Decision:
    held = replace(booking, state=BookingState.AWAITING_PAYMENT)
    event = BookingHeld(booking_id=booking.id, total=booking.total, until=booking.deadline)
    return Decision(booking=held, messages=(event,))


def _propose(booking: Booking) -> Decision:
    waiting = replace(booking, state=BookingState.PRICE_CHANGED)
    event = PriceChanged(
        booking_id=booking.id,
        shown=booking.total,
        proposed=booking.proposed_total,
        until=booking.deadline,
    )
    return Decision(booking=waiting, messages=(event,))


def _held(item: Item, held: Offer) -> Item:
    """What the supplier holds takes the place of what was shown, unless the traveller must agree first."""
    if _as_shown(item.offer, held):
        return replace(item, state=ItemState.HELD, offer=held)
    return replace(item, state=ItemState.HELD, proposed=held)


def _as_shown(shown: Offer, held: Offer) -> bool:
    """Price, brand, conditions and flights: another brand or another hour at the same price is a change."""
    return (
        shown.total == held.total
        and shown.itinerary.cabin == held.itinerary.cabin
        and shown.itinerary.conditions == held.itinerary.conditions
        and _flights(shown) == _flights(held)
    )


def _flights(offer: Offer) -> list[tuple[str, str, datetime, str, datetime]]:
    return [
        (flight.designator, flight.origin, flight.departs_at, flight.destination, flight.arrives_at)
        for flight in offer.itinerary.segments
    ]
