"""What happens to every request, whatever it asks for: one middleware, read from top to bottom.

It gives the request its correlation id, refuses what comes from other sites, bounds its time, turns errors
into problems, counts it, writes its log line and puts the security headers on the answer.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict, istr
from prometheus_client import Histogram

from bookingd.telemetry.context import correlation
from bookingd.telemetry.logging import Line
from handlers.clients import client_address
from handlers.errors import Problem, reply_to
from handlers.limits import TimeLimit
from handlers.parts import PARTS, Parts

log = logging.getLogger(__name__)

WEBSOCKET = "/v1/live"
"""The one address whose requests last as long as they like."""

CORRELATION_HEADER = istr("X-Correlation-Id")
TRACE_HEADER = istr("traceparent")

QUERY_BYTES = 2000
"""No search needs more; a return from 3-D Secure brings some 300."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
"""What metrics count by name; anything else is `other`, or clients could invent labels without end."""

POLICY = istr("Content-Security-Policy")

REFERRER = istr("Referrer-Policy")

OPENER = istr("Cross-Origin-Opener-Policy")

ITS_OWN = (POLICY, hdrs.CACHE_CONTROL, REFERRER, OPENER)
"""What a handler may say otherwise."""

SECURITY_HEADERS = {
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.SERVER: "bookingd",
    "X-Content-Type-Options": "nosniff",
    REFERRER: "no-referrer",
    POLICY: "default-src 'none'; frame-ancestors 'none'",
    OPENER: "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=63072000"
"""Two years (OWASP ASVS 5.0, 3.4.1, asks for one at least)."""

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

CORRELATION = web.RequestKey("correlation", UUID)


def watch(parts: Parts, limit: TimeLimit) -> Middleware:
    """The middleware of an application with these parts."""
    clock, count = parts.sources.clock, _counter(parts)
    common = common_headers(parts)
    under_way = 0
    parts.metrics.requests_in_flight.set_function(lambda: under_way)

    @web.middleware
    async def watched(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal under_way
        begin, route = clock.monotonic(), route_of(request)
        under_way += (ends := route != WEBSOCKET)
        request[CORRELATION] = correlation_id = _correlation_id(request, parts)
        mark, told = correlation.set(correlation_id), str(correlation_id)
        try:
            try:
                _refuse(request)
                response = await (limit.hold(handler(request)) if ends else handler(request))
            except Exception as error:  # noqa: BLE001 - the map of errors knows what to tell and what to log
                response = _answer_to(error, request)
            took = clock.monotonic() - begin
            if response.status != 101:  # a WebSocket's life would drown every other time
                count(request, route, response, took)
            if log.isEnabledFor(logging.INFO):
                log.handle(_line(request, response.status, took, at=clock.now(), correlation_id=told))
        finally:
            correlation.reset(mark)
            under_way -= ends
        if not response.prepared:
            response.headers[CORRELATION_HEADER] = told
            guard(response.headers, common)
        return response

    return watched


def _line(request: web.Request, status: int, seconds: float, *, at: datetime, correlation_id: str) -> Line:
    """What the log says of a request."""
    # The path as it was sent, encoded: decoded it could hold the end of a line. Queries hold tokens.
    path, address = request.rel_url.raw_path, client_address(request)
    said = request.method, path, status, seconds * 1000, address
    return Line(log.name, "%s %s %d %.1f ms %s", *said, at=at, correlation_id=correlation_id)


@dataclass(frozen=True, slots=True)
class CommonHeaders:
    """What every answer of this site carries."""

    always: CIMultiDict[str]
    """A multi-dictionary, since another one takes it over without a look at each name."""
    unless_said: tuple[tuple[str, str], ...]
    """Where the handler has not said otherwise."""


def common_headers(parts: Parts) -> CommonHeaders:
    """For an application with these parts."""
    all_of_them = SECURITY_HEADERS | ({"Strict-Transport-Security": HSTS} if parts.secure else {})
    return CommonHeaders(
        always=CIMultiDict({name: value for name, value in all_of_them.items() if name not in ITS_OWN}),
        unless_said=tuple((name, all_of_them[name]) for name in ITS_OWN),
    )


def guard(headers: CIMultiDict[str], common: CommonHeaders) -> None:
    """Put the common headers on an answer."""
    headers.update(common.always)
    for name, value in common.unless_said:
        headers.setdefault(name, value)


def _counter(parts: Parts) -> Callable[[web.Request, str, web.StreamResponse, float], None]:
    """Counts requests and bytes; the few combinations of labels are looked up once."""
    known: dict[tuple[str, str, int], Histogram] = {}
    read, written = parts.metrics.request_bytes, parts.metrics.response_bytes

    def count(request: web.Request, route: str, response: web.StreamResponse, seconds: float) -> None:
        method = request.method if request.method in METHODS else "other"
        labels = method, route, response.status
        if request.body_exists:
            read.inc(request.content.total_bytes)
        written.inc(response.content_length or 0)
        child = known.get(labels)
        if child is None:
            child = known[labels] = parts.metrics.requests.labels(*labels)
        child.observe(seconds)

    return count


def _answer_to(error: Exception, request: web.Request) -> web.Response:
    """What a request that ended so is answered."""
    if not isinstance(error, TimeoutError) or request.content.is_eof():
        return reply_to(error, request[CORRELATION])
    slow = Problem("slow-request", "The body did not come in time.", headers={hdrs.CONNECTION: "close"})
    answer = reply_to(slow, request[CORRELATION])
    answer.force_close()
    return answer


def _refuse(request: web.Request) -> None:
    """What no route takes, whatever it is for. Raises Problem."""
    # As it was sent it is not shorter: decoding it costs more than looking.
    if len(request.rel_url.raw_query_string) > QUERY_BYTES < len(request.query_string):
        raise Problem("query-too-long", f"A query string has {QUERY_BYTES} characters at most.")
    if hdrs.CONTENT_ENCODING in request.headers:
        # Nothing that we are sent gains by compression, and unpacked it is larger than what was bounded.
        told = "A body is taken as it is, without any Content-Encoding."
        raise Problem("media-type", told, headers={hdrs.ACCEPT_ENCODING: "identity"})
    if request.method not in SAFE_METHODS and not request.path.startswith("/webhooks/"):
        refuse_other_sites(request)


def refuse_other_sites(request: web.Request) -> None:
    """The defence against forged requests (CSRF): a browser says where a request comes from.

    `Sec-Fetch-Site` cannot be set by a page, so it decides where it is sent; else `Origin` must be our own.
    Whoever sends neither is no browser. Behind it stand SameSite cookies and bodies that must be JSON.
    Raises Problem.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise Problem("cross-site", "The browser says that another site sent this.")
        return
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin.lower() != request.app[PARTS].origin:
        raise Problem("cross-site", "The Origin is not this site's.")


def route_of(request: web.Request) -> str:
    """The route's template: `/v1/bookings/{reference}`, so that metrics stay few and tell no secrets."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


def trace_of(request: web.Request) -> str | None:
    """The W3C traceparent, where the client sent a well-formed one."""
    trace = request.headers.get(TRACE_HEADER)
    return trace if trace and _TRACEPARENT.fullmatch(trace) else None


def _correlation_id(request: web.Request, parts: Parts) -> UUID:
    """The client's own where it is well-formed, else that of its trace, else a new one."""
    given = request.headers.get(CORRELATION_HEADER)
    if given and _UUID.fullmatch(given):
        return UUID(given)
    if (trace := trace_of(request)) is not None and int(trace[3:35], 16):
        return UUID(trace[3:35])
    return parts.sources.ids.new()
