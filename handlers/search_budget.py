"""How many searches one client may have made: each that is not kept costs calls of suppliers and our time.

The one rule: what is kept, or just being found for somebody else, costs its asker nothing. So refining,
turning pages and coming back are free. An account is counted by itself, wherever it is; whoever has none by
their network. Each process that serves HTTP counts by itself: its time is what one client must not use up.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from aiohttp import web

from bookingd.cache import Cache, Kept
from bookingd.config.sections import SearchBudget
from bookingd.domain.accounts.who import NOBODY
from bookingd.security.throttle import network_of
from bookingd.sources import Clock
from handlers.clients import client_address
from handlers.errors import Problem
from handlers.gate import find_out
from handlers.parts import PARTS

MOST_COUNTED = 50_000
"""Spenders that are kept count of at most; the longest quiet ones are forgotten first."""


class Rate(NamedTuple):
    """Searches that come evenly, and how many may come at once after a quiet time."""

    per_minute: int
    """0: any number."""
    burst: int


class Spender(NamedTuple):
    """Who is counted."""

    kind: str
    """`account` or `network`."""
    name: str


class Spending:
    """Counts searches by the generic cell rate algorithm, as bookingd.suppliers.budget counts calls: of each
    spender is kept when the next one would be due if they came evenly.
    """

    def __init__(self, figures: SearchBudget, *, clock: Clock) -> None:
        self._rates = {
            "account": Rate(figures.account_per_minute, figures.account_burst),
            "network": Rate(figures.network_per_minute, figures.network_burst),
        }
        self._clock = clock
        self._due: OrderedDict[Spender, float] = OrderedDict()

    def take(self, spender: Spender, cost: int) -> float:
        """Count one that costs as much as so many, and give 0; or count nothing, and give the seconds after
        which there is as much. What costs more than there ever is takes all.
        """
        rate, now = self._rates[spender.kind], self._clock.monotonic()
        if not rate.per_minute:
            return 0
        every = 60 / rate.per_minute
        due = max(self._due.get(spender, now), now) + min(cost, rate.burst) * every
        wait = due - rate.burst * every - now
        if wait > 0:
            return wait
        self._due[spender] = due
        self._due.move_to_end(spender)
        if len(self._due) > MOST_COUNTED:
            self._due.popitem(last=False)
        return 0

    def give_back(self, spender: Spender, cost: int) -> None:
        """One that was counted has cost nothing."""
        if spender in self._due:
            rate = self._rates[spender.kind]
            self._due[spender] -= min(cost, rate.burst) * 60 / rate.per_minute


class Payer(Protocol):
    """Who pays for a search."""

    async def pay(self, cost: int) -> None:
        """For a search that costs as much as so many. Raises Problem where too little is left."""
        ...

    def give_back(self, cost: int) -> None:
        """What was paid for was there already."""
        ...


SPENDING = web.AppKey("spending", Spending)


class Client:
    """Whoever sends a request."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._spending = request.app[SPENDING]
        self._spender: Spender | None = None

    async def pay(self, cost: int) -> None:
        """For a search that costs as much as so many. Raises Problem where too little is left."""
        self._spender = spender = await _spender_of(self._request)
        if (wait := math.ceil(self._spending.take(spender, cost))) > 0:
            self._request.app[PARTS].metrics.searches_refused(spender.kind).inc()
            told = f"Many searches were made for you in a short time. The next one is made in {wait} s."
            raise Problem("too-many-searches", told, headers={"Retry-After": str(wait)})

    def give_back(self, cost: int) -> None:
        """What was paid for was there already."""
        if self._spender is not None:
            self._spending.give_back(self._spender, cost)


async def paid(cache: Cache, key: str, make: Callable[[], Awaitable[Kept]], payer: Payer, cost: int) -> Kept:
    """What is kept, or being made in this process, for nothing; else what `make` makes, once it is paid for.

    Raises what `make` raises, and Problem where too little is left.
    """
    if cache.at_hand(key):
        return await cache.get_or_make(key, make)
    try:
        await payer.pay(cost)
    except Problem:
        kept = await cache.get(key)  # another process may have it
        if kept is None and not cache.at_hand(key):
            raise
        return kept or await cache.get_or_make(key, make)
    return await _made(cache, key, make, payer, cost)


async def _made(cache: Cache, key: str, make: Callable[[], Awaitable[Kept]], payer: Payer, cost: int) -> Kept:
    """What was paid for. Whoever does not wait for it has paid all the same."""
    asked = False

    async def work() -> Kept:
        nonlocal asked
        asked = True
        return await make()

    kept = await cache.get_or_make(key, work)
    if not asked:
        payer.give_back(cost)
    return kept


async def _spender_of(request: web.Request) -> Spender:
    """By whom a request is paid for. Searches are for everybody: a token that is no good is none."""
    try:
        who = await find_out(request)
    except Problem:
        who = NOBODY
    if who.account is not None:
        return Spender("account", str(who.account))
    return Spender("network", network_of(client_address(request)))
