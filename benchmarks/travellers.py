"""Travellers who book as fast as they are served: each one booking after the other, over one WebSocket."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp

from benchmarks.api import Api, Json, Refused, decode, encode

PATIENCE = 60.0
"""Seconds that a traveller waits for the next event of a booking."""

CARD = "pm_card_visa"
"""The gateway's own token of a card that is always good."""

PARTY = [
    {"given_name": "Ada", "surname": "Lovelace", "born": "1985-12-10"},
    {"given_name": "Charles", "surname": "Lovelace", "born": "1983-06-02"},
    {"given_name": "Mary", "surname": "Lovelace", "born": "2017-01-15"},
]
CONTACT = {"email": "ada@traveller.example", "locale": "en"}

ENDED = {"confirmed", "failed", "expired", "cancelled", "price_changed"}


@dataclass(slots=True)
class Journeys:
    """What was booked: references, and times in seconds, a list element a booking."""

    references: list[str] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    """When they were seen confirmed, on time.perf_counter."""
    held: list[float] = field(default_factory=list)
    """From the first request to the seats being held."""
    settled: list[float] = field(default_factory=list)
    """From the 2xx to the payment to `confirmed`."""
    whole: list[float] = field(default_factory=list)
    """From the first request to `confirmed`."""
    opened: float = 0.0
    """When every traveller had ended a booking: from then on as much ends as begins."""

    def counted(self, seconds: float) -> tuple[int, float]:
        """How many were confirmed within how long from `opened` on: `seconds`, or until there was one."""
        later = sorted(ended - self.opened for ended in self.ended if ended > self.opened)
        length = max(seconds, later[0])
        return sum(after <= length for after in later), length


class Traveller:
    """One of them."""

    def __init__(self, api: Api, live: aiohttp.ClientWebSocketResponse) -> None:
        self._api = api
        self._live = live

    async def book(self, offer: str, into: Journeys) -> None:
        """One journey from the offer to `confirmed`. Raises Refused, TimeoutError."""
        begin = time.perf_counter()
        reference = await self._place(offer)
        await self._until(reference, "awaiting_payment")
        held = time.perf_counter()
        await self._pay(reference)
        accepted = time.perf_counter()
        await self._until(reference, "confirmed")
        now = time.perf_counter()
        await self._live.send_str(encode({"unsubscribe": f"booking:{reference}"}).decode())
        into.references.append(reference)
        into.ended.append(now)
        into.held.append(held - begin)
        into.settled.append(now - accepted)
        into.whole.append(now - begin)

    async def _place(self, offer: str) -> str:
        wish = {"offer_id": offer, "passengers": PARTY, "contact": CONTACT}
        reference: str = (await self._api.post("/v1/bookings", wish))["reference"]
        await self._live.send_str(encode({"subscribe": f"booking:{reference}", "after": 0}).decode())
        return reference

    async def _pay(self, reference: str) -> None:
        wish = {"gateway": "stripe", "payment_method": CARD}
        await self._api.post(f"/v1/bookings/{reference}/payments", wish)

    async def _until(self, reference: str, state: str) -> None:
        topic = f"booking:{reference}"
        while True:
            event = await self._next()
            if event.get("topic") != topic:
                continue
            if event["state"] == state:
                return
            if event["state"] in ENDED:
                raise Refused(f"booking {reference} is {event['state']}, not {state}: {event['details']}")

    async def _next(self) -> Json:
        message = await self._live.receive(PATIENCE)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Refused(f"the WebSocket said {message.type.name} {message.data}")
        said: Json = decode(message.data)
        if "error" in said:
            raise Refused(f"the WebSocket said {said['error']}")
        return said


async def crowd(url: str, users: int, stack: AsyncExitStack) -> Sequence[Traveller]:
    """That many travellers, each a guest with a session and a WebSocket of their own."""
    travellers = []
    for _ in range(users):
        api = await stack.enter_async_context(Api.guest(url))
        travellers.append(Traveller(api, await stack.enter_async_context(api.live())))
    return travellers


async def let_book(travellers: Sequence[Traveller], offers: Iterator[str], seconds: float) -> Journeys:
    """All of them at once begin bookings until `seconds` after `opened`, and end what they have begun."""
    journeys, to_come = Journeys(), len(travellers)

    async def busy(traveller: Traveller) -> None:
        nonlocal to_come
        await traveller.book(next(offers), journeys)
        to_come -= 1
        if not to_come:
            journeys.opened = time.perf_counter()
        while to_come or time.perf_counter() < journeys.opened + seconds:
            await traveller.book(next(offers), journeys)

    async with asyncio.TaskGroup() as tasks:
        for traveller in travellers:
            tasks.create_task(busy(traveller))
    return journeys
