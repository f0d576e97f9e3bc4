"""Whether this process is alive, whether it should be sent requests, and what it counts.

Served beside the API, and by an application of its own (`build`) where a process serves no API, or shares
the API's port with others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bookingd.telemetry.metrics import Metrics
from handlers.reply import json_reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What those who watch this process may know."""

    metrics: Metrics
    readiness: Callable[[], Mapping[str, str | None]]
    """What must be there for requests to be served: None where it is, else why it is not."""


WATCH = web.AppKey("watch", Watch)


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What serving requests needs: `ok`, or why it is not."""

    status: str
    parts: dict[str, str]


def build(watch: Watch) -> web.Application:
    """An application of these addresses alone."""
    application = web.Application(client_max_size=1)
    application[WATCH] = watch
    for path, handler in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        application.router.add_get(path, handler)
    application.on_response_prepare.append(_name_nobody)
    return application


async def _name_nobody(request: web.Request, response: web.StreamResponse) -> None:
    """Which library answers is nobody's concern."""
    response.headers[hdrs.SERVER] = "bookingd"


async def healthz(request: web.Request) -> web.Response:
    """The process is alive. Asks nothing else, so that a lost database does not restart the daemon."""
    return json_reply(Alive(status="alive"))


async def readyz(request: web.Request) -> web.Response:
    """Whether to send requests here: 503 with the reasons while starting, draining or cut off."""
    parts = {name: reason or "ok" for name, reason in request.app[WATCH].readiness().items()}
    ready = all(reason == "ok" for reason in parts.values())
    answer = Ready(status="ready" if ready else "not ready", parts=parts)
    return json_reply(answer, status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """For Prometheus."""
    page = generate_latest(request.app[WATCH].metrics.registry)
    return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})
