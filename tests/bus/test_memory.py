"""What holds for the in-memory transport only: its queue is the outbox."""

import asyncio
from functools import partial
from typing import Any

from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import ask_once
from bookingd.messages.catalogue import Kind, Lane
from bookingd.sources import Sources
from tests.bus.test_contract import BALANCE, DEPOSIT, ORIGIN, Answerer, Consumer, Publisher, bundle_of
from tests.toy.actors import TOPOLOGY
from tests.toy.messages import CATALOGUE


def memory_bus() -> MemoryBus:
    sources = Sources.system()
    return MemoryBus(topology=TOPOLOGY, catalogue=CATALOGUE, clock=sources.clock, ids=sources.ids)


async def test_the_row_of_an_event_goes_when_every_subscriber_has_settled() -> None:
    bus, bank, clerk, publisher = memory_bus(), Consumer(), Consumer(), Publisher()
    lane = CATALOGUE.named("post.sent").lane
    await bus.consume(actor="bank", lane=lane, prefetch=4, receive=bank)
    await bus.consume(actor="clerk", lane=lane, prefetch=4, receive=clerk)
    event = bundle_of(DEPOSIT, kind=Kind.EVENT, destination="post.sent", lane=lane)
    bus.publish([event], publisher)
    [[first], [second]] = await bank.wait_for(1), await clerk.wait_for(1)

    first.settle()
    before = list(publisher.delivered)
    second.settle()

    assert before == []
    assert publisher.delivered == [event.id]


async def test_an_actor_hears_of_an_asker_who_goes_before_the_end_and_of_no_other() -> None:
    bus, answerer, left = memory_bus(), Answerer(), list[Any]()
    await bus.serve(actor="bank", backlog=4, receive=answerer)

    async def ask() -> Any:
        return await ask_once(bus, BALANCE, origin=ORIGIN, timeout=5)

    going, staying = asyncio.create_task(ask()), asyncio.create_task(ask())
    while len(answerer.queries) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    for query in answerer.queries:
        query.when_left(partial(left.append, query))
    answerer.queries[1].answer(7)
    answerer.queries[1].end()
    going.cancel()
    await asyncio.wait([going])

    assert await staying == 7
    assert left == answerer.queries[:1]


async def test_settling_twice_counts_once() -> None:
    bus, consumer, publisher = memory_bus(), Consumer(), Publisher()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=1, receive=consumer)
    bundles = [bundle_of(DEPOSIT) for _ in range(2)]
    bus.publish(bundles, publisher)

    consumer.incoming[0].settle()
    consumer.incoming[0].settle()

    assert publisher.delivered == [bundles[0].id]


async def test_an_unreadable_bundle_stays_in_the_outbox_and_harms_no_other() -> None:
    bus, consumer, publisher = memory_bus(), Consumer(), Publisher()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=consumer)
    broken = bundle_of(DEPOSIT, payload=b"{")

    bus.publish([broken, bundle_of(DEPOSIT)], publisher)

    await consumer.wait_for(1)
    assert publisher.kept == [broken.id]
