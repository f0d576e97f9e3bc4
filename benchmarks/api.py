"""bookingd's HTTP API as the load generator uses it: JSON in and out, and no answer but a good one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias
from uuid import uuid4

import aiohttp
import msgspec

PROBLEM = "application/problem+json"

Json: TypeAlias = dict[str, Any]

decode = msgspec.json.decode
encode = msgspec.json.encode


class Refused(Exception):
    """The daemon did not do what was asked: a run in which that happens counts nothing."""


class SoldOut(Exception):
    """Others were faster."""


class Api:
    """One guest with connections of their own."""

    def __init__(self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> None:
        self._session = session
        self._url = url
        self._headers = headers

    @classmethod
    @asynccontextmanager
    async def anonymous(
        cls, url: str, *, connections: int = 100, timeout: float = 300.0
    ) -> AsyncIterator[Self]:
        """Nobody in particular, over so many connections; a request may take `timeout` seconds."""
        connector = aiohttp.TCPConnector(limit=connections)
        limit = aiohttp.ClientTimeout(total=timeout)
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
            yield cls(session, url, {})

    @classmethod
    @asynccontextmanager
    async def guest(cls, url: str, **options: Any) -> AsyncIterator[Self]:
        """A guest with a session. Raises Refused."""
        async with cls.anonymous(url, **options) as nobody:
            opened = await nobody.post("/v1/sessions", {"kind": "guest"})
            headers = {"Authorization": f"Bearer {opened['token']}", "Content-Type": "application/json"}
            yield cls(nobody._session, url, headers)  # noqa: SLF001 - of the same class

    @asynccontextmanager
    async def elsewhere(self, connections: int) -> AsyncIterator[Self]:
        """The same guest over connections of their own."""
        async with self.anonymous(self._url, connections=connections) as nobody:
            yield type(self)(nobody._session, self._url, self._headers)  # noqa: SLF001 - of the same class

    async def get(self, path: str) -> Json:
        """Raises Refused."""
        return await self._call("GET", path, headers=self._headers)

    async def post(self, path: str, body: Json, *, wait: int = 0) -> Json:
        """With an idempotency key of its own; `wait`: seconds for a final answer. Raises SoldOut, Refused."""
        headers = {"Content-Type": "application/json", **self._headers, "Idempotency-Key": str(uuid4())}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        return await self._call("POST", path, headers=headers, data=encode(body))

    async def live(self) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket for live events."""
        return await self._session.ws_connect(self._url + "/v1/live", headers=self._headers)

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        async with self._session.request(method, self._url + path, **options) as response:
            body = await response.read()
        if response.status >= 400:
            if response.content_type == PROBLEM and decode(body)["type"].endswith("/sold-out"):
                raise SoldOut
            raise Refused(f"{method} {path} answered {response.status}: {body.decode(errors='replace')}")
        found: Json = decode(body)
        return found
