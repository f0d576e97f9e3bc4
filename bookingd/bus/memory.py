"""The embedded transport: mailboxes in this process, filled from the outbox.

The outbox is the queue: a row goes when every subscriber has settled its bundle, and a start frees all
rows. Publishing puts bundles into mailboxes and returns, so no handler ever waits for another one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from bookingd.bus.port import (
    Delivered,
    QueryFailed,
    QueryTimeout,
    Receive,
    ReceiveNotice,
    ReceiveQuery,
    Topology,
)
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Kind, Lane, Message
from bookingd.messages.envelope import Envelope, Origin
from bookingd.sources import Clock, Ids
from bookingd.storage.outbox import Bundle

_END = object()
_FAILED = object()


@dataclass(slots=True)
class _Delivery:
    """One bundle on its way to one mailbox."""

    envelopes: Sequence[Envelope]
    on_settled: Callable[[], None]
    settled: bool = False

    def settle(self) -> None:
        if not self.settled:
            self.settled = True
            self.on_settled()


@dataclass(slots=True)
class _Mailbox:
    """What waits for one actor in one lane, and who takes it."""

    waiting: deque[_Delivery] = field(default_factory=deque)
    receive: Receive | None = None
    room: int = 0
    """How many more bundles the consumer takes now."""

    def put(self, delivery: _Delivery) -> None:
        self.waiting.append(delivery)
        self.pump()

    def pump(self) -> None:
        while self.receive is not None and self.room > 0 and self.waiting:
            self.room -= 1
            self.receive(self.waiting.popleft())

    def make_room(self) -> None:
        self.room += 1
        self.pump()

    async def close(self) -> None:
        self.receive = None


@dataclass(slots=True)
class _Query:
    """A query in its actor's mailbox, with the way back to its asker."""

    envelope: Envelope
    message: Message
    parts: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)

    def answer(self, part: Any) -> None:
        self.parts.put_nowait(part)

    def end(self) -> None:
        self.parts.put_nowait(_END)

    def fail(self) -> None:
        self.parts.put_nowait(_FAILED)


@dataclass(slots=True)
class _Counter:
    """An actor that answers queries, and how many askers may be in it."""

    actor: str
    places: asyncio.Semaphore
    receive: ReceiveQuery
    counters: "dict[str, _Counter]"

    async def close(self) -> None:
        self.counters.pop(self.actor, None)


class MemoryBus:
    """Everything in one process, on one event loop."""

    def __init__(self, *, topology: Topology, catalogue: Catalogue, clock: Clock, ids: Ids) -> None:
        self._topology = topology
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids
        self._mailboxes: dict[tuple[str, Lane], _Mailbox] = {
            (actor, lane): _Mailbox() for actor in topology.actors for lane in Lane
        }
        self._counters: dict[str, _Counter] = {}
        self._watchers: list[ReceiveNotice] = []

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Drop what waits: its rows are in the outbox."""
        for mailbox in self._mailboxes.values():
            mailbox.receive = None
            mailbox.waiting.clear()

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        for bundle in bundles:
            self._put(bundle, delivered)

    def _put(self, bundle: Bundle, delivered: Delivered) -> None:
        actors = self._receivers(bundle)
        if not actors:
            delivered(bundle.id, True)
            return
        envelopes = codec.unpack(bundle.payload)
        left = _Countdown(len(actors), bundle.id, delivered)
        for actor in actors:
            mailbox = self._mailboxes[actor, bundle.lane]
            mailbox.put(_Delivery(envelopes, _both(left.one_less, mailbox.make_room)))

    def _receivers(self, bundle: Bundle) -> Sequence[str]:
        if bundle.kind is Kind.COMMAND:
            return (bundle.destination,)
        return sorted(self._topology.subscribers.get(bundle.destination, ()))

    async def consume(self, *, actor: str, lane: Lane, prefetch: int, receive: Receive) -> _Mailbox:
        mailbox = self._mailboxes[actor, lane]
        mailbox.receive, mailbox.room = receive, prefetch
        mailbox.pump()
        return mailbox

    async def serve(self, *, actor: str, backlog: int, receive: ReceiveQuery) -> _Counter:
        counter = _Counter(actor, asyncio.Semaphore(backlog), receive, self._counters)
        self._counters[actor] = counter
        return counter

    async def ask(self, query: Message, *, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        envelope = self._seal(query, origin, timeout)
        asked = _Query(envelope, query)
        try:
            async with asyncio.timeout(timeout):
                counter = self._counter_for(query)
                async with counter.places:
                    counter.receive(asked)
                    async for part in _parts(asked):
                        yield part
        except TimeoutError as error:
            raise QueryTimeout(f"{envelope.name} was not answered within {timeout:g} s") from error

    def _seal(self, query: Message, origin: Origin, timeout: float) -> Envelope:
        now = self._clock.now()
        return codec.seal(
            query,
            catalogue=self._catalogue,
            id=MessageId(self._ids.new()),
            origin=origin,
            now=now,
            deadline=now + timedelta(seconds=timeout),
        )

    def _counter_for(self, query: Message) -> _Counter:
        owner = self._catalogue.of(type(query)).owner
        counter = self._counters.get(owner or "")
        if counter is None:
            raise QueryFailed(f"no actor here answers {type(query).__name__}")
        return counter

    def notify(self, notices: Sequence[Message]) -> None:
        for watcher in list(self._watchers):
            for notice in notices:
                watcher(notice)

    def watch(self, receive: ReceiveNotice) -> Callable[[], None]:
        self._watchers.append(receive)
        return lambda: self._watchers.remove(receive)


@dataclass(slots=True)
class _Countdown:
    """Tells that a row may go when its last subscriber has settled it."""

    left: int
    bundle: UUID
    delivered: Delivered

    def one_less(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.delivered(self.bundle, True)


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        second()

    return both


async def _parts(asked: _Query) -> AsyncIterator[Any]:
    while (part := await asked.parts.get()) is not _END:
        if part is _FAILED:
            raise QueryFailed(f"{asked.envelope.name} could not be answered")
        yield part
