"""Messages and envelopes as bytes and back: JSON by msgspec, which knows our frozen dataclasses.

Unknown fields are ignored, so that a newer release's message can be read; what cannot be read at all
raises Unreadable.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from bookingd.domain.ids import MessageId
from bookingd.messages.catalogue import Catalogue, Message
from bookingd.messages.envelope import BUNDLE_BYTES, BUNDLE_LIMIT, Envelope, Origin


class Unreadable(ValueError):
    """Bytes that are no message of the type that they claim."""


_encode = msgspec.json.Encoder().encode
_bundle = msgspec.json.Decoder(list[Envelope])
_BRACKETS = len("[]")


@cache
def _decoder(message_type: type) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(message_type)


def seal(
    message: Message,
    *,
    catalogue: Catalogue,
    id: MessageId,  # noqa: A002 - an envelope has an id
    origin: Origin,
    now: datetime,
    deadline: datetime | None = None,
) -> Envelope:
    """Put a message into its envelope."""
    return Envelope(
        id=id,
        name=catalogue.of(type(message)).name,
        principal=origin.principal,
        correlation_id=origin.correlation_id,
        causation_id=origin.causation_id,
        sent_at=now,
        deadline=deadline,
        trace=origin.trace,
        body=msgspec.Raw(_encode(message)),
    )


def read(envelope: Envelope, catalogue: Catalogue) -> Message:
    """The message in an envelope; raises UnknownMessage, Unreadable."""
    message_type = catalogue.named(envelope.name).type
    return decode(bytes(envelope.body), message_type)


def encode(value: object) -> bytes:
    """Any of our values as JSON."""
    return _encode(value)


def decode(data: bytes | str, value_type: type) -> Any:
    """JSON as a value of that type; raises Unreadable."""
    try:
        return _decoder(value_type).decode(data)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"{value_type.__name__}: {error}") from error


def pack(envelopes: Sequence[Envelope]) -> bytes:
    """A bundle as it lies in the outbox and travels."""
    return _encode(envelopes)


def unpack(bundle: bytes) -> list[Envelope]:
    """The envelopes of a bundle; raises Unreadable."""
    try:
        return _bundle.decode(bundle)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"bundle: {error}") from error


def bundles(envelopes: Sequence[Envelope]) -> Iterator[Sequence[Envelope]]:
    """Cut into bundles that keep both limits once packed; one envelope beyond the bytes goes alone."""
    start, size = 0, _BRACKETS
    for position, envelope in enumerate(envelopes):
        weight = len(_encode(envelope)) + 1  # the comma that follows; the last one's is a spare byte
        full = position - start == BUNDLE_LIMIT or size + weight > BUNDLE_BYTES
        if full and position > start:
            yield envelopes[start:position]
            start, size = position, _BRACKETS
        size += weight
    if start < len(envelopes):
        yield envelopes[start:]
