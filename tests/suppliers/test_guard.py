"""Between us and a supplier: nobody waits for it too long, and it is asked no more than it allows."""

import asyncio
from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.outcomes import Refused, Unavailable
from bookingd.suppliers.breaker import Paused
from bookingd.suppliers.budget import Rate
from bookingd.suppliers.guard import Busy, Guarded, Late
from bookingd.telemetry.metrics import Metrics
from tests import factories
from tests.fakes.sources import ManualClock
from tests.fakes.suppliers import FakeSource, behind_guard

WISH = factories.wanted("FRA", "JFK", date(2026, 12, 2))

Make = Callable[..., Guarded[Offer, FlightCriteria]]


@pytest.fixture
def source() -> FakeSource[Offer]:
    return FakeSource(offers=[factories.offer()])


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def guarded(source: FakeSource[Offer], metrics: Metrics) -> Make:
    return partial(behind_guard, source, metrics=metrics.suppliers)


def counted(metrics: Metrics, outcome: str, call: str = "search") -> float:
    labels = {"supplier": "acme", "product": "flights", "call": call, "outcome": outcome}
    return metrics.registry.get_sample_value("bookingd_supplier_calls_total", labels) or 0.0


def gauge(metrics: Metrics, name: str) -> float | None:
    labels = {"supplier": "acme", "product": "flights"}
    return metrics.registry.get_sample_value(f"bookingd_supplier_{name}", labels)


async def test_an_answer_passes_through(source: FakeSource[Offer], guarded: Make, metrics: Metrics) -> None:
    source.complete = False

    found = await guarded().search(WISH)

    assert (found.offers, found.complete) == (source.offers, False)
    assert counted(metrics, "answered") == 1
    assert (gauge(metrics, "breaker"), gauge(metrics, "in_flight"), gauge(metrics, "waiting")) == (0, 0, 0)


@pytest.mark.parametrize("deaf", [False, True], ids=["that can be told to stop", "that cannot"])
async def test_nobody_waits_for_one_that_hangs(
    source: FakeSource[Offer], guarded: Make, metrics: Metrics, deaf: bool
) -> None:
    source.hang()
    source.deaf = deaf
    begin = asyncio.get_running_loop().time()

    with pytest.raises(Late):
        await guarded().search(WISH)

    assert asyncio.get_running_loop().time() - begin < 1
    assert counted(metrics, "late") == 1
    source.may_answer.set()


async def test_one_that_goes_on_after_its_deadline_keeps_its_place(
    source: FakeSource[Offer], guarded: Make, metrics: Metrics
) -> None:
    asked = guarded(concurrency=1)
    source.hang()
    source.deaf = True
    with pytest.raises(Late):
        await asked.search(WISH)

    with pytest.raises(Busy):
        await asked.search(WISH)

    assert gauge(metrics, "in_flight") == 1
    source.may_answer.set()
    await asked.search(WISH)
    assert source.most_at_once == 1


async def test_no_more_calls_than_allowed_are_under_way(source: FakeSource[Offer], guarded: Make) -> None:
    asked = guarded(concurrency=3, deadline=10)
    source.delay = 0.01

    await asyncio.gather(*(asked.search(WISH) for _ in range(12)))

    assert (source.calls, source.most_at_once) == (12, 3)


async def test_who_gets_no_place_in_time_does_not_ask(
    source: FakeSource[Offer], guarded: Make, metrics: Metrics
) -> None:
    asked = guarded(concurrency=1, deadline=0.1)
    source.hang()
    first = asyncio.ensure_future(asked.search(WISH))
    await source.was_asked.wait()

    with pytest.raises(Busy):
        await asked.search(WISH)

    assert source.calls == 1
    assert counted(metrics, "busy") == 1
    source.may_answer.set()
    await first


async def test_the_rate_is_kept_and_who_would_wait_too_long_does_not_ask(
    source: FakeSource[Offer], guarded: Make, metrics: Metrics, clock: ManualClock
) -> None:
    asked = guarded(rate=Rate(per_second=10, burst=2), deadline=0.5, clock=clock)

    searches = [asyncio.ensure_future(asked.search(WISH)) for _ in range(6)]
    await asyncio.wait(searches, return_when=asyncio.FIRST_EXCEPTION)

    assert source.calls == 2
    assert counted(metrics, "busy") == 2  # would wait 0.3 s and more, and half of the deadline is 0.25
    assert gauge(metrics, "waiting") == 2
    clock.advance(0.2)
    await asyncio.gather(*searches, return_exceptions=True)
    assert source.calls == 4


async def test_one_that_breaks_is_left_alone_and_asked_again(
    source: FakeSource[Offer], guarded: Make, metrics: Metrics, clock: ManualClock
) -> None:
    asked = guarded(clock=clock)
    source.fails = lambda: Unavailable("nobody there")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await asked.search(WISH)

    with pytest.raises(Paused):
        await asked.search(WISH)

    assert source.calls == 3
    assert (counted(metrics, "failed"), counted(metrics, "paused")) == (3, 1)
    assert gauge(metrics, "breaker") == 2
    clock.advance(30)
    source.fails = None
    await asked.search(WISH)
    await asked.search(WISH)
    assert gauge(metrics, "breaker") == 0


@pytest.mark.parametrize("how", ["late", "a bug"])
async def test_late_answers_and_bugs_open_the_breaker_too(
    source: FakeSource[Offer], guarded: Make, how: str
) -> None:
    asked = guarded(deadline=0.01)
    if how == "late":
        source.hang()
    else:
        source.fails = lambda: KeyError("price")
    for _ in range(3):
        with pytest.raises((Late, KeyError)):
            await asked.search(WISH)

    with pytest.raises(Paused):
        await asked.search(WISH)


async def test_refusals_are_answers(source: FakeSource[Offer], guarded: Make, metrics: Metrics) -> None:
    asked = guarded()
    source.fails = lambda: Refused("gone", "no longer sold")

    for _ in range(10):
        with pytest.raises(Refused):
            await asked.check(source.offers[0])

    assert counted(metrics, "refused", "check") == 10
    assert gauge(metrics, "breaker") == 0


async def test_to_be_busy_is_no_failure(source: FakeSource[Offer], guarded: Make) -> None:
    asked = guarded(concurrency=1, deadline=0.2, failures=1)
    source.hang()
    first = asyncio.ensure_future(asked.search(WISH))
    await source.was_asked.wait()
    with pytest.raises(Busy):
        await asked.search(WISH)
    source.may_answer.set()
    await first

    await asked.search(WISH)

    assert source.calls == 2


async def test_who_goes_away_leaves_nothing_behind(
    source: FakeSource[Offer], guarded: Make, metrics: Metrics, clock: ManualClock
) -> None:
    asked = guarded(concurrency=1, deadline=10, clock=clock, failures=1)
    source.fails = lambda: Unavailable("nobody there")
    with pytest.raises(Unavailable):
        await asked.search(WISH)
    clock.advance(30)
    source.fails = None
    source.hang()
    source.was_asked.clear()
    probe = asyncio.ensure_future(asked.search(WISH))
    await source.was_asked.wait()

    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    assert counted(metrics, "left") == 1
    source.may_answer.set()
    await asked.search(WISH)
    assert source.under_way == 0
