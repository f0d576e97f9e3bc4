"""The other side of payments through the real adapters: our stand-ins, and who acts at them."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import web

from bookingd.domain.ids import PaymentId
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.port import Gateway, GatewayNotice, GatewayPayment, GatewayStatus
from bookingd.gateways.stripe import StripeGateway
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal import PayPalSandbox
from bookingd.sandbox.paypal.sandbox import CLIENT_ID, CLIENT_SECRET, WEBHOOK_ID
from bookingd.sandbox.server import Sandbox, SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sandbox.stripe.sandbox import SECRET_KEY, WEBHOOK_SECRET
from bookingd.sources import Sources
from tests.acceptance.daemon import free_port

Heard = Callable[[str, GatewayNotice], Awaitable[None]]
"""Takes a webhook of the gateway of a name, once its signature was verified."""


class How(StrEnum):
    """What becomes of an attempt to pay, on the other side."""

    PAYS = "pays"
    AGREES = "agrees when asked"
    LEAVES = "does nothing when asked"
    DECLINED = "declined"
    TRUSTED = "trusted after a review"
    DISTRUSTED = "not trusted after a review"


PATIENCE = 10.0
"""Seconds that an adapter waits: the machine is busy, and nothing here is slow on purpose."""


class StandInSide(ABC):
    """Before a stand-in, which sends its webhooks to us."""

    name: str
    searchable = True
    gateway: Gateway
    """The adapter."""

    def __init__(self, sandbox: Sandbox, switches: Switches) -> None:
        self._sandbox = sandbox
        self._server = SandboxServer([sandbox], switches=switches)
        self._http: aiohttp.ClientSession

    async def open(self, stack: AsyncExitStack) -> None:
        """Until the stack is left."""
        await self._server.start()
        stack.push_async_callback(self._server.stop)
        self._http = await stack.enter_async_context(aiohttp.ClientSession())

    async def payments(self, payment_id: PaymentId) -> Sequence[GatewayPayment]:
        made = self._sandbox.ledger()["payments"].get(str(payment_id))
        return [await self.gateway.retrieve(name) for name in (self.made(made) if made else ())]

    async def control(self, path: str, **wish: Any) -> Any:
        """Have something happen there; what cannot happen now is let be."""
        url = f"{self._server.url('_sandbox')}/{self.name}{path}"
        async with self._http.post(url, json=wish) as answer:
            assert answer.status < 500, await answer.text()
            return await answer.json() if answer.status == 200 else {}

    @abstractmethod
    def made(self, seen: Mapping[str, Any]) -> Sequence[str]:
        """The gateway's names of what it made for one payment of ours, as its ledger has it."""

    @abstractmethod
    def token(self, how: How) -> str:
        """What its payer gives to us."""

    @abstractmethod
    async def act(self, payment: GatewayPayment, how: How) -> None:
        """What is done elsewhere, so that the payment comes to that."""

    @abstractmethod
    async def begin_dispute(self, payment: GatewayPayment) -> None:
        """The payer wants all of it back."""

    async def dispute(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is not GatewayStatus.CAPTURED:
            return
        if await self.gateway.disputes(payment.gateway_reference):
            await self.end_disputes(payment, won=chance.random() < 0.5)
        else:
            await self.begin_dispute(payment)

    async def end_disputes(self, payment: GatewayPayment, *, won: bool) -> None:
        """What is over stays so."""
        for one in await self.gateway.disputes(payment.gateway_reference):
            await self.control(f"/disputes/{one.gateway_reference}/resolve", outcome="won" if won else "lost")


class StripeSide(StandInSide):
    """Cards, confirmed at once or after 3-D Secure."""

    name = "stripe"
    tokens: Mapping[How, str] = MappingProxyType(
        {
            How.PAYS: "pm_card_visa",
            How.AGREES: "pm_card_authenticationRequired",
            How.LEAVES: "pm_card_authenticationRequired",
            How.DECLINED: "pm_card_visa_chargeDeclined",
            How.TRUSTED: "pm_card_riskLevelElevated",
            How.DISTRUSTED: "pm_card_riskLevelElevated",
        }
    )

    def __init__(self, sources: Sources, webhooks: str) -> None:
        self._sources, self._switches = sources, Switches()
        sandbox = StripeSandbox(
            clock=sources.clock,
            ids=sources.ids,
            chance=sources.chance,
            webhook_url=f"{webhooks}/stripe",
            switches=self._switches,
        )
        super().__init__(sandbox, self._switches)

    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        gateway = StripeGateway(
            secret_key=SECRET_KEY,
            webhook_secrets=[WEBHOOK_SECRET],
            clock=self._sources.clock,
            base_url=self._server.url("stripe"),
            timeout=PATIENCE,
        )
        self.gateway = gateway
        stack.push_async_callback(gateway.close)

    def made(self, seen: Mapping[str, Any]) -> Sequence[str]:
        return [one["id"] for one in seen["payment_intents"]]

    def means(self, chance: Random) -> str:
        return chance.choice([*self.tokens.values(), self.token(How.PAYS), self.token(How.AGREES)])

    def token(self, how: How) -> str:
        return self.tokens[how]

    async def act(self, payment: GatewayPayment, how: How) -> None:
        match how:
            case How.AGREES:
                await self.authenticate(payment, "complete")
            case How.TRUSTED | How.DISTRUSTED:
                await self.end_review(payment, trusted=how is How.TRUSTED)

    async def payer(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is GatewayStatus.REQUIRES_ACTION:
            await self.authenticate(payment, "complete" if chance.random() < 0.8 else "fail")

    async def authenticate(self, payment: GatewayPayment, outcome: str) -> None:
        await self.control(f"/payment_intents/{payment.gateway_reference}/authenticate", outcome=outcome)

    async def by_itself(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is GatewayStatus.IN_REVIEW:
            await self.end_review(payment, trusted=chance.random() < 0.6)

    async def end_review(self, payment: GatewayPayment, *, trusted: bool) -> None:
        """By a person, in the dashboard."""
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        reviews = f"{self._server.url('stripe')}/v1/reviews"
        async with self._http.get(reviews, headers=headers) as answer:
            found = [
                one["id"]
                for one in (await answer.json())["data"]
                if one["payment_intent"] == payment.gateway_reference and one["open"]
            ]
        for review in found:
            if not trusted:
                await self.control(f"/reviews/{review}/refuse")
                continue
            async with self._http.post(f"{reviews}/{review}/approve", headers=headers) as answer:
                assert answer.status == 200, await answer.text()

    async def begin_dispute(self, payment: GatewayPayment) -> None:
        await self.control(f"/payment_intents/{payment.gateway_reference}/dispute")

    async def settle(self, payment: GatewayPayment, chance: Random) -> None:
        await self.by_itself(payment, chance)
        await self.end_disputes(payment, won=chance.random() < 0.5)


class PayPalSide(StandInSide):
    """Orders that their buyer approves at PayPal's page, whatever they pay with there."""

    name = "paypal"
    searchable = False
    instruments: Mapping[How, str] = MappingProxyType(
        {
            How.PAYS: "balance",
            How.AGREES: "balance",
            How.DECLINED: "declined",
            How.TRUSTED: "review",
            How.DISTRUSTED: "review_denied",
        }
    )

    def __init__(self, sources: Sources, webhooks: str) -> None:
        self._sources = sources
        self._paypal = PayPalSandbox(
            clock=sources.clock, ids=sources.ids, chance=sources.chance, webhook_url=f"{webhooks}/paypal"
        )
        super().__init__(self._paypal, Switches())

    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        gateway = PayPalGateway(
            base_url=self._server.url("paypal"),
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            webhook_id=WEBHOOK_ID,
            anchors=lambda: self._paypal.root_certificate,
            clock=self._sources.clock,
            timeout=PATIENCE,
        )
        self.gateway = gateway
        stack.push_async_callback(gateway.close)

    def made(self, seen: Mapping[str, Any]) -> Sequence[str]:
        return [one["id"] for one in seen["orders"]]

    def means(self, chance: Random) -> str:
        return self.token(How.PAYS)

    def token(self, how: How) -> str:
        return ""

    async def act(self, payment: GatewayPayment, how: How) -> None:
        if how is not How.LEAVES:
            await self.approve(payment, self.instruments[how])

    async def payer(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is GatewayStatus.REQUIRES_ACTION and chance.random() < 0.9:
            likely = ["balance"] * 4
            await self.approve(payment, chance.choice([*likely, "declined", "review", "denied", "echeck"]))

    async def approve(self, payment: GatewayPayment, instrument: str = "balance") -> None:
        order = payment.gateway_reference.partition("/")[0]
        await self.control(f"/orders/{order}/approve", instrument=instrument)

    async def by_itself(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is GatewayStatus.APPROVED and chance.random() < 0.2:
            order = payment.gateway_reference.partition("/")[0]
            await self.control(f"/orders/{order}/reverse")

    async def begin_dispute(self, payment: GatewayPayment) -> None:
        capture = payment.gateway_reference.rpartition("/")[2]
        await self.control(f"/captures/{capture}/dispute")

    async def settle(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is GatewayStatus.CAPTURED:
            await self.end_disputes(payment, won=chance.random() < 0.5)


async def open_stand_ins(
    sources: Sources, heard: Heard, stack: AsyncExitStack
) -> tuple[StripeSide, PayPalSide]:
    """Both, until the stack is left; `heard` gets their webhooks."""
    gateways: dict[str, Gateway] = {}
    endpoint = Endpoint(gateways, heard)
    await endpoint.open(stack)
    sides = StripeSide(sources, endpoint.url), PayPalSide(sources, endpoint.url)
    for side in sides:
        await side.open(stack)
        gateways[side.name] = side.gateway
    return sides


class Endpoint:
    """Where the stand-ins send their webhooks: verified by the adapter, and handed on."""

    def __init__(self, gateways: Mapping[str, Gateway], heard: Heard) -> None:
        self._gateways = gateways
        self._heard = heard
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self, stack: AsyncExitStack) -> None:
        """Until the stack is left."""
        app = web.Application()
        app.router.add_post("/{gateway}", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", self._port).start()

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["gateway"]
        notice = await self._gateways[name].read_notice(request.headers, await request.read())
        if notice is not None:
            await self._heard(name, notice)
        return web.Response()
