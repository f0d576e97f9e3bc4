"""One WebSocket: what its client sends, and the one way in which it is told anything.

Its one rule: whoever reads too slowly is let go, and a client that makes no sense is told so a few times.
What it follows is somebody else's affair: bookings, searches.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from handlers.errors import Problem, problem_of
from handlers.live_messages import Failed, Subscribe, SubscribeSearch, Unsubscribe, read
from handlers.middlewares import CORRELATION
from handlers.reply import encode

log = logging.getLogger(__name__)

SLOW = 10.0
"""Seconds in which a client has to take what is sent to it."""

ROOM = 8192
"""Characters for which a connection has room while nothing waits on it; writers are stopped at 64 KiB."""

GOODBYE = 1.0
"""Seconds that a client has to answer a goodbye."""

SIGN_IN_AGAIN = 4001
SLOW_READER = 4008
TOO_MANY_MISTAKES = 4029

MISTAKES = 20
"""Messages that make no sense, in a row, before the socket is closed."""


class Gone(Exception):
    """The client hung up."""


class Leave(Exception):
    """This connection ends, for a reason that its close code names."""

    def __init__(self, code: int, why: bytes) -> None:
        super().__init__(why.decode())
        self.code = code
        self.why = why


Wish = Subscribe | SubscribeSearch | Unsubscribe


class Socket:
    """One connection."""

    def __init__(self, answer: web.WebSocketResponse, request: web.Request) -> None:
        self._answer = answer
        self._request = request
        self._mistakes = 0
        self._left = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._answer.closed

    async def run(
        self, take: Callable[[Wish], Awaitable[None]], *telling: Callable[[], Awaitable[None]]
    ) -> None:
        """Hand over what the client sends, and run what tells it, until either side leaves."""
        work = [self._read_forever(take), self._left.wait(), *(tell() for tell in telling)]
        tasks = [asyncio.ensure_future(one) for one in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        await self._end(*(end for end in ends if isinstance(end, Exception)))
        if self._left.is_set():
            await self.close(SIGN_IN_AGAIN, b"sign in again")

    def leave(self) -> None:
        """Say goodbye: whose it is may not be theirs any more."""
        self._left.set()

    async def close(self, code: int, why: bytes) -> None:
        """Say goodbye, and hang up on whoever does not listen."""
        transport = self._request.transport
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await self._answer.close(code=code, message=why, drain=False)
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()

    async def send(self, value: object) -> None:
        """Send within a time: aiohttp waits here while the client's side is full.

        Raises Leave for a slow reader, Gone for one that hung up.
        """
        text = encode(value).decode()
        try:
            if self._takes(text):
                await self._answer.send_str(text)
                return
            async with asyncio.timeout(SLOW):
                await self._answer.send_str(text)
        except TimeoutError as error:
            raise Leave(SLOW_READER, b"reads too slowly") from error
        except ConnectionError as error:
            raise Gone from error

    async def tell_failure(self, error: Exception, *, topic: str | None = None) -> None:
        """Why there is nothing, or nothing more, of a topic."""
        problem = problem_of(error)
        await self.send(Failed(error=problem.body(self._request[CORRELATION]), topic=topic))

    async def _end(self, *errors: Exception) -> None:
        for error in errors:
            if isinstance(error, Leave):
                log.info("a WebSocket is closed: %s", error)
                await self.close(error.code, error.why)
            elif not isinstance(error, Gone):
                log.error("a WebSocket met an unforeseen error", exc_info=error)
                await self.close(WSCloseCode.INTERNAL_ERROR, b"internal error")

    async def _read_forever(self, take: Callable[[Wish], Awaitable[None]]) -> None:
        async for message in self._answer:
            if message.type is not WSMsgType.TEXT:
                await self._complain(Problem("bad-request", "Send text, one JSON object a message."))
            else:
                await self._read(message.data, take)

    async def _read(self, text: str, take: Callable[[Wish], Awaitable[None]]) -> None:
        try:
            await take(read(text))
            self._mistakes = 0
        except (Leave, Gone):
            raise
        except Exception as error:  # noqa: BLE001 - the map of errors knows what to tell and what to log
            await self._complain(error)

    async def _complain(self, error: Exception) -> None:
        self._mistakes += 1
        await self.tell_failure(error)
        if self._mistakes >= MISTAKES:
            raise Leave(TOO_MANY_MISTAKES, b"too many mistakes")

    def _takes(self, text: str) -> bool:
        """Whether it is sent without waiting: nothing is waiting before it, and it does not fill the way."""
        transport = self._request.transport
        return transport is not None and not transport.get_write_buffer_size() and len(text) < ROOM
