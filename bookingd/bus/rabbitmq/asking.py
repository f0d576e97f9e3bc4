"""Queries to actors of other processes: the asker's end."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from aiormq.abc import DeliveredMessage

from bookingd.bus.answers import Answers, Sealer
from bookingd.bus.port import QueryFailed
from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.link import Link
from bookingd.bus.rabbitmq.talk import Place, Said, Talk
from bookingd.messages import codec
from bookingd.messages.catalogue import Entry, Message
from bookingd.messages.envelope import Origin

log = logging.getLogger(__name__)


_NOTHING = msgspec.Raw()


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """One word of an answer as it travels: a part, the end, or that there will be none."""

    query: UUID
    part: msgspec.Raw = _NOTHING
    end: bool = False
    failed: bool = False


_replies = msgspec.json.Decoder(list[Reply])


@dataclass(frozen=True, slots=True)
class _Open:
    """A question that waits for its answer."""

    answers: Answers
    part_type: Any


class Asker:
    """The questions of this process that are not answered yet."""

    def __init__(self, *, sealer: Sealer, speaker: str) -> None:
        self.talk = Talk(speaker=speaker, hear_answers=self._hear)
        self._sealer = sealer
        self._open: dict[UUID, _Open] = {}

    async def ask(self, entry: Entry, query: Message, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        """See Bus.ask."""
        if not self.talk.connected:
            raise QueryFailed(f"{entry.name} could not be asked: RabbitMQ is away")
        envelope = self._sealer.seal(query, origin, timeout)
        answers = Answers(entry.name, timeout)
        self._open[envelope.id] = _Open(answers, entry.answer)
        place = Place(names.QUERIES, entry.owner or "", asking=True)
        try:
            self.talk.say(place, Said(codec.encode(envelope), lasts=timeout))
            async for part in answers.heard():
                yield part
        finally:
            del self._open[envelope.id]

    async def attach(self, link: Link) -> None:
        await self.talk.attach(link)

    def detach(self) -> None:
        """The connection is lost, and with it every answer under way."""
        self.talk.detach()
        for waiting in self._open.values():
            waiting.answers.fail()

    def _hear(self, message: DeliveredMessage) -> None:
        try:
            for reply in _replies.decode(message.body):
                self._take(reply)
        except (msgspec.MsgspecError, codec.Unreadable):
            log.exception("an answer cannot be read")

    def _take(self, reply: Reply) -> None:
        """Whoever has stopped waiting hears nothing."""
        waiting = self._open.get(reply.query)
        if waiting is None:
            return
        if part := bytes(reply.part):
            waiting.answers.part(codec.decode(part, waiting.part_type))
        if reply.end:
            waiting.answers.end()
        if reply.failed:
            waiting.answers.fail()
