"""RabbitMQ as it is in life: restarted, cut off, refusing, given what nobody can read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import aiormq
import pytest
from yarl import URL

from bookingd.bus.port import BrokerRefused, BrokerUnavailable, Mailbox, QueryFailed, ask_once
from bookingd.bus.rabbitmq import RabbitBus
from bookingd.bus.rabbitmq.names import NOTICES, mailbox_queue
from bookingd.bus.rabbitmq.publishing import IN_FLIGHT
from bookingd.messages import codec
from bookingd.messages.catalogue import Lane
from tests.bus.rabbit import Cemetery, rabbit_bus
from tests.bus.test_contract import (
    ACCOUNT,
    BALANCE,
    DEPOSIT,
    ORIGIN,
    Answerer,
    Consumer,
    Publisher,
    bundle_of,
)
from tests.servers.rabbitmq import Broker, OwnBroker
from tests.toy.messages import Deposited, Moved

BANK = Mailbox("bank", Lane.NORMAL)


@asynccontextmanager
async def opened(*buses: RabbitBus) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for bus in buses:
            await bus.open()
            stack.push_async_callback(bus.close)
        yield


async def until(condition: Callable[[], Any], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def consume(bus: RabbitBus, receive: Callable[[Any], None], prefetch: int = 4) -> None:
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=prefetch, receive=receive)


@asynccontextmanager
async def raw_channel(broker: Broker) -> AsyncIterator[aiormq.abc.AbstractChannel]:
    connection = await aiormq.connect(broker.url)
    yield await connection.channel()
    await connection.close()


# Two processes


async def test_a_command_published_here_is_handled_there(broker: Broker) -> None:
    here, there, consumer = rabbit_bus(broker.url), rabbit_bus(broker.url), Consumer()
    async with opened(here, there):
        await consume(there, consumer)
        here.publish([bundle_of(DEPOSIT)], Publisher())
        [incoming] = await consumer.wait_for(1)

    assert codec.read(incoming.envelopes[0], here._catalogue) == DEPOSIT


async def test_an_event_waits_for_a_subscriber_that_never_ran(broker: Broker) -> None:
    event = bundle_of(Deposited(account=ACCOUNT, balance=1))
    publisher, consumer = Publisher(), Consumer()
    async with opened(first := rabbit_bus(broker.url)):
        first.publish([event], publisher)
        await publisher.wait_for(1)

    async with opened(second := rabbit_bus(broker.url)):
        await second.consume(actor="clerk", lane=Lane.FINISHING, prefetch=1, receive=consumer)
        await consumer.wait_for(1)


async def test_processes_of_one_actor_share_its_queue(broker: Broker) -> None:
    one, other, publisher = Consumer(), Consumer(), Publisher()
    buses = rabbit_bus(broker.url), rabbit_bus(broker.url), rabbit_bus(broker.url)
    async with opened(*buses):
        await consume(buses[0], one, prefetch=1)
        await consume(buses[1], other, prefetch=1)
        buses[2].publish([bundle_of(DEPOSIT), bundle_of(DEPOSIT)], publisher)
        await one.wait_for(1)
        await other.wait_for(1)

    assert len(one.incoming) == len(other.incoming) == 1


async def test_queries_and_their_answers_cross_processes(broker: Broker) -> None:
    asking, answering = rabbit_bus(broker.url), rabbit_bus(broker.url)
    async with opened(asking, answering):
        await answering.serve(actor="bank", backlog=64, receive=Answerer(7, 8))
        answers = await asyncio.gather(
            *(ask_once(asking, BALANCE, origin=ORIGIN, timeout=5) for _ in range(200))
        )

    assert answers == [8] * 200


async def test_notices_reach_every_process_and_the_own_one_once(broker: Broker) -> None:
    buses = rabbit_bus(broker.url), rabbit_bus(broker.url)
    heard: tuple[list[Any], list[Any]] = [], []
    async with opened(*buses):
        for bus, told in zip(buses, heard, strict=True):
            bus.watch(told.append)
        buses[0].notify([Moved(account=ACCOUNT)])
        await until(lambda: heard[1])
        await asyncio.sleep(0.1)

    assert heard == ([Moved(account=ACCOUNT)], [Moved(account=ACCOUNT)])


async def test_a_notice_of_another_release_harms_nobody(broker: Broker) -> None:
    bus, heard = rabbit_bus(broker.url), list[Any]()
    async with opened(bus), raw_channel(broker) as channel:
        bus.watch(heard.append)
        await channel.basic_publish(b'[{"name":"bank.melted","body":{}}]', exchange=NOTICES)
        await channel.basic_publish(b"?", exchange=NOTICES)
        other = rabbit_bus(broker.url)
        async with opened(other):
            other.notify([Moved(account=ACCOUNT)])
            await until(lambda: heard)

    assert heard == [Moved(account=ACCOUNT)]


# What comes back


async def test_deliveries_are_counted_and_what_is_left_goes_to_the_next_process(broker: Broker) -> None:
    counted = []
    async with opened(publishing := rabbit_bus(broker.url)):
        publishing.publish([bundle_of(DEPOSIT)], Publisher())
        for _ in range(3):
            consumer = Consumer()
            async with opened(bus := rabbit_bus(broker.url)):
                await consume(bus, consumer)
                [incoming] = await consumer.wait_for(1)
                counted.append(incoming.deliveries)

    assert counted == [1, 2, 3]


async def test_what_comes_too_often_becomes_a_dead_letter(broker: Broker) -> None:
    cemetery, bundle = Cemetery(), bundle_of(DEPOSIT)
    async with opened(keeper := rabbit_bus(broker.url, cemetery=cemetery)):
        keeper.publish([bundle], Publisher())
        async with raw_channel(broker) as channel:
            for _ in range(40):
                if (got := await channel.basic_get(mailbox_queue(BANK))).delivery_tag:
                    await channel.basic_nack(got.delivery_tag, requeue=True)
                if cemetery:
                    break
        await until(lambda: cemetery)

    assert cemetery == [("bank", bundle.payload, "delivery_limit")]


async def test_an_unreadable_bundle_becomes_a_dead_letter_and_harms_no_other(broker: Broker) -> None:
    cemetery, consumer, publisher = Cemetery(), Consumer(), Publisher()
    async with opened(bus := rabbit_bus(broker.url, cemetery=cemetery)):
        await consume(bus, consumer)
        bus.publish([bundle_of(DEPOSIT, payload=b"{"), bundle_of(DEPOSIT)], publisher)
        await consumer.wait_for(1)
        await until(lambda: cemetery)

    assert cemetery == [("bank", b"{", "rejected")]


async def test_a_dead_letter_stays_on_the_broker_until_it_is_kept(broker: Broker) -> None:
    entered = asyncio.Event()

    async def hesitate(actor: str, payload: bytes, reason: str) -> None:
        entered.set()
        await asyncio.Event().wait()

    first = rabbit_bus(broker.url)
    first._graves._undertaker = hesitate
    async with opened(first):
        await consume(first, Consumer())
        first.publish([bundle_of(DEPOSIT, payload=b"{")], Publisher())
        await entered.wait()

    cemetery = Cemetery()
    async with opened(rabbit_bus(broker.url, cemetery=cemetery)):
        await until(lambda: cemetery)

    assert cemetery.reasons == [("bank", "rejected")]


async def test_settled_out_of_order_is_settled(broker: Broker) -> None:
    consumer = Consumer()
    async with opened(bus := rabbit_bus(broker.url)):
        await consume(bus, consumer, prefetch=8)
        bus.publish([bundle_of(DEPOSIT) for _ in range(8)], Publisher())
        incoming = await consumer.wait_for(8)
        for position in (7, 3, 0, 1, 5, 2):
            incoming[position].settle()
            await asyncio.sleep(0.01)

    left = Consumer()
    async with opened(again := rabbit_bus(broker.url)):
        await consume(again, left, prefetch=8)
        await left.wait_for(2)
        await asyncio.sleep(0.1)

    unsettled = {incoming[position].envelopes[0].id for position in (4, 6)}
    assert {one.envelopes[0].id for one in left.incoming} == unsettled


# The broker goes and comes back


async def test_after_a_restart_of_the_broker_it_really_consumes_and_publishes_again(
    own_broker: OwnBroker,
) -> None:
    consumer, publisher, answerer = Consumer(), Publisher(), Answerer(1)
    bus, asking = rabbit_bus(own_broker.url), rabbit_bus(own_broker.url)
    async with opened(bus, asking):
        await consume(bus, consumer, prefetch=64)
        await bus.serve(actor="bank", backlog=4, receive=answerer)
        bus.publish([bundle_of(DEPOSIT)], publisher)
        await consumer.wait_for(1)
        consumer.incoming[0].settle()

        await own_broker.stop()
        await until(lambda: bus.waiting_for_broker and asking.waiting_for_broker)
        bus.publish([bundle_of(DEPOSIT) for _ in range(3)], publisher)
        with pytest.raises(QueryFailed, match="RabbitMQ is away"):
            await ask_once(asking, BALANCE, origin=ORIGIN, timeout=5)
        consumer.incoming[0].settle()
        await own_broker.start()

        await until(lambda: len(consumer.incoming) >= 4, within=30)
        await until(lambda: not bus.waiting_for_broker and not asking.waiting_for_broker)
        assert await ask_once(asking, BALANCE, origin=ORIGIN, timeout=5) == 1
        await publisher.wait_for(4)
        assert (await bus.backlog())[BANK].consumers == 1


async def test_a_connection_cut_under_load_twenty_times_loses_nothing(broker: Broker) -> None:
    seen: set[UUID] = set()
    bundles = [bundle_of(DEPOSIT) for _ in range(2000)]
    publisher = Publisher()

    def receive(incoming: Any) -> None:
        seen.add(incoming.envelopes[0].id)
        incoming.settle()

    async with opened(bus := rabbit_bus(broker.url)):
        await consume(bus, receive, prefetch=32)
        for cut in range(20):
            await until(lambda: not bus.waiting_for_broker)
            bus.publish(bundles[cut * 100 : (cut + 1) * 100], publisher)
            await asyncio.sleep(0.01)
            await broker.kill_connections()
        await publisher.wait_for(2000, within=60)
        await until(lambda: len(seen) == 2000, within=60)
        await asyncio.sleep(0.5)
        after = (await bus.backlog())[BANK]

    assert not publisher.kept
    assert after == (0, 1)


async def test_a_consumer_that_the_broker_cancels_comes_back(broker: Broker) -> None:
    """The connection is well, and only the consumer is gone: the state of the connection tells nothing."""
    consumer = Consumer()
    async with opened(bus := rabbit_bus(broker.url)):
        await consume(bus, consumer)
        async with raw_channel(broker) as channel:
            await channel.queue_delete(mailbox_queue(BANK))
        await until(lambda: bus.waiting_for_broker)
        await until(lambda: not bus.waiting_for_broker)

        bus.publish([bundle_of(DEPOSIT)], Publisher())

        await consumer.wait_for(1)


async def test_a_broker_that_is_killed_loses_nothing_that_it_confirmed(own_broker: OwnBroker) -> None:
    publisher, consumer = Publisher(), Consumer()
    async with opened(bus := rabbit_bus(own_broker.url)):
        bus.publish([bundle_of(DEPOSIT) for _ in range(50)], publisher)
        await publisher.wait_for(50)
        await own_broker.kill()
        await own_broker.start()
        await until(lambda: not bus.waiting_for_broker, within=60)
        await consume(bus, consumer, prefetch=64)
        await until(lambda: len(consumer.incoming) == 50)

    assert sorted(publisher.delivered) == sorted(set(publisher.delivered))


async def test_more_than_can_be_kept_in_mind_stays_in_the_outbox(own_broker: OwnBroker) -> None:
    publisher = Publisher()
    async with opened(bus := rabbit_bus(own_broker.url)):
        await own_broker.stop()
        await until(lambda: bus.waiting_for_broker)

        bus.publish([bundle_of(DEPOSIT) for _ in range(1200)], publisher)

        assert (len(publisher.kept), len(publisher.delivered)) == (200, 0)
        await own_broker.start()
        await publisher.wait_for(1000, within=30)


@pytest.mark.full
async def test_a_broker_short_of_memory_is_waited_for_and_not_buried_in_bundles(
    own_broker: OwnBroker,
) -> None:
    publisher = Publisher()
    async with opened(bus := rabbit_bus(own_broker.url)):
        await own_broker.ask("rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})")
        bundle = bundle_of(DEPOSIT)

        bus.publish([bundle] * (IN_FLIGHT + 100), publisher)

        assert (len(publisher.kept), len(publisher.delivered)) == (100, 0)
        await own_broker.ask("rabbit_alarm:clear_alarm({resource_limit, memory, node()})")
        await publisher.wait_for(IN_FLIGHT, within=60)


# What it refuses


def other_password(url: URL) -> URL:
    return url.with_password("wrong")


def other_virtual_host(url: URL) -> URL:
    return url.with_path("/nowhere")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_password, r"refuses the user 'tester' or its password"),
        (other_virtual_host, r"no virtual host 'nowhere'"),
    ],
)
async def test_a_broker_that_will_not_have_us_says_why(
    broker: Broker, change: Callable[[URL], URL], told: str
) -> None:
    url = change(URL(broker.url))

    with pytest.raises(BrokerRefused, match=told) as refused:
        await rabbit_bus(str(url)).open()

    assert str(url.password) not in str(refused.value) or url.password == url.user


async def test_queues_of_other_properties_are_a_refusal(broker: Broker) -> None:
    async with raw_channel(broker) as channel:
        await channel.queue_declare(mailbox_queue(BANK), durable=True)

    with pytest.raises(BrokerRefused, match=r"bookingd\.bank\.normal"):
        await rabbit_bus(broker.url).open()


async def test_a_broker_that_is_not_there_may_be_there_later(broker: Broker) -> None:
    url = str(URL(broker.url).with_port(1))

    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        await rabbit_bus(url).open()
