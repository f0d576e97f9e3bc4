"""Searches over HTTP: a query in, a page of results out; what was rendered once is given again as bytes.

A page is kept, rendered, in this process's memory: it is made of its set, which is in the cache, as fast as
Redis would give it. Neither holds anything about who asked. The one rule: a page shows what can still be
sold. When something of its set has proved unsellable since, it is another page.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from bookingd.cache import Kept
from bookingd.messages.envelope import Origin
from bookingd.results.cursors import fingerprint
from bookingd.results.packing import VERSION
from handlers.asking import NOBODY
from handlers.middlewares import CORRELATION, trace_of
from handlers.parts import Parts
from handlers.reply import encode, kept_reply
from handlers.search_budget import Client, Payer

KNOWN_QUERIES = 4096
QUERY_LIFE = timedelta(seconds=30)
"""How long a query string that was found good is taken as such; midnight comes that much later."""

Refused = Mapping[int, int]
"""What has proved unsellable, see `bookingd.results.sellable`."""


class Searched(Protocol):
    """What was found, as it is now."""

    @property
    def searched_at(self) -> datetime: ...

    @property
    def until(self) -> datetime:
        """How long it is used."""
        ...

    @property
    def final(self) -> bool:
        """Whether everybody has answered."""
        ...


Q = TypeVar("Q")
S = TypeVar("S", bound=Searched)


class Search(Protocol[Q, S]):
    """One kind of search. `Q` is a query that was found good, `S` what is found for it."""

    async def understand(self, pairs: Any) -> Q:
        """The query that parameters (a multi-dictionary) mean. Raises Problem with all that is wrong."""
        ...

    def page_of(self, query: Q) -> str:
        """The same for queries that show the same page."""
        ...

    async def get(self, query: Q, origin: Origin, payer: Payer) -> S:
        """What is found, when everybody has answered. Raises QueryTimeout, QueryFailed, and Problem where it
        is not there and `payer` cannot pay for finding it.
        """
        ...

    def growing(self, query: Q, origin: Origin, payer: Payer) -> AsyncIterator[S]:
        """The same each time that somebody has answered."""
        ...

    def refused(self, query: Q, searched: S | None = None) -> Refused:
        """What is not to be had now for who asks so; of `searched`, where that is given."""
        ...

    async def answer(self, query: Q, searched: S, refused: Refused) -> Any:
        """The page that the query asks for, to be encoded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known(Generic[Q]):
    """A query string that was found good."""

    query: Q
    key: str
    """What its page is kept as while nothing of it has proved unsellable."""
    until: datetime


class Pages(Generic[Q, S]):
    """Answers one kind of search, from the cache where it can."""

    def __init__(self, search: Search[Q, S], parts: Parts) -> None:
        self.search: Search[Q, S] = search
        self._parts = parts
        self._known: OrderedDict[str, _Known[Q]] = OrderedDict()

    async def reply(self, request: web.Request) -> web.Response:
        """The page that was asked for, labelled with its age. Raises Problem."""
        now = self._parts.sources.clock.now()
        known = self._known.get(request.rel_url.raw_query_string)
        if known is None or known.until <= now:
            known = await self._understand(request)
        refused = self.search.refused(known.query)
        # Most answers are given here: what this process has at hand is looked for before anything is awaited.
        if not refused and (near := self._parts.cache.near(known.key)) is not None:
            return kept_reply(near, now=now, hit=True)
        kept, hit = await self._page(request, known, refused)
        return kept_reply(kept, now=self._parts.sources.clock.now(), hit=hit)

    async def _page(self, request: web.Request, known: "_Known[Q]", refused: Refused) -> tuple[Kept, bool]:
        """The page, and whether it was kept."""
        query, key, hit = known.query, known.key, True
        # Before its page: whoever cannot pay for it is refused alone, not with all who wait for that page.
        searched = await self.search.get(query, _origin(request), Client(request))
        if refused:
            refused = self.search.refused(query, searched)
        if refused:
            key += fingerprint(sorted(refused.items()))

        async def render() -> Kept:
            nonlocal hit
            hit = False
            answer = await self.search.answer(query, searched, refused)
            return Kept(value=encode(answer), made_at=searched.searched_at, until=searched.until)

        return await self._parts.cache.get_or_make(key, render, here=True), hit

    async def _understand(self, request: web.Request) -> "_Known[Q]":
        """The query; it is known then by its text as it was sent: unquoted, `%2526` is what `%26` is."""
        text, until = request.rel_url.raw_query_string, self._parts.sources.clock.now() + QUERY_LIFE
        query = await self.search.understand(request.query)
        key = f"page:{VERSION}:{self.search.page_of(query)}:"
        self._known[text] = known = _Known(query=query, key=key, until=until)
        self._known.move_to_end(text)
        if len(self._known) > KNOWN_QUERIES:
            self._known.popitem(last=False)
        return known


def _origin(request: web.Request) -> Origin:
    return Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))
