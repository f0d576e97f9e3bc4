"""The cache and a real Redis that stops, stands still, comes back, or is another one now (P12)."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bookingd.cache import Cache, Kept, _packed
from bookingd.redis_calls import BUDGET, PAUSE, client_at
from tests.channels.servers import self_signed
from tests.fakes.sources import ManualClock
from tests.servers.redis import RedisServer

AT_MOST = 4 * BUDGET
"""Seconds that a request may wait for a Redis that does not answer: for its turn and for the answer, doubled
for a busy machine."""


def kept(clock: ManualClock, value: str = "value") -> Kept:
    return Kept(value=value.encode(), made_at=clock.now(), until=clock.now() + timedelta(hours=1))


@pytest.fixture
async def cache(redis_server: RedisServer, clock: ManualClock) -> AsyncIterator[Cache]:
    """A cache that has used its Redis, and remembers nothing by itself."""
    cache = Cache(client_at(redis_server.url), clock=clock, near_bytes=0)
    await warmed(cache, clock)
    yield cache
    await cache.close()


async def warmed(cache: Cache, clock: ManualClock, *, key: str = "key") -> None:
    """Keep a value, however busy the machine is."""
    async with asyncio.timeout(30):
        while True:
            await cache.set(key, kept(clock))
            if await cache.get(key) is not None:
                return
            clock.advance(PAUSE)
            await asyncio.sleep(0.05)


async def test_a_redis_that_is_stopped_and_started_is_missed_and_found_again(
    cache: Cache, redis_server: RedisServer, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    await redis_server.stop()
    for _ in range(3):
        assert await cache.get("key") is None
        clock.advance(PAUSE)

    await redis_server.start()
    await warmed(cache, clock)

    told = [one.getMessage() for one in caplog.records if one.name == "bookingd.redis_calls"]
    assert [text.partition(",")[0] for text in told] == ["Redis is left alone", "Redis answers again"]


async def test_nobody_waits_long_for_a_redis_that_stands_still(
    cache: Cache, redis_server: RedisServer, clock: ManualClock
) -> None:
    redis_server.freeze()
    waits = await asyncio.gather(*(waited(cache, f"key {number}") for number in range(200)))
    assert max(waits) < AT_MOST

    began = time.monotonic()
    for number in range(200):
        assert await cache.get(f"key {number}") is None
    assert time.monotonic() - began < BUDGET  # nobody tries
    redis_server.thaw()


async def waited(cache: Cache, key: str) -> float:
    """Seconds that a miss took."""
    began = time.monotonic()
    assert await cache.get(key) is None
    return time.monotonic() - began


async def test_answers_that_come_late_are_not_taken_for_others(
    cache: Cache, redis_server: RedisServer, clock: ManualClock
) -> None:
    keys = [f"key {number}" for number in range(50)]
    async with Redis.from_url(redis_server.url) as other:
        for key in keys:
            await other.set(key, _packed(kept(clock, key)))
    redis_server.freeze()
    await asyncio.gather(*(cache.get(key) for key in keys))
    redis_server.thaw()
    await warmed(cache, clock)

    for key in keys:
        found = await cache.get(key)
        assert found is None or found.value == key.encode()


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    """A Redis, and the Sentinel that replaces it by its copy when it is gone."""
    with ExitStack() as stack:

        def started(name: str, *options: str, sentinel: bool = False) -> RedisServer:
            server = RedisServer(tmp_path / name, *options, sentinel=sentinel)
            stack.callback(server.remove)
            server.launch()
            server.wait_ready()
            return server

        master = started("master")
        started("copy", f"replicaof 127.0.0.1 {master.port}", "repl-diskless-sync-delay 0")
        yield (
            master,
            started(
                "sentinel",
                f"sentinel monitor bookingd 127.0.0.1 {master.port} 1",
                "sentinel down-after-milliseconds bookingd 300",
                "sentinel failover-timeout bookingd 2000",
                sentinel=True,
            ),
        )


async def test_when_sentinel_names_another_redis_that_one_is_used(
    sentinel: tuple[RedisServer, RedisServer], clock: ManualClock
) -> None:
    master, watch = sentinel
    url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watch.port}/bookingd"
    cache = Cache(client_at(url), clock=clock, near_bytes=0)
    await warmed(cache, clock)
    async with Redis.from_url(watch.url) as asked:
        while not await asked.sentinel_slaves("bookingd"):  # noqa: ASYNC110 - it looks when it looks
            await asyncio.sleep(0.1)

    await master.stop()

    assert await cache.get("key") is None
    await warmed(cache, clock, key="another")
    await cache.close()


async def test_a_sentinel_that_knows_no_such_redis_is_a_miss(
    sentinel: tuple[RedisServer, RedisServer], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    _, watch = sentinel
    cache = Cache(client_at(f"redis+sentinel://127.0.0.1:{watch.port}/unknown"), clock=clock, budget=5)

    assert await cache.get("key") is None
    await cache.close()

    assert "No master found for 'unknown'" in caplog.text


async def test_over_tls_it_believes_the_certificate_that_it_is_told_to(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    self_signed(tmp_path)
    pem = tmp_path / "server.pem"
    files = [f"tls-{name}-file {pem}" for name in ("cert", "key", "ca-cert")]
    server = RedisServer(tmp_path / "redis", "port 0", "tls-port {port}", "tls-auth-clients no", *files)
    with ExitStack() as stack:
        stack.callback(server.remove)
        server.launch()
        server.wait_ready()
        url = f"rediss://127.0.0.1:{server.port}/0"
        believing = Cache(client_at(f"{url}?ssl_ca_certs={pem}"), clock=clock, near_bytes=0)
        await warmed(believing, clock)
        await believing.close()
        wary = Cache(client_at(url), clock=clock, budget=5)

        assert await wary.get("key") is None
        await wary.close()

    assert "certificate verify failed" in caplog.text
