"""The gateways that the contract is asked of."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from bookingd.gateways.port import Gateway
from bookingd.gateways.stripe import StripeGateway
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sandbox.stripe.sandbox import SECRET_KEY, WEBHOOK_SECRET
from bookingd.sources import Clock, Sources
from tests.fakes import gateway as fake
from tests.gateways import localstripe
from tests.gateways.arrange import Cards


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A gateway with something behind it, and the cards that it knows."""

    gateway: Gateway
    cards: Cards
    clock: Clock


@pytest.fixture(scope="session")
def localstripe_url() -> Iterator[str]:
    with localstripe.running() as url:
        yield url


@pytest.fixture
def switches() -> Switches:
    return Switches()


@asynccontextmanager
async def stripe_gateway(base_url: str, *, timeout: float = 5.0) -> AsyncIterator[StripeGateway]:
    gateway = StripeGateway(
        secret_key=SECRET_KEY,
        webhook_secrets=[WEBHOOK_SECRET],
        clock=Sources.system().clock,
        base_url=base_url,
        timeout=timeout,
        connect_timeout=2.0,
    )
    try:
        yield gateway
    finally:
        await gateway.close()


@pytest.fixture
async def sandbox(switches: Switches) -> AsyncIterator[SandboxServer]:
    """Our stand-in, on the host's clock: its answers are compared with what the adapter asks for by time."""
    sources = Sources.system()
    stripe = StripeSandbox(clock=sources.clock, ids=sources.ids, chance=sources.chance, switches=switches)
    server = SandboxServer([stripe], switches=switches)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def stripe(sandbox: SandboxServer) -> AsyncIterator[StripeGateway]:
    """The adapter before our stand-in."""
    async with stripe_gateway(sandbox.url("stripe")) as gateway:
        yield gateway


Browser = Callable[[str | None, str], Awaitable[None]]
"""Goes to a page of the stand-in's bank and clicks `complete` or `fail`."""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:

        async def click(page: str | None, outcome: str) -> None:
            assert page is not None
            async with session.post(page, data={"outcome": outcome}, allow_redirects=False) as answer:
                assert answer.status == 303

        yield click


@pytest.fixture
def localstripe_if_asked(request: pytest.FixtureRequest) -> str:
    """Started outside the event loop, which would stand still meanwhile."""
    asked = request.node.callspec.params["bench"] == "localstripe"
    return str(request.getfixturevalue("localstripe_url")) if asked else ""


@pytest.fixture
async def bench(request: pytest.FixtureRequest, localstripe_if_asked: str) -> AsyncIterator[Bench]:
    """The gateway that the parameter names: `sandbox`, `localstripe` or `fake`."""
    clock = Sources.system().clock
    async with AsyncExitStack() as stack:
        match request.param:
            case "fake":
                cards = Cards(good=fake.GOOD, declined=fake.DECLINED, three_d_secure=fake.THREE_D_SECURE)
                yield Bench(gateway=fake.FakeGateway(clock), cards=cards, clock=clock)
            case "localstripe":
                gateway = await stack.enter_async_context(stripe_gateway(localstripe_if_asked))
                yield Bench(gateway=gateway, cards=_STRIPES_CARDS, clock=clock)
            case _:
                server = SandboxServer([_stand_in()], switches=Switches())
                await server.start()
                stack.push_async_callback(server.stop)
                gateway = await stack.enter_async_context(stripe_gateway(server.url("stripe")))
                yield Bench(gateway=gateway, cards=_STRIPES_CARDS, clock=clock)


_STRIPES_CARDS = Cards(
    good="pm_card_visa",
    declined="pm_card_visa_chargeDeclined",
    three_d_secure="pm_card_threeDSecure2Required",
)


def _stand_in() -> StripeSandbox:
    sources = Sources.system()
    return StripeSandbox(clock=sources.clock, ids=sources.ids, chance=sources.chance)
