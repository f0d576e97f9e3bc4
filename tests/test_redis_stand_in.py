"""The stand-in for Redis within the process: what anybody searches for does not make it grow for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bookingd.redis_calls import RedisCalls
from bookingd.redis_stand_in import SWEEP, RedisStandIn
from bookingd.sources import SystemClock
from bookingd.telemetry.metrics import CacheMetrics

Write = Callable[[RedisStandIn, int], Awaitable[object]]


def by_set(redis: RedisStandIn, number: int) -> Awaitable[object]:
    return redis.set(f"page:{number}", b"found", px=1)


def by_script(redis: RedisStandIn, number: int) -> Awaitable[object]:
    return redis.eval("return redis.call('SET', KEYS[1], 'tried', 'PX', 1)", 1, f"tries:{number}")


@pytest.mark.parametrize("write", [by_set, by_script])
async def test_what_has_expired_goes_though_nobody_asks_for_it(write: Write) -> None:
    redis = RedisStandIn()
    for number in range(SWEEP):
        await write(redis, number)
    await asyncio.sleep(0.01)
    for _ in range(SWEEP):
        await redis.set("another", b"found", px=60_000)

    assert _held(redis) == {b"another"}
    await redis.aclose()


async def test_it_is_not_left_alone_when_the_process_has_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    redis, errors = RedisStandIn(), CacheMetrics().errors
    calls = RedisCalls(
        redis, clock=SystemClock(), errors=errors, meanwhile="nothing is to be had", budget=0.01
    )
    await redis.set("page:1", b"found", px=60_000)
    get = redis.get

    async def late(name: str) -> object:
        await asyncio.sleep(0.1)
        return await get(name)

    monkeypatch.setattr(redis, "get", late)

    assert await calls.answer(lambda: redis.get("page:1")) == b"found"
    assert errors._value.get() == 0
    await calls.close()


async def test_without_room_the_oldest_go() -> None:
    redis = RedisStandIn(most_bytes=30)
    for number in (1, 2, 1, 3, 4):
        await redis.set(f"page:{number}", b"0123456789", px=60_000)

    assert _held(redis) == {b"page:1", b"page:3", b"page:4"}
    await redis.aclose()


def _held(redis: RedisStandIn) -> set[bytes]:
    """The keys in memory. Asking Redis for them would throw away what has expired."""
    return set(redis._server.dbs[0]._dict)
