"""Slowing down guessers: the first tries are free, each later one waits longer, and nobody is locked out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import fakeredis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisLost

from bookingd.config.sections import Throttle as Figures
from bookingd.redis_calls import PAUSE, Client, client_at
from bookingd.security.throttle import Gate, Gates, Throttle, network_of
from bookingd.telemetry.metrics import ThrottleMetrics
from tests.fakes.sources import ManualClock
from tests.servers.redis import RedisServer

GATES = Gates(Figures())
OWNER, ENEMY = "192.0.2.7", "198.51.100.66"
ANNA = "anna@mail.example"
HOUR = timedelta(hours=1)


class NoRedis:
    """A Redis that is away."""

    async def get(self, name: str, /) -> Any:
        raise RedisLost

    async def set(self, name: str, value: bytes, /, *, px: int) -> Any:
        raise RedisLost

    async def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        raise RedisLost

    async def aclose(self) -> None:
        return None


@pytest.fixture(params=["fakeredis", "redis-server", "away"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Each Redis that a daemon may have: one in its process, a real one, none."""
    client: Client
    if request.param == "fakeredis":
        client = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer())
    elif request.param == "redis-server":
        client = Redis.from_url(request.getfixturevalue("redis_url"))
    else:
        client = NoRedis()
    yield client
    await client.aclose()


@pytest.fixture
def throttle(client: Client, clock: ManualClock) -> Throttle:
    return throttling(client, clock)


def throttling(client: Client, clock: ManualClock, **options: Any) -> Throttle:
    """With a budget that a busy machine keeps to."""
    return Throttle(client, clock=clock, forget=HOUR, budget=5.0, **options)


def gate(free: int = 3, longest: int = 300, subject: str = "x") -> Gate:
    return Gate(kind="account", subject=subject, free=free, longest=longest)


async def waits(throttle: Throttle, clock: ManualClock, *gates: Gate, times: int) -> list[int]:
    """What each of so many wrong tries had to wait, waiting it out."""
    waited = []
    for _ in range(times):
        wait = await throttle.take(*gates)
        if wait:
            clock.advance(wait)
            assert await throttle.take(*gates) == 0
        waited.append(wait)
    return waited


async def test_the_first_tries_are_free_and_each_one_after_them_waits_twice_as_long(
    throttle: Throttle, clock: ManualClock
) -> None:
    assert await waits(throttle, clock, gate(), times=8) == [0, 0, 0, 1, 2, 4, 8, 16]


async def test_no_wait_is_longer_than_the_longest(throttle: Throttle, clock: ManualClock) -> None:
    assert await waits(throttle, clock, gate(free=1, longest=5), times=7) == [0, 1, 2, 4, 5, 5, 5]


async def test_a_try_that_comes_too_early_makes_nothing_longer(
    throttle: Throttle, clock: ManualClock
) -> None:
    """So no enemy keeps a gate closed by knocking."""
    await waits(throttle, clock, gate(), times=5)
    early = [await throttle.take(gate()) for _ in range(50)]

    assert set(early) == {4}
    clock.advance(4)
    assert await throttle.take(gate()) == 0


async def test_a_thousand_tries_at_once_are_a_thousand_tries(throttle: Throttle) -> None:
    """Those who look before the first has failed are counted all the same."""
    told = await asyncio.gather(*(throttle.take(gate(free=10)) for _ in range(200)))

    assert told.count(0) == 10


async def test_without_a_try_for_long_the_count_starts_anew(clock: ManualClock) -> None:
    throttle = throttling(NoRedis(), clock)
    await waits(throttle, clock, gate(), times=3)

    clock.advance(HOUR)

    assert await waits(throttle, clock, gate(), times=4) == [0, 0, 0, 1]


async def test_redis_is_told_when_a_count_ends(redis_url: str, clock: ManualClock) -> None:
    async with Redis.from_url(redis_url) as redis:
        await throttling(redis, clock).take(gate())

        assert HOUR.total_seconds() - 60 < await redis.ttl(gate().key) <= HOUR.total_seconds()


async def test_a_right_try_counts_for_nothing(throttle: Throttle, clock: ManualClock) -> None:
    for _ in range(20):
        assert await throttle.take(gate()) == 0
        await throttle.give_back(gate())


async def test_whoever_signs_in_to_an_own_account_forgets_no_try_at_others(
    throttle: Throttle, clock: ManualClock
) -> None:
    """An enemy with an account of their own gains nothing by using it in between."""
    network = GATES.from_network(ENEMY)
    for _ in range(Figures().tries_from_network):
        assert await throttle.take(network) == 0  # a wrong one, at somebody else's account
        clock.advance(1)
        assert await throttle.take(network) in (0, 1)
        await throttle.give_back(network)

    clock.advance(1)
    await throttle.take(network)
    assert await throttle.take(network) > 0


async def test_what_is_forgotten_starts_anew(throttle: Throttle, clock: ManualClock) -> None:
    await waits(throttle, clock, gate(), times=6)

    await throttle.forget(gate(), gate(subject="never seen"))

    assert await throttle.take(gate()) == 0


async def test_the_strictest_of_several_gates_decides_and_then_nothing_is_counted(
    throttle: Throttle, clock: ManualClock
) -> None:
    strict, mild = gate(free=1, subject="strict"), gate(free=3, subject="mild")
    assert await throttle.take(strict, mild) == 0
    assert [await throttle.take(strict, mild) for _ in range(10)] == [1] * 10

    assert await waits(throttle, clock, mild, times=3) == [0, 0, 1]


async def test_an_enemy_does_not_keep_an_owner_out(throttle: Throttle, clock: ManualClock) -> None:
    for _ in range(30):
        await throttle.take(*GATES.all(ANNA, ENEMY))

    assert await throttle.take(*GATES.all(ANNA, ENEMY)) > 0
    assert await throttle.take(*GATES.all(ANNA, OWNER)) == 0


async def test_an_enemy_who_is_everywhere_makes_an_owner_wait_for_thirty_seconds_at_most(
    throttle: Throttle, clock: ManualClock
) -> None:
    longest = 0
    for number in range(130):
        enemy = f"203.0.{number}.1"
        clock.advance(await throttle.take(*GATES.all(ANNA, enemy)))
        await throttle.take(*GATES.all(ANNA, enemy))
        longest = max(longest, await throttle.take(*GATES.all(ANNA, OWNER)))

    assert longest == 30
    assert await throttle.take(GATES.at_account(ANNA, OWNER), GATES.from_network(OWNER)) == 0


async def test_two_processes_count_together(redis_url: str, clock: ManualClock) -> None:
    one, other = (throttling(client_at(redis_url), clock) for _ in range(2))
    told = [await throttle.take(gate()) for _ in range(3) for throttle in (one, other)]

    assert told == [0, 0, 0, 1, 1, 1]
    await one.close()
    await other.close()


async def test_a_redis_that_goes_away_makes_nobody_free(
    redis_server: RedisServer, clock: ManualClock
) -> None:
    """P12: this process has counted along, and goes on where it was."""
    throttle = throttling(client_at(redis_server.url), clock)
    await waits(throttle, clock, gate(), times=5)
    await redis_server.stop()

    assert await throttle.take(gate()) == 4
    clock.advance(PAUSE)
    await redis_server.start()
    await throttle.close()


async def test_it_is_told_how_many_were_held(client: Client, clock: ManualClock) -> None:
    registry = CollectorRegistry()
    throttle = throttling(client, clock, metrics=ThrottleMetrics(registry))

    for _ in range(5):
        await throttle.take(gate())

    assert registry.get_sample_value("bookingd_throttled_total") == 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "take both", "give_back", "forget"]),
            st.sampled_from([0, 0.5, 1, 3, 40]),
        ),
        max_size=40,
    )
)
def test_this_process_counts_as_redis_does(story: list[tuple[str, float]]) -> None:
    """One algorithm in two languages."""

    async def told(client: Client) -> list[int | None]:
        clock = ManualClock()
        throttle = throttling(client, clock)
        gates = {"take both": (gate(free=2, subject="a"), gate(free=4, longest=10, subject="b"))}
        answers: list[int | None] = []
        for deed, seconds in story:
            clock.advance(seconds)
            act = getattr(throttle, deed.removesuffix(" both"))
            answers.append(await act(*gates.get(deed, (gate(free=2, subject="a"),))))
        await throttle.close()
        return answers

    async def both() -> None:
        assert await told(fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer())) == await told(NoRedis())

    asyncio.run(both())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_customer_is_a_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_whoever_reads_redis_learns_no_address() -> None:
    assert all("anna" not in one.key and OWNER not in one.key for one in GATES.all(ANNA, OWNER))
    assert len({one.key for one in GATES.all(ANNA, OWNER)}) == 3


async def test_memory_is_bounded(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookingd.security.throttle.NEAR_GATES", 10)
    throttle = throttling(NoRedis(), clock)

    for number in range(100):
        await throttle.take(gate(subject=str(number)))

    assert len(throttle._near._counts) == 10
