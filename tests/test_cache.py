"""The cache: quick where it can be, and a miss, never an error, where it cannot (P12)."""

import asyncio
from datetime import timedelta
from typing import Any

import fakeredis
import pytest
from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as RedisLost

from bookingd.cache import PAUSE, Cache, Kept
from bookingd.telemetry.metrics import CacheMetrics
from tests.fakes.sources import ManualClock


class Redis:
    """A Redis that a test breaks."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.calls = 0
        self.error: Exception | None = None
        self.hangs = False

    async def get(self, name: str, /) -> bytes | None:
        await self._called()
        return self.kept.get(name)

    async def set(self, name: str, value: bytes, /, *, px: int) -> None:
        await self._called()
        self.kept[name] = value

    async def aclose(self) -> None: ...

    async def _called(self) -> None:
        self.calls += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error


def kept(clock: ManualClock, value: bytes = b"value", seconds: float = 60) -> Kept:
    return Kept(value=value, made_at=clock.now(), until=clock.now() + timedelta(seconds=seconds))


async def test_what_was_kept_is_found_until_its_time_is_over(clock: ManualClock) -> None:
    cache = Cache(Redis(), clock=clock)
    value = kept(clock)
    await cache.set("key", value)

    assert await cache.get("key") == value
    clock.advance(60)
    assert await cache.get("key") is None


async def test_another_process_finds_it_through_redis(clock: ManualClock) -> None:
    redis, value = fakeredis.FakeAsyncRedis(), kept(clock)
    await Cache(redis, clock=clock).set("key", value)

    other = Cache(redis, clock=clock)

    assert await other.get("key") == value
    await other.close()


async def test_redis_is_not_asked_for_what_is_near(clock: ManualClock) -> None:
    redis = Redis()
    cache = Cache(redis, clock=clock)
    await cache.set("key", kept(clock))
    asked = redis.calls

    await cache.get("key")

    assert redis.calls == asked


async def test_the_least_used_go_when_there_is_no_room(clock: ManualClock) -> None:
    redis = Redis()
    cache = Cache(redis, clock=clock, near_bytes=10)
    await cache.set("old", kept(clock, b"12345"))
    await cache.set("used", kept(clock, b"12345"))
    await cache.get("old")
    asked = redis.calls

    await cache.set("new", kept(clock, b"12345"))
    await cache.get("old")
    assert redis.calls == asked + 1

    await cache.get("used")
    assert redis.calls == asked + 2


async def test_what_makes_a_value_runs_once_however_many_ask(clock: ManualClock) -> None:
    cache, go, made = Cache(Redis(), clock=clock), asyncio.Event(), 0

    async def make() -> Kept:
        nonlocal made
        made += 1
        await go.wait()
        return kept(clock)

    asking = [asyncio.ensure_future(cache.get_or_make("key", make)) for _ in range(10)]
    await asyncio.sleep(0)
    go.set()

    assert {answer.value for answer in await asyncio.gather(*asking)} == {b"value"}
    assert made == 1


async def test_whoever_gives_up_does_not_take_it_from_the_others(clock: ManualClock) -> None:
    cache, go = Cache(Redis(), clock=clock), asyncio.Event()

    async def make() -> Kept:
        await go.wait()
        return kept(clock)

    first, second = (asyncio.ensure_future(cache.get_or_make("key", make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    go.set()

    assert (await second).value == b"value"


async def test_an_error_is_told_to_all_and_not_kept(clock: ManualClock) -> None:
    cache = Cache(Redis(), clock=clock)

    async def fail() -> Kept:
        raise LookupError

    async def make() -> Kept:
        return kept(clock)

    with pytest.raises(LookupError):
        await cache.get_or_make("key", fail)
    assert (await cache.get_or_make("key", make)).value == b"value"


async def test_what_is_over_at_once_is_not_kept(clock: ManualClock) -> None:
    redis = Redis()
    cache = Cache(redis, clock=clock)

    await cache.set("key", kept(clock, seconds=0))

    assert (await cache.get("key"), redis.kept) == (None, {})


@pytest.mark.parametrize("error", [RedisLost("gone"), OSError("no route"), TimeoutError()])
async def test_a_broken_redis_is_a_miss_and_is_left_alone_for_a_while(
    clock: ManualClock, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    redis = Redis()
    redis.error = error
    cache = Cache(redis, clock=clock, near_bytes=0)

    for _ in range(5):
        assert await cache.get("key") is None
        await cache.set("key", kept(clock))
    assert (redis.calls, len(caplog.records)) == (1, 1)

    clock.advance(PAUSE)
    redis.error = None
    await cache.set("key", kept(clock))
    assert await cache.get("key") is not None
    assert [record.message for record in caplog.records[1:]] == ["Redis answers again"]


async def test_a_slow_redis_is_a_miss(clock: ManualClock) -> None:
    redis = Redis()
    redis.hangs = True
    cache = Cache(redis, clock=clock, budget=0.01)

    assert await cache.get("key") is None
    assert redis.calls == 1


@pytest.mark.parametrize("stored", [b"", b"short", b"\x00" * 16])
async def test_what_somebody_else_put_there_is_a_miss(clock: ManualClock, stored: bytes) -> None:
    redis = Redis()
    redis.kept["key"] = stored

    assert await Cache(redis, clock=clock).get("key") is None


@pytest.mark.parametrize("url", ["fakeredis://", "redis://127.0.0.1:1"])
async def test_a_cache_is_found_by_its_address(clock: ManualClock, url: str) -> None:
    cache: Any = Cache.at(url, clock=clock)
    await cache.set("key", kept(clock))

    assert (await cache.get("key")).value == b"value"
    await cache.close()


async def test_it_is_told_where_values_were_found_and_that_redis_failed(clock: ManualClock) -> None:
    registry, redis = CollectorRegistry(), Redis()
    metrics = CacheMetrics(registry)
    far = Cache(redis, clock=clock, near_bytes=0, metrics=metrics)
    near = Cache(redis, clock=clock, metrics=metrics)
    await near.set("key", kept(clock))

    await near.get("key")
    await far.get("key")
    await far.get("other")
    redis.error = RedisLost("gone")
    await far.get("key")

    def value(found: str) -> float | None:
        return registry.get_sample_value("bookingd_cache_requests_total", {"found": found})

    assert [value(found) for found in ("near", "redis", "miss")] == [1, 1, 2]
    assert registry.get_sample_value("bookingd_redis_errors_total") == 1
