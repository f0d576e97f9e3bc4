"""How an address is described: what it takes, what it answers, which problems it may tell."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from marshmallow import Schema

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What can be done at an address."""

    summary: str
    tag: str
    description: str = ""
    query: type[Schema] | None = None
    body: type[Schema] | None = None
    raw_body: bool = False
    """Whether it takes bytes whose form is somebody else's."""
    headers: tuple[str, ...] = ()
    """Names in `handlers.openapi.HEADERS`."""
    answers: Mapping[int, type | str | None]
    """By status: the type that is encoded, a media type, or None for no body."""
    problems: tuple[str, ...] = ()
    """Slugs of `handlers.problems.KINDS`, besides those that any address may tell."""
    session: bool = False
    """Whether it needs a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method."""

    method: str
    path: str
    handler: Any = field(repr=False)
    operation: Operation
