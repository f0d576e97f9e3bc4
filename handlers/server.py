"""How connections are served: aiohttp's server, with our answers where a request never reaches a handler.

The one rule: whatever is sent to us, the answer is a problem with our headers, and tells nothing of the
library beneath.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import LineTooLong

from handlers.errors import Problem, reply_to
from handlers.middlewares import CORRELATION_HEADER, common_headers, guard
from handlers.parts import PARTS, Parts

log = logging.getLogger(__name__)

PATIENCE = 75.0
"""Seconds in which the head of a request has to be complete, counted from the connection's begin or its last
answer; the time for which an idle connection is kept, too. More than the 60 s of common proxies."""


class Runner(web.AppRunner):
    """Runs an application that `handlers.application.build` made."""

    def __init__(self, application: web.Application, *, shutdown_timeout: float) -> None:
        """`shutdown_timeout` in seconds, as aiohttp's runner takes it."""
        super().__init__(
            application,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=shutdown_timeout,
            keepalive_timeout=PATIENCE,
            auto_decompress=False,  # encoded bodies are refused, not unpacked
        )

    def part_from_clients(self) -> None:
        """From now on every answer ends its connection, so that its client comes back to somebody else."""
        self._ours.leaving = True

    async def stop_listening(self, *, patience: float) -> None:
        """Take no new connections, and hear out who has just come in or is still sending, `patience` seconds
        at most.

        Before `cleanup`, which hangs up on whoever has not asked yet, and reads nothing more.
        """
        self.part_from_clients()
        last = [late for site in self.sites for late in await _close(site)]
        for late in last:
            await asyncio.get_running_loop().connect_accepted_socket(self._ours, late)
        await self._ours.hear_out(patience)

    @property
    def _ours(self) -> "_Server":
        if not isinstance(self.server, _Server):
            raise TypeError("the runner was not set up")
        return self.server

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self.app[PARTS])


async def _close(site: web.BaseSite) -> list[socket.socket]:
    """Listen there no more; the connections that the kernel has made by then, and would reset.

    Measured with two processes at one port that get 15,000 connections a second, of which one leaves: without
    this it loses two of them, with it none in ten times.
    """
    listener: Any = site._server  # noqa: SLF001 - asyncio's or uvloop's server, to be had nowhere else
    queues = [socket.socket(fileno=os.dup(each.fileno())) for each in listener.sockets]
    await site.stop()
    return [late for queue in queues for late in _emptied(queue)]


def _emptied(queue: socket.socket) -> list[socket.socket]:
    """What waits at a listening socket, which is closed then."""
    waiting = []
    with queue, suppress(BlockingIOError):
        queue.setblocking(False)
        queue.listen(0)  # from here on the kernel makes one connection more at most
        while True:
            waiting.append(queue.accept()[0])
    return waiting


class _Server(web.Server):
    leaving = False
    """Whether each answer is the last one on its connection."""

    def __init__(self, like: web.Server, parts: Parts) -> None:
        options = like._kwargs  # noqa: SLF001 - aiohttp has no other way to another sort of connection
        loop = asyncio.get_running_loop()
        super().__init__(like.request_handler, request_factory=like.request_factory, loop=loop, **options)
        self._parts = parts
        self._unheard: set[web.RequestHandler] = set()
        self._all_heard = asyncio.Event()

    async def hear_out(self, patience: float) -> None:
        """Hang up on idle clients, and wait until those that are about to ask have had their answer."""
        # What was accepted last becomes a connection in the next turn of the loop.
        await self._parts.sources.clock.sleep(0)
        ours = [each for each in self.connections if isinstance(each, _Connection)]
        for each in ours:
            if each.idle:
                each.force_close()
        self._unheard = {each for each in ours if each.unheard}
        if self._unheard:
            self._all_heard.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_heard.wait(), patience)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._unheard.discard(handler)
        if not self._unheard:
            self._all_heard.set()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._parts, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ("_common", "_parts", "_server")

    def __init__(self, server: _Server, parts: Parts, **more: Any) -> None:
        super().__init__(server, **more)
        self._server = server
        self._parts = parts
        self._common = common_headers(parts)

    @property
    def idle(self) -> bool:
        """Whether its client has been answered all that it asked."""
        return self._waiter is not None and not self.unheard

    @property
    def unheard(self) -> bool:
        """Whether its client has sent no request yet, half of one, or one that nobody has looked at."""
        request = self._current_request
        half = request is not None and not request.content.is_eof()
        return self._request_count == 0 or half or bool(self._messages)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A request that aiohttp could not read, or that failed outside of our middleware.

        Raises ConnectionError where a part of an answer has left already.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer has been sent")
        correlation_id = self._parts.sources.ids.new()
        if status < 500:
            log.info("what was sent from %s is no request: %s", request.remote, type(exc).__name__)
            answer = reply_to(Problem("bad-request", _unreadable(exc)), correlation_id)
        else:
            error = exc if isinstance(exc, Exception) else RuntimeError(message or "a request failed")
            answer = reply_to(error, correlation_id)
        answer.headers[CORRELATION_HEADER] = str(correlation_id)
        answer.force_close()
        return answer

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """The last place before an answer leaves: none goes without the common headers."""
        if not resp.prepared:
            if hdrs.SERVER not in resp.headers:
                resp.headers.setdefault(CORRELATION_HEADER, str(self._parts.sources.ids.new()))
                guard(resp.headers, self._common)
            if self._server.leaving:
                resp.force_close()
        return super().finish_response(request, resp, start_time)


def _unreadable(error: BaseException | None) -> str:
    if isinstance(error, LineTooLong):
        return "The request line, or one of the headers, is longer than we take."
    return "What was sent is not a request of HTTP/1.1."
