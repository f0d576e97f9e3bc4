"""A transport whose traffic is counted, whichever transport it is.

The one rule: it counts what goes through and changes none of it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from bookingd.bus.port import (
    Backlog,
    Bus,
    Delivered,
    Incoming,
    Mailbox,
    QueryFailed,
    QueryTimeout,
    Receive,
    ReceiveNotice,
    ReceiveQuery,
    Subscription,
)
from bookingd.messages.catalogue import Catalogue, Lane, Message
from bookingd.messages.envelope import Origin
from bookingd.sources import Clock
from bookingd.storage.outbox import Bundle
from bookingd.telemetry.metrics import BusMetrics


class CountedBus:
    """The transport `bus`, told of by `metrics`."""

    def __init__(self, bus: Bus, *, catalogue: Catalogue, clock: Clock, metrics: BusMetrics) -> None:
        self._bus = bus
        self._clock = clock
        self._catalogue = catalogue
        self._metrics = metrics
        metrics.connected.set_function(lambda: not bus.waiting_for_broker)

    @property
    def waiting_for_broker(self) -> bool:
        return self._bus.waiting_for_broker

    async def open(self) -> None:
        await self._bus.open()

    async def close(self) -> None:
        await self._bus.close()

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        begin = self._clock.monotonic()

        def tell(bundle: UUID, gone: bool) -> None:
            if gone:
                self._metrics.confirm_seconds.observe(self._clock.monotonic() - begin)
            else:
                self._metrics.returned.inc()
            delivered(bundle, gone)

        for bundle in bundles:
            self._metrics.published(bundle.kind).inc()
        self._bus.publish(bundles, tell)

    async def consume(self, *, actor: str, lane: Lane, prefetch: int, receive: Receive) -> Subscription:
        delivered, redelivered = self._metrics.delivered(actor), self._metrics.redelivered(actor)

        def take(incoming: Incoming) -> None:
            delivered.inc()
            if incoming.deliveries > 1:
                redelivered.inc()
            receive(incoming)

        return await self._bus.consume(actor=actor, lane=lane, prefetch=prefetch, receive=take)

    async def serve(self, *, actor: str, backlog: int, receive: ReceiveQuery) -> Subscription:
        return await self._bus.serve(actor=actor, backlog=backlog, receive=receive)

    async def ask(self, query: Message, *, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        name = self._catalogue.of(type(query)).name
        begin, outcome = self._clock.monotonic(), "left"
        try:
            async for part in self._bus.ask(query, origin=origin, timeout=timeout):
                yield part
            outcome = "answered"
        except QueryTimeout:
            outcome = "late"
            raise
        except QueryFailed:
            outcome = "failed"
            raise
        finally:
            self._metrics.queries(name, outcome).inc()
            self._metrics.query_seconds(name).observe(self._clock.monotonic() - begin)

    async def backlog(self) -> Mapping[Mailbox, Backlog]:
        return await self._bus.backlog()

    def notify(self, notices: Sequence[Message]) -> None:
        self._bus.notify(notices)

    def watch(self, receive: ReceiveNotice) -> Callable[[], None]:
        return self._bus.watch(receive)
