"""The actor `search.flights`: asks every flight supplier at once, and answers as each of them does.

It takes the queries SearchFlights, CheckOffer and FareCalendar, and keeps nothing between them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar

from actors.search.asking import Asking
from actors.search.calendars import Calendars
from bookingd.actor.kinds import Acting, Answer, Decide, Reading
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import (
    CheckOffer,
    FareCalendar,
    FareCalendarFound,
    FlightResults,
    OfferChecked,
    SearchFlights,
)


class FlightSearchActor:
    """Finds offers of flights and asks for them again."""

    name: ClassVar[str] = "search.flights"
    accepts: ClassVar[tuple[type, ...]] = (SearchFlights, CheckOffer, FareCalendar)
    deciding: Mapping[type, Decide] = MappingProxyType({})
    acting: Mapping[type, Acting | Reading] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(self, *, asking: Asking[Offer, FlightCriteria], calendars: Calendars) -> None:
        self._asking = asking
        self._calendars = calendars
        self.answering: Mapping[type, Answer] = {
            SearchFlights: self.search_flights,
            CheckOffer: self.check_offer,
            FareCalendar: self.fare_calendar,
        }

    async def search_flights(self, query: SearchFlights, origin: Origin) -> AsyncIterator[FlightResults]:
        """A part a supplier, each with the cheapest first, then the shortest, then the earliest."""
        async for part in self._asking.search(query.criteria):
            yield FlightResults(
                offers=tuple(sorted(part.offers, key=_best_first)),
                suppliers=dict(part.suppliers),
                incomplete=part.incomplete,
            )

    async def check_offer(self, query: CheckOffer, origin: Origin) -> AsyncIterator[OfferChecked]:
        """The offer as its supplier has it now."""
        status, offer = await self._asking.check(query.offer_id)
        yield OfferChecked(status=status, offer=offer)

    async def fare_calendar(self, query: FareCalendar, origin: Origin) -> AsyncIterator[FareCalendarFound]:
        """The lowest fare of each day."""
        yield await self._calendars.find(query.criteria)


def shown(offer: Offer) -> object:
    """What the traveller decides by: the price, the brand and what it allows."""
    return offer.total, offer.itinerary.conditions


def _best_first(offer: Offer) -> tuple[int, timedelta, datetime, list[str]]:
    """The one order of offers; their flights decide between those that are alike, so that it is stable."""
    slices = offer.itinerary.slices
    travelling = sum((part.duration for part in slices), timedelta())
    flights = [segment.supplier_key for segment in offer.itinerary.segments]
    return offer.total.amount, travelling, slices[0].departs_at, flights
