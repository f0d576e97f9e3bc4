"""Queries from other processes: the end of the actor that answers.

Taken without acknowledgement: a query is delivered at most once, and its asker knows when to stop waiting.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiormq import Channel
from aiormq.abc import DeliveredMessage

from bookingd.bus.port import ReceiveQuery
from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.asking import Reply
from bookingd.bus.rabbitmq.link import LOST, Link, pass_on_cancellation
from bookingd.bus.rabbitmq.talk import Place, Said, Talk
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Message, UnknownMessage
from bookingd.messages.envelope import Envelope
from bookingd.sources import Clock

log = logging.getLogger(__name__)


class Server:
    """One actor's place at its queue of queries."""

    def __init__(
        self,
        *,
        link: Link,
        talk: Talk,
        actor: str,
        backlog: int,
        receive: ReceiveQuery,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self._link = link
        self._talk = talk
        self._queue = names.query_queue(actor)
        self._places = backlog
        self._receive = receive
        self._catalogue = catalogue
        self._clock = clock
        self._waiting: deque[Asked] = deque()
        self._channel: Channel | None = None

    async def attach(self, link: Link) -> None:
        self._channel = await link.channel()
        await self._channel.basic_consume(self._queue, self._take, no_ack=True, consumer_tag=self._queue)

    def detach(self) -> None:
        self._channel = None

    async def close(self) -> None:
        """Take no more queries; those that are here are answered."""
        self._link.drop(self)
        if self._channel:
            try:
                await self._channel.basic_cancel(self._queue)
            except LOST as error:
                pass_on_cancellation(error)

    async def _take(self, message: DeliveredMessage) -> None:
        back = Place("", message.header.properties.reply_to or "")
        try:
            envelopes = codec.unpack(message.body)
        except codec.Unreadable as error:
            log.warning("queries in %s cannot be read: %s", self._queue, error)
            return
        for envelope in envelopes:
            self._admit(envelope, back)

    def _admit(self, envelope: Envelope, back: Place) -> None:
        """A handler that asks has a place of its own already, or A -> B -> A would wait."""
        try:
            message = codec.read(envelope, self._catalogue)
        except (UnknownMessage, codec.Unreadable) as error:
            log.warning("a query in %s cannot be read: %s", self._queue, error)
            self._talk.say(back, Said(codec.encode(Reply(query=envelope.id, failed=True))))
            return
        asked = Asked(envelope=envelope, message=message, back=back, talk=self._talk, server=self)
        if envelope.causation_id is not None:
            self._receive(asked)
        else:
            self._waiting.append(asked)
            self._pump()

    def _pump(self) -> None:
        """Give out what waits while there are places; who has stopped waiting is not let in."""
        while self._waiting and self._places > 0:
            asked = self._waiting.popleft()
            left = self._left_for(asked.envelope)
            if left > 0:
                self._places -= 1
                asked.sit(left)
                self._receive(asked)

    def _left_for(self, envelope: Envelope) -> float:
        """Seconds for which its asker waits."""
        if envelope.deadline is None:
            return float("inf")
        return (envelope.deadline - self._clock.now()).total_seconds()

    def leave(self) -> None:
        """A place is free again."""
        self._places += 1
        self._pump()


@dataclass(slots=True, kw_only=True)
class Asked:
    """A query that has come over the wire, with the way back."""

    envelope: Envelope
    message: Message
    back: Place
    talk: Talk
    server: Server
    place: asyncio.TimerHandle | None = field(default=None)
    """Held until the answer is given, or until nobody waits for it any more."""

    def sit(self, seconds: float) -> None:
        """Take a place for so long at most."""
        self.place = asyncio.get_running_loop().call_later(seconds, self._stand_up)

    def answer(self, part: Any) -> None:
        self._say(Reply(query=self.envelope.id, part=msgspec.Raw(codec.encode(part))))

    def end(self) -> None:
        self._say(Reply(query=self.envelope.id, end=True))
        self._stand_up()

    def fail(self) -> None:
        self._say(Reply(query=self.envelope.id, failed=True))
        self._stand_up()

    def when_left(self, tell: Callable[[], object]) -> None:
        """Never: the broker drops what is said to who has gone, and tells nobody."""

    def _say(self, reply: Reply) -> None:
        self.talk.say(self.back, Said(codec.encode(reply)))

    def _stand_up(self) -> None:
        if self.place is not None:
            self.place.cancel()
            self.place = None
            self.server.leave()
