"""Answers that were made once and can be given again: Redis, with this process's own memory before it.

The one rule: losing it costs speed, never correctness (P12). Nothing here raises: whatever is wrong with
Redis, or slow, is a miss. After a failure Redis is left alone for a while, then one caller tries it for
all, so that its absence does not cost every request the same wait; one log line tells when that begins and
one when it ends.
"""

import asyncio
import logging
import math
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import fakeredis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bookingd.config.redis_address import TLS_OPTIONS, RedisAddress
from bookingd.sources import Clock
from bookingd.telemetry.metrics import CacheMetrics

log = logging.getLogger(__name__)

BUDGET = 0.05
"""Seconds that Redis may take; a search that has to be made anew costs hardly more."""

PATIENCE = 2.0
"""Seconds for which a call goes on when nobody waits for it any more: a new connection, with TLS and by way
of Sentinel, may take longer than the budget, and the next caller finds it made."""

STEP = 0.5
"""Seconds for one connection, or one answer on it: past some Sentinels that are away, within the patience."""

AT_ONCE = 32
"""Calls of Redis under way; more wait their turn. redis-py refuses when its hundred connections are taken."""

PAUSE = 5.0
"""Seconds for which Redis is left alone after it failed."""

NEAR_BYTES = 16 * 1024 * 1024
"""How much this process keeps of what it has seen, besides Redis."""

FAILURES = (RedisError, OSError, TimeoutError)
"""Whatever is wrong with Redis, or with the way to it."""

_TIMES = struct.Struct(">dd")

T = TypeVar("T")


class Store(Protocol):
    """What is used of Redis."""

    def get(self, name: str, /) -> Awaitable[Any]: ...

    def set(self, name: str, value: bytes, /, *, px: int) -> Awaitable[Any]: ...

    def aclose(self) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A value, when it was made, and until when it may be used."""

    value: bytes
    made_at: datetime
    until: datetime


class Cache:
    """Keeps bytes under a key for a time."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        budget: float = BUDGET,
        near_bytes: int = NEAR_BYTES,
        metrics: CacheMetrics | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = CacheMetrics() if metrics is None else metrics
        self._budget = budget
        self._near = _Near(near_bytes)
        self._making: dict[str, asyncio.Task[Kept]] = {}
        self._calls: set[asyncio.Task[Any]] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._resting_until = -math.inf
        self._resting = False

    async def get(self, key: str) -> Kept | None:
        """What is kept under the key, if there still is anything."""
        now = self._clock.now()
        if (near := self._near.get(key)) is not None and near.until > now:
            self._metrics.near.inc()
            return near
        found = _unpacked(await self._try(lambda: self._store.get(key)))
        if found is None or found.until <= now:
            self._metrics.miss.inc()
            return None
        self._metrics.redis.inc()
        self._near.put(key, found)
        return found

    async def set(self, key: str, kept: Kept) -> None:
        """Keep the value under the key until its time is over."""
        life = int((kept.until - self._clock.now()) / timedelta(milliseconds=1))
        if life > 0:
            self._near.put(key, kept)
            packed = _packed(kept)
            await self._try(lambda: self._store.set(key, packed, px=life))

    async def get_or_make(self, key: str, make: Callable[[], Awaitable[Kept]]) -> Kept:
        """What is kept, or else what `make` makes: once in this process, however many ask meanwhile.

        Raises what `make` raises, to everybody who waited for it; then nothing is kept.
        """
        if (found := await self.get(key)) is not None:
            return found
        making = self._making.get(key)
        if making is None:
            making = asyncio.ensure_future(self._make(key, make))
            self._making[key] = making
            making.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(making)

    async def close(self) -> None:
        """Stop what is being made and leave Redis."""
        under_way = [*self._making.values(), *self._calls]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        with suppress(*FAILURES):  # there is nothing left to do for a Redis that is away
            async with asyncio.timeout(PATIENCE):
                await self._store.aclose()

    async def _make(self, key: str, make: Callable[[], Awaitable[Kept]]) -> Kept:
        kept = await make()
        await self.set(key, kept)
        return kept

    def _made(self, key: str, done: "asyncio.Task[Kept]") -> None:
        del self._making[key]
        if not done.cancelled():
            done.exception()  # seen: whoever asked is told, and nobody may be left to ask

    async def _try(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """What the call gives within the budget, or None; cutting it short would cost its connection."""
        if self._is_left_alone() or not await self._has_turn():
            return None
        calling = asyncio.ensure_future(self._call(call))
        self._calls.add(calling)
        calling.add_done_callback(self._called)
        try:
            async with asyncio.timeout(self._budget):
                given = await asyncio.shield(calling)
        except FAILURES as error:
            self._rest(error)
            return None
        self._wake()
        return given

    def _is_left_alone(self) -> bool:
        """False for the first who asks after the pause, and true for those behind until that one knows."""
        now = self._clock.monotonic()
        if now < self._resting_until:
            return True
        if self._resting:
            self._resting_until = now + PAUSE
        return False

    async def _has_turn(self) -> bool:
        """Wait for a turn, for the budget at most: that others have it is a miss, and no failure of Redis."""
        try:
            async with asyncio.timeout(self._budget):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(PATIENCE):
                return await call()
        finally:
            self._turns.release()

    def _called(self, done: "asyncio.Task[Any]") -> None:
        self._calls.discard(done)
        if not done.cancelled():
            done.exception()  # seen: the caller is told, unless that was too late and counted as a failure

    def _wake(self) -> None:
        if self._resting:
            self._resting, self._resting_until = False, -math.inf
            log.warning("Redis answers again")

    def _rest(self, error: Exception) -> None:
        self._metrics.errors.inc()
        self._resting_until = self._clock.monotonic() + PAUSE
        if not self._resting:
            self._resting = True
            reason = error if str(error) else f"no answer within {self._budget} s"
            log.warning("Redis is left alone, searches are made anew meanwhile: %s", reason)


def store_at(url: str) -> Store:
    """The Redis at an address of RedisAddress, or the stand-in of this process at `fakeredis://`.

    It connects when it is used, and tries once more with a new connection where one has broken.
    """
    if url.startswith("fakeredis:"):
        return fakeredis.FakeAsyncRedis()
    address = RedisAddress.parse(url)
    tls: dict[str, Any] = {"ssl": True} if address.tls else {}
    tls |= {name: file for name, file in address.options.items() if name in TLS_OPTIONS}
    common: dict[str, Any] = {
        "socket_connect_timeout": STEP,
        "socket_timeout": STEP,
        "retry": Retry(NoBackoff(), 1),
    } | tls
    login: dict[str, Any] = {
        "username": address.username,
        "password": address.password,
        "db": address.database,
    }
    if not address.service:
        host, port = address.hosts[0]
        return redis.asyncio.Redis(host=host, port=port, **login, **common)
    own: dict[str, Any] = {name: address.options.get(f"sentinel_{name}") for name in ("username", "password")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        address.hosts, sentinel_kwargs=common | own, **common, **login
    )
    return _Elected(sentinel, address.service)


class _Elected:
    """The Redis that the Sentinels name at the moment."""

    def __init__(self, sentinel: Sentinel, service: str) -> None:
        self._sentinel = sentinel
        self._redis: redis.asyncio.Redis = sentinel.master_for(service)
        self.get, self.set = self._redis.get, self._redis.set

    async def aclose(self) -> None:
        await self._redis.aclose()
        await self._sentinel.aclose()


class _Near:
    """The least recently used go first when there is no room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def get(self, key: str) -> Kept | None:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def put(self, key: str, kept: Kept) -> None:
        old = self._kept.pop(key, None)
        self._size -= len(old.value) if old else 0
        self._kept[key] = kept
        self._size += len(kept.value)
        while self._size > self._limit:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone.value)


def _packed(kept: Kept) -> bytes:
    """The value behind its times: when Redis's own is over is not told when a value is read."""
    return _TIMES.pack(kept.made_at.timestamp(), kept.until.timestamp()) + kept.value


def _unpacked(stored: bytes | None) -> Kept | None:
    if stored is None or len(stored) < _TIMES.size:
        return None
    made_at, until = _TIMES.unpack_from(stored)
    return Kept(
        value=stored[_TIMES.size :],
        made_at=datetime.fromtimestamp(made_at, UTC),
        until=datetime.fromtimestamp(until, UTC),
    )
