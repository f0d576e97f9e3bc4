"""The HTTP application: built here from its parts, run by bookingd.lifecycle."""

from aiohttp import web

from handlers.middlewares import watch
from handlers.parts import PARTS, GatewayFacts, Parts
from handlers.routes import ROUTES

__all__ = ["GatewayFacts", "Parts", "build"]


def build(*, parts: Parts) -> web.Application:
    """The application with all routes; nothing runs and nothing is asked before it is started."""
    application = web.Application(middlewares=[watch(parts)], client_max_size=parts.server.max_body_bytes)
    application[PARTS] = parts
    for route in ROUTES:
        application.router.add_route(route.method, route.path, route.handler)
    return application
