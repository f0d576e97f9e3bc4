"""An event loop that somebody holds up shows in its lag."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, Histogram

from bookingd.telemetry.event_loop import NAP, watch_event_loop
from tests.fakes.sources import ManualClock


class Late(ManualClock):
    """A clock whose sleepers wake `late` seconds after their time."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if not self.late:
            await asyncio.Event().wait()
        self.advance(timedelta(seconds=seconds + self.late.pop(0)))


async def test_it_is_observed_how_much_later_than_asked_for_a_sleeper_wakes() -> None:
    registry, clock = CollectorRegistry(), Late()
    clock.late = [0.0, 0.3, 0.0]
    lag = Histogram("lag", "lag", registry=registry)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await watch_event_loop(clock, lag)

    assert registry.get_sample_value("lag_count") == 3
    assert registry.get_sample_value("lag_sum") == pytest.approx(0.3)
    assert NAP < 1
