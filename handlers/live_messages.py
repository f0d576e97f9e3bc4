"""What goes over the WebSocket, in both directions, and how a client's messages are read."""

import re
from typing import Annotated

import msgspec

from bookingd.domain.ids import Reference
from bookingd.domain.references import parse_reference
from bookingd.messages.live import Step
from bookingd.storage.bookings import Event
from handlers.bodies import read_json
from handlers.booking_views import EventView, event_view
from handlers.errors import FieldError, Problem, ProblemBody, invalid

_NAMED = re.compile(r"at `\$\.(\w+)`|field `([^`]+)`")


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: follow a booking from behind an event on."""

    subscribe: str
    """`booking:` and the reference."""
    after: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    token: str | None = None
    """A booking token or a mail link's, where the session did not make the booking."""


class Unsubscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Follow it no longer."""

    unsubscribe: str


class LiveEvent(EventView, frozen=True, kw_only=True):
    """What a client gets: one step of a timeline."""

    topic: str


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription stands; events after `after` follow."""

    subscribed: str
    after: int


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription has ended."""

    unsubscribed: str


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message was not followed."""

    error: ProblemBody


def read_from_table(topic: str, event: Event) -> LiveEvent:
    """An event of the table."""
    shown = event_view(event)
    return LiveEvent(
        topic=topic,
        sequence=shown.sequence,
        name=shown.name,
        state=shown.state,
        details=shown.details,
        at=shown.at,
    )


def brought(topic: str, step: Step) -> LiveEvent:
    """An event that came with a notice."""
    return LiveEvent(
        topic=topic,
        sequence=step.sequence,
        name=step.name,
        state=step.state,
        details=step.details,
        at=step.at,
    )


def reference_in(topic: str) -> Reference:
    """The booking that a topic is about. Raises Problem."""
    kind, _, text = topic.partition(":")
    reference = parse_reference(text)
    if kind != "booking" or reference is None or reference != text:
        raise refuse("subscribe", "topic", "This has to be 'booking:' and a reference.")
    return reference


def read(text: str) -> Subscribe | Unsubscribe:
    """What the client wants. Raises Problem."""
    given = read_json(text.encode(errors="replace"))
    try:
        if isinstance(given, dict) and "unsubscribe" in given:
            return msgspec.convert(given, Unsubscribe)
        return msgspec.convert(given, Subscribe)
    except msgspec.ValidationError as error:
        told = f"{error}. Send {{'subscribe': 'booking:REF', 'after': 0}}."
        raise refuse(_field_of(str(error)), "message", told) from error


def _field_of(told: str) -> str:
    """The field that msgspec complains of; it names one it misses or knows not in words, others by a path."""
    found = _NAMED.search(told)
    return next((name for name in found.groups() if name), "") if found else ""


def refuse(field_name: str, code: str, message: str) -> Problem:
    """The problem with a field of a client's message."""
    return invalid(FieldError(field=field_name, code=code, message=message))
