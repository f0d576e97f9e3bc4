"""How often a supplier may be asked: so many calls a second, and a few at once after a quiet time.

The count is in Redis, for all processes of an installation, since suppliers count by account. While it is
away each process counts by itself. Its one rule: a caller is told how long to wait for its turn, and has it
then; one that would have to wait for too long has none, and takes nothing from those behind it.

It is the generic cell rate algorithm: all that is kept is the time at which the next call would be due if
calls came evenly.
"""

from dataclasses import dataclass

from prometheus_client import Counter

from bookingd.redis_calls import BUDGET, Client, RedisCalls, Rest
from bookingd.sources import Clock
from bookingd.telemetry.metrics import CacheMetrics

TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local interval, ahead, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = math.max(0, due - ahead - now)
if wait > patience then return -1 end
due = due + interval
redis.call('SET', KEYS[1], string.format('%.3f', due), 'PX', math.ceil(due - now) + 1000)
return math.ceil(wait)
"""
"""KEYS: the budget. ARGV: between two calls; how much earlier than evenly a call may come; how long the
caller waits at most. All in milliseconds, as is the answer: how long to wait, or -1.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many calls a second, `burst` of them at once after a quiet time."""

    per_second: float
    burst: int

    @property
    def interval(self) -> float:
        """Milliseconds between two calls that come evenly."""
        return 1000 / self.per_second

    @property
    def ahead(self) -> float:
        """Milliseconds that a call may come before its time."""
        return (self.burst - 1) * self.interval


class Budget:
    """The calls that one supplier allows."""

    def __init__(
        self,
        supplier: str,
        rate: Rate,
        *,
        client: Client,
        clock: Clock,
        redis_errors: Counter | None = None,
        budget: float = BUDGET,
        rest: Rest | None = None,
    ) -> None:
        """`supplier` names the account that is counted; `budget` is how long Redis may take, in seconds."""
        self._key = f"bookingd:budget:{supplier}"
        self._rate = rate
        self._client = client
        self._clock = clock
        self._due = 0.0
        """Of this process's own calls, in milliseconds of its clock."""
        self._redis = RedisCalls(
            client,
            clock=clock,
            errors=CacheMetrics().errors if redis_errors is None else redis_errors,
            meanwhile=f"each process counts its calls of {supplier} by itself",
            budget=budget,
            rest=rest,
        )

    async def take(self, patience: float) -> float | None:
        """Seconds to wait for one's turn, which is taken; None where that is more than `patience`."""
        milliseconds = await self._far(patience * 1000)
        if milliseconds is None:
            milliseconds = self._near(patience * 1000)
        return None if milliseconds < 0 else milliseconds / 1000

    async def close(self) -> None:
        """Leave Redis."""
        await self._redis.close()

    async def _far(self, patience: float) -> float | None:
        rate = self._rate
        return await self._redis.answer(
            lambda: self._client.eval(TAKE, 1, self._key, rate.interval, rate.ahead, patience)
        )

    def _near(self, patience: float) -> float:
        """As TAKE."""
        now = self._clock.monotonic() * 1000
        due = max(self._due, now)
        wait = max(0.0, due - self._rate.ahead - now)
        if wait > patience:
            return -1
        self._due = due + self._rate.interval
        return wait
