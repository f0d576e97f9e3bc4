"""A guest as the API sees one: a session, requests with their idempotency keys, and patience.

Independent of `bookingd trip`, so that both do not share one misreading of the API.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.acceptance.daemon import until
from tests.world import FROM, TO, World

FINAL = frozenset({"confirmed", "failed", "expired", "cancelled"})
ADULT = {"given_name": "Ada", "surname": "Lovelace", "born": "1985-12-10"}
FAMILY = (
    ADULT,
    {"given_name": "Charles", "surname": "Lovelace", "born": "1983-06-02"},
    {"given_name": "Mary", "surname": "Lovelace", "born": "2019-01-15"},
)

_numbers = itertools.count(1)


class Refused(Exception):
    """An answer of 400 and above."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


@dataclass(slots=True, kw_only=True)
class Guest:
    """One guest session at a daemon."""

    url: str
    http: aiohttp.ClientSession
    token: str = ""
    email: str = field(default_factory=lambda: f"guest-{next(_numbers)}@example.org")

    @classmethod
    @contextlib.asynccontextmanager
    async def arriving(cls, url: str) -> AsyncIterator["Guest"]:
        """A guest with a session of their own."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
            guest = cls(url=url, http=http)
            await guest.open()
            yield guest

    @property
    def adult(self) -> dict[str, str]:
        """One who travels."""
        return dict(ADULT)

    async def open(self) -> None:
        self.token = (await self.post("/v1/sessions", {"kind": "guest"}))["token"]

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Raises Refused."""
        return await self.call("GET", path, params=query)

    async def post(self, path: str, body: Any, *, key: str | None = None, wait: float = 0) -> dict[str, Any]:
        """With a new idempotency key unless one is given. Raises Refused."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        if wait:
            headers["Prefer"] = f"wait={wait:g}"
        return await self.call("POST", path, json=body, headers=headers)

    async def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with self.http.request(method, self.url + path, headers=headers, **options) as answer:
            body: dict[str, Any] = await answer.json(content_type=None)
        if answer.status >= 400:
            raise Refused(answer.status, body)
        return body

    async def persistently(
        self, path: str, body: Any, *, key: str, wait: float = 0, within: float = 60.0
    ) -> dict[str, Any]:
        """The same request with the same key until it is answered: through lost connections and 503s."""
        async with asyncio.timeout(within):
            while True:
                try:
                    return await self.post(path, body, key=key, wait=wait)
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.1)
                except Refused as refused:
                    if refused.status != 503 and refused.body.get("type") != "/problems/request-running":
                        raise
                    await asyncio.sleep(0.1)

    async def search(self, world: World, **more: str) -> list[dict[str, Any]]:
        """The offers of the way that the world has, the cheapest first."""
        asked = {"origin": FROM, "destination": TO, "depart": world.day.isoformat(), "adults": "1", **more}
        offers: list[dict[str, Any]] = (await self.get("/v1/flights/offers", **asked))["offers"]
        return offers

    def order(self, offer_id: str, passengers: Collection[dict[str, str]] = (ADULT,)) -> dict[str, Any]:
        """The body that books an offer."""
        return {
            "offer_id": offer_id,
            "passengers": list(passengers),
            "contact": {"email": self.email, "locale": "en"},
        }

    async def book(self, offer_id: str, passengers: Collection[dict[str, str]] = (ADULT,)) -> str:
        """Book and wait for the seats; the reference."""
        made = await self.post("/v1/bookings", self.order(offer_id, passengers), wait=20)
        assert made["state"] == "awaiting_payment", made
        reference: str = made["reference"]
        return reference

    async def pay(self, reference: str, method: str = "pm_card_visa", *, key: str | None = None) -> None:
        """Start a payment with one of the gateway's own names for test cards."""
        await self.post(
            f"/v1/bookings/{reference}/payments", {"gateway": "stripe", "payment_method": method}, key=key
        )

    async def call_off(self, reference: str) -> None:
        await self.post(f"/v1/bookings/{reference}/cancellations", {})

    async def booking(self, reference: str) -> dict[str, Any]:
        return await self.get(f"/v1/bookings/{reference}")

    async def timeline(self, reference: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = (await self.get(f"/v1/bookings/{reference}/events"))["events"]
        return events

    async def sees(
        self, reference: str, *states: str, within: float = 20.0, every: float = 0.05
    ) -> dict[str, Any]:
        """The booking, once it is in one of the states (any final one without). A restart is waited out."""

        last: dict[str, Any] = {}

        async def there() -> bool:
            with contextlib.suppress(aiohttp.ClientError, Refused):
                last.update(await self.booking(reference))
            return last.get("state") in (states or FINAL)

        try:
            await until(there, within, every=every)
        except TimeoutError:
            events = [event["name"] for event in await self.timeline(reference)]
            raise AssertionError(f"{reference} is {last.get('state')} after {events}") from None
        return last

    async def asked_to_act(self, reference: str, within: float = 20.0) -> str:
        """The bank's page, once the payer is asked to go there."""

        async def asked() -> str | None:
            payments = await self._payments(reference)
            return next((payment["action_url"] for payment in payments if payment["action_url"]), None)

        page: str = await until(asked, within)
        return page

    async def has_been_declined(self, reference: str, within: float = 20.0) -> None:
        """Wait until no attempt to pay is under way any more."""
        await self.has_payments(reference, "failed", within=within)

    async def has_payments(self, reference: str, state: str, within: float = 20.0) -> None:
        """Wait until all attempts to pay have come to this."""

        async def are_so() -> bool:
            return {payment["state"] for payment in await self._payments(reference)} == {state}

        await until(are_so, within)

    async def _payments(self, reference: str) -> list[dict[str, Any]]:
        """Those of a booking; none where nobody answers just now."""
        try:
            payments: list[dict[str, Any]] = (await self.booking(reference))["payments"]
        except (aiohttp.ClientError, Refused):
            return []
        return payments

    async def authenticate(self, page: str, *, headers: Mapping[str, str] | None = None) -> str:
        """Prove oneself on the bank's page; where the browser is sent then."""
        async with self.http.post(
            page, data={"outcome": "complete"}, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status == 303, answer.status
            return answer.headers["Location"]

    async def come_back(self, to: str) -> None:
        """What the browser does after the bank's page."""
        async with self.http.get(to) as answer:
            assert answer.status < 500, answer.status
