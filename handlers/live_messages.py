"""What goes over the WebSocket, in both directions, and how a client's messages are read."""

import re
from typing import Annotated, Any

import msgspec

from bookingd.domain.ids import Reference
from bookingd.domain.references import parse_reference
from bookingd.messages.live import Step
from bookingd.storage.bookings import Event
from handlers.bodies import read_json
from handlers.booking_views import EventView, event_view
from handlers.errors import FieldError, Problem, ProblemBody, invalid

_EXAMPLES = (
    "{'subscribe': 'booking:REF', 'after': 0} or {'subscribe': 'search', 'kind': 'flights', 'query': {…}}"
)
_SEARCH = re.compile("search(:[A-Za-z0-9_-]{1,32})?")
_NAMED = re.compile(r"at `\$\.(\w+)`|field `([^`]+)`")


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: follow a booking from behind an event on."""

    subscribe: str
    """`booking:` and the reference."""
    after: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    token: str | None = None
    """A booking token or a mail link's, where the session did not make the booking."""


class SubscribeSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: follow a search until everybody has answered."""

    subscribe: str
    """`search`, or `search:` and a name of the client's, where it follows several."""
    kind: str
    """What is searched for: flights, hotels or packages."""
    query: dict[str, Any] = {}
    """The parameters of the search's HTTP address; what may be repeated there is a list."""


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


class SubscribedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A search is followed: its pages come, and the last one is `final`."""

    subscribed: str


class LiveSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets: a search as it is now."""

    topic: str
    final: bool
    """Whether everybody has answered: nothing more comes."""
    answer: Any
    """What the search's HTTP address answers."""


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription has ended."""

    unsubscribed: str


class Failed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a message was not followed, or why nothing more comes of a topic."""

    error: ProblemBody
    topic: str | None = None


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


def name_in(topic: str) -> str:
    """The topic of a search, where it may be one. Raises Problem."""
    if not _SEARCH.fullmatch(topic):
        words = "This has to be 'search', or 'search:' and up to 32 letters, digits, - or _."
        raise refuse("subscribe", "topic", words)
    return topic


def read(text: str) -> Subscribe | SubscribeSearch | Unsubscribe:
    """What the client wants. Raises Problem."""
    given = read_json(text.encode(errors="replace"))
    try:
        if isinstance(given, dict) and "unsubscribe" in given:
            return msgspec.convert(given, Unsubscribe)
        if isinstance(given, dict) and str(given.get("subscribe")).partition(":")[0] == "search":
            return msgspec.convert(given, SubscribeSearch)
        return msgspec.convert(given, Subscribe)
    except msgspec.ValidationError as error:
        told = f"{error}. Send {_EXAMPLES}."
        raise refuse(_field_of(str(error)), "message", told) from error


def _field_of(told: str) -> str:
    """The field that msgspec complains of; it names one it misses or knows not in words, others by a path."""
    found = _NAMED.search(told)
    return next((name for name in found.groups() if name), "") if found else ""


def refuse(field_name: str, code: str, message: str) -> Problem:
    """The problem with a field of a client's message."""
    return invalid(FieldError(field=field_name, code=code, message=message))
