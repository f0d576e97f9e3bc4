"""From a request for a booking to a booking: the offer, the people and whom to tell, all found good."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC
from typing import Any, TypeAlias
from uuid import UUID

from bookingd.domain.accounts.travellers import SavedTraveller
from bookingd.domain.booking.state import Booking, Item
from bookingd.domain.ids import BookingId, ItemId, TravellerId
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Passenger, PassengerType, booked_type, check_party, travel_dates
from bookingd.domain.references import new_reference
from bookingd.security.addresses import key_of
from bookingd.sources import Sources
from bookingd.storage.bookings import Contact, NewBooking, Traveller
from bookingd.storage.offers import FLIGHTS, PACKAGE, OfferExpired, OfferNotFound, kind_of
from bookingd.storage.travellers import Use
from handlers.errors import FieldError, Problem, invalid
from handlers.fields import refuse
from handlers.offer_shelf import OfferShelf

Saved: TypeAlias = Mapping[TravellerId, SavedTraveller]
"""The travellers of whoever asks, those that were named."""


def named_travellers(asked: dict[str, Any]) -> list[UUID]:
    """Which saved travellers are to be booked for."""
    return [one["traveller_id"] for one in asked["passengers"] if "traveller_id" in one]


async def order(
    asked: dict[str, Any], *, owner: str, shelf: OfferShelf, sources: Sources, saved: Saved
) -> NewBooking:
    """The booking that was asked for, not recorded yet. Raises Problem."""
    people = _people(asked["passengers"], saved)
    offer = await _offer(asked["offer_id"], shelf)
    passengers = _passengers(people, offer)
    problems = check_party(
        passengers,
        dates=travel_dates(offer.itinerary),
        conditions=offer.itinerary.conditions,
        party=offer.party,
        today=sources.clock.now().astimezone(UTC).date(),
    )
    if problems:
        raise invalid(*(FieldError(field=one.field, code=one.code, message=one.message) for one in problems))
    booking = Booking(
        id=BookingId(sources.ids.new()),
        reference=new_reference(sources.chance.choice),
        owner=owner,
        items=(Item(id=ItemId(sources.ids.new()), offer=offer),),
    )
    return NewBooking(
        booking=booking,
        contact=Contact(**asked["contact"]),
        contact_key=key_of(asked["contact"]["email"]),
        travellers=tuple(_traveller(passenger) for passenger in passengers),
        uses=tuple(Use(one.id, one.account, booking.ends_on) for one in saved.values()),
    )


async def _offer(offer_id: str, shelf: OfferShelf) -> Offer:
    try:
        if offer_id.startswith(PACKAGE) or kind_of(offer_id) is not FLIGHTS:
            words = "Stays and packages can be found and looked at; only flights can be booked yet."
            raise refuse("offer_id", "not_bookable", words)
        return await shelf.take(offer_id)
    except OfferExpired as error:
        words = "This offer has expired: search again."
        expired = FieldError(field="offer_id", code="offer_expired", message=words)
        raise Problem("offer-expired", "This offer can no longer be booked.", errors=[expired]) from error
    except OfferNotFound as error:
        raise refuse("offer_id", "unknown_offer", "There is no such offer.") from error


def _people(asked: list[dict[str, Any]], saved: Saved) -> list[dict[str, Any]]:
    """What is known of each passenger, as if it had been typed in. Raises Problem."""
    named = [one.get("traveller_id") for one in asked]
    wrong = []
    for number, wanted in enumerate(named):
        field = f"passengers[{number}].traveller_id"
        if wanted is not None and wanted not in saved:
            words = "You keep no such traveller."
            wrong.append(FieldError(field=field, code="unknown_traveller", message=words))
        elif wanted is not None and wanted in named[:number]:
            words = "This traveller is on the booking already."
            wrong.append(FieldError(field=field, code="repeated", message=words))
    if wrong:
        raise invalid(*wrong)
    return [
        one if wanted is None else _of_saved(one, saved[wanted])
        for one, wanted in zip(asked, named, strict=True)
    ]


def _of_saved(asked: dict[str, Any], saved: SavedTraveller) -> dict[str, Any]:
    data = saved.data
    return {**asked, "given_name": data.given_name, "surname": data.surname, "born": data.born}


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
