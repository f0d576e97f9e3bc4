"""Flight search: a query in, a page of results out; what was rendered once is given again as bytes.

Three things are kept: in the cache the set that a search found, and each page of it, rendered; in this
process the sets that were unpacked last. None of them holds anything about who asked.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from aiohttp import hdrs, web

from bookingd.cache import Kept
from bookingd.domain.search import FlightCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import FlightResults, SearchFlights, SupplierStatus
from bookingd.results.answered import about
from bookingd.results.cursors import fingerprint
from bookingd.results.flights import flight_set
from bookingd.results.packing import VERSION, pack
from bookingd.results.shelf import Shelf
from handlers.asking import GRACE, NOBODY, whole
from handlers.flight_queries import FlightQuery, understand
from handlers.flight_views import flight_answer
from handlers.middlewares import CORRELATION, trace_of
from handlers.parts import PARTS, Parts
from handlers.reply import bytes_reply, encode

INCOMPLETE = timedelta(seconds=5)
"""How long a search is kept in which a supplier failed or was late, at most."""

KNOWN_QUERIES = 4096
QUERY_LIFE = timedelta(seconds=30)
"""How long a query string that was found good is taken as such; midnight comes that much later."""


class Searches:
    """Answers searches, from the cache where it can."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: OrderedDict[str, tuple[FlightQuery, str, datetime]] = OrderedDict()
        self._sets = Shelf()

    async def page(self, request: web.Request) -> tuple[Kept, bool]:
        """The page that was asked for, and whether it was kept. Raises Problem."""
        query, key = await self._understood(request)
        if (kept := await self._parts.cache.get(key)) is not None:
            return kept, True
        origin = Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))

        async def render() -> Kept:
            key, kept = await self._set(query.criteria, origin)
            found = self._sets.open(key, kept.made_at, kept.value)
            answer = await flight_answer(
                query, found, database=self._parts.database, searched_at=kept.made_at
            )
            return Kept(value=encode(answer), made_at=kept.made_at, until=kept.until)

        return await self._parts.cache.get_or_make(key, render), False

    async def understand(self, pairs: Any) -> FlightQuery:
        """The search that parameters (a multi-dictionary) mean. Raises Problem with all that is wrong."""
        return await understand(
            pairs,
            database=self._parts.database,
            currency=self._parts.settings.booking.currency,
            now=self._parts.sources.clock.now(),
        )

    async def _understood(self, request: web.Request) -> tuple[FlightQuery, str]:
        """The search, and the key of its page."""
        text, now = request.query_string, self._parts.sources.clock.now()
        known = self._known.get(text)
        if known is not None and now < known[2]:
            return known[:2]
        query = await self.understand(request.query)
        key = f"page:{VERSION}:{query.fingerprint}:{fingerprint(query.wish.limit, query.wish.after)}"
        self._known[text] = query, key, now + QUERY_LIFE
        self._known.move_to_end(text)
        if len(self._known) > KNOWN_QUERIES:
            self._known.popitem(last=False)
        return query, key

    async def _set(self, criteria: FlightCriteria, origin: Origin) -> tuple[str, Kept]:
        """What was found for the criteria, packed, and under which key it is kept."""

        async def search() -> Kept:
            return await self._search(criteria, origin)

        key = f"flights:{VERSION}:{fingerprint(criteria)}"
        return key, await self._parts.cache.get_or_make(key, search, everywhere=True)

    async def _search(self, criteria: FlightCriteria, origin: Origin) -> Kept:
        timeout = self._parts.settings.search.deadline_seconds + GRACE
        query = SearchFlights(criteria=criteria)
        found: FlightResults = await whole(self._parts.bus, query, origin=origin, timeout=timeout)
        now = self._parts.sources.clock.now()
        # Hundreds of offers take tens of milliseconds, in which others are answered.
        packed = await asyncio.to_thread(_packed, found, len(criteria.slices))
        return Kept(value=packed, made_at=now, until=now + self._life(found, now))

    def _life(self, found: FlightResults, now: datetime) -> timedelta:
        """An offer that is shown can still be booked for half of its time at least."""
        chosen = self._parts.settings
        of_suppliers = (chosen.suppliers.of(name).cache_seconds for name in found.suppliers)
        life = timedelta(seconds=min([chosen.search.cache_seconds, *of_suppliers]))
        if any(status is not SupplierStatus.ANSWERED for status in found.suppliers.values()):
            life = min(life, INCOMPLETE)
        return min([life, *((offer.expires_at - now) / 2 for offer in found.offers)])


def _packed(found: FlightResults, slices: int) -> bytes:
    return pack(flight_set(found.offers, slices=slices, about=about(found)))


SEARCHES = web.AppKey("searches", Searches)


async def flight_offers(request: web.Request) -> web.Response:
    """Journeys under the filters, cheapest first unless sorted otherwise."""
    kept, hit = await request.app[SEARCHES].page(request)
    now = request.app[PARTS].sources.clock.now()
    life, age = (kept.until - kept.made_at).total_seconds(), (now - kept.made_at).total_seconds()
    return bytes_reply(
        kept.value,
        headers={
            hdrs.CACHE_CONTROL: f"private, max-age={max(0, int(life))}",
            hdrs.AGE: str(max(0, int(age))),
            "Cache-Status": "bookingd; hit" if hit else "bookingd; fwd=miss",
        },
    )
