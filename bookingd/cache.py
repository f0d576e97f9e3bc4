"""Answers that were made once and can be given again: Redis, with this process's own memory before it.

The one rule: losing it costs speed, never correctness (P12). Nothing here raises: whatever is wrong with
Redis, or slow, is a miss.
"""

import asyncio
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, Protocol

from bookingd.leases import Claim, Lease, Leases
from bookingd.redis_calls import BUDGET, RedisCalls, Rest
from bookingd.sources import Clock
from bookingd.telemetry.metrics import CacheMetrics

NEAR_BYTES = 16 * 1024 * 1024
"""How much this process keeps of what it has seen, besides Redis."""

FIRST_PAUSES = (0.005, 0.01, 0.02, 0.04)
"""Seconds between two looks whether another process has made what is wanted; the last one again and again."""

LONGEST_WAIT = 30.0
"""Seconds for which another process is waited for, however well it renews its lease."""

_TIMES = struct.Struct(">dd")


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
        leases: Leases | None = None,
        rest: Rest | None = None,
    ) -> None:
        """Without `leases` each process makes for itself what is to be made once."""
        self._store = store
        self._clock = clock
        self._metrics = CacheMetrics() if metrics is None else metrics
        self._redis = RedisCalls(
            store,
            clock=clock,
            errors=self._metrics.errors,
            meanwhile="searches are made anew",
            budget=budget,
            rest=rest,
        )
        self._leases = leases
        self._near = _Near(near_bytes)
        self._making: dict[str, asyncio.Task[Kept]] = {}

    async def get(self, key: str) -> Kept | None:
        """What is kept under the key, if there still is anything."""
        if (near := self._near.get(key)) is not None and near.until > self._clock.now():
            self._metrics.near.inc()
            return near
        found = self._come(key, await self._redis.answer(lambda: self._store.get(key)))
        (self._metrics.miss if found is None else self._metrics.redis).inc()
        return found

    async def set(self, key: str, kept: Kept) -> None:
        """Keep the value under the key until its time is over."""
        if (life := self._life(kept)) > 0:
            self._near.put(key, kept)
            packed = _packed(kept)
            await self._redis.answer(lambda: self._store.set(key, packed, px=life))

    async def get_or_make(
        self, key: str, make: Callable[[], Awaitable[Kept]], *, everywhere: bool = False
    ) -> Kept:
        """What is kept, or else what `make` makes: once in this process, however many ask meanwhile.

        With `everywhere` once over all processes: while another one makes it, its result is waited for; one
        that is killed meanwhile is succeeded within seconds. For what costs more than asking Redis.

        Raises what `make` raises, to everybody who waited for it in this process; then nothing is kept.
        """
        if (found := await self.get(key)) is not None:
            return found
        making = self._making.get(key)
        if making is None:
            work = self._make_once(key, make, self._leases) if everywhere and self._leases else None
            making = asyncio.ensure_future(work or self._make(key, make))
            self._making[key] = making
            making.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(making)

    async def close(self) -> None:
        """Stop what is being made and leave Redis."""
        making = [*self._making.values()]
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        await self._redis.close()
        if self._leases:
            await self._leases.close()

    def _come(self, key: str, stored: bytes | None) -> Kept | None:
        """What has come from Redis, if it is still good: it is near from now on."""
        found = _unpacked(stored)
        if found is None or found.until <= self._clock.now():
            return None
        self._near.put(key, found)
        return found

    def _life(self, kept: Kept) -> int:
        """Milliseconds."""
        return int((kept.until - self._clock.now()) / timedelta(milliseconds=1))

    async def _make(self, key: str, make: Callable[[], Awaitable[Kept]]) -> Kept:
        kept = await make()
        await self.set(key, kept)
        return kept

    async def _make_once(self, key: str, make: Callable[[], Awaitable[Kept]], leases: Leases) -> Kept:
        lease = leases.of(key)
        claim = await self._claim(lease)
        if claim is Claim.MADE and (found := self._come(key, await leases.result(key))) is not None:
            self._metrics.elsewhere.inc()
            return found
        if claim is not Claim.OURS:
            return await self._make(key, make)
        async with lease.held():
            kept = await make()
            if (life := self._life(kept)) > 0:
                self._near.put(key, kept)
                lease.shared = await leases.keep(key, _packed(kept), milliseconds=life)
            return kept

    async def _claim(self, lease: Lease) -> Claim:
        """Wait while others make it; who waits for too long makes it too."""
        pauses = chain(FIRST_PAUSES, repeat(FIRST_PAUSES[-1], int(LONGEST_WAIT / FIRST_PAUSES[-1])))
        while (claim := await lease.claim()) is Claim.OTHERS:
            if (pause := next(pauses, None)) is None:
                break
            await self._clock.sleep(pause)
        return claim

    def _made(self, key: str, done: "asyncio.Task[Kept]") -> None:
        del self._making[key]
        if not done.cancelled():
            done.exception()  # seen: whoever asked is told, and nobody may be left to ask


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
