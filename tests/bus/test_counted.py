"""What is counted of a transport's traffic."""

from collections.abc import Callable
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from bookingd.bus.counted import CountedBus
from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import Incoming, IncomingQuery, QueryFailed, QueryTimeout, Receive, ask_once
from bookingd.messages.catalogue import Lane
from bookingd.telemetry.metrics import BusMetrics
from tests.bus.test_contract import DEPOSIT, ORIGIN, Consumer, Publisher, bundle_of, memory_bus
from tests.toy.messages import CATALOGUE, Balance

QUESTION = Balance(account=UUID(int=5))


class Counts:
    """What Prometheus is told."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = BusMetrics(self.registry)

    def __call__(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"bookingd_bus_{name}", labels) or 0.0


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def bus(counts: Counts) -> CountedBus:
    return CountedBus(memory_bus(), catalogue=CATALOGUE, metrics=counts.metrics)


async def test_a_bundle_is_counted_when_it_goes_when_it_comes_and_when_it_is_safe(
    bus: CountedBus, counts: Counts
) -> None:
    consumer, publisher = Consumer(), Publisher()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=8, receive=consumer)

    bus.publish([bundle_of(DEPOSIT), bundle_of(DEPOSIT)], publisher)

    assert counts("published_total", kind="command") == 2
    assert counts("delivered_total", actor="bank") == 2
    assert counts("redelivered_total", actor="bank") == 0
    assert counts("confirm_seconds_count") == 0
    consumer.incoming[0].settle()
    assert counts("confirm_seconds_count") == 1
    assert counts("returned_total") == 0
    assert len(publisher.delivered) == 1


async def test_what_nobody_takes_is_counted_as_returned(bus: CountedBus, counts: Counts) -> None:
    publisher = Publisher()

    bus.publish([bundle_of(DEPOSIT, destination="nobody")], publisher)

    assert counts("returned_total") == 1
    assert counts("confirm_seconds_count") == 0
    assert len(publisher.kept) == 1


class Again(MemoryBus):
    """Gives each bundle to its consumer as one that somebody had before."""

    async def consume(self, *, actor: str, lane: Lane, prefetch: int, receive: Receive) -> "object":  # type: ignore[override]
        def late(incoming: Incoming) -> None:
            incoming.deliveries += 1  # type: ignore[misc] # the port only reads it
            receive(incoming)

        return await super().consume(actor=actor, lane=lane, prefetch=prefetch, receive=late)


async def test_what_comes_again_is_counted_apart(counts: Counts) -> None:
    inner = memory_bus()
    inner.__class__ = Again
    bus = CountedBus(inner, catalogue=CATALOGUE, metrics=counts.metrics)
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=8, receive=Consumer())

    bus.publish([bundle_of(DEPOSIT)], Publisher())

    assert counts("delivered_total", actor="bank") == 1
    assert counts("redelivered_total", actor="bank") == 1
