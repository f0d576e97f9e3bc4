"""Whether this process is alive, whether it should be sent requests, and what it counts."""

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from handlers.parts import PARTS
from handlers.reply import json_reply


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What serving requests needs: `ok`, or why it is not."""

    status: str
    parts: dict[str, str]


async def healthz(request: web.Request) -> web.Response:
    """The process is alive. Asks nothing else, so that a lost database does not restart the daemon."""
    return json_reply(Alive(status="alive"))


async def readyz(request: web.Request) -> web.Response:
    """Whether to send requests here: 503 with the reasons while starting, draining or cut off."""
    parts = {name: reason or "ok" for name, reason in request.app[PARTS].readiness().items()}
    ready = all(reason == "ok" for reason in parts.values())
    answer = Ready(status="ready" if ready else "not ready", parts=parts)
    return json_reply(answer, status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """For Prometheus."""
    page = generate_latest(request.app[PARTS].metrics.registry)
    return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})
