"""Stand-ins on real sockets, and clients that check every body they get."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal import PayPalSandbox
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sources import Sources
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds
from tests.sandbox import paypal_client
from tests.sandbox.stripe_client import Client, check_event
from tests.vendor_specs import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class WatchedClock(ManualClock):
    """Lets a test wait until somebody sleeps for that long."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: set[float] = set()
        self._news = asyncio.Condition()

    async def sleep(self, seconds: float) -> None:
        async with self._news:
            self._asked.add(seconds)
            self._news.notify_all()
        await super().sleep(seconds)

    async def asked_for(self, seconds: float) -> None:
        async with self._news:
            await self._news.wait_for(lambda: seconds in self._asked)


@pytest.fixture
def clock() -> WatchedClock:
    return WatchedClock()


@pytest.fixture
def switches() -> Switches:
    return Switches()


@pytest.fixture
def sources(clock: WatchedClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


@pytest.fixture
async def server(sources: Sources, switches: Switches) -> AsyncIterator[SandboxServer]:
    """The stand-in without memory and without webhooks."""
    server = stripe_server(sources, switches)
    await server.start()
    yield server
    await server.stop()


def stripe_server(
    sources: Sources,
    switches: Switches,
    *,
    directory: Path | None = None,
    webhook_url: str | None = None,
    webhook_events: Collection[str] | None = None,
) -> SandboxServer:
    sandbox = StripeSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        switches=switches,
        directory=directory,
        webhook_url=webhook_url,
        webhook_events=webhook_events,
    )
    return SandboxServer([sandbox], switches=switches)


def paypal_server(
    sources: Sources,
    switches: Switches,
    *,
    directory: Path | None = None,
    webhook_url: str | None = None,
    webhook_events: Collection[str] | None = None,
    terms: Terms | None = None,
) -> SandboxServer:
    sandbox = PayPalSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        switches=switches,
        directory=directory,
        webhook_url=webhook_url,
        webhook_events=webhook_events,
        terms=terms,
    )
    return SandboxServer([sandbox], switches=switches)


@pytest.fixture
async def paypal(sources: Sources, switches: Switches) -> AsyncIterator[paypal_client.Client]:
    """A merchant of a stand-in for PayPal without memory and without webhooks."""
    server = paypal_server(sources, switches)
    await server.start()
    async with paypal_client.Client(server.url("paypal")) as opened:
        yield opened
    await server.stop()


@pytest.fixture
async def client(server: SandboxServer) -> AsyncIterator[Client]:
    """A merchant with the secret key."""
    async with Client(server.url("stripe")) as opened:
        yield opened


class Endpoint:
    """Where webhooks arrive; answers `statuses` one after the other, then 200."""

    def __init__(self, clock: WatchedClock, check: Callable[[dict[str, Any]], None], kind: str) -> None:
        """`check` fails for what the vendor could not have sent; `kind` is what it calls an event's kind."""
        self.clock = clock
        self._check = check
        self._kind = kind
        self.statuses: list[int] = []
        self.url = ""
        self._arrived: asyncio.Queue[Delivery] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        await self._arrived.put(Delivery(headers=dict(request.headers), body=body))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def next(self, kind: str = "") -> Delivery:
        """The next webhook, or the next of a kind; each is checked against the vendor's schema."""
        while True:
            delivery = await self._arrived.get()
            self._check(delivery.event)
            if kind in {"", delivery.event[self._kind]}:
                return delivery

    def waiting(self) -> list[str]:
        """The kinds of what has arrived and was not taken yet."""
        kinds = []
        while not self._arrived.empty():
            kinds.append(self._arrived.get_nowait().event[self._kind])
        return kinds


@pytest.fixture
async def endpoint(clock: WatchedClock) -> AsyncIterator[Endpoint]:
    """A merchant's endpoint for Stripe's webhooks, on a real socket."""
    async with listening(Endpoint(clock, check_event, "type")) as found:
        yield found


@pytest.fixture
async def paypal_endpoint(clock: WatchedClock) -> AsyncIterator[Endpoint]:
    """A merchant's endpoint for PayPal's webhooks, on a real socket."""
    async with listening(Endpoint(clock, paypal_client.check_event, "event_type")) as found:
        yield found


@asynccontextmanager
async def listening(endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """An endpoint that is there for as long as the context lasts."""
    app = web.Application()
    app.router.add_post("/webhooks", endpoint.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    yield endpoint
    await runner.cleanup()


@pytest.fixture
async def telling_client(
    sources: Sources, switches: Switches, endpoint: Endpoint, tmp_path: Path
) -> AsyncIterator[Client]:
    """A merchant of a stand-in that remembers, and sends webhooks to `endpoint`."""
    server = stripe_server(sources, switches, directory=tmp_path, webhook_url=endpoint.url)
    await server.start()
    async with Client(server.url("stripe")) as opened:
        yield opened
    await server.stop()


@pytest.fixture
async def telling_paypal(
    sources: Sources, switches: Switches, paypal_endpoint: Endpoint, tmp_path: Path
) -> AsyncIterator[paypal_client.Client]:
    """A merchant of a stand-in for PayPal that remembers, and sends webhooks to `paypal_endpoint`."""
    server = paypal_server(sources, switches, directory=tmp_path, webhook_url=paypal_endpoint.url)
    await server.start()
    async with paypal_client.Client(server.url("paypal")) as opened:
        yield opened
    await server.stop()
