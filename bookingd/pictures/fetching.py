"""Fetching a picture from its host: bounded in time, bytes and redirects, from allowed hosts only.

Its one rule: each address is looked at before it is asked, the first one and those of redirects alike
(bookingd/pictures/guard.py); what comes is bytes, and believed nothing that its host says of it.
"""

import asyncio
import ssl

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver
from yarl import URL

from bookingd import __version__
from bookingd.pictures.guard import Forbidden, Hosts

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
PIECE = 64 * 1024
"""Bytes that are read at a time."""

HEADERS = {
    hdrs.ACCEPT: "image/webp, image/jpeg, image/png;q=0.9, image/gif;q=0.5",
    hdrs.ACCEPT_ENCODING: "identity",  # what is packed would be larger than what was bounded
    hdrs.USER_AGENT: f"bookingd/{__version__} (pictures)",
}


class FetchFailed(Exception):
    """It could not be had now; `reason` is a stable code: unreachable, slow, status-503, cut-off, redirects,
    or forbidden (whatever leads to where nothing is fetched from).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FetchRefused(Exception):
    """It will never be had: gone, too-large, encoded."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fetcher:
    """Fetches pictures; its connections are its own, and carry no cookie from one to the next."""

    def __init__(
        self,
        *,
        hosts: Hosts,
        resolver: AbstractResolver,
        seconds: float,
        most_bytes: int,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Within a running event loop. `resolver` has to be a guarded one; `trust` whose certificates are
        believed, the usual authorities' if nothing is said.
        """
        self._hosts = hosts
        self._seconds = seconds
        self._most_bytes = most_bytes
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, limit=0, force_close=True, ssl=trust or True
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        await self._session.close()

    def may(self, address: str) -> bool:
        """Whether it would be fetched from there at all, as far as can be told before it is asked."""
        try:
            self._hosts.check(address)
        except Forbidden:
            return False
        return True

    async def fetch(self, address: str) -> bytes:
        """What is there. Raises FetchFailed, FetchRefused."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(self._hosts.check(address))
        except TimeoutError as error:
            raise FetchFailed("slow") from error
        except aiohttp.ClientPayloadError as error:
            raise FetchFailed("cut-off") from error
        except (aiohttp.ClientError, OSError) as error:
            forbidden = any(isinstance(one, Forbidden) for one in (error, error.__cause__))
            raise FetchFailed("forbidden" if forbidden else "unreachable") from error

    async def _follow(self, url: URL) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            async with self._session.get(url, allow_redirects=False) as answer:
                if answer.status not in REDIRECTS:
                    return await self._body(answer)
                url = self._hosts.check(url.join(_where(answer)))
        raise FetchFailed("redirects")

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        if answer.status in {404, 410}:
            raise FetchRefused("gone")
        if answer.status != 200:
            raise FetchFailed(f"status-{answer.status}")
        if answer.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise FetchRefused("encoded")
        body = bytearray()
        async for piece in answer.content.iter_chunked(PIECE):
            body += piece
            if len(body) > self._most_bytes:
                raise FetchRefused("too-large")
        return bytes(body)


def _where(answer: aiohttp.ClientResponse) -> URL:
    try:
        return URL(answer.headers[hdrs.LOCATION])
    except (KeyError, ValueError) as error:
        raise FetchFailed("redirects") from error
