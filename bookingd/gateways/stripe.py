"""Stripe: cards and wallets, authorised first and captured later, through the vendor's own SDK.

The one rule: retries are ours. The SDK never repeats a call (it would hide from us that an outcome is
unknown), every POST carries the intent's id as its Idempotency-Key, and nothing of what we hold secret
or of what the gateway echoes of it gets into an error.

A payer chooses in the Payment Element of our page (`pm_…`, `ctoken_…`), or on Stripe's own page: then the
payment is a Checkout Session (`cs_…`) until it is made there, and a PaymentIntent (`pi_…`) from then on.

The SDK is asked for raw answers: making its objects of one costs five times what all else of a call does.
"""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp
import stripe

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways import stripe_payments as reading
from bookingd.gateways import stripe_requests as asking
from bookingd.gateways.port import (
    Authorisation,
    CredentialsRejected,
    Dispute,
    GatewayNotice,
    GatewayPayment,
    Posting,
    Refund,
)
from bookingd.gateways.stripe_amounts import theirs
from bookingd.gateways.stripe_books import dispute, postings
from bookingd.gateways.stripe_notices import NOTICES, Notices
from bookingd.gateways.stripe_outcomes import fault, outcome, refusal
from bookingd.gateways.stripe_payments import Thing
from bookingd.outcomes import Refused
from bookingd.sources import Clock

__all__ = ["NOTICES", "SCRIPT", "SOURCES", "StripeGateway"]

SCRIPT = "https://js.stripe.com/v3/"
"""What a page loads to show Stripe's Payment Element. Its terms ask that nobody else serves it."""

SOURCES = {
    "script-src": ("https://js.stripe.com", "https://*.js.stripe.com"),
    "frame-src": ("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"),
    "connect-src": ("https://api.stripe.com",),
    "img-src": ("https://*.stripe.com",),
}
"""From where that page loads what (docs.stripe.com/security/guide, "Content security policy", read 2026-11),
less the maps of the Address Element, which ours does not show.
"""

INTENTS = "/v1/payment_intents"
SESSIONS = "/v1/checkout/sessions"
METHODS = "/v1/payment_methods"
CUSTOMERS = "/v1/customers"
REFUNDS = "/v1/refunds"
DISPUTES = "/v1/disputes"
MOVEMENTS = "/v1/balance_transactions"

SESSION = "cs_"
"""How the reference of a payment that is to be made on Stripe's page begins."""

PAGE = 100
"""Objects a page of a list: the most that Stripe gives."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far the gateway's clock may be behind ours: `find` looks back so much further."""

# Of several payments of one id the last of these counts: money taken before money held before hopes.
_LEAST_FIRST = "voided declined pending requires_action approved in_review authorised captured".split()


class StripeGateway:
    """The port `bookingd.gateways.port.Gateway` over Stripe's PaymentIntents and Checkout Sessions."""

    name = "stripe"

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secrets: Sequence[str],
        clock: Clock,
        base_url: str = stripe.DEFAULT_API_BASE,
        timeout: float = 20.0,
        connect_timeout: float = 5.0,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """`webhook_secrets` are all that count now: two while one is being replaced. Timeouts in seconds.

        A `session` that is given stays the giver's; without one, one is opened with the first call and
        closed by `close`.
        """
        # The SDK would write an id into the user's home directory and time every call for the vendor.
        stripe.enable_telemetry = False
        limits = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)
        self._http = stripe.AIOHTTPClient(timeout=limits, session=session)
        self._client = stripe.StripeClient(
            secret_key,
            http_client=self._http,
            base_addresses={"api": base_url.rstrip("/")},
            max_network_retries=0,
        )
        self._notices = Notices(secrets=webhook_secrets, is_live="_live_" in secret_key, clock=clock)

    def __repr__(self) -> str:
        return "StripeGateway()"

    async def close(self) -> None:
        """Close the connections, unless they are another's."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """Create and confirm in one call. A decline leaves an object at Stripe and is an answer."""
        if not request.payment_method:
            wish = asking.session(request, key, request.customer)
            return reading.page(await self._do("authorise", SESSIONS, str(key), **wish))
        customer = request.customer or (await self._new_customer(request, key) if request.keep else None)
        try:
            wish = asking.intent(request, key, customer)
            return reading.payment(await self._do("authorise", INTENTS, str(key), **wish))
        except Refused as refused:
            if isinstance(refused.__cause__, stripe.CardError):
                return _declined(refused.__cause__)
            raise

    async def _new_customer(self, request: Authorisation, key: IntentId) -> str:
        """No money moves with this: what became of it need not be known, it may be done again."""
        call = self._post(CUSTOMERS, f"{key}:customer", **asking.customer(request))
        return str((await _answer(call, "authorise", deed=False))["id"])

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Nothing is ever approved here and not held: the payer's action and the hold are one."""
        raise Refused("not_approved", "a card is held when its payer has acted")

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """A card that is held cannot be held for longer."""
        raise Refused("not_supported", "Stripe holds a card once")

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        if gateway_reference.startswith(SESSION):
            return await self._paid_on(await self._session(gateway_reference))
        path = _one(INTENTS, gateway_reference)
        return reading.payment(await self._read("retrieve", path, expand=list(asking.EXPANDED)))

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        """Read the lists, which are consistent at once; Stripe's search is up to a minute behind."""
        earliest = {"gte": int((since - CLOCK_SKEW).timestamp())}
        expand = [f"data.{name}" for name in asking.EXPANDED]
        made = self._all(INTENTS, created=earliest, expand=expand)
        found = [reading.payment(each) async for each in _of(payment_id, made)]
        pages = self._all(SESSIONS, created=earliest)
        # What was made on a page is among the payments as well, and tells more there.
        found += [reading.page(each) async for each in _of(payment_id, pages) if each["status"] != "complete"]
        return max(found, key=lambda payment: _LEAST_FIRST.index(payment.status), default=None)

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        intent = await self._intent_of(gateway_reference)
        path, whole = f"{_one(INTENTS, intent)}/capture", theirs(amount)
        return reading.payment(await self._do("capture", path, str(key), amount_to_capture=whole))

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        if gateway_reference.startswith(SESSION):
            return await self._void_page(gateway_reference, key)
        path = f"{_one(INTENTS, gateway_reference)}/cancel"
        return reading.payment(await self._do("void", path, str(key)))

    async def _void_page(self, session_id: str, key: IntentId) -> GatewayPayment:
        """Close the page; what was paid there one instant before is let go of as any payment is."""
        try:
            path = f"{_one(SESSIONS, session_id)}/expire"
            return reading.page(await self._do("void", path, f"{key}:page"))
        except Refused:
            seen = await self._paid_on(await self._session(session_id))
            if seen.gateway_reference == session_id:
                raise
            return await self.void(seen.gateway_reference, key=key)

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        intent = await self._intent_of(gateway_reference)
        wish = {"payment_intent": intent, "amount": theirs(amount), "metadata": {"intent_id": str(key)}}
        return reading.refund(await self._do("refund", REFUNDS, str(key), **wish))

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        intent = await self._intent_of(gateway_reference)
        async for refund in self._all(REFUNDS, payment_intent=intent):
            if reading.metadata(refund).get("intent_id") == str(key):
                return reading.refund(refund)
        return None

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        """Detach it from its customer. Stripe refuses that for what is detached, or not there any more."""
        intent = await self._read("forget", _one(INTENTS, await self._intent_of(gateway_reference)))
        if (method := intent.get("payment_method")) is None:
            return
        try:
            await self._do("forget", f"{_one(METHODS, _id(method))}/detach", str(key))
        except Refused as refused:
            if isinstance(refused.__cause__, stripe.InvalidRequestError):
                return
            raise

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        intent = await self._intent_of(gateway_reference)
        return [dispute(one) async for one in self._all(DISPUTES, payment_intent=intent)]

    async def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        """Stripe's balance transactions of this account, the newest first."""
        window = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        async for movement in self._all(MOVEMENTS, created=window, expand=["data.source"]):
            for posting in postings(movement):
                yield posting

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """Verify the signature with any of the secrets, and its age with our own clock."""
        header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        return self._notices.read(header, body)

    # Pages of Stripe's

    async def _session(self, session_id: str) -> Thing:
        return await self._read("retrieve", _one(SESSIONS, session_id))

    async def _paid_on(self, session: Thing) -> GatewayPayment:
        """The payment of a page that is done, or the page."""
        if session["status"] != "complete":
            return reading.page(session)
        return await self.retrieve(_id(session["payment_intent"]))

    async def _intent_of(self, gateway_reference: str) -> str:
        """The PaymentIntent that a reference stands for. Raises Refused where its payer has made none."""
        if not gateway_reference.startswith(SESSION):
            return gateway_reference
        session = await self._session(gateway_reference)
        if session["status"] != "complete":
            raise Refused("payment_intent_unexpected_state", "its payer has not paid on Stripe's page")
        return _id(session["payment_intent"])

    # The wire

    def _post(self, path: str, key: str, **wish: Any) -> Awaitable[Any]:
        return self._client.raw_request_async("post", path, idempotency_key=key, **wish)

    async def _do(self, operation: str, path: str, key: str, **wish: Any) -> Thing:
        """A call that changes something."""
        return await _answer(self._post(path, key, **wish), operation, deed=True)

    async def _read(self, operation: str, path: str, **wish: Any) -> Thing:
        return await _answer(self._client.raw_request_async("get", path, **wish), operation, deed=False)

    async def _all(self, path: str, **wish: Any) -> AsyncIterator[Thing]:
        """Every object of a list, newest first, page after page."""
        while True:
            answer = await self._read("list", path, limit=PAGE, **wish)
            for thing in answer["data"]:
                yield thing
            if not answer.get("has_more") or not answer["data"]:
                return
            wish["starting_after"] = answer["data"][-1]["id"]


def _one(path: str, reference: str) -> str:
    """Where one object is found. What a reference holds besides letters leads nowhere else."""
    return f"{path}/{quote(reference, safe='')}"


def _id(given: Any) -> str:
    return str(given["id"] if isinstance(given, Mapping) else given)


async def _of(payment_id: PaymentId, things: AsyncIterator[Thing]) -> AsyncIterator[Thing]:
    """Those that are attempts at this payment of ours."""
    wanted = str(payment_id)
    async for thing in things:
        if reading.metadata(thing).get("payment_id") == wanted:
            yield thing


def _declined(error: stripe.CardError) -> GatewayPayment:
    """The payment that the decline left behind; a card that never got that far is refused."""
    intent = fault(error).get("payment_intent")
    if not intent:
        raise refusal(error) from error
    return reading.payment(intent)


async def _answer(call: Awaitable[Any], operation: str, *, deed: bool) -> Thing:
    """The object as Stripe sent it, or what is known without it."""
    try:
        answer = await call
    except (stripe.StripeError, aiohttp.ClientError, TimeoutError, OSError) as error:
        known = outcome(error, operation, deed=deed)
        # Stripe repeats the ends of a key that it does not know.
        raise known from None if isinstance(known, CredentialsRejected) else error
    sent: Thing = answer.data
    return sent
