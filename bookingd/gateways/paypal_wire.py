"""Calls to PayPal over aiohttp: a bearer token, one request, one JSON answer, or what is known without it.

The one rule: a call is made once. Only one that PayPal turned away for its token, before it did anything,
is made again, with a new one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import msgspec
from aiohttp import hdrs

from bookingd import __version__
from bookingd.domain.ids import IntentId
from bookingd.gateways.paypal_outcomes import Reply, lost, of_reply, of_transport
from bookingd.gateways.port import CredentialsRejected
from bookingd.outcomes import Refused, Unavailable
from bookingd.sources import Clock

LARGEST_ANSWER = 4 * 1024 * 1024
"""Octets: a page of the transaction search, 500 of some kilobytes, is the largest that we ask for."""

RENEW_BEFORE = timedelta(minutes=5)
"""A token is not used for the last of its nine hours: a call that is under way keeps its own."""

Params = Mapping[str, str]

S = TypeVar("S")
T = TypeVar("T")

_NO_THING = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""What translating an answer raises that is something else than was asked for."""


def at(path: str, thing_id: str) -> str:
    """Where a thing is found. Raises Refused('not_found') for what is no id: it would lead elsewhere."""
    if not thing_id.isascii() or not thing_id.replace("-", "").isalnum():
        raise Refused("not_found", "PayPal's ids are letters, digits and hyphens")
    return f"{path}/{thing_id}"


def understood(operation: str, read: Callable[[S], T], answer: S, *, deed: bool) -> T:
    """What an answer says. Raises what is known where it says something else than was asked for."""
    try:
        return read(answer)
    except _NO_THING as error:
        raise lost(operation, f"an answer that makes no sense: {error!r}", deed=deed) from error


class PayPalWire:
    """PayPal's REST API, by paths."""

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        timeout: float,
        connect_timeout: float,
    ) -> None:
        """`timeout`: seconds that an operation may take (`within`), whatever calls it makes. The connections
        open with the first call and are closed by `close`.
        """
        self.base_url = base_url.rstrip("/")
        self._client = aiohttp.encode_basic_auth(client_id, client_secret)
        self._clock = clock
        self._seconds = timeout
        self._limits = aiohttp.ClientTimeout(total=None, connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None
        self._token = ""
        self._token_until: datetime | None = None
        self._renewing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"PayPalWire({self.base_url!r})"

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def within(self, operation: str, *, deed: bool) -> AsyncIterator[None]:
        """So long may everything in here take. Raises what is known when it does not."""
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            raise of_transport(error, operation, deed=deed) from error

    async def read(self, operation: str, path: str, params: Params | None = None) -> Mapping[str, Any]:
        """What is at `path`."""
        reply = await self._call(operation, hdrs.METH_GET, path, params=params)
        return _whole(reply, operation, deed=False)

    async def do(
        self, operation: str, path: str, body: Mapping[str, Any] | None = None, *, key: IntentId
    ) -> Mapping[str, Any]:
        """A call that changes something; the thing as it is after it, empty where PayPal only says yes."""
        reply = await self._call(operation, hdrs.METH_POST, path, body=body or {}, key=key)
        return {} if reply.status == 204 else _whole(reply, operation, deed=True)

    async def fetch(self, url: str, *, most: int) -> bytes:
        """What is at a public address, without any token. Raises Refused for nothing, and Unavailable."""
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._opened().get(url, allow_redirects=False, timeout=self._limits) as answer,
            ):
                if answer.status in {400, 404, 410}:
                    raise Refused("not_found", f"nothing is at {url}")
                if answer.status != 200:
                    raise Unavailable(f"{url} answers HTTP {answer.status}")
                return await _bounded(answer, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{url} cannot be fetched ({type(error).__name__})") from error

    async def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        key: IntentId | None = None,
    ) -> Reply:
        token = await self._fresh()
        reply = await self._send(operation, method, path, token, params=params, body=body, key=key)
        if reply.status == 401:
            token = await self._fresh(instead_of=token)
            reply = await self._send(operation, method, path, token, params=params, body=body, key=key)
        return reply

    async def _send(
        self,
        operation: str,
        method: str,
        path: str,
        token: str,
        *,
        params: Params | None,
        body: Mapping[str, Any] | None,
        key: IntentId | None,
    ) -> Reply:
        headers: dict[str, str] = {hdrs.AUTHORIZATION: f"Bearer {token}"}
        data = None
        if key is not None:
            headers |= {
                "PayPal-Request-Id": str(key),
                "Prefer": "return=representation",
                hdrs.CONTENT_TYPE: "application/json",
            }
            data = msgspec.json.encode(body)
        return await self._exchange(
            operation, method, path, deed=key is not None, params=params, data=data, headers=headers
        )

    async def _exchange(self, operation: str, method: str, path: str, *, deed: bool, **request: Any) -> Reply:
        """The answer, whatever it says. Raises what is known where none came."""
        try:
            async with self._opened().request(
                method, f"{self.base_url}{path}", allow_redirects=False, timeout=self._limits, **request
            ) as answer:
                return await _replied(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise of_transport(error, operation, deed=deed) from error

    async def _fresh(self, *, instead_of: str | None = None) -> str:
        """A token that is good; one caller at a time asks for a new one, and the others wait for it."""
        if self._is_good(instead_of):
            return self._token
        async with self._renewing:
            if not self._is_good(instead_of):
                await self._renew()
            return self._token

    def _is_good(self, instead_of: str | None) -> bool:
        until = self._token_until
        return until is not None and self._clock.now() < until and self._token != instead_of

    async def _renew(self) -> None:
        asked_at = self._clock.now()
        reply = await self._exchange(
            "token",
            hdrs.METH_POST,
            "/v1/oauth2/token",
            deed=False,
            data={"grant_type": "client_credentials"},
            headers={hdrs.AUTHORIZATION: self._client},
        )
        if reply.status in {400, 401}:
            raise CredentialsRejected("PayPal does not accept paypal.client_id and its secret")
        granted = _whole(reply, "token", deed=False)
        token, lasts = granted.get("access_token"), granted.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts, int) or not token.isascii():
            raise lost("token", "no token in it", deed=False)
        # Of a token that hardly lasts half of its time is used: never the same one for ever.
        self._token, self._token_until = token, asked_at + _used_for(timedelta(seconds=lasts))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={hdrs.USER_AGENT: f"bookingd/{__version__}", hdrs.ACCEPT: "application/json"},
            )
        return self._session


def _used_for(lasts: timedelta) -> timedelta:
    return max(lasts - RENEW_BEFORE, lasts / 2)


async def _replied(answer: aiohttp.ClientResponse) -> Reply:
    try:
        body = msgspec.json.decode(await _bounded(answer, LARGEST_ANSWER))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    return Reply(status=answer.status, body=body, retry_after=answer.headers.get(hdrs.RETRY_AFTER, ""))


async def _bounded(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body. Raises ClientPayloadError where it is cut off or larger than anything that we asked for."""
    parts, size = [], 0
    async for part in answer.content.iter_chunked(64 * 1024):
        parts.append(part)
        size += len(part)
        if size > most:
            raise aiohttp.ClientPayloadError("larger than any answer")
    return b"".join(parts)


def _whole(reply: Reply, operation: str, *, deed: bool) -> Mapping[str, Any]:
    """The thing that PayPal sent; raises what is known where it sent none."""
    if reply.status not in {200, 201}:
        raise of_reply(reply, operation, deed=deed)
    if not isinstance(reply.body, Mapping):
        raise lost(operation, f"HTTP {reply.status} without JSON", deed=deed)
    return reply.body
