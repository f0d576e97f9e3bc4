"""The HTTP application: built here from its parts, run by bookingd.lifecycle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache
from typing import Any

from aiohttp import web

from bookingd.pictures.line import Line
from handlers.admin.pictures import AT_ONCE, UPLOADS, WAITING
from handlers.atlas import ATLAS, Atlas
from handlers.bookings import INTAKE, MOVES, RUSH, SHELF
from handlers.called import Called
from handlers.clients import BELIEVED, networks_of
from handlers.cookies import cookie_name
from handlers.flight_search import FLIGHT_PAGES, FlightSearch, flight_sets
from handlers.gate import guarded
from handlers.health import WATCH, Watch
from handlers.intake import Intake
from handlers.key_holders import KEY_HOLDERS, KeyHolders
from handlers.limits import TimeLimit
from handlers.live import LIVE, Live
from handlers.live_searches import SEARCH_KINDS
from handlers.middlewares import watch
from handlers.moves import Moves
from handlers.offer_shelf import OfferShelf
from handlers.openapi import OPENAPI, describe
from handlers.opened import REGISTER, Register
from handlers.package_search import PACKAGE_PAGES, PackageSearch
from handlers.parts import PARTS, GatewayFacts, Parts
from handlers.receipts import Receipts
from handlers.routes import ROUTES
from handlers.rush import Rush
from handlers.search import Pages, Search
from handlers.search_budget import SPENDING, Spending
from handlers.signed_in import SIGNED_IN, SignedIn
from handlers.stay_search import STAY_PAGES, StaySearch, StaySets
from handlers.webhooks import RECEIPTS

__all__ = ["GatewayFacts", "Parts", "build"]

LIMIT = web.AppKey("limit", TimeLimit)


def build(*, parts: Parts) -> web.Application:
    """The application with all routes; nothing runs and nothing is asked before it is started."""
    server = parts.settings.server
    limit = TimeLimit(server.request_timeout_seconds)
    application = web.Application(middlewares=[watch(parts, limit)], client_max_size=server.max_body_bytes)
    application[PARTS] = parts
    application[BELIEVED] = networks_of(server.trusted_proxies)
    application[WATCH] = Watch(metrics=parts.metrics, readiness=parts.readiness)
    application[SPENDING] = Spending(parts.settings.search.budget, clock=parts.sources.clock)
    application[ATLAS] = Atlas(database=parts.database, clock=parts.sources.clock)
    _add_searches(application, parts)
    application[SHELF] = OfferShelf(database=parts.database, clock=parts.sources.clock)
    application[MOVES] = Moves(bus=parts.bus, database=parts.database)
    application[SIGNED_IN] = SignedIn(database=parts.database, clock=parts.sources.clock)
    application[KEY_HOLDERS] = KeyHolders(database=parts.database, sources=parts.sources)
    application[RUSH] = Rush(parts.sources.clock)
    application[LIVE] = Live()
    application[INTAKE] = Intake(
        transactions=parts.transactions, database=parts.database, sources=parts.sources
    )
    application[RECEIPTS] = Receipts(parts.transactions)
    application[REGISTER] = Register(parts.database)
    application[UPLOADS] = Line(AT_ONCE, waiting=WAITING)
    application[OPENAPI] = _description(parts.public_url, cookie_name(parts))
    for route in ROUTES:
        if route.method == "GET":
            application.router.add_get(route.path, guarded(route))  # and HEAD
        else:
            application.router.add_route(route.method, route.path, guarded(route))
    application[LIMIT] = limit
    application.cleanup_ctx.extend([_watch_time, _hear_moves, _take_in])
    application.on_shutdown.append(_say_goodbye)
    return application


@cache
def _description(public_url: str, cookie: str) -> dict[str, Any]:
    """The same for each application at that address: making it takes a tenth of a second."""
    return describe(ROUTES, public_url=public_url, cookie=cookie)


async def _watch_time(application: web.Application) -> AsyncIterator[None]:
    async with application[LIMIT].watching():
        yield


async def _hear_moves(application: web.Application) -> AsyncIterator[None]:
    bus = application[PARTS].bus
    hearing = [
        bus.watch(hear)
        for hear in (
            application[RUSH].hear,
            application[SIGNED_IN].hear,
            application[KEY_HOLDERS].hear,
            application[LIVE].hear,
        )
    ]
    async with application[MOVES].heard():
        yield
    for stop in hearing:
        stop()


async def _take_in(application: web.Application) -> AsyncIterator[None]:
    """Runs until every request has been answered: the server stops before its application does."""
    loops = {
        "intake": application[INTAKE].run,
        "receipts": application[RECEIPTS].run,
        "register": application[REGISTER].run,
        "signed in": application[SIGNED_IN].run,
        "key holders": application[KEY_HOLDERS].run,
        "atlas": application[ATLAS].run,
        "pictures": application[PARTS].pictures.run,
    }
    tasks = [asyncio.create_task(run(), name=name) for name, run in loops.items()]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _say_goodbye(application: web.Application) -> None:
    await application[LIVE].close()


def _add_searches(application: web.Application, parts: Parts) -> None:
    """Packages are made of the same sets of flights and stays that are searched alone."""
    flights, stays = flight_sets(parts), StaySets(parts)
    called = Called(database=parts.database, atlas=application[ATLAS])
    application[FLIGHT_PAGES] = Pages(FlightSearch(parts, flights, called), parts)
    application[STAY_PAGES] = Pages(StaySearch(parts, stays), parts)
    application[PACKAGE_PAGES] = Pages(
        PackageSearch(parts, flights=flights, stays=stays, called=called), parts
    )
    kinds: dict[str, Search[Any, Any]] = {
        "flights": application[FLIGHT_PAGES].search,
        "hotels": application[STAY_PAGES].search,
        "packages": application[PACKAGE_PAGES].search,
    }
    application[SEARCH_KINDS] = kinds
