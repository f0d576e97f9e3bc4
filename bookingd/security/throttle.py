"""Slows down whoever guesses: each wrong try after the first few has to wait twice as long as the one before.

The one rule: nobody is locked out. A wait has an end that no further try moves, since a try that comes too
early is not counted; and an enemy's tries are counted apart from those of an account's owner elsewhere. They
are counted before the password or code is looked at, so a thousand tries at once are a thousand tries.

The counts are in Redis, for all processes. While it is away each process counts by itself.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from prometheus_client import Counter

from bookingd.config.sections import Throttle as Figures
from bookingd.redis_calls import BUDGET, Client, RedisCalls
from bookingd.sources import Clock
from bookingd.telemetry.metrics import CacheMetrics, ThrottleMetrics

NEAR_GATES = 50_000
"""Gates that this process keeps count of at most; the longest untouched are forgotten first."""

LONGEST_FROM_ANYWHERE = 30
"""Seconds that an owner may have to wait because of an enemy who is everywhere."""

TAKE = """
local now, forget, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
for i, key in ipairs(KEYS) do
    local opens = tonumber(redis.call('HGET', key, 'opens') or 0)
    wait = math.max(wait, math.min(opens - now, tonumber(ARGV[2 * i + 2])))
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
    local beyond = redis.call('HINCRBY', key, 'tries', 1) - tonumber(ARGV[2 * i + 1])
    local delay = beyond < 0 and 0 or math.min(1000 * 2 ^ math.min(beyond, 30), tonumber(ARGV[2 * i + 2]))
    redis.call('HSET', key, 'opens', string.format('%d', now + delay))
    redis.call('PEXPIRE', key, forget)
end
return 0
"""
"""KEYS: the gates. ARGV: the time, how long a count is kept, and for each gate how many tries are free and
the longest wait; milliseconds. Gives the milliseconds to wait, or counts a try at each gate and gives 0.
"""

GIVE_BACK = """
for _, key in ipairs(KEYS) do
    local tries = tonumber(redis.call('HGET', key, 'tries') or 0)
    if tries > 0 then redis.call('HSET', key, 'tries', tries - 1, 'opens', 0) end
end
return 0
"""

FORGET = "for _, key in ipairs(KEYS) do redis.call('DEL', key) end return 0"

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What tries are counted at: a kind of gate, and what it stands before.

    `free` tries cost nothing, and no wait is longer than `longest` seconds.
    """

    kind: str
    subject: str
    free: int
    longest: int

    @property
    def key(self) -> str:
        """Under which it is counted: whoever reads Redis learns no address."""
        return f"bookingd:gate:{self.kind}:{sha256(self.subject.encode(errors='replace')).hexdigest()[:32]}"


class Gates:
    """The gates of one installation. `what` is guessed at: an account's address, a booking's reference.

    A client's `address` counts as its network, since one customer has a whole one of IPv6.
    """

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def all(self, what: str, address: str) -> tuple[Gate, ...]:
        """For somebody who is not known to be who they say."""
        return self.at_account(what, address), self.from_network(address), self.from_anywhere(what)

    def at_account(self, what: str, address: str) -> Gate:
        """One network's tries at one account."""
        return self._gate("account", f"{what} {network_of(address)}", self._figures.tries_at_account)

    def from_network(self, address: str) -> Gate:
        """One network's tries at whatever."""
        return self._gate("network", network_of(address), self._figures.tries_from_network)

    def from_anywhere(self, what: str) -> Gate:
        """Everybody's tries at one account. An enemy with many networks makes its owner wait too: not long,
        and whoever has a passkey passes by.
        """
        return self._gate("anywhere", what, self._figures.tries_from_anywhere, longest=LONGEST_FROM_ANYWHERE)

    def codes(self, what: str) -> Gate:
        """Everybody's codes for one booking, mails to one address, or tries at one second factor: each is a
        mail to somebody or a chance to guess, from whichever network.
        """
        return self._gate("codes", what, self._figures.tries_at_account)

    def _gate(self, kind: str, subject: str, free: int, longest: int = 3600) -> Gate:
        longest = min(longest, self._figures.longest_wait_seconds)
        return Gate(kind=kind, subject=subject, free=free, longest=longest)


class Throttle:
    """Counts tries at gates. A count is forgotten when there was no try for `forget`."""

    def __init__(
        self,
        client: Client,
        *,
        clock: Clock,
        forget: timedelta,
        metrics: ThrottleMetrics | None = None,
        redis_errors: Counter | None = None,
        budget: float = BUDGET,
    ) -> None:
        self._client = client
        self._clock = clock
        self._forget = forget // _MILLISECOND
        self._metrics = ThrottleMetrics() if metrics is None else metrics
        self._near = _Near(self._forget)
        self._redis = RedisCalls(
            client,
            clock=clock,
            errors=CacheMetrics().errors if redis_errors is None else redis_errors,
            meanwhile="each process counts wrong tries by itself",
            budget=budget,
        )

    async def take(self, *gates: Gate) -> int:
        """Count a try at each gate, and give 0; or, where one is closed, the seconds until it opens."""
        now = int(self._clock.now().timestamp() * 1000)
        near = self._near.take(gates, now)
        bounds = [number for gate in gates for number in (gate.free, gate.longest * 1000)]
        far: int | None = await self._eval(TAKE, gates, now, self._forget, *bounds)
        wait = near if far is None else far
        if wait > 0:
            self._metrics.held.inc()
        return -(-wait // 1000)

    async def give_back(self, *gates: Gate) -> None:
        """The try that was counted last was a right one: it has not been one of the wrong ones."""
        self._near.give_back(gates)
        await self._eval(GIVE_BACK, gates)

    async def forget(self, *gates: Gate) -> None:
        """Whoever stands before these gates has shown who they are: count anew."""
        self._near.forget(gates)
        await self._eval(FORGET, gates)

    async def close(self) -> None:
        """Leave Redis."""
        await self._redis.close()

    async def _eval(self, script: str, gates: Sequence[Gate], *arguments: int) -> int | None:
        keys = [gate.key for gate in gates]
        return await self._redis.answer(lambda: self._client.eval(script, len(keys), *keys, *arguments))


def network_of(address: str) -> str:
    """What of a client's address one customer has: all of an IPv4 one, 64 bits of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # of a socket without one
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


@dataclass(slots=True, kw_only=True)
class _Count:
    tries: int = 0
    opens: int = 0
    until: int = 0


class _Near:
    """The same counts in this process's memory; all times in milliseconds."""

    def __init__(self, forget: int) -> None:
        self._forget = forget
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def take(self, gates: Sequence[Gate], now: int) -> int:
        """As `TAKE`."""
        counts = [self._count(gate, now) for gate in gates]
        if (wait := max(self._wait(gate, count, now) for gate, count in zip(gates, counts, strict=True))) > 0:
            return wait
        for gate, count in zip(gates, counts, strict=True):
            beyond = count.tries + 1 - gate.free
            count.tries += 1
            count.opens = now + (min(1000 * 2 ** min(beyond, 30), gate.longest * 1000) if beyond >= 0 else 0)
            count.until = now + self._forget
        return 0

    def give_back(self, gates: Iterable[Gate]) -> None:
        """As `GIVE_BACK`."""
        for gate in gates:
            count = self._counts.get(gate.key)
            if count is not None and count.tries > 0:
                count.tries, count.opens = count.tries - 1, 0

    def forget(self, gates: Iterable[Gate]) -> None:
        """As `FORGET`."""
        for gate in gates:
            self._counts.pop(gate.key, None)

    def _count(self, gate: Gate, now: int) -> _Count:
        count = self._counts.pop(gate.key, None)
        if count is None or count.until <= now:
            count = _Count()
        self._counts[gate.key] = count
        while len(self._counts) > NEAR_GATES:
            self._counts.popitem(last=False)
        return count

    def _wait(self, gate: Gate, count: _Count, now: int) -> int:
        return min(count.opens - now, gate.longest * 1000)
