"""Hotel search: what is asked of suppliers, and what is shown of their answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from bookingd.domain.stays import StayCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import SearchStays, StayResults
from bookingd.results.answered import about
from bookingd.results.cursors import fingerprint
from bookingd.results.packing import ResultSet
from bookingd.results.sellable import touching
from bookingd.results.stays import stay_set
from bookingd.storage import places
from handlers.found import FoundSets, SearchedSet, aside, fitting
from handlers.parts import Parts
from handlers.search import Pages, Refused
from handlers.search_budget import Payer
from handlers.stay_queries import StayQuery, centre_of, understand
from handlers.stay_views import StayOffers, stay_answer

ONE_STAY = 1
"""What is refused of stays names its rooms, so that their number is always this."""


class StaySets:
    """The sets of stays; distances in them are from the place that was asked for."""

    def __init__(self, parts: Parts) -> None:
        self._sets: FoundSets[StayCriteria, StayResults] = FoundSets(
            parts,
            name="stays",
            query=lambda criteria: SearchStays(criteria=criteria),
            begin=lambda criteria: StayGathering(parts, criteria),
            cost=lambda criteria: 1,
        )

    async def get(self, criteria: StayCriteria, origin: Origin, payer: Payer) -> SearchedSet:
        """The whole set. Raises QueryTimeout, QueryFailed, Problem."""
        return await self._sets.get(criteria, origin, payer)

    def growing(self, criteria: StayCriteria, origin: Origin, payer: Payer) -> AsyncIterator[SearchedSet]:
        """The same each time that a supplier has answered."""
        return self._sets.growing(criteria, origin, payer)


class StayGathering:
    """Sets of the stays of one search."""

    def __init__(self, parts: Parts, criteria: StayCriteria) -> None:
        self._parts = parts
        self._criteria = criteria

    async def add(self, found: StayResults) -> None:
        """Nothing can be done before all have come: whoever comes last may sell the hotel of another one."""

    async def whole(self, found: StayResults) -> ResultSet:
        """The set of what has come."""
        criteria, code = self._criteria, self._criteria.place
        async with self._parts.database.connection() as connection:
            known = await places.known(connection, codes=[code] if code else [])
            place = known.get(code or "")
            centre = await centre_of(connection, around=criteria.around, place=place)
        offers = fitting(found.offers, lambda offer: offer.price.currency == criteria.currency)
        return await aside(len(offers), partial(stay_set, centre=centre, about=about(found)), offers)


class StaySearch:
    """Searches for hotel stays."""

    def __init__(self, parts: Parts, sets: StaySets) -> None:
        self._parts = parts
        self._sets = sets

    async def understand(self, pairs: Any) -> StayQuery:
        """The search that parameters (a multi-dictionary) mean. Raises Problem with all that is wrong."""
        return await understand(
            pairs,
            database=self._parts.database,
            currencies=self._parts.settings.sale_currencies,
            now=self._parts.sources.clock.now(),
        )

    def page_of(self, query: StayQuery) -> str:
        """The same for queries that show the same page."""
        return f"{query.fingerprint}:{fingerprint(query.wish.limit, query.wish.after)}"

    async def get(self, query: StayQuery, origin: Origin, payer: Payer) -> SearchedSet:
        """The stays for the query's criteria. Raises QueryTimeout, QueryFailed."""
        return await self._sets.get(query.criteria, origin, payer)

    def growing(self, query: StayQuery, origin: Origin, payer: Payer) -> AsyncIterator[SearchedSet]:
        """The same each time that a supplier has answered."""
        return self._sets.growing(query.criteria, origin, payer)

    def refused(self, query: StayQuery, searched: SearchedSet | None = None) -> Refused:
        """What is not to be had now; of the set, where one is given."""
        refused = self._parts.unsellable.refused(ONE_STAY)
        return touching(searched.found.columns, refused) if refused and searched else refused

    async def answer(self, query: StayQuery, searched: SearchedSet, refused: Refused) -> StayOffers:
        """The page that the query asks for, of the set."""
        wanted = replace(query, wish=replace(query.wish, refused=refused)) if refused else query
        return stay_answer(wanted, searched.found, searched_at=searched.searched_at)


STAY_PAGES: web.AppKey[Pages[StayQuery, SearchedSet]] = web.AppKey("stay_pages", Pages)


async def stay_offers(request: web.Request) -> web.Response:
    """Hotels under the filters, cheapest first unless sorted otherwise."""
    return await request.app[STAY_PAGES].reply(request)
