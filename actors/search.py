"""The search actor asks every flight source at once and answers with what came in time.

It takes the queries SearchFlights and CheckOffer and keeps nothing between them. A source that fails or
is late costs its own offers only, and is named in the answer. What it offers is stored before it is
shown, so that it can be booked whatever becomes of the cache.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar

from bookingd.actor.kinds import Acting, Answer, Decide, Reading
from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import (
    CheckOffer,
    FlightResults,
    OfferChecked,
    OfferStatus,
    SearchFlights,
    SupplierStatus,
)
from bookingd.outcomes import OutsideError, Refused
from bookingd.sources import Sources
from bookingd.storage import offers
from bookingd.storage.database import Database
from bookingd.storage.offers import OfferExpired, OfferNotFound
from bookingd.suppliers.port import FlightSource

log = logging.getLogger(__name__)


class SearchActor:
    """Finds offers and asks for them again."""

    name: ClassVar[str] = "search"
    accepts: ClassVar[tuple[type, ...]] = (SearchFlights, CheckOffer)
    deciding: Mapping[type, Decide] = MappingProxyType({})
    acting: Mapping[type, Acting | Reading] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(
        self,
        *,
        flights: Sequence[FlightSource],
        database: Database,
        sources: Sources,
        deadline: float,
        offers_last: timedelta,
    ) -> None:
        self._flights = {source.name: source for source in flights}
        self._database = database
        self._sources = sources
        self._deadline = deadline
        self._offers_last = offers_last
        self.answering: Mapping[type, Answer] = {
            SearchFlights: self.search_flights,
            CheckOffer: self.check_offer,
        }

    async def search_flights(self, query: SearchFlights, origin: Origin) -> AsyncIterator[FlightResults]:
        """Everybody's offers, the cheapest first, then the shortest, then the earliest."""
        answers = await asyncio.gather(
            *(self._ask(source, query.criteria) for source in self._flights.values())
        )
        found = sorted((offer for some, _ in answers for offer in some), key=_best_first)
        kept = await self._keep(query.criteria, found) if found else ()
        statuses = {name: status for name, (_, status) in zip(self._flights, answers, strict=True)}
        yield FlightResults(offers=tuple(kept), suppliers=statuses)

    async def _ask(
        self, source: FlightSource, criteria: FlightCriteria
    ) -> tuple[Sequence[Offer], SupplierStatus]:
        try:
            async with asyncio.timeout(self._deadline):
                return (await source.search(criteria)).offers, SupplierStatus.ANSWERED
        except TimeoutError:
            log.warning("supplier %s did not answer within %g s", source.name, self._deadline)
            return [], SupplierStatus.LATE
        except OutsideError as error:
            log.warning("supplier %s failed: %s", source.name, error)
            return [], SupplierStatus.FAILED
        except Exception:
            # A bug in one adapter is told with its trace, and is no reason to show nothing of the others.
            log.exception("supplier %s failed by a fault of ours", source.name)
            return [], SupplierStatus.FAILED

    async def _keep(self, criteria: FlightCriteria, found: Sequence[Offer]) -> Sequence[Offer]:
        now = self._sources.clock.now()
        async with self._database.connection() as connection:
            return await offers.save(
                connection,
                set_id=self._sources.ids.new(),
                criteria=criteria,
                found=found,
                now=now,
                expires_at=now + self._offers_last,
            )

    async def check_offer(self, query: CheckOffer, origin: Origin) -> AsyncIterator[OfferChecked]:
        """The offer as its supplier has it now."""
        yield await self._check(query.offer_id)

    async def _check(self, offer_id: OfferId) -> OfferChecked:
        try:
            shown = await self._load(offer_id)
        except OfferExpired:
            return OfferChecked(status=OfferStatus.EXPIRED)
        except OfferNotFound:
            return OfferChecked(status=OfferStatus.UNKNOWN)
        try:
            now = await self._flights[shown.supplier].check(shown)
        except Refused:
            return OfferChecked(status=OfferStatus.UNAVAILABLE)
        as_shown = (now.total, now.itinerary.conditions) == (shown.total, shown.itinerary.conditions)
        status = OfferStatus.AVAILABLE if as_shown else OfferStatus.CHANGED
        return OfferChecked(status=status, offer=now)

    async def _load(self, offer_id: OfferId) -> Offer:
        async with self._database.connection() as connection:
            return await offers.load(connection, offer_id=offer_id, now=self._sources.clock.now())


def _best_first(offer: Offer) -> tuple[int, timedelta, datetime, list[str]]:
    """The one order of offers; their flights decide between those that are alike, so that it is stable."""
    slices = offer.itinerary.slices
    travelling = sum((part.duration for part in slices), timedelta())
    flights = [segment.supplier_key for segment in offer.itinerary.segments]
    return offer.total.amount, travelling, slices[0].departs_at, flights
