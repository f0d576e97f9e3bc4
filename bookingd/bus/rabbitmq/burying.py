"""What the broker has given up (too many deliveries, unreadable) goes into the table of dead letters.

Every process takes part; a dead letter leaves its queue when it is in the table.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiormq import Channel
from aiormq.abc import DeliveredMessage

from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.link import LOST, Link, pass_on_cancellation

log = logging.getLogger(__name__)

PREFETCH = 8

Undertaker = Callable[[str, bytes, str], Awaitable[None]]
"""Keeps a bundle that a queue gave up: actor, bytes, reason. It waits for a database that is away."""


class Graves:
    """The consumer of the queue of dead letters."""

    def __init__(self, undertaker: Undertaker) -> None:
        self._undertaker = undertaker
        self._channel: Channel | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def attach(self, link: Link) -> None:
        self._channel = await link.channel()
        await self._channel.basic_qos(prefetch_count=PREFETCH)
        await self._channel.basic_consume(names.DEAD_LETTERS, self._take)

    def detach(self) -> None:
        self._channel = None

    async def close(self) -> None:
        """Leave what is not in the table to the next process."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _take(self, message: DeliveredMessage) -> None:
        task = asyncio.create_task(self._bury(message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _bury(self, message: DeliveredMessage) -> None:
        queue, reason = _first_death(message.header.properties.headers or {})
        log.error("RabbitMQ has given up a bundle in %s: %s", queue, reason)
        await self._undertaker(names.owner_of(queue), message.body, reason)
        try:
            await message.channel.basic_ack(message.delivery_tag or 0, wait=False)
        except LOST as error:
            pass_on_cancellation(error)


def _first_death(headers: Mapping[str, Any]) -> tuple[str, str]:
    """The queue that gave it up, and in RabbitMQ's word why (`delivery_limit`, `rejected`)."""
    return str(headers.get("x-first-death-queue", "")), str(headers.get("x-first-death-reason", "unknown"))
