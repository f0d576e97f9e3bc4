"""How connections are served: aiohttp's server, with our answers where a request never reaches a handler.

The one rule: whatever is sent to us, the answer is a problem with our headers, and tells nothing of the
library beneath.
"""

import asyncio
import logging
from typing import Any

from aiohttp import web
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

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self.app[PARTS])


class _Server(web.Server):
    def __init__(self, like: web.Server, parts: Parts) -> None:
        options = like._kwargs  # noqa: SLF001 - aiohttp has no other way to another sort of connection
        loop = asyncio.get_running_loop()
        super().__init__(like.request_handler, request_factory=like.request_factory, loop=loop, **options)
        self._parts = parts

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._parts, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ("_common", "_parts")

    def __init__(self, manager: web.Server, parts: Parts, **more: Any) -> None:
        super().__init__(manager, **more)
        self._parts = parts
        self._common = common_headers(parts)

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

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """The last place before an answer leaves: none goes without the common headers."""
        if not resp.prepared and CORRELATION_HEADER not in resp.headers:
            resp.headers[CORRELATION_HEADER] = str(self._parts.sources.ids.new())
        if not resp.prepared and "Server" not in resp.headers:
            guard(resp.headers, self._common)
        return await super().finish_response(request, resp, start_time)


def _unreadable(error: BaseException | None) -> str:
    if isinstance(error, LineTooLong):
        return "The request line, or one of the headers, is longer than we take."
    return "What was sent is not a request of HTTP/1.1."
