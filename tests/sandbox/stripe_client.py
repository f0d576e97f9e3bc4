"""A client of the stand-in that speaks forms, as the vendor's SDK does, and checks every body it gets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from bookingd.sandbox.stripe.sandbox import SECRET_KEY
from tests import vendor_specs

SPEC = "stripe/spec3.payments.2023-08-16.json"

GOOD_CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]
    raw: bytes

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["error"]
        return found


class Client:
    """Calls below one base URL with one key."""

    def __init__(self, base_url: str, key: str = SECRET_KEY) -> None:
        self.base_url = base_url
        self.root = base_url.rsplit("/", 1)[0]
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    async def post(
        self, path: str, form: Mapping[str, str] | None = None, *, key: str | None = None, **headers: str
    ) -> Answer:
        """POST a form; `key` is the idempotency key, `headers` have underscores for hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given["Idempotency-Key"] = key
        given["Content-Type"] = "application/x-www-form-urlencoded"
        return await self._call("POST", path, urlencode(form or {}), given)

    async def get(self, path: str, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._call("GET", path, None, given)

    async def delete(self, path: str) -> Answer:
        return await self._call("DELETE", path, None, {})

    async def _call(self, method: str, path: str, data: str | None, headers: dict[str, str]) -> Answer:
        headers = {"Authorization": f"Bearer {self._key}", **headers}
        async with self.session.request(
            method, self.base_url + path, data=data, headers=headers, allow_redirects=False
        ) as answer:
            raw, body = await answer.read(), await answer.json()
        check_answer(method, path.partition("?")[0], answer.status, body)
        return Answer(status=answer.status, headers=answer.headers, body=body, raw=raw)

    async def misbehave(self, **wish: Any) -> None:
        async with self.session.post(f"{self.root}/_sandbox/misbehave", json=wish) as answer:
            assert answer.status == 204, await answer.text()

    async def control(self, path: str, wish: Any = None) -> tuple[int, dict[str, Any]]:
        """What is made to happen by our own addresses: status and body."""
        async with self.session.post(f"{self.root}/_sandbox/stripe{path}", json=wish or {}) as answer:
            return answer.status, await answer.json()

    async def ledger(self) -> dict[str, Any]:
        async with self.session.get(f"{self.root}/_sandbox/stripe/ledger") as answer:
            found: dict[str, Any] = (await answer.json())["payments"]
            return found

    async def authorise(self, *, key: str | None = None, **changes: str) -> Answer:
        """Create and confirm a payment of 100.00 EUR for manual capture."""
        form = {
            "amount": "10000",
            "currency": "eur",
            "capture_method": "manual",
            "confirm": "true",
            "payment_method": "pm_card_visa",
            "payment_method_types[]": "card",
            "return_url": "https://shop.example/back?booking=ABC234",
            "metadata[payment_id]": "p1",
            "metadata[booking_reference]": "ABC234",
            **changes,
        }
        return await self.post("/v1/payment_intents", form, key=key)

    async def capture(self, intent: Mapping[str, Any], **changes: str) -> Answer:
        return await self.post(f"/v1/payment_intents/{intent['id']}/capture", changes)

    async def paid(self, token: str) -> dict[str, Any]:
        """A payment of 100.00 EUR with this card that was captured."""
        captured = await self.capture((await self.authorise(payment_method=token)).body)
        assert captured.status == 200, captured.raw
        return captured.body

    async def customer(self, **given: str) -> str:
        """The id of a new customer."""
        return str((await self.post("/v1/customers", given)).body["id"])

    async def token(self, method: str = "pm_card_visa", **given: str) -> str:
        """The id of a confirmation token, as the vendor's helper for tests makes it."""
        form = {"payment_method": method, **given}
        return str((await self.post("/v1/test_helpers/confirmation_tokens", form)).body["id"])

    async def card(self, **printed: str) -> Answer:
        """Make a payment method of a card."""
        card = {f"card[{name}]": value for name, value in {**GOOD_CARD, **printed}.items()}
        return await self.post("/v1/payment_methods", {"type": "card", **card})


# The description at hand is a part of the vendor's own, without these; what they answer with is in it, but
# for confirmation tokens, of which there is a sample.
NOT_DESCRIBED = re.compile(
    r"/v1/(disputes|reviews|confirmation_tokens|test_helpers/.*|customers/[^/]+/payment_methods)(/.*)?"
    r"|/v1/payment_methods/[^/]+/detach"
)


def check_answer(method: str, path: str, status: int, body: dict[str, Any]) -> None:
    """Fail unless the vendor could have sent this."""
    spec = vendor_specs.description(SPEC)
    if spec is None:
        return
    if "error" in body and (status == 404 or NOT_DESCRIBED.fullmatch(path)):
        spec.check("error", body)
    elif NOT_DESCRIBED.fullmatch(path):
        for thing in body["data"] if body["object"] == "list" else [body]:
            check_object(thing)
    elif path.startswith("/v1/"):
        spec.check_answer(method, spec.template(path), status, body)


def check_object(thing: dict[str, Any]) -> None:
    """Fail unless this is one of the vendor's objects."""
    spec, sampled = vendor_specs.description(SPEC), vendor_specs.samples("stripe").get("fixtures3.json")
    if thing["object"] == "confirmation_token" and sampled is not None:
        assert set(thing) == set(sampled["resources"]["confirmation_token"])
    elif spec is not None:
        spec.check(thing["object"], thing)


def check_event(body: dict[str, Any]) -> None:
    """Fail unless the vendor could have sent this webhook."""
    spec = vendor_specs.description(SPEC)
    if spec is not None:
        spec.check("event", body)
        check_object(body["data"]["object"])
