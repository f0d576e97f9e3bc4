"""Answers that were made once and can be given again: Redis, with this process's own memory before it.

The one rule: losing it costs speed, never correctness (P12). Nothing here raises: whatever is wrong with
Redis, or slow, is a miss.
"""

import asyncio
import logging
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, repeat
from typing import Any, Protocol

from bookingd.leases import Claim, Lease, Leases
from bookingd.redis_calls import BUDGET, RedisCalls, Rest
from bookingd.sources import Clock
from bookingd.telemetry.metrics import CacheMetrics

log = logging.getLogger(__name__)

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


Give = Callable[[Kept], None]
"""Gives what was made to who waits for it."""


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
        self._making: dict[str, _Making] = {}
        self._working: set[asyncio.Task[None]] = set()
        """Who makes them, and then hands them on to other processes."""

    async def get(self, key: str) -> Kept | None:
        """What is kept under the key, if there still is anything."""
        if (near := self.near(key)) is not None:
            return near
        found = self._come(key, await self._redis.answer(lambda: self._store.get(key)))
        if found is not None:
            self._metrics.redis.inc()
        elif (found := self.near(key)) is None:  # it may have been made here meanwhile
            self._metrics.miss.inc()
        return found

    async def set(self, key: str, kept: Kept) -> None:
        """Keep the value under the key until its time is over."""
        if (life := self._life(kept)) > 0:
            self._near.put(key, kept)
            packed = _packed(kept)
            await self._redis.answer(lambda: self._store.set(key, packed, px=life))

    async def get_or_make(self, key: str, make: Callable[[], Awaitable[Kept]], *, here: bool = False) -> Kept:
        """What is kept, or else what `make` makes: once, however many ask meanwhile. Nobody waits until Redis
        has it.

        Once over all processes: while another one makes it, its result is waited for; one that is killed
        meanwhile is succeeded within seconds. With `here` once in each process, which keeps it for itself:
        for what is made of something kept, in no more time than Redis takes.

        Raises what `make` raises, to everybody who waited for it in this process; then nothing is kept. When
        all of them have given up it is made no further.
        """
        found = self.near(key) if here or self._leases else await self.get(key)
        if found is not None:
            return found
        making = self._making.get(key) or self._begin(key, make, here=here)
        making.waiting += 1
        try:
            return await asyncio.shield(making.made)
        finally:
            making.waiting -= 1
            if not making.waiting:
                self._forsake(key, making)

    async def close(self) -> None:
        """Stop what is being made and leave Redis."""
        working = [*self._working]
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await self._redis.close()
        if self._leases:
            await self._leases.close()

    def near(self, key: str) -> Kept | None:
        """What is kept of it in this process's own memory."""
        near = self._near.get(key)
        if near is None or near.until <= self._clock.now():
            return None
        self._metrics.near.inc()
        return near

    def at_hand(self, key: str) -> bool:
        """Whether it is in this process's memory, or being made in it."""
        near = self._near.get(key)
        return key in self._making or (near is not None and near.until > self._clock.now())

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

    def _begin(self, key: str, make: Callable[[], Awaitable[Kept]], *, here: bool) -> "_Making":
        making = self._making[key] = _Making(asyncio.get_running_loop().create_future())
        give = partial(self._give, key, making)
        if here:
            work = self._make_here(make, give)
        elif self._leases:
            work = self._make_once(key, make, give, self._leases)
        else:
            work = self._make(key, make, give)
        making.task = task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(partial(self._ended, key, making))
        return making

    def _forsake(self, key: str, making: "_Making") -> None:
        """Nobody waits for it any more: it is not made, unless it is made already."""
        if not making.made.done() and making.task is not None:
            self._over(key, making)
            making.task.cancel()

    def _over(self, key: str, making: "_Making") -> None:
        """Whoever comes from here on has it made anew."""
        if self._making.get(key) is making:
            del self._making[key]

    async def _make_here(self, make: Callable[[], Awaitable[Kept]], give: Give) -> None:
        self._metrics.miss.inc()
        give(await make())

    async def _make(self, key: str, make: Callable[[], Awaitable[Kept]], give: Give) -> None:
        kept = await make()
        give(kept)
        await self.set(key, kept)

    async def _make_once(
        self, key: str, make: Callable[[], Awaitable[Kept]], give: Give, leases: Leases
    ) -> None:
        lease = leases.of(key)
        claim = await self._claim(lease)
        if claim is Claim.MADE and (found := self._come(key, await leases.result(key))) is not None:
            give(found)
        elif claim is Claim.OURS:
            async with lease.held():
                kept = await make()
                give(kept)
                if (life := self._life(kept)) > 0:
                    lease.shared = await leases.keep(key, _packed(kept), milliseconds=life)
        else:
            await self._make(key, make, give)

    def _give(self, key: str, making: "_Making", kept: Kept) -> None:
        """To all who wait for it in this process."""
        if self._life(kept) > 0:
            self._near.put(key, kept)
        self._over(key, making)
        making.made.set_result(kept)

    def _ended(self, key: str, making: "_Making", task: "asyncio.Task[None]") -> None:
        self._working.discard(task)
        made, error = making.made, asyncio.CancelledError() if task.cancelled() else task.exception()
        if not made.done():
            self._over(key, making)
            if isinstance(error, asyncio.CancelledError):
                made.cancel()
            else:
                made.set_exception(error or RuntimeError(f"nothing was made of {key}"))
                made.exception()  # seen: whoever asked is told, and nobody may be left to ask
        elif error is not None and not isinstance(error, asyncio.CancelledError):
            log.error("what was made of %s is not handed on", key, exc_info=error)

    async def _claim(self, lease: Lease) -> Claim:
        """Wait while others make it; who waits for too long makes it too."""
        claim = await lease.claim()
        (self._metrics.redis if claim is Claim.MADE else self._metrics.miss).inc()
        if claim is not Claim.OTHERS:
            return claim
        for pause in chain(FIRST_PAUSES, repeat(FIRST_PAUSES[-1], int(LONGEST_WAIT / FIRST_PAUSES[-1]))):
            await self._clock.sleep(pause)
            if (claim := await lease.claim()) is not Claim.OTHERS:
                break
        if claim is Claim.MADE:
            self._metrics.elsewhere.inc()
        return claim


@dataclass(slots=True)
class _Making:
    """A value on its way, and how many wait for it."""

    made: "asyncio.Future[Kept]"
    task: "asyncio.Task[None] | None" = None
    waiting: int = 0


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
