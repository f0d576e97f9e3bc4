"""How often a supplier is asked, by one process and by several."""

import asyncio
import time

import pytest

from bookingd.redis_calls import Client, client_at
from bookingd.sources import SystemClock
from bookingd.suppliers.budget import Budget, Rate
from tests.fakes.redis import Away
from tests.fakes.sources import ManualClock

RATE = Rate(per_second=10, burst=3)
FOR_EVER = 1e6


@pytest.fixture(params=["by itself", "in Redis", "in the stand-in for Redis"])
def client(request: pytest.FixtureRequest) -> Client:
    if request.param == "by itself":
        return Away()
    if request.param == "in the stand-in for Redis":
        return client_at("fakeredis://")
    return client_at(request.getfixturevalue("redis_url"))


async def test_a_burst_goes_at_once_and_then_each_waits_its_turn(client: Client, clock: ManualClock) -> None:
    budget = Budget("acme", RATE, client=client, clock=clock, budget=5)

    waits = [await budget.take(FOR_EVER) for _ in range(6)]

    assert waits == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3], abs=0.05)
    await budget.close()


async def test_who_would_wait_too_long_has_no_turn_and_takes_none(client: Client, clock: ManualClock) -> None:
    budget = Budget("acme", RATE, client=client, clock=clock, budget=5)
    for _ in range(5):
        await budget.take(FOR_EVER)

    refused = [await budget.take(0.1) for _ in range(20)]

    assert refused == [None] * 20
    assert await budget.take(FOR_EVER) == pytest.approx(0.3, abs=0.05)
    await budget.close()


async def test_a_quiet_time_saves_no_more_than_a_burst(clock: ManualClock) -> None:
    budget = Budget("acme", RATE, client=Away(), clock=clock)
    for _ in range(6):
        await budget.take(FOR_EVER)
    clock.advance(3600)

    waits = [await budget.take(FOR_EVER) for _ in range(4)]

    assert waits == pytest.approx([0, 0, 0, 0.1])


async def test_all_processes_together_keep_to_the_rate(redis_url: str) -> None:
    budgets = [
        Budget("acme", RATE, client=client_at(redis_url), clock=SystemClock(), budget=5) for _ in range(4)
    ]
    begin = time.monotonic()

    async def call(budget: Budget) -> float:
        wait = await budget.take(FOR_EVER)
        await asyncio.sleep(wait or 0)
        return time.monotonic() - begin

    ends = sorted(await asyncio.gather(*(call(budget) for budget in budgets for _ in range(4))))

    assert _most_within(0.5, ends) <= RATE.burst + 0.5 * RATE.per_second + 1
    assert ends[-1] >= (16 - RATE.burst) / RATE.per_second - 0.05
    for budget in budgets:
        await budget.close()


def _most_within(seconds: float, ends: list[float]) -> int:
    return max(sum(begin <= end < begin + seconds for end in ends) for begin in ends)
