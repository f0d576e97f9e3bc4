"""Flight search: criteria in, a page of offers out; what was rendered once is given again as bytes.

Two things are kept in the cache: the offers of a search, and each page of them, rendered. Neither holds
anything about who asked.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.cache import Kept
from bookingd.domain.flights import Cabin
from bookingd.domain.passengers import Party
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.messages.envelope import Origin
from bookingd.messages.search import FlightResults, SearchFlights, SupplierStatus
from bookingd.storage import places
from handlers import criteria as rules
from handlers import results
from handlers.asking import GRACE, NOBODY, whole
from handlers.fields import load_query, refuse
from handlers.middlewares import CORRELATION, trace_of
from handlers.parts import PARTS, Parts
from handlers.reply import bytes_reply, encode
from handlers.requests import FlightSearch, schema
from handlers.views import OfferView, View, codes, offer_view

INCOMPLETE = timedelta(seconds=5)
"""How long a search is kept in which a supplier failed or was late, at most."""

KNOWN_QUERIES = 4096
QUERY_LIFE = timedelta(seconds=30)
"""How long a query string that was found good is taken as such; midnight comes that much later."""


class FlightOffers(View, frozen=True, kw_only=True):
    """A page of offers."""

    offers: tuple[OfferView, ...]
    count: Annotated[int, Meta(description="Offers of the whole search.")]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]
    suppliers: Annotated[dict[str, SupplierStatus], Meta(description="Who answered, failed or was late.")]
    currency: str
    searched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A search that was found good."""

    criteria: FlightCriteria
    sort: str
    limit: int
    after: results.Place | None
    fingerprint: str
    set_key: str
    page_key: str


class Searches:
    """Answers searches, from the cache where it can."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: OrderedDict[str, tuple[Wanted, datetime]] = OrderedDict()

    async def page(self, request: web.Request) -> tuple[Kept, bool]:
        """The page that was asked for, and whether it was kept. Raises Problem."""
        wanted = await self._wanted(request)
        if (kept := await self._parts.cache.get(wanted.page_key)) is not None:
            return kept, True
        origin = Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))
        return await self._make_page(wanted, origin), False

    async def _wanted(self, request: web.Request) -> Wanted:
        text, now = request.query_string, self._parts.sources.clock.now()
        known = self._known.get(text)
        if known is not None and now < known[1]:
            return known[0]
        wanted = await self._read(request, now)
        self._known[text] = (wanted, now + QUERY_LIFE)
        self._known.move_to_end(text)
        if len(self._known) > KNOWN_QUERIES:
            self._known.popitem(last=False)
        return wanted

    async def _read(self, request: web.Request, now: datetime) -> Wanted:
        asked = load_query(schema(FlightSearch), request.query)
        criteria = _criteria(asked, self._parts.settings.booking.currency)
        async with self._parts.database.connection() as connection:
            known = await places.known(connection, codes=_codes(criteria))
        rules.check(criteria, asked_currency=asked["currency"], known=known, now=now)
        sort, limit = asked["sort"], asked["limit"]
        of = results.fingerprint(criteria, sort)
        return Wanted(
            criteria=criteria,
            sort=sort,
            limit=limit,
            after=_place(asked["cursor"], of),
            fingerprint=of,
            set_key=f"search:{results.fingerprint(criteria, '')}",
            page_key=f"page:{of}:{limit}:{asked['cursor'] or ''}",
        )

    async def _make_page(self, wanted: Wanted, origin: Origin) -> Kept:
        cache = self._parts.cache

        async def render() -> Kept:
            found = await cache.get_or_make(wanted.set_key, search, everywhere=True)
            return Kept(value=await self._render(wanted, found), made_at=found.made_at, until=found.until)

        async def search() -> Kept:
            return await self._search(wanted.criteria, origin)

        return await cache.get_or_make(wanted.page_key, render)

    async def _search(self, criteria: FlightCriteria, origin: Origin) -> Kept:
        timeout = self._parts.settings.search.deadline_seconds + GRACE
        query = SearchFlights(criteria=criteria)
        found: FlightResults = await whole(self._parts.bus, query, origin=origin, timeout=timeout)
        now = self._parts.sources.clock.now()
        return Kept(value=results.pack(found), made_at=now, until=now + self._life(found, now))

    def _life(self, found: FlightResults, now: datetime) -> timedelta:
        """An offer that is shown can still be booked for half of its time at least."""
        chosen = self._parts.settings
        of_suppliers = (chosen.suppliers.of(name).cache_seconds for name in found.suppliers)
        life = timedelta(seconds=min([chosen.search.cache_seconds, *of_suppliers]))
        if any(status is not SupplierStatus.ANSWERED for status in found.suppliers.values()):
            life = min(life, INCOMPLETE)
        return min([life, *((offer.expires_at - now) / 2 for offer in found.offers)])

    async def _render(self, wanted: Wanted, kept: Kept) -> bytes:
        found = results.unpack(kept.value)
        page = results.cut(
            found, sort=wanted.sort, limit=wanted.limit, after=wanted.after, of=wanted.fingerprint
        )
        airports, airlines = codes(offer.itinerary for offer in page.offers)
        async with self._parts.database.connection() as connection:
            names = await places.names(connection, airports=airports, airlines=airlines)
        return encode(
            FlightOffers(
                offers=tuple(offer_view(offer, names) for offer in page.offers),
                count=len(found.offers),
                next=page.next,
                suppliers=found.suppliers,
                currency=wanted.criteria.currency,
                searched_at=kept.made_at,
            )
        )


SEARCHES = web.AppKey("searches", Searches)


async def flight_offers(request: web.Request) -> web.Response:
    """Offers for a journey, cheapest first unless sorted otherwise."""
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


def _criteria(asked: dict[str, Any], currency: str) -> FlightCriteria:
    return FlightCriteria(
        slices=_slices(asked),
        party=Party(adults=asked["adults"], children=asked["children"], infants=asked["infants"]),
        cabin=Cabin(asked["cabin"]),
        max_stops=asked["max_stops"],
        currency=currency,
    )


def _codes(criteria: FlightCriteria) -> set[str]:
    return {code for part in criteria.slices for code in (part.origin, part.destination)}


def _slices(asked: dict[str, Any]) -> tuple[WantedSlice, ...]:
    origin, destination = asked["origin"].strip().upper(), asked["destination"].strip().upper()
    out = WantedSlice(origin=origin, destination=destination, day=asked["depart"])
    if asked["return_on"] is None:
        return (out,)
    return out, WantedSlice(origin=destination, destination=origin, day=asked["return_on"])


def _place(cursor: str | None, of: str) -> results.Place | None:
    if cursor is None:
        return None
    try:
        return results.read_cursor(cursor, of)
    except results.ForeignCursor as error:
        hint = "Take it from `next` of the page before, and change nothing else but `limit`."
        raise refuse("cursor", "foreign_cursor", "This cursor is not one of this search.", hint) from error
