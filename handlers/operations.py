"""How an address is described: what it takes, what it answers, which problems it may tell."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web
from marshmallow import Schema

from bookingd.domain.accounts.permissions import Permission

BODY_PROBLEMS = ("malformed-json", "cross-site", "body-too-large", "media-type", "invalid-fields")
"""What may be wrong with a body, whatever it says."""

KEY_PROBLEMS = ("bad-request", "request-running", "key-reused")
"""What may be wrong with an Idempotency-Key."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(StrEnum):
    """Whom an address is for, where no permission of staff says it."""

    PUBLIC = "public"
    """Everybody; nobody is asked who they are."""
    ANYBODY = "anybody"
    """Everybody; who they are, or what token they show, decides what they find."""
    SESSION = "session"
    """Who has a session, a guest's too, and may book."""
    ACCOUNT = "account"
    """Who has an account."""
    RECENT = "recent"
    """The same, if they have just proved who they are: for what takes an account over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What can be done at an address."""

    summary: str
    tag: str
    description: str = ""
    query: type[Schema] | None = None
    body: type[Schema] | None = None
    form: type[Schema] | None = None
    """The same, or what is taken besides, sent by a form of one of our pages."""
    raw_body: tuple[str, ...] = ()
    """Media types of bytes that it takes whose form is somebody else's."""
    headers: tuple[str, ...] = ()
    """Names in `handlers.openapi.HEADERS`."""
    answers: Mapping[int, type | str | None]
    """By status: the type that is encoded, a media type, or None for no body."""
    problems: tuple[str, ...] = ()
    """Slugs of `handlers.problems.KINDS`, besides what any address tells and what follows from `access`."""
    access: Access | Permission
    """Whom it is for: handlers.gate decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method."""

    method: str
    path: str
    handler: Any = field(repr=False)
    operation: Operation
