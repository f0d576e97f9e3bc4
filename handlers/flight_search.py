"""Flight search: what is asked of suppliers, and what is shown of their answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, TypeAlias

from aiohttp import web

from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import FlightResults, SearchFlights
from bookingd.results.answered import about
from bookingd.results.cursors import fingerprint
from bookingd.results.flights import flight_set
from bookingd.results.packing import ResultSet
from bookingd.results.sellable import touching
from handlers.flight_queries import FlightQuery, understand
from handlers.flight_views import FlightOffers, flight_answer
from handlers.found import FoundSets, SearchedSet, fitting
from handlers.parts import Parts
from handlers.search import Pages, Refused

FlightSets: TypeAlias = FoundSets[FlightCriteria, FlightResults]


def flight_sets(parts: Parts) -> FlightSets:
    """The sets of flights."""
    return FoundSets(
        parts, name="flights", query=lambda criteria: SearchFlights(criteria=criteria), gather=_gather
    )


class FlightSearch:
    """Searches for flights."""

    def __init__(self, parts: Parts, sets: FlightSets) -> None:
        self._parts = parts
        self._sets = sets

    async def understand(self, pairs: Any) -> FlightQuery:
        """The search that parameters (a multi-dictionary) mean. Raises Problem with all that is wrong."""
        return await understand(
            pairs,
            database=self._parts.database,
            currency=self._parts.settings.booking.currency,
            now=self._parts.sources.clock.now(),
        )

    def page_of(self, query: FlightQuery) -> str:
        """The same for queries that show the same page."""
        return f"{query.fingerprint}:{fingerprint(query.wish.limit, query.wish.after)}"

    async def get(self, query: FlightQuery, origin: Origin) -> SearchedSet:
        """The flights for the query's criteria. Raises QueryTimeout, QueryFailed."""
        return await self._sets.get(query.criteria, origin)

    def growing(self, query: FlightQuery, origin: Origin) -> AsyncIterator[SearchedSet]:
        """The same each time that a supplier has answered."""
        return self._sets.growing(query.criteria, origin)

    def refused(self, query: FlightQuery, searched: SearchedSet | None = None) -> Refused:
        """What is not to be had for that many people; of the set, where one is given."""
        refused = self._parts.unsellable.refused(query.criteria.party.seats)
        return touching(searched.found.columns, refused) if refused and searched else refused

    async def answer(self, query: FlightQuery, searched: SearchedSet, refused: Refused) -> FlightOffers:
        """The page that the query asks for, of the set."""
        wanted = replace(query, wish=replace(query.wish, refused=refused)) if refused else query
        return await flight_answer(
            wanted, searched.found, database=self._parts.database, searched_at=searched.searched_at
        )


FLIGHT_PAGES: web.AppKey[Pages[FlightQuery, SearchedSet]] = web.AppKey("flight_pages", Pages)


async def flight_offers(request: web.Request) -> web.Response:
    """Journeys under the filters, cheapest first unless sorted otherwise."""
    return await request.app[FLIGHT_PAGES].reply(request)


async def _gather(criteria: FlightCriteria, found: FlightResults) -> ResultSet:
    """In a thread: hundreds of offers take tens of milliseconds, in which others are answered."""
    offers = fitting(found.offers, lambda offer: _fits(offer, criteria))
    return await asyncio.to_thread(flight_set, offers, slices=len(criteria.slices), about=about(found))


def _fits(offer: Offer, criteria: FlightCriteria) -> bool:
    """Whether it can stand beside the others: a set has one number of slices and one currency."""
    slices, currency = len(offer.itinerary.slices), offer.price.currency
    return (slices, currency) == (len(criteria.slices), criteria.currency)
