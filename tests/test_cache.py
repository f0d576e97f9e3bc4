"""The cache: quick where it can be, and a miss, never an error, where it cannot (P12)."""

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import fakeredis
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ConnectionError as RedisLost

from bookingd.cache import Cache, Kept, Store
from bookingd.redis_calls import AT_ONCE, PAUSE, client_at
from bookingd.telemetry.metrics import CacheMetrics
from tests.fakes.sources import ManualClock


class Redis:
    """A Redis that a test counts, and breaks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls = 0
        self.error: Exception | None = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def get(self, name: str, /) -> Any:
        await self._called()
        return await self.store.get(name)

    async def set(self, name: str, value: bytes, /, *, px: int) -> None:
        await self._called()
        await self.store.set(name, value, px=px)

    async def aclose(self) -> None:
        await self.store.aclose()

    async def _called(self) -> None:
        self.calls += 1
        await self.goes_on.wait()
        if self.error:
            raise self.error


@pytest.fixture(params=["fakeredis", "redis-server"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """Each Redis that a daemon may have: the one in its process, and a real one."""
    if request.param == "fakeredis":
        store: Store = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer())
    else:
        store = AsyncRedis.from_url(request.getfixturevalue("redis_url"))
    yield Redis(store)
    await store.aclose()


def kept(clock: ManualClock, value: bytes = b"value", seconds: float = 60) -> Kept:
    return Kept(value=value, made_at=clock.now(), until=clock.now() + timedelta(seconds=seconds))


def opened(redis: Redis, clock: ManualClock, *, budget: float = 5.0, **options: Any) -> Cache:
    """With a budget that a busy machine keeps to."""
    return Cache(redis, clock=clock, budget=budget, **options)


async def test_what_was_kept_is_found_until_its_time_is_over(clock: ManualClock, redis: Redis) -> None:
    cache = opened(redis, clock)
    value = kept(clock)
    await cache.set("key", value)

    assert await cache.get("key") == value
    clock.advance(60)
    assert await cache.get("key") is None


async def test_another_process_finds_it_through_redis(clock: ManualClock, redis: Redis) -> None:
    value = kept(clock)
    await opened(redis, clock).set("key", value)

    other = opened(redis, clock)

    assert await other.get("key") == value


async def test_redis_is_not_asked_for_what_is_near(clock: ManualClock, redis: Redis) -> None:
    cache = opened(redis, clock)
    await cache.set("key", kept(clock))
    asked = redis.calls

    await cache.get("key")

    assert redis.calls == asked


async def test_the_least_used_go_when_there_is_no_room(clock: ManualClock, redis: Redis) -> None:
    cache = opened(redis, clock, near_bytes=10)
    await cache.set("old", kept(clock, b"12345"))
    await cache.set("used", kept(clock, b"12345"))
    await cache.get("old")
    asked = redis.calls

    await cache.set("new", kept(clock, b"12345"))
    await cache.get("old")
    assert redis.calls == asked + 1

    await cache.get("used")
    assert redis.calls == asked + 2


async def test_what_makes_a_value_runs_once_however_many_ask(clock: ManualClock, redis: Redis) -> None:
    cache, go, made = opened(redis, clock), asyncio.Event(), 0

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


async def test_what_was_made_while_redis_was_asked_is_not_made_again(
    clock: ManualClock, redis: Redis
) -> None:
    cache, made = opened(redis, clock), 0

    async def make() -> Kept:
        nonlocal made
        made += 1
        return kept(clock)

    redis.goes_on.clear()
    late = asyncio.ensure_future(cache.get_or_make("key", make))
    await asyncio.sleep(0)
    cache._near.put("key", kept(clock))  # by somebody who had not to wait
    redis.goes_on.set()

    assert (await late).value == b"value"
    assert made == 0


async def test_nobody_waits_until_redis_has_what_was_made(clock: ManualClock, redis: Redis) -> None:
    cache = opened(redis, clock)

    async def make() -> Kept:
        redis.goes_on.clear()
        return kept(clock)

    assert (await cache.get_or_make("key", make)).value == b"value"
    redis.goes_on.set()
    while await redis.store.get("key") is None:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await cache.close()


async def test_whoever_gives_up_does_not_take_it_from_the_others(clock: ManualClock, redis: Redis) -> None:
    cache, go = opened(redis, clock), asyncio.Event()

    async def make() -> Kept:
        await go.wait()
        return kept(clock)

    first, second = (asyncio.ensure_future(cache.get_or_make("key", make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    go.set()

    assert (await second).value == b"value"


async def test_what_all_have_given_up_is_not_made_and_whoever_comes_then_has_it_made(
    clock: ManualClock, redis: Redis
) -> None:
    cache, ended = opened(redis, clock), list[str]()

    async def forever() -> Kept:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("given up")
        raise AssertionError

    async def make() -> Kept:
        return kept(clock)

    several = [asyncio.ensure_future(cache.get_or_make("key", forever)) for _ in range(2)]
    await asyncio.sleep(0.01)
    several[0].cancel()
    await asyncio.sleep(0.01)
    assert ended == []
    several[1].cancel()
    await asyncio.wait([several[1]])

    assert (await cache.get_or_make("key", make)).value == b"value"
    assert ended == ["given up"]


async def test_an_error_is_told_to_all_and_not_kept(clock: ManualClock, redis: Redis) -> None:
    cache = opened(redis, clock)

    async def fail() -> Kept:
        raise LookupError

    async def make() -> Kept:
        return kept(clock)

    with pytest.raises(LookupError):
        await cache.get_or_make("key", fail)
    assert (await cache.get_or_make("key", make)).value == b"value"


async def test_what_is_made_here_costs_redis_nothing(clock: ManualClock, redis: Redis) -> None:
    cache, made = opened(redis, clock), 0

    async def make() -> Kept:
        nonlocal made
        made += 1
        return kept(clock)

    several = await asyncio.gather(*(cache.get_or_make("key", make, here=True) for _ in range(3)))
    later = await cache.get_or_make("key", make, here=True)

    assert {one.value for one in (*several, later)} == {b"value"}
    assert (made, redis.calls) == (1, 0)


async def test_what_is_over_at_once_is_not_kept(clock: ManualClock, redis: Redis) -> None:
    cache = opened(redis, clock)

    await cache.set("key", kept(clock, seconds=0))

    assert (await cache.get("key"), await redis.store.get("key")) == (None, None)


@pytest.mark.parametrize("error", [RedisLost("gone"), OSError("no route"), TimeoutError()])
async def test_a_broken_redis_is_a_miss_and_is_left_alone_for_a_while(
    clock: ManualClock, redis: Redis, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    redis.error = error
    cache = opened(redis, clock, near_bytes=0)

    for _ in range(5):
        assert await cache.get("key") is None
        await cache.set("key", kept(clock))
    assert (redis.calls, len(caplog.records)) == (1, 1)

    clock.advance(PAUSE)
    redis.error = None
    await cache.set("key", kept(clock))
    assert await cache.get("key") is not None
    assert [record.message for record in caplog.records[1:]] == ["Redis answers again"]


async def test_a_slow_redis_is_a_miss_and_its_late_answer_makes_the_next_one_quick(
    clock: ManualClock, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    redis.goes_on.clear()
    cache = opened(redis, clock, budget=0.01, near_bytes=0)
    await cache.set("key", kept(clock))

    assert await cache.get("key") is None
    assert redis.calls == 1

    redis.goes_on.set()  # it was not cut short, as would be a connection that is being made
    while await redis.store.get("key") is None:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    clock.advance(PAUSE)
    assert await opened(redis, clock).get("key") is not None
    assert len(caplog.records) == 1


async def test_a_failure_that_comes_too_late_is_told_once(
    clock: ManualClock, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    redis.goes_on.clear()
    cache = opened(redis, clock, budget=0.01)
    await cache.get("key")

    redis.error = RedisLost("gone")
    redis.goes_on.set()
    await asyncio.wait(cache._redis._under_way)
    gc.collect()  # when asyncio tells of an error that nobody has seen

    assert len(caplog.records) == 1


async def test_after_the_pause_one_tries_redis_for_all(clock: ManualClock, redis: Redis) -> None:
    redis.error = RedisLost("gone")
    cache = opened(redis, clock)
    await cache.get("key")
    clock.advance(PAUSE)
    redis.goes_on.clear()

    asking = [asyncio.ensure_future(cache.get(str(key))) for key in range(20)]
    await asyncio.sleep(0)
    redis.goes_on.set()

    assert set(await asyncio.gather(*asking)) == {None}
    assert redis.calls == 2


async def test_more_callers_than_connections_are_served_in_turn(clock: ManualClock, redis: Redis) -> None:
    kept_ones = {f"key {number}": kept(clock, f"value {number}".encode()) for number in range(300)}
    for key, one in kept_ones.items():
        await opened(redis, clock).set(key, one)
    cache = opened(redis, clock)

    found = await asyncio.gather(*(cache.get(key) for key in kept_ones))

    assert found == list(kept_ones.values())


async def test_that_others_have_all_turns_is_a_miss_and_no_failure(clock: ManualClock, redis: Redis) -> None:
    registry = CollectorRegistry()
    cache = opened(redis, clock, budget=0.01, metrics=CacheMetrics(registry))
    redis.goes_on.clear()
    await asyncio.gather(*(cache.get(str(key)) for key in range(AT_ONCE)))
    clock.advance(PAUSE)

    assert await cache.get("last") is None

    assert redis.calls == AT_ONCE
    assert registry.get_sample_value("bookingd_redis_errors_total") == AT_ONCE
    await cache.close()


@pytest.mark.parametrize("stored", [b"", b"short", b"\x00" * 16])
async def test_what_somebody_else_put_there_is_a_miss(
    clock: ManualClock, redis: Redis, stored: bytes
) -> None:
    await redis.store.set("key", stored, px=60_000)

    assert await opened(redis, clock).get("key") is None


@pytest.mark.parametrize("url", ["fakeredis://", "redis://127.0.0.1:1"])
async def test_a_cache_is_found_by_its_address(clock: ManualClock, url: str) -> None:
    cache: Any = Cache(client_at(url), clock=clock)
    await cache.set("key", kept(clock))

    assert (await cache.get("key")).value == b"value"
    await cache.close()


async def test_it_is_told_where_values_were_found_and_that_redis_failed(
    clock: ManualClock, redis: Redis
) -> None:
    registry = CollectorRegistry()
    metrics = CacheMetrics(registry)
    far = opened(redis, clock, near_bytes=0, metrics=metrics)
    near = opened(redis, clock, metrics=metrics)
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
