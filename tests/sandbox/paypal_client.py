"""A client of the stand-in that speaks as a merchant's server does, and checks every body it gets."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

from bookingd.sandbox.paypal.sandbox import CLIENT_ID, CLIENT_SECRET
from tests import vendor_specs

ORDERS = "paypal/checkout_orders_v2.json"
PAYMENTS = "paypal/payments_payment_v2.json"
WEBHOOKS = "paypal/notifications_webhooks_v1.json"

_OF_PATH = {"/v2/checkout/": ORDERS, "/v2/payments/": PAYMENTS, "/v1/notifications/": WEBHOOKS}

# The guide tells of these; the description of the call does not: they are checked as errors of the capture's.
_OF_THE_GUIDE = {
    ("INSTRUMENT_DECLINED", "authorize"): "orders.capture-422",
    ("ACTION_DOES_NOT_MATCH_INTENT", "capture"): None,
}

BACK = "https://shop.example/back?booking=ABC234"
AWAY = "https://shop.example/away?booking=ABC234"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def issue(self) -> str:
        """The first thing that was wrong."""
        return str(self.body["details"][0]["issue"])

    def link(self, rel: str) -> str:
        """The address of a link."""
        found = {each["rel"]: each["href"] for each in self.body["links"]}
        return str(found[rel])


class Client:
    """Calls below one base URL, with a token of its own."""

    def __init__(self, base_url: str, client_id: str = CLIENT_ID, client_secret: str = CLIENT_SECRET) -> None:
        self.base_url = base_url
        self.root = base_url.rsplit("/", 1)[0]
        self._client = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._session: aiohttp.ClientSession | None = None
        self.token = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        answer = await self.grant()
        self.token = answer.body.get("access_token", "")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    async def grant(self, **form: str) -> Answer:
        """Ask for a token."""
        async with self.session.post(
            f"{self.base_url}/v1/oauth2/token",
            data=form or {"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {self._client}"},
        ) as answer:
            return Answer(status=answer.status, headers=answer.headers, body=await answer.json())

    async def post(self, path: str, body: object = None, *, key: str | None = None, **headers: str) -> Answer:
        """POST JSON; `key` is the request id, `headers` have underscores for hyphens."""
        if key is not None:
            headers["PayPal_Request_Id"] = key
        return await self.call("POST", path, body, **headers)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, **headers)

    async def patch(self, path: str, *operations: dict[str, Any]) -> Answer:
        return await self.call("PATCH", path, list(operations))

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Prefer": "return=representation",
            **given,
        }
        data = None if body is None else json.dumps(body)
        async with self.session.request(
            method, self.base_url + path, data=data, headers=given, allow_redirects=False
        ) as answer:
            raw = await answer.read()
        found = json.loads(raw) if raw else {}
        if raw:
            check_answer(method, path.partition("?")[0], answer.status, found)
        return Answer(status=answer.status, headers=answer.headers, body=found)

    async def misbehave(self, **wish: Any) -> None:
        async with self.session.post(f"{self.root}/_sandbox/misbehave", json=wish) as answer:
            assert answer.status == 204, await answer.text()

    async def ledger(self) -> dict[str, Any]:
        async with self.session.get(f"{self.root}/_sandbox/paypal/ledger") as answer:
            found: dict[str, Any] = (await answer.json())["payments"]
            return found

    async def control(self, path: str, body: object = None, *, method: str = "POST") -> Answer:
        """Something that the stand-in is made to do."""
        async with self.session.request(method, f"{self.root}/_sandbox/paypal{path}", json=body) as answer:
            raw = await answer.read()
        return Answer(status=answer.status, headers=answer.headers, body=json.loads(raw) if raw else {})

    async def order(self, *, key: str | None = "o1", **changes: Any) -> Answer:
        """Create an order of 100.00 EUR for manual capture."""
        context = {"return_url": BACK, "cancel_url": AWAY, "brand_name": "Vogel Reisen"}
        unit = {
            "custom_id": "p1",
            "invoice_id": "ABC234-1",
            "description": "Booking ABC234",
            "amount": {"currency_code": "EUR", "value": "100.00"},
        }
        body = {
            "intent": "AUTHORIZE",
            "purchase_units": [{**unit, **changes.pop("unit", {})}],
            "payment_source": {"paypal": {"experience_context": context}},
            **changes,
        }
        return await self.post("/v2/checkout/orders", body, key=key)

    async def approve(self, order_id: str, instrument: str = "balance", **wish: str) -> Answer:
        return await self.control(f"/orders/{order_id}/approve", {"instrument": instrument, **wish})

    async def authorised(
        self, instrument: str = "balance", *, key: str = "o1", **changes: Any
    ) -> dict[str, Any]:
        """An order, approved and authorised: its authorisation."""
        order = (await self.order(key=key, **changes)).body
        await self.approve(order["id"], instrument)
        answer = await self.post(f"/v2/checkout/orders/{order['id']}/authorize", key=f"a-{key}")
        assert answer.status == 201, answer.body
        found: dict[str, Any] = answer.body["purchase_units"][0]["payments"]["authorizations"][0]
        return found

    async def take(self, authorization_id: str, value: str | None = None, **changes: Any) -> Answer:
        """Capture; all that is left without a value."""
        key, currency = changes.pop("key", None), changes.pop("currency", "EUR")
        headers = changes.pop("headers", {})
        amount = {} if value is None else {"amount": {"currency_code": currency, "value": value}}
        path = f"/v2/payments/authorizations/{authorization_id}/capture"
        return await self.post(path, {**amount, **changes}, key=key, **headers)

    async def refund(self, capture_id: str, value: str | None = None, **changes: Any) -> Answer:
        """Refund; all that is left without a value."""
        key, currency = changes.pop("key", None), changes.pop("currency", "EUR")
        headers = changes.pop("headers", {})
        amount = {} if value is None else {"amount": {"currency_code": currency, "value": value}}
        path = f"/v2/payments/captures/{capture_id}/refund"
        return await self.post(path, {**amount, **changes}, key=key, **headers)


def check_answer(method: str, path: str, status: int, body: dict[str, Any]) -> None:
    """Fail unless the vendor could have sent this."""
    file = next((file for prefix, file in _OF_PATH.items() if path.startswith(prefix)), None)
    spec = None if file is None else vendor_specs.description(file)
    if spec is None or file is None:
        return
    if status == 429:  # the descriptions know none
        assert set(body) == {"name", "message", "debug_id", "links"}
        return
    issue, act = (body.get("details") or [{}])[0].get("issue"), path.rsplit("/", 1)[-1]
    if file == ORDERS and (issue, act) in _OF_THE_GUIDE:
        spec.check("error_422", body)
        schema = _OF_THE_GUIDE[issue, act]
        if schema is not None:
            spec.check(schema, body)
        return
    spec.check_answer(method, spec.template(path), status, body)


_RESOURCES = {
    "checkout-order": (ORDERS, "order"),
    "authorization": (PAYMENTS, "authorization-2"),
    "capture": (PAYMENTS, "capture-2"),
    "refund": (PAYMENTS, "refund"),
}


def check_event(body: dict[str, Any]) -> None:
    """Fail unless the vendor could have sent this webhook."""
    spec = vendor_specs.description(WEBHOOKS)
    if spec is not None:
        spec.check("event", body)
    if body["event_type"] == "CHECKOUT.PAYMENT-APPROVAL.REVERSED" or body["resource_type"] not in _RESOURCES:
        return
    file, schema = _RESOURCES[body["resource_type"]]
    resource = vendor_specs.description(file)
    if resource is None:
        return
    resource.check(schema, body["resource"])
    if not body["resource"].get("id"):
        pytest.fail("a resource without an id")
