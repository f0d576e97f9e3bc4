"""Notices from other processes; our own were heard here without the broker."""

import logging

import msgspec
from aiormq.abc import DeliveredMessage

from bookingd.bus.rabbitmq import names
from bookingd.bus.rabbitmq.link import Link
from bookingd.bus.rabbitmq.talk import Place, Said, Talk
from bookingd.bus.watchers import Watchers
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Message, UnknownMessage

log = logging.getLogger(__name__)

_EVERYBODY = Place(names.NOTICES, "")


class Notice(msgspec.Struct, frozen=True):
    """A notice as it travels."""

    name: str
    body: msgspec.Raw


_notices = msgspec.json.Decoder(list[Notice])


class Ear:
    """This process's queue of notices: it goes when we do."""

    def __init__(self, *, talk: Talk, watchers: Watchers, catalogue: Catalogue) -> None:
        self._talk = talk
        self._watchers = watchers
        self._catalogue = catalogue

    async def attach(self, link: Link) -> None:
        channel = await link.channel()
        declared = await channel.queue_declare(exclusive=True, auto_delete=True)
        await channel.queue_bind(declared.queue or "", names.NOTICES)
        await channel.basic_consume(declared.queue or "", self._hear, no_ack=True)

    def detach(self) -> None:
        """The queue is gone with its connection."""

    def tell_others(self, notice: Message) -> None:
        """Every other process that can be reached now."""
        name = self._catalogue.of(type(notice)).name
        told = Notice(name=name, body=msgspec.Raw(codec.encode(notice)))
        self._talk.say(_EVERYBODY, Said(codec.encode(told)))

    async def _hear(self, message: DeliveredMessage) -> None:
        if message.header.properties.app_id == self._talk.speaker:
            return
        try:
            self._watchers.tell([self._read(notice) for notice in _notices.decode(message.body)])
        except (msgspec.MsgspecError, codec.Unreadable, UnknownMessage) as error:
            log.warning("a notice of another release cannot be read: %s", error)

    def _read(self, notice: Notice) -> Message:
        return codec.decode(bytes(notice.body), self._catalogue.named(notice.name).type)
