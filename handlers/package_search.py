"""Search for packages: flights first, then hotels for the nights between them, then both together."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiohttp import web

from bookingd.domain.ids import OfferId
from bookingd.domain.packages import Nights
from bookingd.messages.envelope import Origin
from bookingd.messages.search import SupplierStatus
from bookingd.results.answered import answered
from bookingd.results.cursors import fingerprint
from bookingd.results.package_refining import NameOf, refine
from bookingd.results.packages import MOST_NIGHTS, Book, nights_of
from bookingd.results.packing import ResultSet, joined
from bookingd.results.sellable import touching
from bookingd.results.stays import stay_set
from bookingd.storage import places
from bookingd.storage.offers import Halves, package_id
from bookingd.storage.prices import CurrentRules
from handlers.called import Called
from handlers.flight_search import FlightSets
from handlers.flight_views import names_for
from handlers.found import SearchedSet
from handlers.package_queries import PackageQuery, understand
from handlers.package_views import PackageOffers, package_answer
from handlers.parts import Parts
from handlers.search import Pages, Refused
from handlers.search_budget import Payer
from handlers.stay_search import ONE_STAY, StaySets

JOINED_KEPT = 32
"""Sets of several nights that are kept as one in this process; some megabytes each at most."""

NO_STAYS = stay_set((), centre=None, about=b"{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Halved:
    """What was found of both halves."""

    flights: SearchedSet
    stays: Mapping[Nights, SearchedSet]
    """For the nights between flights, those of the cheapest ones first."""
    every_night: bool = True
    """Whether flights have no other nights."""

    @property
    def sets(self) -> tuple[SearchedSet, ...]:
        """All of them, flights first."""
        return (self.flights, *self.stays.values())

    @property
    def searched_at(self) -> datetime:
        """When the older half was."""
        return min(one.searched_at for one in self.sets)

    @property
    def until(self) -> datetime:
        """How long both are used."""
        return min(one.until for one in self.sets)

    @property
    def final(self) -> bool:
        """Whether everybody has answered."""
        return all(one.final for one in self.sets)


class PackageSearch:
    """Searches for packages."""

    def __init__(self, parts: Parts, *, flights: FlightSets, stays: StaySets, called: Called) -> None:
        self._parts = parts
        self._called = called
        self._flights = flights
        self._stays = stays
        self._rules = CurrentRules()
        self._joined: OrderedDict[str, ResultSet] = OrderedDict()

    async def understand(self, pairs: Any) -> PackageQuery:
        """The search that parameters (a multi-dictionary) mean. Raises Problem with all that is wrong."""
        return await understand(
            pairs,
            database=self._parts.database,
            currencies=self._parts.settings.sale_currencies,
            now=self._parts.sources.clock.now(),
        )

    def page_of(self, query: PackageQuery) -> str:
        """The same for queries that show the same page."""
        return f"{query.fingerprint}:{fingerprint(query.wish.limit, query.wish.after)}"

    async def get(self, query: PackageQuery, origin: Origin, payer: Payer) -> Halved:
        """Both halves. Raises QueryTimeout, QueryFailed, Problem."""
        flights = await self._flights.get(query.flights, origin, payer)
        there = nights_of(flights.found)
        nights = there[:MOST_NIGHTS]
        stays = await asyncio.gather(*(self._stays.get(query.stays(one), origin, payer) for one in nights))
        return Halved(
            flights=flights,
            stays=dict(zip(nights, stays, strict=True)),
            every_night=len(nights) == len(there),
        )

    async def growing(self, query: PackageQuery, origin: Origin, payer: Payer) -> AsyncIterator[Halved]:
        """The flights each time that a supplier of them has answered, then both halves."""
        async for flights in self._flights.growing(query.flights, origin, payer):
            if not flights.final:
                yield Halved(flights=flights, stays={}, every_night=False)
        yield await self.get(query, origin, payer)

    def refused(self, query: PackageQuery, searched: Halved | None = None) -> Refused:
        """What is not to be had for that many; of the sets, where they are given."""
        unsellable = self._parts.unsellable
        refused = {**unsellable.refused(query.flights.party.seats), **unsellable.refused(ONE_STAY)}
        if not refused or searched is None:
            return refused
        found = [touching(one.found.columns, refused) for one in searched.sets]
        return {key: at for one in found for key, at in one.items()}

    async def answer(self, query: PackageQuery, searched: Halved, refused: Refused) -> PackageOffers:
        """The page that the query asks for, of the sets."""
        wish = replace(query.wish, refused=refused)
        stays, (book, name) = await self._together(query, searched), await self._book(query)
        refined = await asyncio.to_thread(refine, searched.flights.found, stays, wish, book, name)
        names = await names_for(self._called, refined.flights, wish.ends)
        suppliers, complete = _who(searched)
        return package_answer(
            query,
            refined,
            names=names,
            suppliers=suppliers,
            complete=complete,
            searched_at=searched.searched_at,
        )

    async def _book(self, query: PackageQuery) -> tuple[Book, NameOf]:
        """What discounts are reckoned by now, and how packages are named that are priced so."""
        codes = {code for one in query.wish.ends for code in (*one.origins, *one.destinations)}
        async with self._parts.database.connection() as connection:
            rules = await self._rules.get(connection, now=self._parts.sources.clock.now())
            airports = await places.endpoints(connection, airports=codes)

        def name(flight: OfferId, stay: OfferId) -> OfferId:
            return package_id(Halves(flight, stay, rules.version))

        return Book(rules=rules, airports=airports), name

    async def _together(self, query: PackageQuery, searched: Halved) -> ResultSet:
        """The stays of all nights as one set."""
        when = [(nights, one.searched_at) for nights, one in searched.stays.items()]
        key = fingerprint(query.place.code, query.rooms, query.flights.currency, when)
        known = self._joined.get(key)
        if known is None:
            sets = [one.found for one in searched.stays.values()]
            known = self._joined[key] = await asyncio.to_thread(joined, sets) if sets else NO_STAYS
        self._joined.move_to_end(key)
        if len(self._joined) > JOINED_KEPT:
            self._joined.popitem(last=False)
        return known


PACKAGE_PAGES: web.AppKey[Pages[PackageQuery, Halved]] = web.AppKey("package_pages", Pages)


async def package_offers(request: web.Request) -> web.Response:
    """Hotels with a flight each under the filters of both, cheapest first unless sorted otherwise."""
    return await request.app[PACKAGE_PAGES].reply(request)


def _who(searched: Halved) -> tuple[dict[str, dict[str, SupplierStatus]], bool]:
    """How far every supplier of each half came, and whether this is all that there is."""
    flights, stays = (
        answered(searched.flights.found),
        [answered(one.found) for one in searched.stays.values()],
    )
    hotels: dict[str, SupplierStatus] = {}
    for one in stays:
        for supplier, status in one.suppliers.items():
            if hotels.get(supplier, SupplierStatus.ANSWERED) is SupplierStatus.ANSWERED:
                hotels[supplier] = status
    complete = searched.every_night and all(one.complete for one in (flights, *stays))
    return {"flights": flights.suppliers, "hotels": hotels}, complete
