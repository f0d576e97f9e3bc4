"""bookingd's HTTP API as the load generator uses it: JSON in and out, and no answer but a good one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias
from uuid import uuid4

import aiohttp
import msgspec

from benchmarks.wire import Answer, Wire

Json: TypeAlias = dict[str, Any]

decode = msgspec.json.decode
encode = msgspec.json.encode


class Refused(Exception):
    """The daemon did not do what was asked: a run in which that happens counts nothing."""


class SoldOut(Exception):
    """Others were faster."""


class Api:
    """One guest with connections of their own."""

    def __init__(self, wire: Wire, url: str, headers: Mapping[str, str]) -> None:
        self._wire = wire
        self._url = url
        self._headers = headers

    @classmethod
    @asynccontextmanager
    async def anonymous(
        cls, url: str, *, connections: int = 100, timeout: float = 300.0
    ) -> AsyncIterator[Self]:
        """Nobody in particular, over so many connections; a request may take `timeout` seconds."""
        wire = Wire(url, connections=connections, timeout=timeout)
        try:
            yield cls(wire, url, {})
        finally:
            wire.close()

    @classmethod
    @asynccontextmanager
    async def guest(cls, url: str, **options: Any) -> AsyncIterator[Self]:
        """A guest with a session. Raises Refused."""
        async with cls.anonymous(url, **options) as nobody:
            opened = await nobody.post("/v1/sessions", {"kind": "guest"})
            yield nobody.known_by({"Authorization": f"Bearer {opened['token']}"})

    def known_by(self, headers: Mapping[str, str]) -> Self:
        """Somebody over the same connections."""
        return type(self)(self._wire, self._url, headers)

    @asynccontextmanager
    async def elsewhere(self, connections: int) -> AsyncIterator[Self]:
        """The same guest over connections of their own."""
        async with self.anonymous(self._url, connections=connections) as nobody:
            yield nobody.known_by(self._headers)

    async def get(self, path: str) -> Json:
        """Raises Refused."""
        return _read("GET", path, await self._wire.ask("GET", path, self._headers))

    async def post(self, path: str, body: Json, *, wait: int = 0) -> Json:
        """With an idempotency key of its own; `wait`: seconds for a final answer. Raises SoldOut, Refused."""
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        return _read("POST", path, await self._wire.ask("POST", path, headers, encode(body)))

    @asynccontextmanager
    async def live(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket for live events."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self._url + "/v1/live", headers=self._headers) as socket,
        ):
            yield socket


def _read(method: str, path: str, answer: Answer) -> Json:
    found: Json = decode(answer.body)
    if answer.status < 400:
        return found
    if str(found.get("type")).endswith("/sold-out"):
        raise SoldOut
    raise Refused(f"{method} {path} answered {answer.status}: {found}")
