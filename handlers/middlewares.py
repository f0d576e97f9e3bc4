"""What happens to every request, whatever it asks for: one middleware, read from top to bottom.

It gives the request its correlation id, refuses what comes from other sites, bounds its time, turns errors
into problems, counts it, writes its log line and puts the security headers on the answer.
"""

import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from uuid import UUID

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import Histogram

from bookingd.telemetry.context import correlation
from handlers.clients import client_address
from handlers.errors import Problem, reply_to
from handlers.limits import TimeLimit
from handlers.parts import PARTS, Parts

log = logging.getLogger(__name__)

WEBSOCKET = "/v1/live"
"""The one address whose requests last as long as they like."""

CORRELATION_HEADER = "X-Correlation-Id"

QUERY_BYTES = 2000
"""No search needs more; a return from 3-D Secure brings some 300."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
"""What metrics count by name; anything else is `other`, or clients could invent labels without end."""

POLICY = "Content-Security-Policy"

REFERRER = "Referrer-Policy"

ITS_OWN = (POLICY, hdrs.CACHE_CONTROL, REFERRER)
"""What a handler may say otherwise."""

SECURITY_HEADERS = {
    hdrs.CACHE_CONTROL: "no-store",
    "Server": "bookingd",
    "X-Content-Type-Options": "nosniff",
    REFERRER: "no-referrer",
    POLICY: "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
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
        begin = clock.monotonic()
        under_way += (counts := request.path != WEBSOCKET)
        correlation_id = _correlation_id(request, parts)
        request[CORRELATION] = correlation_id
        mark = correlation.set(correlation_id)
        try:
            response = await _answer(request, handler, limit)
            took = clock.monotonic() - begin
            if response.status != 101:  # a WebSocket's life would drown every other time
                count(request, response, took)
            if log.isEnabledFor(logging.INFO):
                address = client_address(request)
                # As it was sent, encoded: decoded it could hold the end of a line. Queries hold tokens.
                path, status = request.rel_url.raw_path, response.status
                log.info("%s %s %d %.1f ms %s", request.method, path, status, took * 1000, address)
        finally:
            correlation.reset(mark)
            under_way -= counts
        if not response.prepared:
            guard(response.headers, common)
            response.headers[CORRELATION_HEADER] = str(correlation_id)
        return response

    return watched


def common_headers(parts: Parts) -> Mapping[str, str]:
    """What every answer of this site carries, unless its handler says otherwise."""
    return SECURITY_HEADERS | ({"Strict-Transport-Security": HSTS} if parts.secure else {})


def guard(headers: MutableMapping[str, str], common: Mapping[str, str]) -> None:
    """The common headers, where the handler has not said otherwise."""
    for name, value in common.items():
        if name not in headers or name not in ITS_OWN:
            headers[name] = value


def _counter(parts: Parts) -> Callable[[web.Request, web.StreamResponse, float], None]:
    """Counts requests and bytes; the few combinations of labels are looked up once."""
    known: dict[tuple[str, str, int], Histogram] = {}
    read, written = parts.metrics.request_bytes, parts.metrics.response_bytes

    def count(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        method = request.method if request.method in METHODS else "other"
        labels = method, route_of(request), response.status
        if request.body_exists:
            read.inc(request.content.total_bytes)
        written.inc(response.content_length or 0)
        child = known.get(labels)
        if child is None:
            child = known[labels] = parts.metrics.requests.labels(*labels)
        child.observe(seconds)

    return count


async def _answer(request: web.Request, handler: Handler, limit: TimeLimit) -> web.StreamResponse:
    try:
        _refuse(request)
        if request.path == WEBSOCKET:
            return await handler(request)
        return await limit.hold(handler(request))
    except TimeoutError as error:
        if request.content.is_eof():
            return reply_to(error, request[CORRELATION])
        slow = Problem("slow-request", "The body did not come in time.", headers={hdrs.CONNECTION: "close"})
        answer = reply_to(slow, request[CORRELATION])
        answer.force_close()
        return answer
    except Exception as error:  # noqa: BLE001 - the map of errors knows what to tell and what to log
        return reply_to(error, request[CORRELATION])


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
    trace = request.headers.get("traceparent", "")
    return trace if _TRACEPARENT.fullmatch(trace) else None


def _correlation_id(request: web.Request, parts: Parts) -> UUID:
    """The client's own where it is well-formed, else that of its trace, else a new one."""
    if _UUID.fullmatch(given := request.headers.get(CORRELATION_HEADER, "")):
        return UUID(given)
    if (trace := trace_of(request)) is not None and int(trace[3:35], 16):
        return UUID(trace[3:35])
    return parts.sources.ids.new()
