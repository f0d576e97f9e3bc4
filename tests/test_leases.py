"""What several processes want at once is made by one of them, also when that one is killed."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bookingd.cache import Cache, Kept
from bookingd.leases import LEASE, Leases
from bookingd.redis_calls import client_at
from bookingd.sources import Sources
from bookingd.telemetry.metrics import CacheMetrics
from tests.conftest import Spawn
from tests.fakes.redis import Away
from tests.servers.redis import RedisServer

Open = Callable[..., Cache]


@pytest.fixture
def sources() -> Sources:
    return Sources.system()


@pytest.fixture
async def opened(redis_url: str, sources: Sources) -> AsyncIterator[Open]:
    """A cache as another process has it, with a budget that a busy machine keeps to."""
    caches: list[Cache] = []

    def open_one(metrics: CacheMetrics | None = None, url: str = redis_url) -> Cache:
        client = Away() if url == "away" else client_at(url)
        leases = Leases(client, clock=sources.clock, ids=sources.ids, budget=5)
        cache = Cache(client, clock=sources.clock, budget=5, leases=leases, metrics=metrics)
        caches.append(cache)
        return cache

    yield open_one
    for cache in caches:
        await cache.close()


class Work:
    """Counts how often it is done, and waits until it may end."""

    def __init__(self, sources: Sources, *, seconds: float = 60) -> None:
        self._clock = sources.clock
        self._seconds = seconds
        self.done = 0
        self.error: Exception | None = None
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self) -> Kept:
        self.done += 1
        self.begun.set()
        await self.may_end.wait()
        if self.error:
            raise self.error
        now = self._clock.now()
        return Kept(value=b"value", made_at=now, until=now + timedelta(seconds=self._seconds))


async def ask(cache: Cache, work: Work) -> bytes:
    return (await cache.get_or_make("key", work)).value


def all_ask(caches: list[Cache], work: Work) -> "list[asyncio.Task[bytes]]":
    return [asyncio.create_task(ask(cache, work)) for cache in caches for _ in range(20)]


async def test_of_several_processes_one_does_the_work(opened: Open, sources: Sources) -> None:
    registry = CollectorRegistry()
    metrics = CacheMetrics(registry)
    work = Work(sources)

    asking = all_ask([opened(metrics) for _ in range(4)], work)
    await work.begun.wait()
    await asyncio.sleep(0.2)  # the others look for it, and do not begin
    work.may_end.set()

    assert set(await asyncio.gather(*asking)) == {b"value"}
    assert work.done == 1
    assert registry.get_sample_value("bookingd_cache_requests_total", {"found": "elsewhere"}) == 3


async def test_work_that_takes_longer_than_a_lease_is_still_done_once(opened: Open, sources: Sources) -> None:
    work = Work(sources)

    asking = all_ask([opened() for _ in range(2)], work)
    await asyncio.sleep(LEASE + 0.5)
    work.may_end.set()

    await asyncio.gather(*asking)
    assert work.done == 1


async def test_those_who_waited_for_work_that_fails_do_it_themselves_at_once(
    opened: Open, sources: Sources
) -> None:
    work = Work(sources)
    work.error = LookupError("nothing")

    asking = all_ask([opened() for _ in range(3)], work)
    await work.begun.wait()
    begin = time.monotonic()
    work.may_end.set()
    ends = await asyncio.gather(*asking, return_exceptions=True)

    assert {type(end) for end in ends} == {LookupError}
    assert work.done == 3
    assert time.monotonic() - begin < LEASE


async def test_what_may_not_be_kept_is_made_by_each_process_at_once(opened: Open, sources: Sources) -> None:
    work = Work(sources, seconds=0)

    asking = all_ask([opened() for _ in range(3)], work)
    await work.begun.wait()
    begin = time.monotonic()
    work.may_end.set()
    await asyncio.gather(*asking)

    assert work.done == 3
    assert time.monotonic() - begin < LEASE


async def test_without_redis_each_process_does_it_once(opened: Open, sources: Sources) -> None:
    """P12."""
    work = Work(sources)
    work.may_end.set()

    assert set(await asyncio.gather(*all_ask([opened(url="away") for _ in range(3)], work))) == {b"value"}
    assert work.done == 3


async def test_a_redis_that_goes_away_meanwhile_costs_work_and_no_answer(
    redis_server: RedisServer, opened: Open, sources: Sources
) -> None:
    """P12."""
    work = Work(sources)
    asking = all_ask([opened(url=redis_server.url) for _ in range(3)], work)
    await work.begun.wait()

    await redis_server.stop()
    work.may_end.set()

    assert set(await asyncio.gather(*asking)) == {b"value"}
    assert work.done <= 3


class Maker:
    """A process of its own that wants the same a hundred times."""

    def __init__(self, spawn: Spawn, redis_url: str, log: Path, seconds: float) -> None:
        """It writes to `log` when it begins with the work, which takes it `seconds`."""
        command = (sys.executable, "-m", "tests.maker", redis_url, "key", log, str(seconds))
        self._process = spawn(*command)
        self._log = log

    async def until_begun(self) -> None:
        while not (self._log.exists() and self._log.read_text()):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)

    async def end(self) -> tuple[str, int]:
        """What it printed, and its exit status."""
        said, _ = await asyncio.to_thread(self._process.communicate, timeout=60)
        return said, self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


async def test_real_processes_make_it_once(spawn: Spawn, redis_url: str, tmp_path: Path) -> None:
    log = tmp_path / "makers"
    makers = [Maker(spawn, redis_url, log, 2) for _ in range(2)]

    ends = await asyncio.gather(*(maker.end() for maker in makers))

    [worker] = log.read_text().split()
    assert ends == [(worker, 0)] * 2


async def test_a_process_that_is_killed_at_work_is_succeeded_within_its_lease(
    spawn: Spawn, redis_url: str, tmp_path: Path, opened: Open, sources: Sources
) -> None:
    maker = Maker(spawn, redis_url, tmp_path / "makers", 60)
    await maker.until_begun()
    work = Work(sources)
    work.may_end.set()
    asking = all_ask([opened() for _ in range(3)], work)
    await asyncio.sleep(LEASE)
    assert work.done == 0

    maker.kill()
    killed = time.monotonic()

    assert set(await asyncio.gather(*asking)) == {b"value"}
    assert work.done == 1
    assert time.monotonic() - killed < LEASE + 1
