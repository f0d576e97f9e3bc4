"""Durable bundles on their way to the broker, many at once, each until its fate is known.

A bundle whose connection is lost is sent again on the next one: it may then arrive twice, and the inbox of
whoever gets it sees to that. What the broker returns or refuses stays in the outbox.
"""

import asyncio
import logging
from collections.abc import Sequence

from aiormq import Channel
from aiormq.exceptions import DeliveryError, PublishError
from pamqp.commands import Basic

from bookingd.bus.port import Delivered
from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.link import LOST, Link
from bookingd.messages.catalogue import Kind
from bookingd.storage.outbox import Bundle

log = logging.getLogger(__name__)

KEPT = 1000
"""Bundles that wait here while the broker is away; the outbox holds all, and more need not be in mind."""

IN_FLIGHT = 5000
"""Bundles that wait for their confirmation; a broker short of memory or disk gives none for a while."""

DURABLE = 2
"""AMQP's delivery mode for messages that are written to disk."""


class Publisher:
    """The channel with publisher confirms, and the bundles on it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._channel: Channel | None = None
        self._under_way: set[asyncio.Task[bool]] = set()
        self._closed = False

    async def attach(self, link: Link) -> None:
        self._channel = await link.channel(confirms=True)

    def detach(self) -> None:
        """Break off what is under way, to begin anew: aiormq may wait for ever to write to what is lost."""
        self._channel = None
        for task in self._under_way:
            task.cancel()

    async def close(self) -> None:
        """Give up what is under way: it stays in the outbox."""
        self._closed = True
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        """See Bus.publish."""
        room = KEPT if self._channel is None else IN_FLIGHT
        for bundle in bundles:
            if len(self._under_way) >= room:
                delivered(bundle.id, False)
                continue
            self._begin(bundle, delivered)

    def _begin(self, bundle: Bundle, delivered: Delivered) -> None:
        """Send it; its fate is told when the task is done, also if it is cancelled before its first step."""

        def tell(task: asyncio.Task[bool]) -> None:
            self._under_way.discard(task)
            delivered(bundle.id, not task.cancelled() and task.result())

        task = asyncio.get_running_loop().create_task(self._send(bundle))
        self._under_way.add(task)
        task.add_done_callback(tell)

    async def _send(self, bundle: Bundle) -> bool:
        try:
            return await self._until_known(bundle)
        except Exception:
            log.exception("bundle %s to %s stays in the outbox", bundle.id, bundle.destination)
            return False

    async def _until_known(self, bundle: Bundle) -> bool:
        """Whether the broker has it for good."""
        while True:
            channel = None
            try:
                await self._link.up.wait()
                channel = self._channel
                await _publish(channel, bundle)
            except (PublishError, DeliveryError) as error:
                what = "has no queue for" if isinstance(error, PublishError) else "refuses"
                log.warning(
                    "RabbitMQ %s bundle %s to %s: it stays in the outbox", what, bundle.id, bundle.destination
                )
                return False
            except LOST as error:
                self._go_on_after(error, channel)
            else:
                return True

    def _go_on_after(self, error: BaseException, channel: Channel | None) -> None:
        """The connection is lost; our own cancellation is obeyed, that of an attempt (`detach`) is not."""
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            if self._closed:
                raise error
            task.uncancel()
        elif channel is not None and channel is self._channel:
            self._link.lose(f"publishing failed: {error!r}")


async def _publish(channel: Channel | None, bundle: Bundle) -> None:
    """Publish and wait for the confirmation. A command that no queue takes comes back as PublishError."""
    if channel is None:
        raise ConnectionError("there is no channel")
    exchange, routing_key = names.address_of(bundle)
    await channel.basic_publish(
        bundle.payload,
        exchange=exchange,
        routing_key=routing_key,
        properties=Basic.Properties(delivery_mode=DURABLE, message_id=str(bundle.id)),
        mandatory=bundle.kind is Kind.COMMAND,
        wait=False,
    )
