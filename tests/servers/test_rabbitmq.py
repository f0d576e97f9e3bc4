"""The private RabbitMQ is what the tests of the bus take it for."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest
from pamqp.common import FieldTable

from tests.acceptance.daemon import until
from tests.servers.management import Management
from tests.servers.process import Port
from tests.servers.rabbitmq import Broker, Node, OwnBroker

QUORUM: FieldTable = {"x-queue-type": "quorum"}


async def put(url: str, queue: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_queue(queue, durable=True, arguments=QUORUM)
        await channel.default_exchange.publish(
            aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT), queue
        )


async def test_a_test_has_a_virtual_host_to_itself(broker: Broker) -> None:
    assert await broker.queue_depths() == {}

    await put(broker.url, "letters", b"hello")

    assert await broker.queue_depths() == {"letters": (1, 0)}


async def test_what_is_delivered_and_not_settled_still_counts(broker: Broker) -> None:
    await put(broker.url, "letters", b"hello")
    async with await aio_pika.connect(broker.url) as connection, connection.channel() as channel:
        queue = await channel.get_queue("letters")
        came: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
        await queue.consume(came.put)
        message = await came.get()

        assert await broker.queue_depths() == {"letters": (1, 1)}

        await message.ack()

        async def gone() -> bool:
            return await broker.queue_depths() == {"letters": (0, 1)}

        await until(gone, 5)


async def test_the_connections_of_a_virtual_host_can_be_killed(broker: Broker) -> None:
    connection = await aio_pika.connect(broker.url)
    gone = asyncio.Event()
    connection.close_callbacks.add(lambda *_: gone.set())

    await broker.kill_connections()

    async with asyncio.timeout(5):
        await gone.wait()


@pytest.mark.full
async def test_a_stopped_broker_refuses_and_comes_back_with_its_messages(own_broker: OwnBroker) -> None:
    await put(own_broker.url, "letters", b"hello")

    await own_broker.stop()
    with pytest.raises(ConnectionError):
        await aio_pika.connect(own_broker.url)
    await own_broker.start()

    assert await own_broker.queue_depths() == {"letters": (1, 0)}


@pytest.mark.full
async def test_a_killed_broker_comes_back_with_its_messages(own_broker: OwnBroker) -> None:
    await put(own_broker.url, "letters", b"hello")

    await own_broker.kill()
    with pytest.raises(ConnectionError):
        await aio_pika.connect(own_broker.url)
    await own_broker.start()

    assert await own_broker.queue_depths() == {"letters": (1, 0)}


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Management]:
    """A RabbitMQ that somebody else runs."""
    with Port() as port:
        settings = [f"management.tcp.port = {port.number}", "management.tcp.ip = 127.0.0.1"]
        settings += ["collect_statistics_interval = 250"]
        node = Node(tmp_path / "rabbitmq", *settings, plugins=["rabbitmq_management"])
        try:
            node.start()
            yield Management(node.add_virtual_host("theirs"), f"http://127.0.0.1:{port.number}")
        finally:
            node.remove()


@pytest.mark.full
async def test_a_broker_that_somebody_else_runs_is_used_through_its_management_plugin(
    foreign: Management,
) -> None:
    broker = Broker(foreign, "ours")
    await put(broker.url, "letters", b"hello")

    async def told() -> bool:
        return await broker.queue_depths() == {"letters": (1, 0)}

    await until(told, 20, every=0.1)
    connection = await aio_pika.connect(broker.url)
    gone = asyncio.Event()
    connection.close_callbacks.add(lambda *_: gone.set())

    await broker.kill_connections()
    async with asyncio.timeout(5):
        await gone.wait()
    foreign.remove_virtual_host("ours")

    with pytest.raises(aio_pika.exceptions.AMQPError):
        await aio_pika.connect(broker.url)
