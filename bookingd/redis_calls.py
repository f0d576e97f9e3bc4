"""Redis, for whom it is a help and no need (P12): where it is, and how it is asked.

The one rule: a call never raises and never takes long. Whatever is wrong with Redis, or slow, is no answer.
After a failure Redis is left alone for a while, then one caller tries it for all: its absence does not cost
every request the same wait. One log line tells when that begins and one when it ends.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import redis.asyncio
from prometheus_client import Counter
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bookingd.config.redis_address import TLS_OPTIONS, RedisAddress
from bookingd.sources import Clock

log = logging.getLogger(__name__)

BUDGET = 0.05
"""Seconds that Redis may take; a search that has to be made anew costs hardly more."""

PATIENCE = 2.0
"""Seconds for which a call goes on when nobody waits for it any more: a new connection, with TLS and by way
of Sentinel, may take longer than the budget, and the next caller finds it made."""

STEP = 0.5
"""Seconds for one connection, or one answer on it: past some Sentinels that are away, within the patience."""

LOOKS = 5
"""Times that this process looks for an answer within the budget."""

IN_PROCESS = 30.0
"""Seconds for the stand-in within this process. It is never away: when it is late, it waits for a turn of the
event loop as its callers do, and leaving it alone would win nothing.
"""

AT_ONCE = 32
"""Calls of Redis under way; more wait their turn. redis-py refuses when its hundred connections are taken."""

PAUSE = 5.0
"""Seconds for which Redis is left alone after it failed."""

FAILURES = (RedisError, OSError, TimeoutError)
"""Whatever is wrong with Redis, or with the way to it."""

T = TypeVar("T")


class Closable(Protocol):
    """Whatever speaks to Redis."""

    def aclose(self) -> Awaitable[None]: ...


class Client(Closable, Protocol):
    """What is used of Redis."""

    def get(self, name: str, /) -> Awaitable[Any]: ...

    def set(self, name: str, value: bytes, /, *, px: int) -> Awaitable[Any]: ...

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any: ...


class Rest:
    """Whether one Redis is left alone: for all who call it in this process, if they share this.

    `meanwhile` says in the log what its absence means.
    """

    def __init__(self, *, clock: Clock, meanwhile: str) -> None:
        self._clock = clock
        self._meanwhile = meanwhile
        self._until = -math.inf
        self._resting = False

    def goes_on(self) -> bool:
        """False for the first who asks after the pause, and true for those behind until that one knows."""
        now = self._clock.monotonic()
        if now < self._until:
            return True
        if self._resting:
            self._until = now + PAUSE
        return False

    def begin(self, reason: object) -> None:
        """Redis has failed."""
        self._until = self._clock.monotonic() + PAUSE
        if not self._resting:
            self._resting = True
            log.warning("Redis is left alone, %s meanwhile: %s", self._meanwhile, reason)

    def end(self) -> None:
        """Redis has answered."""
        if self._resting:
            self._resting, self._until = False, -math.inf
            log.warning("Redis answers again")


class RedisCalls:
    """Calls one Redis, on behalf of one part of a process."""

    def __init__(
        self,
        client: Closable,
        *,
        clock: Clock,
        errors: Counter,
        meanwhile: str,
        budget: float = BUDGET,
        rest: Rest | None = None,
    ) -> None:
        """Without a `rest` that is shared with others it has one of its own, for which `meanwhile` is."""
        self._client = client
        self._errors = errors
        in_process = getattr(client, "in_process", False)
        self._budget = IN_PROCESS if in_process else budget
        self._patience = IN_PROCESS if in_process else PATIENCE
        self._under_way: set[asyncio.Task[Any]] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._rest = rest or Rest(clock=clock, meanwhile=meanwhile)

    async def answer(self, call: Callable[[], Awaitable[T]], *, awaited: bool = True) -> T | None:
        """What the call gives within the budget, or None; cutting it short would cost its connection.

        Where no request has `awaited` it, it may take all the patience that there is.
        """
        if self._rest.goes_on() or not await self._has_turn():
            return None
        calling = asyncio.ensure_future(self._call(call))
        self._under_way.add(calling)
        calling.add_done_callback(self._called)
        budget = self._budget if awaited else self._patience
        try:
            given = await _within(budget, calling)
        except FAILURES as error:
            self._errors.inc()
            self._rest.begin(error if str(error) else f"no answer within {budget} s")
            return None
        self._rest.end()
        return given

    async def close(self) -> None:
        """Stop what is under way and leave Redis."""
        under_way = [*self._under_way]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        with suppress(*FAILURES):  # there is nothing left to do for a Redis that is away
            async with asyncio.timeout(PATIENCE):
                await self._client.aclose()

    async def _has_turn(self) -> bool:
        """Wait for a turn, for the budget at most: that others have it is a miss, and no failure of Redis."""
        try:
            async with asyncio.timeout(self._budget):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._patience):
                return await call()
        finally:
            self._turns.release()

    def _called(self, done: "asyncio.Task[Any]") -> None:
        self._under_way.discard(done)
        if not done.cancelled():
            done.exception()  # seen: the caller is told, unless that was too late and counted as a failure


async def _within(seconds: float, calling: "asyncio.Task[T]") -> T:
    """What the call gives; the call goes on. Raises TimeoutError.

    Its time is counted in some looks and not by the clock: of a process that has much to do at once the clock
    tells nothing about Redis, whose answer may have been there all along.
    """
    for _ in range(LOOKS):
        done, _ = await asyncio.wait({calling}, timeout=seconds / LOOKS)
        if done:
            return calling.result()
    raise TimeoutError


def client_at(url: str) -> Client:
    """The Redis at an address of RedisAddress, or the stand-in of this process at `fakeredis://`.

    It connects when it is used, and tries once more with a new connection where one has broken.
    """
    if url.startswith("fakeredis:"):
        # A sixth of all that a start loads, for those only who use it.
        from bookingd.redis_stand_in import RedisStandIn  # noqa: PLC0415

        return RedisStandIn()
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
        self.get, self.set, self.eval = self._redis.get, self._redis.set, self._redis.eval

    async def aclose(self) -> None:
        await self._redis.aclose()
        await self._sentinel.aclose()
