"""The embedded transport: mailboxes in this process, filled from the outbox.

The outbox is the queue: a row goes when every subscriber has settled its bundle, and a start frees all
rows. Publishing puts bundles into mailboxes and returns, so no handler ever waits for another one.
"""

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bookingd.bus.answers import Sealer
from bookingd.bus.local import LocalQueries
from bookingd.bus.port import (
    Backlog,
    Delivered,
    Mailbox,
    QueryFailed,
    Receive,
    ReceiveNotice,
    ReceiveQuery,
    Subscription,
    Topology,
)
from bookingd.bus.watchers import Watchers
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Kind, Lane, Message
from bookingd.messages.envelope import Envelope, Origin
from bookingd.sources import Clock, Ids
from bookingd.storage.outbox import Bundle

log = logging.getLogger(__name__)


class MemoryBus:
    """Everything in one process, on one event loop."""

    def __init__(self, *, topology: Topology, catalogue: Catalogue, clock: Clock, ids: Ids) -> None:
        self._topology = topology
        self._catalogue = catalogue
        self._mailboxes: dict[tuple[str, Lane], _Box] = {
            (actor, lane): _Box() for actor in topology.actors for lane in Lane
        }
        self._queries = LocalQueries(Sealer(catalogue=catalogue, clock=clock, ids=ids))
        self._watchers = Watchers()

    @property
    def waiting_for_broker(self) -> bool:
        """There is none."""
        return False

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Drop what waits: its rows are in the outbox."""
        for mailbox in self._mailboxes.values():
            mailbox.consumer = None
            mailbox.waiting.clear()

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        for bundle in bundles:
            self._put(bundle, delivered)

    def _put(self, bundle: Bundle, delivered: Delivered) -> None:
        """Whoever publishes is behind its commit: what cannot be put stays in the outbox, and is told."""
        try:
            envelopes = codec.unpack(bundle.payload)
            mailboxes = [self._mailboxes[actor, bundle.lane] for actor in self._receivers(bundle)]
        except (codec.Unreadable, KeyError):
            log.exception("bundle %s for %s stays in the outbox", bundle.id, bundle.destination)
            delivered(bundle.id, False)
            return
        if not mailboxes:
            delivered(bundle.id, True)
            return
        countdown = _Countdown(len(mailboxes), bundle.id, delivered)
        for mailbox in mailboxes:
            mailbox.put(_Delivery(envelopes, countdown, deliveries=bundle.freed + 1))

    def _receivers(self, bundle: Bundle) -> Sequence[str]:
        if bundle.kind is Kind.COMMAND:
            return (bundle.destination,)
        return sorted(self._topology.subscribers.get(bundle.destination, ()))

    async def consume(self, *, actor: str, lane: Lane, prefetch: int, receive: Receive) -> "_Consumer":
        mailbox = self._mailboxes[actor, lane]
        mailbox.consumer = _Consumer(mailbox, receive, prefetch)
        mailbox.pump()
        return mailbox.consumer

    async def serve(self, *, actor: str, backlog: int, receive: ReceiveQuery) -> Subscription:
        return self._queries.serve(actor=actor, backlog=backlog, receive=receive)

    async def ask(self, query: Message, *, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        owner = self._catalogue.of(type(query)).owner or ""
        if not self._queries.answers_for(owner):
            raise QueryFailed(f"no actor here answers {type(query).__name__}")
        async for part in self._queries.ask(owner, query, origin, timeout):
            yield part

    async def backlog(self) -> Mapping[Mailbox, Backlog]:
        return {
            Mailbox(actor, lane): Backlog(len(mailbox.waiting), int(mailbox.consumer is not None))
            for (actor, lane), mailbox in self._mailboxes.items()
        }

    def notify(self, notices: Sequence[Message]) -> None:
        self._watchers.tell(notices)

    def watch(self, receive: ReceiveNotice) -> Callable[[], None]:
        return self._watchers.add(receive)


# Durable messages


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


@dataclass(slots=True)
class _Delivery:
    """One bundle on its way to one mailbox."""

    envelopes: Sequence[Envelope]
    countdown: _Countdown
    deliveries: int
    """One more than starts that found it claimed: some of them in a mailbox where nobody had taken it yet."""
    consumer: "_Consumer | None" = None
    """Who was given it."""
    settled: bool = False

    def settle(self) -> None:
        if self.settled:
            return
        self.settled = True
        self.countdown.one_less()
        if self.consumer:
            self.consumer.make_room()


@dataclass(slots=True)
class _Box:
    """What waits for one actor in one lane, and who takes it."""

    waiting: deque[_Delivery] = field(default_factory=deque)
    consumer: "_Consumer | None" = None
    pumping: bool = False

    def put(self, delivery: _Delivery) -> None:
        self.waiting.append(delivery)
        self.pump()

    def pump(self) -> None:
        """Give out what waits. A consumer that settles at once comes back here: the loop goes on for it."""
        if self.pumping:
            return
        self.pumping = True
        try:
            while self.waiting and self.consumer and self.consumer.room > 0:
                self.consumer.take(self.waiting.popleft())
        finally:
            self.pumping = False


@dataclass(slots=True)
class _Consumer:
    """Who takes bundles out of a mailbox, and how many more it takes now."""

    mailbox: _Box
    receive: Receive
    room: int

    def take(self, delivery: _Delivery) -> None:
        self.room -= 1
        delivery.consumer = self
        self.receive(delivery)

    def make_room(self) -> None:
        self.room += 1
        self.mailbox.pump()

    async def close(self) -> None:
        if self.mailbox.consumer is self:
            self.mailbox.consumer = None
