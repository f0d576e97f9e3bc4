"""A workshop and a shelf of a test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bookingd.pictures.shelf import Shelf
from bookingd.pictures.workshop import Workshop
from bookingd.sources import SystemClock
from bookingd.telemetry.metrics import Metrics
from tests.fakes.sources import ManualClock, SequentialIds


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def workshop(metrics: Metrics) -> AsyncIterator[Workshop]:
    made = Workshop(workers=1, clock=SystemClock(), metrics=metrics.pictures)
    yield made
    await made.close()


@pytest.fixture
def shelf(tmp_path: Path, clock: ManualClock, ids: SequentialIds, metrics: Metrics) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "pictures", limit=1_000_000, clock=clock, ids=ids, metrics=metrics.pictures)
    yield made
    made.close()
