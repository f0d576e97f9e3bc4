"""The outside service of the toy bank: sends parcels, knows no idempotency key, and can misbehave."""

import asyncio
from collections import deque
from typing import Protocol
from uuid import UUID

import aiohttp
from aiohttp import web

from bookingd.outcomes import Refused, Unavailable, UnknownOutcome


class Courier(Protocol):
    async def send(self, parcel: UUID) -> int: ...

    async def find(self, parcel: UUID) -> int | None: ...


class FakeCourier:
    """Does what it is told; `moods` says how the next calls end, one word a call."""

    def __init__(self, *moods: str) -> None:
        self.moods = deque(moods)
        self.deeds: list[UUID] = []
        """Every parcel sent, each time."""
        self.calls: list[str] = []
        self.pause = 0.0
        """Seconds before each deed."""
        self.gate = asyncio.Event()
        """A call in the mood `slow` waits for this after the deed."""
        self.called = asyncio.Event()

    async def send(self, parcel: UUID) -> int:
        mood = self._next("send")
        await asyncio.sleep(self.pause)
        if mood == "decline":
            raise Refused("no_service", "this address is not served")
        if mood == "unavailable":
            raise Unavailable("come back later")
        if mood == "hurry":
            raise Unavailable("come back later", retry_after=0.1)
        if mood == "lost_before":
            raise UnknownOutcome("no answer")
        if mood == "broken":
            raise ZeroDivisionError("a bug in the adapter")
        self.deeds.append(parcel)
        self.called.set()
        if mood == "lost_after":
            raise UnknownOutcome("no answer")
        if mood == "slow":
            await self.gate.wait()
        return len(self.deeds)

    async def find(self, parcel: UUID) -> int | None:
        mood = self._next("find")
        if mood == "unavailable":
            raise Unavailable("come back later")
        return self.deeds.index(parcel) + 1 if parcel in self.deeds else None

    def _next(self, call: str) -> str:
        self.calls.append(call)
        return self.moods.popleft() if self.moods else "fine"


def application(courier: FakeCourier) -> web.Application:
    """The same over HTTP, for a toy daemon that may be killed."""

    async def send(request: web.Request) -> web.Response:
        return web.json_response(await courier.send(UUID(request.match_info["parcel"])))

    async def find(request: web.Request) -> web.Response:
        return web.json_response(await courier.find(UUID(request.match_info["parcel"])))

    app = web.Application()
    app.add_routes([web.post("/{parcel}", send), web.get("/{parcel}", find)])
    return app


class CourierOverHttp:
    """The adapter."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, parcel: UUID) -> int:
        async with self._session.post(f"/{parcel}") as response:
            number: int = await response.json()
            return number

    async def find(self, parcel: UUID) -> int | None:
        async with self._session.get(f"/{parcel}") as response:
            number: int | None = await response.json()
            return number
