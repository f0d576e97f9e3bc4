"""What searches found, a set for each search: kept, being found, or asked for just now.

The one rule: equal searches have one set. While it is being found, whoever wants to sees it grow as suppliers
answer; in the end all have what is kept of it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

from bookingd.cache import Kept
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.messages.envelope import Origin
from bookingd.messages.search import (
    FlightResults,
    SearchFlights,
    SearchStays,
    StayResults,
    SupplierStatus,
)
from bookingd.results.cursors import fingerprint
from bookingd.results.packing import VERSION, ResultSet, pack
from bookingd.results.shelf import Shelf
from handlers.asking import GRACE, growing
from handlers.flight_requests import DEAREST
from handlers.parts import Parts
from handlers.search_budget import Payer, paid

log = logging.getLogger(__name__)

INCOMPLETE = timedelta(seconds=5)
"""How long a search is kept in which a supplier failed or was late, at most."""

FEW = 100
"""Offers that take a millisecond or two."""

C = TypeVar("C", FlightCriteria, StayCriteria)
R = TypeVar("R", FlightResults, StayResults)
O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
R_contra = TypeVar("R_contra", FlightResults, StayResults, contravariant=True)
T = TypeVar("T")
W = TypeVar("W")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedSet:
    """A set as it is now."""

    found: ResultSet
    searched_at: datetime
    until: datetime
    """How long it is used; of one that grows the time when it was as it is."""
    final: bool


class Gathering(Protocol[R_contra]):
    """Makes sets of the answer to one search."""

    async def add(self, found: R_contra) -> None:
        """The answer so far: what can be done about it before the rest has come is done now."""
        ...

    async def whole(self, found: R_contra) -> ResultSet:
        """The set of an answer so far."""
        ...


async def aside(offers: int, work: Callable[[W], T], argument: W) -> T:
    """What `work` makes of so many offers: in a thread if they are many, and others are answered meanwhile.

    A thread costs two changes of who has the interpreter, each of which takes up to 5 ms while much is to do.
    """
    return work(argument) if offers <= FEW else await asyncio.to_thread(work, argument)


class FoundSets(Generic[C, R]):
    """The sets of one kind of search."""

    def __init__(
        self,
        parts: Parts,
        *,
        name: str,
        query: Callable[[C], SearchFlights | SearchStays],
        begin: Callable[[C], "Gathering[R]"],
        cost: Callable[[C], int],
    ) -> None:
        """`name` is of what is searched, `query` what is asked, `begin` gives who makes sets of answers, and
        `cost` as how many simple searches one counts.
        """
        self._parts = parts
        self._name = name
        self._query: Callable[[C], SearchFlights | SearchStays] = query
        self._begin: Callable[[C], Gathering[R]] = begin
        self._cost: Callable[[C], int] = cost
        self._opened = Shelf()
        self._growths: WeakValueDictionary[str, _Growth[R]] = WeakValueDictionary()

    async def get(self, criteria: C, origin: Origin, payer: Payer) -> SearchedSet:
        """The whole set, when everybody has answered. Raises QueryTimeout, QueryFailed, and Problem where it
        has to be found and `payer` cannot pay for that.
        """
        key = self._key(criteria)
        return self._opened_as(key, await self._kept(key, criteria, origin, payer))

    async def growing(self, criteria: C, origin: Origin, payer: Payer) -> AsyncIterator[SearchedSet]:
        """The set each time that a supplier has answered, whoever has asked; the last one is the whole.

        Only that one where it is kept, or another process is finding it. Raises as `get`.
        """
        key = self._key(criteria)
        growth, told = self._growth(key, criteria), 0
        finding = asyncio.ensure_future(self._kept(key, criteria, origin, payer))
        try:
            while await growth.grows(told, finding):
                told, found, at = await growth.gathered()
                yield SearchedSet(found=found, searched_at=at, until=at, final=False)
            yield self._opened_as(key, await finding)
        finally:
            finding.cancel()
            await asyncio.gather(finding, return_exceptions=True)  # whoever still listens was told

    def _key(self, criteria: C) -> str:
        return f"{self._name}:{VERSION}:{fingerprint(criteria)}"

    def _growth(self, key: str, criteria: C) -> "_Growth[R]":
        """The same for all who follow a search, and for who makes it."""
        growth = self._growths.get(key)
        if growth is None:
            growth = self._growths[key] = _Growth(self._begin(criteria))
        return growth

    def _opened_as(self, key: str, kept: Kept) -> SearchedSet:
        found = self._opened.open(key, kept.made_at, kept.value)
        return SearchedSet(found=found, searched_at=kept.made_at, until=kept.until, final=True)

    async def _kept(self, key: str, criteria: C, origin: Origin, payer: Payer) -> Kept:
        async def search() -> Kept:
            return await self._search(criteria, self._growth(key, criteria), origin)

        return await paid(self._parts.cache, key, search, payer, self._cost(criteria))

    async def _search(self, criteria: C, growth: "_Growth[R]", origin: Origin) -> Kept:
        timeout = self._parts.settings.search.deadline_seconds + GRACE
        clock = self._parts.sources.clock
        so_far: R | None = None
        async for so_far in growing(self._parts.bus, self._query(criteria), origin=origin, timeout=timeout):
            growth.put(so_far, clock.now())
            await growth.gathering.add(so_far)
        assert so_far is not None  # noqa: S101 - `growing` gives one at least
        now = clock.now()
        return Kept(
            value=pack(await growth.gathering.whole(so_far)),
            made_at=now,
            until=now + self._life(so_far, now),
        )

    def _life(self, found: R, now: datetime) -> timedelta:
        """As long as the most fleeting supplier allows; and an offer that is shown can still be booked for
        half of its time at least.
        """
        chosen = self._parts.settings
        lives: list[int] = [chosen.suppliers.of(name).cache_seconds for name in found.suppliers]
        life = timedelta(seconds=min([chosen.search.cache_seconds, *lives]))
        if any(status is not SupplierStatus.ANSWERED for status in found.suppliers.values()):
            life = min(life, INCOMPLETE)
        return min([life, *((offer.expires_at - now) / 2 for offer in found.offers)])


def fitting(offers: Sequence[O], fits: Callable[[O], bool]) -> Sequence[O]:
    """Those that can stand in a set. Who answers what was not asked, or at a price that is none, loses these
    offers only; the maker of the adapter has to hear of it.
    """
    found = [offer for offer in offers if fits(offer) and 0 <= offer.total.amount <= DEAREST]
    if len(found) < len(offers):
        strange = Counter(offer.supplier for offer in offers) - Counter(offer.supplier for offer in found)
        for supplier, number in strange.items():
            log.error(
                "%d offers of supplier %s have other slices or currencies than asked for, or absurd prices",
                number,
                supplier,
            )
    return found


class _Growth(Generic[R]):
    """A search under way in this process."""

    def __init__(self, gathering: Gathering[R]) -> None:
        self.gathering: Gathering[R] = gathering
        self._number = 0
        self._so_far: R | None = None
        self._at: datetime | None = None
        self._news = asyncio.Event()
        self._gathering: tuple[int, asyncio.Future[ResultSet]] | None = None
        """The set after so many answers."""

    def put(self, so_far: R, at: datetime) -> None:
        """A supplier has answered. With the last one the search is over, and is told as that."""
        if SupplierStatus.PENDING not in so_far.suppliers.values():
            return
        self._number += 1
        self._so_far, self._at = so_far, at
        self._news.set()
        self._news = asyncio.Event()

    async def gathered(self) -> tuple[int, ResultSet, datetime]:
        """How it stands, after how many answers, and since when; there is one answer at least. Whoever comes
        first makes the set for all who follow: it takes a thread for tens of milliseconds.
        """
        assert self._so_far is not None and self._at is not None  # noqa: S101, PT018 - see `grows`
        number, at = self._number, self._at
        if self._gathering is None or self._gathering[0] != number:
            gathering = asyncio.ensure_future(self.gathering.whole(self._so_far))
            gathering.add_done_callback(_seen)
            self._gathering = number, gathering
        return number, await asyncio.shield(self._gathering[1]), at

    async def grows(self, told: int, end: "asyncio.Future[Kept]") -> bool:
        """Wait for more than `told` answers, or for the end of the search."""
        if self._number <= told and not end.done():
            news = asyncio.ensure_future(self._news.wait())
            try:
                both: list[asyncio.Future[Any]] = [news, end]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
        return not end.done()


def _seen(gathering: "asyncio.Future[ResultSet]") -> None:
    """Whoever waited was told, and nobody may be left."""
    if not gathering.cancelled():
        gathering.exception()
