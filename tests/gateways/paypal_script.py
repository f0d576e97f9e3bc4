"""A server that says what a test scripts, as PayPal might; every request that it gets is checked against
PayPal's own API descriptions, where they are at hand.
"""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests import vendor_specs

ORDERS, PAYMENTS = "paypal/checkout_orders_v2.json", "paypal/payments_payment_v2.json"

CLIENT_ID, CLIENT_SECRET = "client-1", "hunter2-secret"

ORDER, AUTHORISATION, CAPTURE = "5O190127TN364715T", "0AW2184448108334S", "2GG279541U471931P"

_BODIES = (
    (r"/v2/checkout/orders", ORDERS, "order_request"),
    (r"/v2/checkout/orders/[^/]+/authorize", ORDERS, "order_authorize_request"),
    (r"/v2/payments/authorizations/[^/]+/capture", PAYMENTS, "capture_request"),
    (r"/v2/payments/authorizations/[^/]+/reauthorize", PAYMENTS, "reauthorize_request"),
    (r"/v2/payments/captures/[^/]+/refund", PAYMENTS, "refund_request"),
)
_NO_BODY = r"/v2/payments/authorizations/[^/]+/void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call as it arrived."""

    method: str
    path: str
    """As it was sent: escapes are left."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer. `body` is JSON, or text or octets as they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Half of the body, and then the connection is closed."""
    silent: bool = False
    """Nothing is ever answered."""

    def octets(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body).encode()


class Script:
    """What is said to `METHOD path-pattern`, in turn; the last stays. Tokens are granted by themselves."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.tokens: list[Say] = []
        """What is said instead of a grant, in turn."""
        self.granted = 0
        self.lasts = 32_400
        self._says: list[tuple[str, list[Say]]] = []

    def on(self, pattern: str, *says: Say) -> None:
        """The newest pattern that fits counts."""
        self._says.insert(0, (pattern, list(says)))

    def sent(self, pattern: str = ".*") -> list[Request]:
        """The calls that fit, without those for tokens."""
        return [
            one
            for one in self.requests
            if re.fullmatch(pattern, f"{one.method} {one.path}") and "oauth2" not in one.path
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        got = await _request(request)
        self.requests.append(got)
        if got.path == "/v1/oauth2/token":
            return await _respond(request, self._grant(got))
        _check(got)
        for pattern, says in self._says:
            if re.fullmatch(pattern, f"{got.method} {got.path}"):
                return await _respond(request, says.pop(0) if len(says) > 1 else says[0])
        return await _respond(request, not_found())

    def _grant(self, got: Request) -> Say:
        if self.tokens:
            return self.tokens.pop(0)
        assert got.body == {"grant_type": "client_credentials"}
        self.granted += 1
        return Say(body={"access_token": f"A21-{self.granted}", "expires_in": self.lasts})


@asynccontextmanager
async def scripted(tls: ssl.SSLContext | None = None) -> AsyncIterator[Script]:
    """A script on a real socket."""
    script = Script()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", script.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    port = runner.addresses[0][1]
    script.url = f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}"
    yield script
    await runner.cleanup()


async def _request(request: web.Request) -> Request:
    raw = await request.read()
    if request.content_type == "application/json" and raw:
        body: Any = json.loads(raw)
    else:
        body = dict(await request.post())
    return Request(
        method=request.method,
        path=request.rel_url.raw_path,
        query=dict(request.query),
        headers=dict(request.headers),
        body=body,
    )


def _check(got: Request) -> None:
    """Fail unless the vendor's description knows such a request."""
    if got.method != "POST":
        return
    assert len(got.headers["PayPal-Request-Id"]) <= 108
    assert got.headers["Prefer"] == "return=representation"
    if re.fullmatch(_NO_BODY, got.path):
        assert got.body == {}
        return
    file, schema = next((file, schema) for path, file, schema in _BODIES if re.fullmatch(path, got.path))
    description = vendor_specs.description(file)
    if description is not None:
        description.check(schema, got.body)


async def _respond(request: web.Request, say: Say) -> web.StreamResponse:
    if say.silent:
        await asyncio.Event().wait()
    body = say.octets()
    if not say.cut:
        headers = {"Content-Type": "application/json", **say.headers}
        return web.Response(status=say.status, body=body, headers=headers)
    response = web.StreamResponse(status=say.status, headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


def fault(status: int, issue: str = "", *, name: str = "UNPROCESSABLE_ENTITY", **headers: str) -> Say:
    """PayPal's no."""
    body: dict[str, Any] = {
        "name": name,
        "message": "The requested action could not be performed.",
        "debug_id": "b1d1f06c7246c",
        "links": [],
    }
    if issue:
        body["details"] = [{"issue": issue, "description": f"In words: {issue}."}]
    return Say(status=status, body=body, headers={n.replace("_", "-"): v for n, v in headers.items()})


def not_found() -> Say:
    return fault(404, "INVALID_RESOURCE_ID", name="RESOURCE_NOT_FOUND")


def money(value: str, currency: str = "EUR") -> dict[str, str]:
    return {"currency_code": currency, "value": value}


def order(status: str = "COMPLETED", *, custom_id: str | None = None, **payments: Any) -> dict[str, Any]:
    """An order of 123.45 EUR with what became of it."""
    return {
        "id": ORDER,
        "intent": "AUTHORIZE",
        "status": status,
        "purchase_units": [
            {
                "reference_id": "default",
                "amount": money("123.45"),
                **({"custom_id": custom_id} if custom_id else {}),
                **({"payments": payments} if payments else {}),
            }
        ],
        "links": [
            {"rel": "payer-action", "href": "https://paypal.test/checkoutnow?token=X", "method": "GET"}
        ],
    }


def thing(
    thing_id: str, status: str, *, value: str = "123.45", at: str = "2026-11-22T12:00:00Z", **more: Any
) -> dict[str, Any]:
    """An authorisation, a capture or a refund."""
    return {"id": thing_id, "status": status, "amount": money(value), "create_time": at, **more}


def held(status: str = "CREATED", thing_id: str = AUTHORISATION, **more: Any) -> dict[str, Any]:
    """An authorisation."""
    return thing(thing_id, status, expiration_time="2026-12-21T12:00:00Z", **more)
