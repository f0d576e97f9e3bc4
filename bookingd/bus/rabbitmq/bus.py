"""The transport over RabbitMQ: durable messages in quorum queues, queries by direct reply, notices to all.

Two connections a process: what we publish must not wait behind what we are given.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from aiormq import Channel

from bookingd.bus.answers import Sealer
from bookingd.bus.local import LocalQueries
from bookingd.bus.port import (
    Backlog,
    Delivered,
    Mailbox,
    Receive,
    ReceiveNotice,
    ReceiveQuery,
    Subscription,
    Topology,
)
from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.asking import Asker
from bookingd.bus.rabbitmq.burying import Graves, Undertaker
from bookingd.bus.rabbitmq.consuming import Consumer
from bookingd.bus.rabbitmq.link import LOST, Link, Part, pass_on_cancellation
from bookingd.bus.rabbitmq.noticing import Ear
from bookingd.bus.rabbitmq.publishing import Publisher
from bookingd.bus.rabbitmq.serving import Server
from bookingd.bus.rabbitmq.topology import declare
from bookingd.bus.watchers import Watchers
from bookingd.messages.catalogue import Catalogue, Lane, Message
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage.outbox import Bundle
from bookingd.telemetry.metrics import BusMetrics


class RabbitBus:
    """One process's end of the transport."""

    def __init__(
        self,
        *,
        url: str,
        topology: Topology,
        catalogue: Catalogue,
        sources: Sources,
        name: str,
        shortcut: bool,
        undertaker: Undertaker,
        metrics: BusMetrics,
    ) -> None:
        """`name` is shown in RabbitMQ's list of connections. With the `shortcut`, queries whose actor answers
        in this process do not travel.
        """
        self._topology = topology
        self._catalogue = catalogue
        self._sources = sources
        self._shortcut = shortcut
        sealer = Sealer(catalogue=catalogue, clock=sources.clock, ids=sources.ids)
        self._local = LocalQueries(sealer)
        self._watchers = Watchers()
        self._outward = Link(url=url, name=f"{name} (publishing)", sources=sources, metrics=metrics)
        self._inward = Link(url=url, name=f"{name} (consuming)", sources=sources, metrics=metrics)
        self._publisher = Publisher(self._outward)
        self._asker = Asker(sealer=sealer, speaker=str(sources.ids.new()))
        self._ear = Ear(talk=self._asker.talk, watchers=self._watchers, catalogue=catalogue)
        self._graves = Graves(undertaker)
        self._surveyor = Surveyor(topology)
        self._consumers: list[Consumer] = []

    @property
    def waiting_for_broker(self) -> bool:
        return not (self._outward.up.is_set() and self._inward.up.is_set())

    async def open(self) -> None:
        """See Bus.open. The whole topology is declared before anything is published, on each connection."""
        declaring = _Declaring(self._topology, self._catalogue)
        outward: Sequence[Part] = (declaring, self._publisher, self._asker)
        inward: Sequence[Part] = (declaring, self._ear, self._graves, self._surveyor)
        for part in outward:
            await self._outward.add(part)
        for part in inward:
            await self._inward.add(part)
        await self._outward.open()
        await self._inward.open()

    async def close(self) -> None:
        """Give back what is not settled, then disconnect."""
        for consumer in self._consumers:
            await consumer.leave()
        await self._graves.close()
        await self._inward.close()
        await self._publisher.close()
        await self._outward.close()

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        self._publisher.publish(bundles, delivered)

    async def consume(self, *, actor: str, lane: Lane, prefetch: int, receive: Receive) -> Subscription:
        mailbox = Mailbox(actor, lane)
        consumer = Consumer(link=self._inward, mailbox=mailbox, prefetch=prefetch, receive=receive)
        self._consumers.append(consumer)
        await self._inward.add(consumer)
        return consumer

    async def serve(self, *, actor: str, backlog: int, receive: ReceiveQuery) -> Subscription:
        """See Bus.serve. Queries of this process and of others have their places apart."""
        server = Server(
            link=self._inward,
            talk=self._asker.talk,
            actor=actor,
            backlog=backlog,
            receive=receive,
            catalogue=self._catalogue,
            clock=self._sources.clock,
        )
        await self._inward.add(server)
        if not self._shortcut:
            return server
        return _Both(server, self._local.serve(actor=actor, backlog=backlog, receive=receive))

    async def ask(self, query: Message, *, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        entry = self._catalogue.of(type(query))
        if self._local.answers_for(entry.owner):
            answer = self._local.ask(entry.owner or "", query, origin, timeout)
        else:
            answer = self._asker.ask(entry, query, origin, timeout)
        async for part in answer:
            yield part

    async def backlog(self) -> Mapping[Mailbox, Backlog]:
        return await self._surveyor.look()

    def notify(self, notices: Sequence[Message]) -> None:
        """Here at once, whatever the broker does; elsewhere through it."""
        self._watchers.tell(notices)
        for notice in notices:
            self._ear.tell_others(notice)

    def watch(self, receive: ReceiveNotice) -> Callable[[], None]:
        return self._watchers.add(receive)


class _Both:
    """An actor's two ways to be asked."""

    def __init__(self, *ways: Subscription) -> None:
        self._ways = ways

    async def close(self) -> None:
        for way in self._ways:
            await way.close()


class _Declaring:
    """Declares the topology on each new connection, before the other parts use it."""

    def __init__(self, topology: Topology, catalogue: Catalogue) -> None:
        self._topology = topology
        self._catalogue = catalogue

    async def attach(self, link: Link) -> None:
        channel = await link.channel()
        await declare(channel, self._topology, self._catalogue)

    def detach(self) -> None:
        """What is declared stays."""


class Surveyor:
    """Looks at the queues of the whole house."""

    def __init__(self, topology: Topology) -> None:
        self._mailboxes = [Mailbox(actor, lane) for actor in sorted(topology.actors) for lane in Lane]
        self._channel: Channel | None = None
        self._turn = asyncio.Lock()

    async def attach(self, link: Link) -> None:
        self._channel = await link.channel()

    def detach(self) -> None:
        self._channel = None

    async def look(self) -> Mapping[Mailbox, Backlog]:
        """See Bus.backlog."""
        async with self._turn:
            channel = self._channel
            if channel is None:
                return {}
            try:
                return {mailbox: await _look_at(channel, mailbox) for mailbox in self._mailboxes}
            except LOST as error:
                pass_on_cancellation(error)
                return {}


async def _look_at(channel: Channel, mailbox: Mailbox) -> Backlog:
    queue = await channel.queue_declare(names.mailbox_queue(mailbox), passive=True)
    return Backlog(queue.message_count or 0, queue.consumer_count or 0)
