"""What every transport must keep. A new one joins by another parameter of the fixture `transport`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from bookingd.bus.counted import CountedBus
from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import (
    Backlog,
    Bus,
    Incoming,
    IncomingQuery,
    Mailbox,
    QueryFailed,
    QueryTimeout,
    ask_once,
)
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import Kind, Lane
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.sources import Sources, SystemIds
from bookingd.storage.outbox import Bundle
from bookingd.telemetry.metrics import BusMetrics
from tests.bus.rabbit import rabbit_bus
from tests.servers.rabbitmq import Broker
from tests.toy.actors import TOPOLOGY
from tests.toy.messages import CATALOGUE, Balance, Burst, Deposit, Deposited, Finish, Moved, Relayed

ORIGIN = Origin(principal=SYSTEM, correlation_id=UUID(int=1))
ACCOUNT = UUID(int=5)
IDS = SystemIds()


@dataclass(frozen=True)
class Transport:
    """Makes a bus as a process start does."""

    make: Callable[[], Bus]
    lull: float = 0.0
    """Seconds after which whatever was on its way has come."""


def memory_bus() -> MemoryBus:
    sources = Sources.system()
    return MemoryBus(topology=TOPOLOGY, catalogue=CATALOGUE, clock=sources.clock, ids=sources.ids)


def counted_bus() -> CountedBus:
    clock = Sources.system().clock
    return CountedBus(memory_bus(), catalogue=CATALOGUE, clock=clock, metrics=BusMetrics())


@pytest.fixture(params=["memory", "counted", "rabbitmq", "rabbitmq with the short cut"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Each transport, with its traffic counted too; the short cut is one more as far as queries go."""
    if request.param == "memory":
        return Transport(memory_bus)
    if request.param == "counted":
        return Transport(counted_bus)
    broker: Broker = request.getfixturevalue("broker")
    return Transport(lambda: rabbit_bus(broker.url, shortcut=request.param != "rabbitmq"), lull=0.1)


@pytest.fixture
async def bus(transport: Transport) -> AsyncIterator[Bus]:
    made = transport.make()
    await made.open()
    yield made
    await made.close()


@dataclass
class Publisher:
    """The relay's side: what it gave to the bus and what the bus said."""

    delivered: list[UUID] = field(default_factory=list)
    kept: list[UUID] = field(default_factory=list)
    said: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, bundle_id: UUID, gone: bool) -> None:
        (self.delivered if gone else self.kept).append(bundle_id)
        self.said.set()

    async def wait_for(self, delivered: int, within: float = 2) -> None:
        async with asyncio.timeout(within):
            while len(self.delivered) < delivered:
                self.said.clear()
                await self.said.wait()


class Consumer:
    """An actor's side: keeps what comes."""

    def __init__(self) -> None:
        self.incoming: list[Incoming] = []
        self._came = asyncio.Event()

    def __call__(self, incoming: Incoming) -> None:
        self.incoming.append(incoming)
        self._came.set()

    async def wait_for(self, number: int) -> Sequence[Incoming]:
        async with asyncio.timeout(2):
            while len(self.incoming) < number:
                self._came.clear()
                await self._came.wait()
        return self.incoming

    @property
    def names(self) -> list[str]:
        return [envelope.name for incoming in self.incoming for envelope in incoming.envelopes]


def bundle_of(*messages: Any, **changes: Any) -> Bundle:
    entry = CATALOGUE.of(type(messages[0]))
    now = Sources.system().clock.now()
    envelopes = [
        codec.seal(message, catalogue=CATALOGUE, id=MessageId(IDS.new()), origin=ORIGIN, now=now)
        for message in messages
    ]
    bundle = Bundle(
        id=IDS.new(),
        kind=entry.kind,
        destination=entry.owner or entry.name,
        lane=entry.lane,
        payload=codec.pack(envelopes),
        due_at=now,
    )
    return replace(bundle, **changes)


DEPOSIT = Deposit(account=ACCOUNT)


# Commands


async def test_a_command_reaches_its_owner_whole(bus: Bus) -> None:
    consumer, publisher = Consumer(), Publisher()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=consumer)

    bus.publish([bundle_of(DEPOSIT, Deposit(account=ACCOUNT, amount=2))], publisher)

    [incoming] = await consumer.wait_for(1)
    assert [codec.read(one, CATALOGUE) for one in incoming.envelopes] == [
        DEPOSIT,
        Deposit(account=ACCOUNT, amount=2),
    ]


async def test_what_is_published_before_anybody_consumes_waits(bus: Bus) -> None:
    consumer = Consumer()
    bus.publish([bundle_of(DEPOSIT)], Publisher())

    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=consumer)

    await consumer.wait_for(1)


async def test_an_unsettled_bundle_comes_again_after_a_restart(transport: Transport) -> None:
    bundles = [bundle_of(DEPOSIT), bundle_of(DEPOSIT)]
    publisher, first, second = Publisher(), Consumer(), Consumer()
    bus = transport.make()
    await bus.open()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=first)
    bus.publish(bundles, publisher)
    settled, unsettled = await first.wait_for(2)
    settled.settle()
    await asyncio.sleep(transport.lull)
    await bus.close()

    again = transport.make()
    await again.open()
    await again.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=second)
    again.publish([bundle for bundle in bundles if bundle.id not in publisher.delivered], publisher)
    [left] = await second.wait_for(1)
    left.settle()
    await publisher.wait_for(2)

    assert left.envelopes[0].id == unsettled.envelopes[0].id
    assert sorted(publisher.delivered) == sorted(bundle.id for bundle in bundles)
    await again.close()
    assert len(second.incoming) == 1


async def test_a_closed_subscription_gets_nothing_more_and_may_still_settle(bus: Bus) -> None:
    first, second, publisher = Consumer(), Consumer(), Publisher()
    subscription = await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=first)
    bus.publish([bundle_of(DEPOSIT)], publisher)
    [taken] = await first.wait_for(1)

    await subscription.close()
    bus.publish([bundle_of(DEPOSIT)], publisher)
    taken.settle()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=4, receive=second)

    await second.wait_for(1)
    assert len(first.incoming) == 1


async def test_settling_twice_is_settling_once(bus: Bus, transport: Transport) -> None:
    consumer, publisher = Consumer(), Publisher()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=1, receive=consumer)
    bus.publish([bundle_of(DEPOSIT) for _ in range(4)], publisher)
    [first] = await consumer.wait_for(1)

    first.settle()
    first.settle()

    await consumer.wait_for(2)
    await asyncio.sleep(transport.lull)
    assert len(consumer.incoming) == 2


async def test_no_more_than_prefetch_are_unsettled(bus: Bus) -> None:
    consumer = Consumer()
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=3, receive=consumer)

    bus.publish([bundle_of(DEPOSIT) for _ in range(10)], Publisher())

    for settled in range(7):
        assert len(await consumer.wait_for(3 + settled)) == 3 + settled
        consumer.incoming[settled].settle()
    assert len(await consumer.wait_for(10)) == 10


async def test_a_consumer_that_settles_at_once_is_served_on(bus: Bus) -> None:
    publisher = Publisher()
    bus.publish([bundle_of(DEPOSIT) for _ in range(2000)], publisher)

    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=1, receive=lambda incoming: incoming.settle())

    await publisher.wait_for(2000, within=20)


async def test_a_burst_in_one_lane_does_not_hold_up_another(bus: Bus) -> None:
    bulk, finishing = Consumer(), Consumer()
    await bus.consume(actor="bank", lane=Lane.BULK, prefetch=2, receive=bulk)
    await bus.consume(actor="bank", lane=Lane.FINISHING, prefetch=2, receive=finishing)

    bus.publish([bundle_of(Burst(account=ACCOUNT)) for _ in range(100)], Publisher())
    bus.publish([bundle_of(Finish(account=ACCOUNT))], Publisher())

    await finishing.wait_for(1)
    await bulk.wait_for(2)
    assert len(bulk.incoming) == 2


async def test_a_command_for_nobody_is_to_be_published_again(bus: Bus) -> None:
    publisher = Publisher()
    stray = bundle_of(DEPOSIT, destination="vault")

    bus.publish([stray], publisher)

    async with asyncio.timeout(2):
        await publisher.said.wait()
    assert (publisher.delivered, publisher.kept) == ([], [stray.id])


# Events


async def test_an_event_reaches_every_subscriber(bus: Bus) -> None:
    bank, clerk, publisher = Consumer(), Consumer(), Publisher()
    lane = CATALOGUE.named("post.sent").lane
    await bus.consume(actor="bank", lane=lane, prefetch=4, receive=bank)
    await bus.consume(actor="clerk", lane=lane, prefetch=4, receive=clerk)
    event = bundle_of(DEPOSIT, kind=Kind.EVENT, destination="post.sent", lane=lane)

    bus.publish([event], publisher)
    [[first], [second]] = await bank.wait_for(1), await clerk.wait_for(1)
    first.settle()
    second.settle()

    await publisher.wait_for(1)
    assert publisher.delivered == [event.id]


async def test_an_event_that_nobody_wants_is_done_with(bus: Bus) -> None:
    publisher = Publisher()
    event = bundle_of(Deposited(account=ACCOUNT, balance=1), destination="bank.robbed")

    bus.publish([event], publisher)

    async with asyncio.timeout(2):
        await publisher.said.wait()
    assert publisher.delivered == [event.id]


async def test_a_to_b_to_a_by_commands_at_prefetch_1(bus: Bus) -> None:
    """A handler's publishing never waits for a mailbox to have room."""
    done = asyncio.Event()
    passes = 0

    def play(there: Bundle) -> Callable[[Incoming], None]:
        def receive(incoming: Incoming) -> None:
            nonlocal passes
            passes += 1
            if passes < 6:
                bus.publish([there], Publisher())
            else:
                done.set()
            incoming.settle()

        return receive

    to_post = bundle_of(DEPOSIT, destination="post")
    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=1, receive=play(to_post))
    await bus.consume(actor="post", lane=Lane.NORMAL, prefetch=1, receive=play(bundle_of(DEPOSIT)))

    bus.publish([bundle_of(DEPOSIT)], Publisher())

    async with asyncio.timeout(2):
        await done.wait()


# Queries


class Answerer:
    """An actor that answers: every query in a task of its own."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.queries: list[IncomingQuery] = []
        self.came = asyncio.Event()

    def __call__(self, incoming: IncomingQuery) -> None:
        self.queries.append(incoming)
        self.came.set()
        for part in self.parts:
            incoming.answer(part)
        if self.parts:
            incoming.end()


BALANCE = Balance(account=ACCOUNT)


async def test_a_query_is_answered(bus: Bus) -> None:
    await bus.serve(actor="bank", backlog=4, receive=Answerer(12))

    assert await ask_once(bus, BALANCE, origin=ORIGIN, timeout=2) == 12


async def test_a_query_travels_with_who_asks_and_until_when(bus: Bus) -> None:
    answerer = Answerer(1)
    await bus.serve(actor="bank", backlog=4, receive=answerer)

    await ask_once(bus, BALANCE, origin=ORIGIN, timeout=2)

    [asked] = answerer.queries
    assert asked.message == BALANCE
    assert (asked.envelope.name, asked.envelope.correlation_id) == ("bank.balance", ORIGIN.correlation_id)
    assert asked.envelope.deadline is not None
    assert 1.9 < (asked.envelope.deadline - asked.envelope.sent_at).total_seconds() < 2.1


async def test_parts_of_an_answer_come_in_order(bus: Bus) -> None:
    await bus.serve(actor="bank", backlog=4, receive=Answerer(*range(50)))

    parts = [part async for part in bus.ask(BALANCE, origin=ORIGIN, timeout=2)]

    assert parts == list(range(50))


async def test_a_mailbox_tells_what_waits_and_who_empties_it(bus: Bus, transport: Transport) -> None:
    consumer = Consumer()
    bus.publish([bundle_of(DEPOSIT) for _ in range(3)], Publisher())
    await asyncio.sleep(transport.lull)
    before = await bus.backlog()

    await bus.consume(actor="bank", lane=Lane.NORMAL, prefetch=1, receive=consumer)
    await consumer.wait_for(1)

    after = await bus.backlog()
    mailbox = Mailbox("bank", Lane.NORMAL)
    assert (before[mailbox], after[mailbox]) == (Backlog(3, 0), Backlog(2, 1))
    assert after[Mailbox("clerk", Lane.BULK)] == Backlog(0, 0)


async def test_parts_come_while_others_are_still_made(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=4, receive=answerer)
    answer = bus.ask(BALANCE, origin=ORIGIN, timeout=2)
    first = asyncio.ensure_future(anext(answer))
    await answerer.came.wait()

    answerer.queries[0].answer("early")
    assert await first == "early"
    answerer.queries[0].answer("later")
    answerer.queries[0].end()

    assert [part async for part in answer] == ["later"]


async def test_nobody_waits_beyond_the_deadline(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=4, receive=answerer)

    with pytest.raises(QueryTimeout, match=r"bank\.balance"):
        await ask_once(bus, BALANCE, origin=ORIGIN, timeout=0.05)

    answerer.queries[0].answer("too late")
    answerer.queries[0].end()


async def test_what_came_before_the_deadline_is_given_out(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=4, receive=answerer)
    answer = bus.ask(BALANCE, origin=ORIGIN, timeout=0.05)
    first = asyncio.ensure_future(anext(answer))
    await answerer.came.wait()
    answerer.queries[0].answer(1)
    answerer.queries[0].answer(2)

    parts = [await first, await anext(answer)]
    with pytest.raises(QueryTimeout):
        await anext(answer)

    assert parts == [1, 2]


async def test_the_deadline_does_not_strike_the_asker_between_two_parts(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=4, receive=answerer)
    answer = bus.ask(BALANCE, origin=ORIGIN, timeout=0.05)
    first = asyncio.ensure_future(anext(answer))
    await answerer.came.wait()
    answerer.queries[0].answer(1)
    assert await first == 1

    await asyncio.sleep(0.1)  # the asker's own work, longer than the deadline

    with pytest.raises(QueryTimeout):
        await anext(answer)


async def test_a_failed_query_says_so_at_once(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=4, receive=answerer)
    asking = asyncio.ensure_future(ask_once(bus, BALANCE, origin=ORIGIN, timeout=10))
    await answerer.came.wait()

    answerer.queries[0].fail()

    async with asyncio.timeout(2):
        with pytest.raises(QueryFailed):
            await asking


async def test_beyond_the_backlog_queries_wait(bus: Bus, transport: Transport) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=2, receive=answerer)
    asking = [asyncio.ensure_future(ask_once(bus, BALANCE, origin=ORIGIN, timeout=5)) for _ in range(3)]
    await answerer.came.wait()
    await asyncio.sleep(transport.lull)
    assert len(answerer.queries) == 2

    for query in (0, 1, 2):
        while len(answerer.queries) <= query:
            answerer.came.clear()
            await answerer.came.wait()
        answerer.queries[query].answer(query)
        answerer.queries[query].end()

    assert sorted(await asyncio.gather(*asking)) == [0, 1, 2]


async def test_waiting_for_a_place_counts_toward_the_deadline(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=1, receive=answerer)
    first = asyncio.ensure_future(ask_once(bus, BALANCE, origin=ORIGIN, timeout=5))
    await answerer.came.wait()

    with pytest.raises(QueryTimeout):
        await ask_once(bus, BALANCE, origin=ORIGIN, timeout=0.05)

    assert len(answerer.queries) == 1
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_an_asker_that_goes_away_leaves_its_place_by_its_deadline(bus: Bus) -> None:
    answerer = Answerer()
    await bus.serve(actor="bank", backlog=1, receive=answerer)
    leaving = asyncio.ensure_future(ask_once(bus, BALANCE, origin=ORIGIN, timeout=0.2))
    await answerer.came.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    asking = asyncio.ensure_future(ask_once(bus, BALANCE, origin=ORIGIN, timeout=2))
    async with asyncio.timeout(2):
        while len(answerer.queries) < 2:
            answerer.came.clear()
            await answerer.came.wait()
    answerer.queries[1].answer(3)
    answerer.queries[1].end()

    assert await asking == 3


async def test_nobody_there_is_told_before_the_deadline(bus: Bus) -> None:
    async with asyncio.timeout(2):
        with pytest.raises((QueryFailed, QueryTimeout)):
            await ask_once(bus, BALANCE, origin=ORIGIN, timeout=0.5)


async def test_a_to_b_to_a_by_queries_at_backlog_1(bus: Bus) -> None:
    tasks = set()

    async def pass_on(incoming: IncomingQuery) -> None:
        query = incoming.message
        answer: Any = "home"
        if query.via:
            there: Any = Relayed if isinstance(query, Balance) else Balance
            onward = there(account=ACCOUNT, via=query.via[1:])
            answer = await ask_once(bus, onward, origin=incoming.envelope.origin(), timeout=2)
        incoming.answer(answer)
        incoming.end()

    def receive(incoming: IncomingQuery) -> None:
        tasks.add(asyncio.ensure_future(pass_on(incoming)))

    await bus.serve(actor="bank", backlog=1, receive=receive)
    await bus.serve(actor="post", backlog=1, receive=receive)

    long_way = Balance(account=ACCOUNT, via=("post", "bank", "post", "bank"))
    assert await ask_once(bus, long_way, origin=ORIGIN, timeout=2) == "home"


# Notices


async def test_a_notice_reaches_every_watcher_until_it_looks_away(bus: Bus, transport: Transport) -> None:
    heard: list[tuple[str, Any]] = []
    first_heard = asyncio.Event()

    def first(notice: Any) -> None:
        heard.append(("first", notice))
        first_heard.set()

    stop_first = bus.watch(first)
    bus.watch(lambda notice: heard.append(("second", notice)))
    bus.notify([Moved(account=ACCOUNT)])
    await first_heard.wait()
    stop_first()
    bus.notify([Moved(account=UUID(int=6))])
    await asyncio.sleep(transport.lull)

    assert heard == [
        ("first", Moved(account=ACCOUNT)),
        ("second", Moved(account=ACCOUNT)),
        ("second", Moved(account=UUID(int=6))),
    ]


async def test_a_watcher_that_breaks_harms_nobody(bus: Bus) -> None:
    heard: list[Any] = []

    def broken(_: Any) -> None:
        raise ZeroDivisionError

    bus.watch(broken)
    bus.watch(heard.append)

    bus.notify([Moved(account=ACCOUNT)])

    assert heard == [Moved(account=ACCOUNT)]
