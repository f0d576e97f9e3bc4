"""An actor's bundles of one lane: taken from its queue, acknowledged when they are settled.

What is settled in one turn of the event loop is acknowledged together. A delivery belongs to the channel that
it came on: once that is lost the broker delivers it again, and settling the old one means nothing any more.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiormq import Channel
from aiormq.abc import DeliveredMessage

from bookingd.bus.port import Mailbox, Receive
from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.link import LOST, Link, pass_on_cancellation
from bookingd.messages import codec
from bookingd.messages.envelope import Envelope

log = logging.getLogger(__name__)

DELIVERY_COUNT = "x-delivery-count"
"""A quorum queue's header: how often the message was delivered before."""


class Consumer:
    """One actor's place at one of its queues."""

    def __init__(self, *, link: Link, mailbox: Mailbox, prefetch: int, receive: Receive) -> None:
        self._link = link
        self._queue = names.mailbox_queue(mailbox)
        self._prefetch = prefetch
        self._receive = receive
        self._ledger: Ledger | None = None
        self._closed = False

    async def attach(self, link: Link) -> None:
        channel = await link.channel()
        await channel.basic_qos(prefetch_count=self._prefetch)
        self._ledger = Ledger(channel)
        await channel.basic_consume(self._queue, self._take, consumer_tag=self._queue)

    def detach(self) -> None:
        if self._ledger:
            self._ledger.close()
            self._ledger = None

    async def close(self) -> None:
        """Take nothing more; what was delivered can still be settled until the bus is closed."""
        if self._closed:
            return
        self._closed = True
        self._link.drop(self)
        if self._ledger:
            try:
                await self._ledger.channel.basic_cancel(self._queue)
            except LOST as error:
                pass_on_cancellation(error)

    async def leave(self) -> None:
        """Give back what is not settled, so that another process has it at once, and not we again."""
        await self.close()
        if self._ledger:
            await self._ledger.give_back()

    async def _take(self, message: DeliveredMessage) -> None:
        ledger = self._ledger
        if ledger is None or message.channel is not ledger.channel or message.delivery_tag is None:
            return
        try:
            envelopes = codec.unpack(message.body)
        except codec.Unreadable as error:
            log.warning("a bundle in %s cannot be read: %s", self._queue, error)
            await ledger.channel.basic_reject(message.delivery_tag, requeue=False, wait=False)
            return
        self._receive(_Delivery(envelopes, _deliveries(message), message.delivery_tag, ledger))


def _deliveries(message: DeliveredMessage) -> int:
    """How often it was given to somebody, this time included."""
    before = (message.header.properties.headers or {}).get(DELIVERY_COUNT)
    return before + 1 if isinstance(before, int) else 1


@dataclass(slots=True)
class _Delivery:
    """One bundle as it was delivered once."""

    envelopes: Sequence[Envelope]
    deliveries: int
    tag: int
    ledger: "Ledger"
    settled: bool = False

    def settle(self) -> None:
        if not self.settled:
            self.settled = True
            self.ledger.settle(self.tag)


class Ledger:
    """Which deliveries of a channel are settled, and the acknowledging of them."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._settled: set[int] = set()
        """Tags above the lowest that is not settled."""
        self._fresh: list[int] = []
        """Settled and not acknowledged yet."""
        self._lowest = 1
        """The lowest tag that is not settled; a channel counts its deliveries from 1."""
        self._something = asyncio.Event()
        self._task = asyncio.create_task(self._acknowledge())

    def settle(self, tag: int) -> None:
        """A delivery is dealt with."""
        self._fresh.append(tag)
        self._something.set()

    def close(self) -> None:
        """The channel is lost, and with it all that it delivered."""
        self._task.cancel()

    async def give_back(self) -> None:
        """Acknowledge what is settled and let the broker have the rest again."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._flush()
            await self.channel.basic_nack(0, multiple=True, requeue=True)
        except LOST as error:
            pass_on_cancellation(error)

    async def _acknowledge(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self._flush()
            except LOST as error:
                pass_on_cancellation(error)
                return

    async def _flush(self) -> None:
        """One acknowledgement for all from the beginning up to a gap, and one for each beyond it."""
        fresh, self._fresh = self._fresh, []
        self._settled.update(fresh)
        while self._lowest in self._settled:
            self._settled.remove(self._lowest)
            self._lowest += 1
        below = [tag for tag in fresh if tag < self._lowest]
        if below:
            # Up to one that is still open on the broker: it takes a tag that it knows no more for an error.
            await self.channel.basic_ack(max(below), multiple=True, wait=False)
        for tag in fresh:
            if tag > self._lowest:
                await self.channel.basic_ack(tag, wait=False)
