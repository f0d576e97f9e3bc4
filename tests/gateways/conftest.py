"""The gateways that the contract is asked of."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
import pytest

from bookingd.domain.ids import IntentId
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.port import Authorisation, Gateway, GatewayPayment, GatewayStatus
from bookingd.gateways.stripe import StripeGateway
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal import PayPalSandbox
from bookingd.sandbox.paypal.sandbox import CLIENT_ID, CLIENT_SECRET, WEBHOOK_ID
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sandbox.stripe.sandbox import SECRET_KEY, WEBHOOK_SECRET
from bookingd.sources import Clock, Sources
from tests.fakes import gateway as fake
from tests.gateways import localstripe
from tests.gateways.arrange import Cards, an_intent
from tests.sandbox.stripe_client import Client
from tests.vendor_specs import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

Approve = Callable[[GatewayPayment, str], Awaitable[None]]
"""Has the payer of a payment agree, with a means of the name that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A gateway with something behind it, and the cards that it knows."""

    gateway: Gateway
    cards: Cards
    clock: Clock
    approve: Approve | None = None
    """Where the payer chooses a means at the gateway's own page; `cards` are those that they choose then."""
    voided_code: str = "payment_intent_unexpected_state"
    """What a capture of a voided payment is refused with."""
    has_search: bool = True
    """Whether payments are found by our own id, and not by the gateway's alone."""
    not_taken: frozenset[str] = frozenset()
    """Of the currencies that the contract tries."""

    async def begin(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """As the gateway answers to the first call."""
        asked = request if self.approve is None else replace(request, payment_method="")
        return await self.gateway.authorise(asked, key=key)

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """As it is when the payer has agreed, and the gateway was asked to hold the money."""
        payment = await self.begin(request, key=key)
        if self.approve is None or payment.status is not GatewayStatus.REQUIRES_ACTION:
            return payment
        await self.approve(payment, request.payment_method)
        return await self.gateway.complete(payment.gateway_reference, key=an_intent())


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


@pytest.fixture
async def merchant(sandbox: SandboxServer) -> AsyncIterator[Client]:
    """Who does at Stripe what the adapter does not: makes tokens, approves reviews, reads objects."""
    async with Client(sandbox.url("stripe")) as client:
        yield client


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
    """The gateway that the parameter names: `stripe`, `paypal` (our stand-ins), `localstripe` or `fake`."""
    clock = Sources.system().clock
    async with AsyncExitStack() as stack:
        match request.param:
            case "fake":
                cards = Cards(good=fake.GOOD, declined=fake.DECLINED, three_d_secure=fake.THREE_D_SECURE)
                yield Bench(gateway=fake.FakeGateway(clock), cards=cards, clock=clock)
            case "localstripe":
                gateway = await stack.enter_async_context(stripe_gateway(localstripe_if_asked))
                yield Bench(gateway=gateway, cards=_STRIPES_CARDS, clock=clock)
            case "paypal":
                yield await stack.enter_async_context(paypal_bench())
            case _:
                server = SandboxServer([_stand_in()], switches=Switches())
                await server.start()
                stack.push_async_callback(server.stop)
                gateway = await stack.enter_async_context(stripe_gateway(server.url("stripe")))
                yield Bench(gateway=gateway, cards=_STRIPES_CARDS, clock=clock)


@asynccontextmanager
async def paypal_bench() -> AsyncIterator[Bench]:
    """PayPal before our stand-in, whose payers approve by its switch."""
    sources = Sources.system()
    sandbox = PayPalSandbox(clock=sources.clock, ids=sources.ids, chance=sources.chance)
    server = SandboxServer([sandbox], switches=Switches())
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        gateway = await stack.enter_async_context(paypal_gateway(server, sandbox))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def approve(payment: GatewayPayment, means: str) -> None:
            switches = f"{server.url('_sandbox')}/paypal/orders/{payment.gateway_reference}/approve"
            async with session.post(switches, json={"instrument": means}) as answer:
                assert answer.status == 200

        yield Bench(
            gateway=gateway,
            cards=Cards(good="balance", declined="declined", three_d_secure="balance"),
            clock=sources.clock,
            approve=approve,
            voided_code="authorization_voided",
            has_search=False,
            not_taken=frozenset({"KWD"}),
        )


@asynccontextmanager
async def paypal_gateway(
    server: SandboxServer, sandbox: PayPalSandbox, *, timeout: float = 5.0
) -> AsyncIterator[PayPalGateway]:
    gateway = PayPalGateway(
        base_url=server.url("paypal"),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        webhook_id=WEBHOOK_ID,
        anchors=lambda: sandbox.root_certificate,
        clock=Sources.system().clock,
        timeout=timeout,
        connect_timeout=2.0,
    )
    try:
        yield gateway
    finally:
        await gateway.close()


_STRIPES_CARDS = Cards(
    good="pm_card_visa",
    declined="pm_card_visa_chargeDeclined",
    three_d_secure="pm_card_threeDSecure2Required",
)


def _stand_in() -> StripeSandbox:
    sources = Sources.system()
    return StripeSandbox(clock=sources.clock, ids=sources.ids, chance=sources.chance)
