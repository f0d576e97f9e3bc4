"""From a request for a booking to a booking: the offer, the people and whom to tell, all found good."""

import unicodedata
from datetime import UTC
from typing import Any

from bookingd.domain.booking.state import Booking, Item
from bookingd.domain.ids import BookingId, ItemId
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Passenger, PassengerType, booked_type, check_party, travel_dates
from bookingd.domain.references import new_reference
from bookingd.sources import Sources
from bookingd.storage.bookings import Contact, NewBooking, Traveller
from bookingd.storage.offers import OfferExpired, OfferNotFound
from handlers.errors import FieldError, Problem, invalid
from handlers.fields import refuse
from handlers.offer_shelf import OfferShelf


async def order(asked: dict[str, Any], *, owner: str, shelf: OfferShelf, sources: Sources) -> NewBooking:
    """The booking that was asked for, not recorded yet. Raises Problem."""
    offer = await _offer(asked["offer_id"], shelf)
    passengers = _passengers(asked["passengers"], offer)
    problems = check_party(
        passengers,
        dates=travel_dates(offer.itinerary),
        conditions=offer.itinerary.conditions,
        party=offer.party,
        today=sources.clock.now().astimezone(UTC).date(),
    )
    if problems:
        raise invalid(*(FieldError(field=one.field, code=one.code, message=one.message) for one in problems))
    return NewBooking(
        booking=Booking(
            id=BookingId(sources.ids.new()),
            reference=new_reference(sources.chance.choice),
            owner=owner,
            items=(Item(id=ItemId(sources.ids.new()), offer=offer),),
        ),
        contact=Contact(**asked["contact"]),
        travellers=tuple(_traveller(passenger) for passenger in passengers),
    )


async def _offer(offer_id: str, shelf: OfferShelf) -> Offer:
    try:
        return await shelf.take(offer_id)
    except OfferExpired as error:
        words = "This offer has expired: search again."
        expired = FieldError(field="offer_id", code="offer_expired", message=words)
        raise Problem("offer-expired", "This offer can no longer be booked.", errors=[expired]) from error
    except OfferNotFound as error:
        raise refuse("offer_id", "unknown_offer", "There is no such offer.") from error


def _passengers(asked: list[dict[str, Any]], offer: Offer) -> list[Passenger]:
    dates = travel_dates(offer.itinerary)
    return [
        Passenger(
            number=number,
            given_name=_spelt(one["given_name"]),
            surname=_spelt(one["surname"]),
            born=one["born"],
            type=PassengerType(one["type"]) if one["type"] else booked_type(one["born"], dates),
        )
        for number, one in enumerate(asked, start=1)
    ]


def _spelt(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip())


def _traveller(passenger: Passenger) -> Traveller:
    return Traveller(
        number=passenger.number,
        type=passenger.type,
        given_name=passenger.given_name,
        surname=passenger.surname,
        born=passenger.born,
    )
