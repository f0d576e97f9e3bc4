"""What is said once and may get lost: queries, their answers, notices.

What goes to the same place in one turn of the event loop travels as one AMQP message. One channel does it
all, since RabbitMQ's direct reply-to wants answers consumed where the question was asked. It has no publisher
confirms, and answers are not mandatory: RabbitMQ would return every one of them.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.link import LOST, Link, pass_on_cancellation
from bookingd.messages import codec
from bookingd.messages.envelope import BUNDLE_BYTES, BUNDLE_LIMIT

TRANSIENT = 1
"""AMQP's delivery mode for messages that need not be written to disk."""

MILLISECOND = 0.001


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said."""

    exchange: str
    routing_key: str
    asking: bool = False
    """Whether answers are expected here."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is said; nobody need hear it after `lasts` seconds."""

    body: bytes
    lasts: float | None = None


Hear = Callable[[DeliveredMessage], None]


class Talk:
    """The channel for all of it."""

    def __init__(self, *, speaker: str, hear_answers: Hear) -> None:
        self.speaker = speaker
        """Who we are: a process knows its own notices by it."""
        self._hear_answers = hear_answers
        self._channel: Channel | None = None
        self._waiting: dict[Place, list[Said]] = {}
        self._something = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether anything that is said now has a chance to be heard."""
        return self._channel is not None

    async def attach(self, link: Link) -> None:
        channel = await link.channel()

        async def hear(message: DeliveredMessage) -> None:
            self._hear_answers(message)

        await channel.basic_consume(names.DIRECT_REPLY, hear, no_ack=True)
        self._waiting.clear()
        self._channel = channel
        self._task = asyncio.create_task(self._speak(channel))

    def detach(self) -> None:
        self._channel = None
        if self._task:
            self._task.cancel()

    def say(self, place: Place, said: Said) -> None:
        """Send it with whatever else goes there now; in vain while there is no connection."""
        if self._channel is not None:
            self._waiting.setdefault(place, []).append(said)
            self._something.set()

    async def _speak(self, channel: Channel) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            waiting, self._waiting = self._waiting, {}
            try:
                for place, things in waiting.items():
                    for together in _parcels(things):
                        await self._send(channel, place, together)
            except LOST as error:
                pass_on_cancellation(error)
                return

    async def _send(self, channel: Channel, place: Place, together: Sequence[Said]) -> None:
        lasts = [said.lasts for said in together if said.lasts is not None]
        properties = Basic.Properties(
            delivery_mode=TRANSIENT,
            message_id="0",  # or the library would draw a random one
            app_id=self.speaker,
            expiration=str(max(1, round(max(lasts) / MILLISECOND))) if lasts else None,
            reply_to=names.DIRECT_REPLY if place.asking else None,
        )
        await channel.basic_publish(
            codec.encode([msgspec.Raw(said.body) for said in together]),
            exchange=place.exchange,
            routing_key=place.routing_key,
            properties=properties,
            wait=False,
        )


def _parcels(things: Sequence[Said]) -> Iterator[Sequence[Said]]:
    """Cut into messages that keep the limits of a bundle; what is larger goes alone."""
    parcel: list[Said] = []
    size = 0
    for said in things:
        if parcel and (len(parcel) == BUNDLE_LIMIT or size + len(said.body) > BUNDLE_BYTES):
            yield parcel
            parcel, size = [], 0
        parcel.append(said)
        size += len(said.body)
    yield parcel
