"""Every address of the house: the contents page of handlers/, and what the OpenAPI is made of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from handlers import health

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method."""

    method: str
    path: str
    handler: Handler


def _get(path: str, handler: Handler) -> Route:
    return Route(method="GET", path=path, handler=handler)


ROUTES: tuple[Route, ...] = (
    _get("/healthz", health.healthz),
    _get("/readyz", health.readyz),
    _get("/metrics", health.metrics),
)
