"""One process of many makes what several want at the same moment; the others wait for it. In Redis.

The one rule: a lease is a courtesy, never a lock. Whoever holds one renews it while it works, so one that
died is succeeded within LEASE; and where Redis does not answer everybody works for themselves (P12).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

from prometheus_client import Counter

from bookingd.redis_calls import Client, RedisCalls, Rest
from bookingd.sources import Clock, Ids
from bookingd.telemetry.metrics import CacheMetrics

BUDGET = 0.5
"""Seconds that Redis may take here: what it saves costs more than what is read from a cache, and a process
that is busy hears of an answer late."""

LEASE = 2.0
"""Seconds until a lease lapses that nobody renews: so long others wait for a process that was killed."""

RENEW = 0.5
"""Seconds between two renewals: an event loop may be late by a second and keep its lease."""

UNSHARED = 1.0
"""Seconds for which those who waited are told to work for themselves."""

CLAIM = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 2 end
local holder = redis.call('GET', KEYS[2])
if holder == '-' then return 3 end
if holder then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""KEYS: where the result will be, and the lease. ARGV: whose it is to be, and for how many milliseconds."""

RENEWAL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], '-', 'PX', ARGV[2])
return 1
"""
"""ARGV: whose it was, and for how many milliseconds those who waited work for themselves, or 0."""


class Claim(IntEnum):
    """What came of wanting a lease; as CLAIM has it."""

    OTHERS = 0
    """Somebody else works on it."""
    OURS = 1
    MADE = 2
    """There is a result."""
    NOBODYS = 3
    """Everybody works for themselves: there will be no result that can be shared, or Redis is away."""


class Leases:
    """The leases of one process. Each belongs to one piece of work, not to the process."""

    def __init__(
        self,
        client: Client,
        *,
        clock: Clock,
        ids: Ids,
        redis_errors: Counter | None = None,
        budget: float = BUDGET,
        rest: Rest | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._ids = ids
        self._redis = RedisCalls(
            client,
            clock=clock,
            errors=CacheMetrics().errors if redis_errors is None else redis_errors,
            meanwhile="each process searches for itself",
            budget=budget,
            rest=rest,
        )

    def of(self, key: str) -> "Lease":
        """The lease on what will be kept under the key, wanted once."""
        return Lease(self, key, owner=str(self._ids.new()))

    async def close(self) -> None:
        """Leave Redis."""
        await self._redis.close()

    async def result(self, key: str) -> bytes | None:
        """What somebody has made."""
        found: bytes | None = await self._redis.answer(lambda: self._client.get(key))
        return found

    async def keep(self, key: str, result: bytes, *, milliseconds: int) -> bool:
        """Put down what was made; whether the others find it."""
        return bool(await self._redis.answer(lambda: self._client.set(key, result, px=milliseconds)))

    async def eval(self, script: str, keys: tuple[str, ...], *arguments: str | int) -> int | None:
        """What a script gives; None where Redis does not answer."""
        return await self._redis.answer(lambda: self._client.eval(script, len(keys), *keys, *arguments))

    async def sleep(self, seconds: float) -> None:
        """By the clock of this process."""
        await self._clock.sleep(seconds)


class Lease:
    """One piece of work that one of all processes does."""

    def __init__(self, leases: Leases, key: str, *, owner: str) -> None:
        self._leases = leases
        self._result = key
        self._key = f"lease:{key}"
        self._owner = owner
        self.shared = False
        """Whether whoever waits will find a result: said before the block of `held` ends."""

    async def claim(self) -> Claim:
        """Take it if it is free."""
        found = await self._leases.eval(CLAIM, (self._result, self._key), self._owner, _milliseconds(LEASE))
        return Claim.NOBODYS if found is None else Claim(found)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep what was claimed for as long as the block takes, and give it back."""
        renewing = asyncio.create_task(self._renew(), name=f"renew {self._key}")
        try:
            yield
        finally:
            renewing.cancel()
            unshared = 0 if self.shared else _milliseconds(UNSHARED)
            await self._leases.eval(RELEASE, (self._key,), self._owner, unshared)

    async def _renew(self) -> None:
        while True:
            await self._leases.sleep(RENEW)
            await self._leases.eval(RENEWAL, (self._key,), self._owner, _milliseconds(LEASE))


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
