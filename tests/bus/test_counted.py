"""What is counted of a transport's traffic."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from bookingd.bus.counted import CountedBus
from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import IncomingQuery, QueryFailed, QueryTimeout, ask_once
from bookingd.messages.catalogue import Lane
from bookingd.sources import SystemClock
from bookingd.telemetry.metrics import BusMetrics
from tests.bus.rabbit import rabbit_bus
from tests.bus.test_contract import DEPOSIT, ORIGIN, Consumer, Publisher, bundle_of, memory_bus
from tests.servers.rabbitmq import Broker
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
    return CountedBus(memory_bus(), catalogue=CATALOGUE, clock=SystemClock(), metrics=counts.metrics)


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


async def test_what_somebody_had_before_is_counted_apart(bus: CountedBus, counts: Counts) -> None:
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=8, receive=Consumer())

    bus.publish([bundle_of(DEPOSIT), bundle_of(DEPOSIT, freed=1)], Publisher())

    assert counts("delivered_total", actor="bank") == 2
    assert counts("redelivered_total", actor="bank") == 1


def answers(query: IncomingQuery) -> None:
    query.answer("ten")
    query.end()


def fails(query: IncomingQuery) -> None:
    query.fail()


def is_silent(query: IncomingQuery) -> None:
    """Nobody hears anything."""


@pytest.mark.parametrize(
    ("actor", "raised", "outcome"),
    [(answers, None, "answered"), (fails, QueryFailed, "failed"), (is_silent, QueryTimeout, "late")],
)
async def test_a_query_is_counted_by_how_it_ended(
    bus: CountedBus,
    counts: Counts,
    actor: Callable[[IncomingQuery], None],
    raised: type[Exception] | None,
    outcome: str,
) -> None:
    await bus.serve(actor="bank", backlog=8, receive=actor)

    try:
        await ask_once(bus, QUESTION, origin=ORIGIN, timeout=0.05)
    except (QueryFailed, QueryTimeout) as error:
        assert type(error) is raised  # noqa: PT017 - which one is the question
    else:
        assert raised is None

    name = CATALOGUE.of(Balance).name
    assert counts("queries_total", query=name, outcome=outcome) == 1
    assert counts("query_seconds_count", query=name) == 1


async def test_whether_the_broker_is_there_is_told_when_it_is_asked(
    bus: CountedBus, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counts("connected") == 1
    monkeypatch.setattr(MemoryBus, "waiting_for_broker", True)
    assert counts("connected") == 0


async def test_a_connection_that_was_lost_and_made_again_is_counted(broker: Broker, counts: Counts) -> None:
    bus = rabbit_bus(broker.url, metrics=counts.metrics)
    await bus.open()
    assert counts("reconnects_total") == 0

    await broker.kill_connections()
    async with asyncio.timeout(10):
        while counts("reconnects_total") < 2:  # noqa: ASYNC110 - one to publish, one to consume; nobody tells
            await asyncio.sleep(0.01)

    await bus.close()
