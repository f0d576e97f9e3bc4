"""What becomes of bundles whose connection goes at the worst moment."""

import asyncio

from bookingd.bus.rabbitmq.link import Link
from bookingd.bus.rabbitmq.publishing import Publisher
from bookingd.sources import Sources
from bookingd.telemetry.metrics import BusMetrics
from tests.bus import test_contract as contract


def unconnected() -> Link:
    return Link(url="amqp://localhost/nowhere", name="test", sources=Sources.system(), metrics=BusMetrics())


async def test_a_bundle_is_told_of_also_when_the_connection_goes_before_its_first_step() -> None:
    publisher, relay = Publisher(unconnected()), contract.Publisher()
    bundle = contract.bundle_of(contract.DEPOSIT)

    publisher.publish([bundle], relay)
    publisher.detach()

    async with asyncio.timeout(2):
        await relay.said.wait()
    assert (relay.kept, relay.delivered) == ([bundle.id], [])


async def test_a_bundle_that_was_waiting_is_told_of_when_the_publisher_closes() -> None:
    publisher, relay = Publisher(unconnected()), contract.Publisher()
    bundle = contract.bundle_of(contract.DEPOSIT)
    publisher.publish([bundle], relay)
    await asyncio.sleep(0)

    publisher.detach()
    await asyncio.sleep(0)
    assert not relay.said.is_set()
    await publisher.close()

    assert (relay.kept, relay.delivered) == ([bundle.id], [])
