"""A gateway behind a bad line: calls and answers are lost, late, or told by webhook before they come.

What it does it does, whatever becomes of the answer: that is the point.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeVar

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import (
    Authorisation,
    Dispute,
    Gateway,
    GatewayNotice,
    GatewayPayment,
    Posting,
    Refund,
)
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome

T = TypeVar("T")

Heard = Callable[[str, GatewayPayment], Awaitable[None]]
"""Learns what a payment is at the gateway of a name, before whoever called for it does."""

AWAY, LOST_CALL, LOST_ANSWER, LATE = 0.06, 0.12, 0.2, 0.5
"""Below which draw each happens to a call."""

MOST_LATE = 0.4
"""Seconds: eight of the house's, so that what was seen may be old when it is told."""


@dataclass(slots=True)
class Weather:
    """How the lines are, all of them at once."""

    chance: Random
    calm: bool = False
    """Nothing goes wrong any more."""
    mute: bool = False
    """No answer comes to what is done from now on: whoever waits for it dies without it."""
    struck: int = 0
    """How often something went wrong."""


@dataclass(slots=True)
class BadLine:
    """The port `Gateway` over another one."""

    name: str
    gateway: Gateway
    weather: Weather
    heard: Heard | None = None
    """Learns of what is done before whoever called does."""
    searchable: bool = True
    """Whether it knows payments by our own id."""
    calls: list[str] = field(default_factory=list)

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        return await self._told("authorise", lambda: self.gateway.authorise(request, key=key))

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        return await self._told("complete", lambda: self.gateway.complete(gateway_reference, key=key))

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        def deed() -> Awaitable[GatewayPayment]:
            return self.gateway.reauthorise(gateway_reference, amount=amount, key=key)

        return await self._told("reauthorise", deed)

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        return await self._over("retrieve", lambda: self.gateway.retrieve(gateway_reference))

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        if not self.searchable:
            return None
        return await self._over("find", lambda: self.gateway.find(payment_id, since=since))

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        def deed() -> Awaitable[GatewayPayment]:
            return self.gateway.capture(gateway_reference, amount=amount, key=key)

        return await self._told("capture", deed)

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        return await self._told("void", lambda: self.gateway.void(gateway_reference, key=key))

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        def deed() -> Awaitable[Refund]:
            return self.gateway.refund(gateway_reference, amount=amount, key=key)

        return await self._over("refund", deed)

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        return await self._over("find_refund", lambda: self.gateway.find_refund(gateway_reference, key=key))

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        await self._over("forget", lambda: self.gateway.forget(gateway_reference, key=key))

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        return await self._over("disputes", lambda: self.gateway.disputes(gateway_reference))

    def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        return self.gateway.statement(since=since, until=until)

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        return await self.gateway.read_notice(headers, body)

    async def _told(self, operation: str, deed: Callable[[], Awaitable[GatewayPayment]]) -> GatewayPayment:
        """A deed that its gateway tells of by webhook too."""

        async def done() -> GatewayPayment:
            payment = await deed()
            if self.heard:
                await self.heard(self.name, payment)
            return payment

        return await self._over(operation, done)

    async def _over(self, operation: str, deed: Callable[[], Awaitable[T]]) -> T:
        self.calls.append(operation)
        luck = 1.0 if self.weather.calm else self.weather.chance.random()
        if luck < AWAY:
            raise self._struck(Unavailable(f"{operation}: away"))
        if luck < LOST_CALL:
            raise self._struck(UnknownOutcome(f"{operation}: the call was lost"))
        try:
            answer: T | Refused = await deed()
        except Refused as refused:
            answer = refused
        if self.weather.mute:
            await asyncio.Event().wait()
        if luck < LOST_ANSWER:
            raise self._struck(UnknownOutcome(f"{operation}: the answer was lost"))
        if luck < LATE:
            await asyncio.sleep(min(self.weather.chance.expovariate(15), MOST_LATE))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _struck(self, error: OutsideError) -> OutsideError:
        self.weather.struck += 1
        return error
