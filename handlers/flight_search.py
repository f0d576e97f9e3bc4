"""Flight search: what is asked of suppliers, and what is shown of their answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from aiohttp import web

from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import FlightResults, SearchFlights
from bookingd.results.answered import about
from bookingd.results.cursors import fingerprint
from bookingd.results.flights import Entering, layout
from bookingd.results.packing import Entry, ResultSet, gather
from bookingd.results.sellable import touching
from handlers.called import Called
from handlers.flight_queries import FlightQuery, understand
from handlers.flight_views import FlightOffers, flight_answer
from handlers.found import FoundSets, SearchedSet, aside, fitting
from handlers.parts import Parts
from handlers.search import Pages, Refused
from handlers.search_budget import Payer

FlightSets: TypeAlias = FoundSets[FlightCriteria, FlightResults]


def flight_sets(parts: Parts) -> FlightSets:
    """The sets of flights."""
    return FoundSets(
        parts,
        name="flights",
        query=lambda criteria: SearchFlights(criteria=criteria),
        begin=FlightGathering,
        cost=_cost,
    )


def _cost(criteria: FlightCriteria) -> int:
    """Own flights alone take 5 times as long on days around and 45 times with airports nearby, most of it for
    the 600 offers that are priced at most (benchmarks/README.md).
    """
    nearby = any(one.nearby_origins or one.nearby_destinations for one in criteria.slices)
    return (5 if nearby else 1) * (2 if criteria.flexible_days else 1)


class FlightGathering:
    """Sets of the flights of one search. What some suppliers found is entered while others are waited for."""

    def __init__(self, criteria: FlightCriteria) -> None:
        self._criteria = criteria
        self._entering = Entering()
        self._entries: list[Entry | None] = []
        """Of each offer that has come; None where it cannot stand beside the others."""
        self._one_by_one = asyncio.Lock()

    async def add(self, found: FlightResults) -> None:
        """Enter what has come since the last time."""
        async with self._one_by_one:
            new = found.offers[len(self._entries) :]
            self._entries += await aside(len(new), self._enter, new)

    async def whole(self, found: FlightResults) -> ResultSet:
        """The set of what has come, or had come some time ago."""
        await self.add(found)
        entries = [entry for entry in self._entries[: len(found.offers)] if entry is not None]
        make = partial(gather, layout=layout(len(self._criteria.slices)), about=about(found))
        return await aside(len(entries), make, entries)

    def _enter(self, offers: Sequence[Offer]) -> list[Entry | None]:
        fit = {id(offer) for offer in fitting(offers, lambda offer: _fits(offer, self._criteria))}
        return [self._entering.entry(offer) if id(offer) in fit else None for offer in offers]


class FlightSearch:
    """Searches for flights."""

    def __init__(self, parts: Parts, sets: FlightSets, called: Called) -> None:
        self._parts = parts
        self._called = called
        self._sets = sets

    async def understand(self, pairs: Any) -> FlightQuery:
        """The search that parameters (a multi-dictionary) mean. Raises Problem with all that is wrong."""
        return await understand(
            pairs,
            database=self._parts.database,
            currencies=self._parts.settings.sale_currencies,
            now=self._parts.sources.clock.now(),
        )

    def page_of(self, query: FlightQuery) -> str:
        """The same for queries that show the same page."""
        return f"{query.fingerprint}:{fingerprint(query.wish.limit, query.wish.after)}"

    async def get(self, query: FlightQuery, origin: Origin, payer: Payer) -> SearchedSet:
        """The flights for the query's criteria. Raises QueryTimeout, QueryFailed."""
        return await self._sets.get(query.criteria, origin, payer)

    def growing(self, query: FlightQuery, origin: Origin, payer: Payer) -> AsyncIterator[SearchedSet]:
        """The same each time that a supplier has answered."""
        return self._sets.growing(query.criteria, origin, payer)

    def refused(self, query: FlightQuery, searched: SearchedSet | None = None) -> Refused:
        """What is not to be had for that many people; of the set, where one is given."""
        refused = self._parts.unsellable.refused(query.criteria.party.seats)
        return touching(searched.found.columns, refused) if refused and searched else refused

    async def answer(self, query: FlightQuery, searched: SearchedSet, refused: Refused) -> FlightOffers:
        """The page that the query asks for, of the set."""
        wanted = replace(query, wish=replace(query.wish, refused=refused)) if refused else query
        return await flight_answer(
            wanted, searched.found, called=self._called, searched_at=searched.searched_at
        )


FLIGHT_PAGES: web.AppKey[Pages[FlightQuery, SearchedSet]] = web.AppKey("flight_pages", Pages)


async def flight_offers(request: web.Request) -> web.Response:
    """Journeys under the filters, cheapest first unless sorted otherwise."""
    return await request.app[FLIGHT_PAGES].reply(request)


def _fits(offer: Offer, criteria: FlightCriteria) -> bool:
    """Whether it can stand beside the others: a set has one number of slices and one currency."""
    slices, currency = len(offer.itinerary.slices), offer.price.currency
    return (slices, currency) == (len(criteria.slices), criteria.currency)
