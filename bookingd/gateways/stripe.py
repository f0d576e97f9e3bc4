"""Stripe: cards, authorised first and captured later, through the vendor's own SDK.

The one rule: retries are ours. The SDK never repeats a call (it would hide from us that an outcome is
unknown), every POST carries the intent's id as its Idempotency-Key, and nothing of what we hold secret
or of what the gateway echoes of it gets into an error.

The SDK is asked for raw answers: making its objects of one costs five times what all else of a call does.
"""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import quote
from uuid import UUID

import aiohttp
import msgspec
import stripe

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import (
    Authorisation,
    CredentialsRejected,
    Dispute,
    GatewayNotice,
    GatewayPayment,
    GatewayStatus,
    InvalidNotice,
    Posting,
    Refund,
)
from bookingd.gateways.stripe_amounts import ours, theirs
from bookingd.gateways.stripe_books import dispute, posting
from bookingd.gateways.stripe_outcomes import fault, outcome, refusal
from bookingd.outcomes import Refused
from bookingd.sources import Clock

Thing: TypeAlias = Mapping[str, Any]
"""An object of Stripe's as it came: fields that we do not know are let be."""

INTENTS = "/v1/payment_intents"
REFUNDS = "/v1/refunds"
DISPUTES = "/v1/disputes"
MOVEMENTS = "/v1/balance_transactions"

PAGE = 100
"""Objects a page of a list: the most that Stripe gives."""

NOTICES = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "charge.refunded",
    "refund.updated",
    "refund.failed",
)
"""The events that a webhook endpoint for bookingd is to be registered for; others are acknowledged unread."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far the gateway's clock may be behind ours: `find` looks back so much further."""

NOTICE_TOLERANCE = timedelta(minutes=5)
"""How old a webhook's signature may be, or how far ahead of us: the vendor's default, 300 s."""

LONGEST_WORD = 255
"""Characters of an id: the vendor's own advice for storing them."""

_STATUS = {
    "requires_confirmation": GatewayStatus.PENDING,
    "processing": GatewayStatus.PENDING,
    "requires_action": GatewayStatus.REQUIRES_ACTION,
    "requires_capture": GatewayStatus.AUTHORISED,
    "succeeded": GatewayStatus.CAPTURED,
    "canceled": GatewayStatus.VOIDED,
}

_REFUND_STATUS = {"succeeded": "done", "failed": "failed", "canceled": "failed"}

_NO_EVENT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError)
"""What reading a body raises that is something else than an event."""

# Of several payments of one id the last of these counts: money taken before money held before hopes.
_LEAST_FIRST = "voided declined pending requires_action authorised captured".split()


class StripeGateway:
    """The port `bookingd.gateways.port.Gateway` over Stripe's PaymentIntents."""

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
        self._webhook_secrets = tuple(webhook_secrets)
        self._clock = clock

    def __repr__(self) -> str:
        return "StripeGateway()"

    async def close(self) -> None:
        """Close the connections, unless they are another's."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """Create and confirm in one call. A decline leaves an object at Stripe and is an answer."""
        try:
            return _payment(await self._do("authorise", INTENTS, key, **_creation(request, key)))
        except Refused as refused:
            if isinstance(refused.__cause__, stripe.CardError):
                return _declined(refused.__cause__)
            raise

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Nothing is ever approved here and not held: the payer's action and the hold are one."""
        raise Refused("not_approved", "a card is held when its payer has acted")

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """A card that is held cannot be held for longer."""
        raise Refused("not_supported", "Stripe holds a card once")

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        return _payment(await self._read("retrieve", _intent(gateway_reference), expand=["latest_charge"]))

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        """Read the list, which is consistent at once; Stripe's search is up to a minute behind."""
        earliest = int((since - CLOCK_SKEW).timestamp())
        wanted = str(payment_id)
        matches = [
            _payment(intent)
            async for intent in self._all(INTENTS, created={"gte": earliest}, expand=["data.latest_charge"])
            if _metadata(intent).get("payment_id") == wanted
        ]
        return max(matches, key=lambda payment: _LEAST_FIRST.index(payment.status), default=None)

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        path, whole = f"{_intent(gateway_reference)}/capture", theirs(amount)
        return _payment(await self._do("capture", path, key, amount_to_capture=whole))

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        path = f"{_intent(gateway_reference)}/cancel"
        return _payment(await self._do("void", path, key))

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        wish = {"payment_intent": gateway_reference, "amount": theirs(amount)}
        return _refund(await self._do("refund", REFUNDS, key, **wish, metadata={"intent_id": str(key)}))

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        async for refund in self._all(REFUNDS, payment_intent=gateway_reference):
            if _metadata(refund).get("intent_id") == str(key):
                return _refund(refund)
        return None

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        return [dispute(one) async for one in self._all(DISPUTES, payment_intent=gateway_reference)]

    async def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        """Stripe's balance transactions of this account, the newest first."""
        window = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        async for movement in self._all(MOVEMENTS, created=window, expand=["data.source"]):
            if (told := posting(movement)) is not None:
                yield told

    async def _do(self, operation: str, path: str, key: IntentId, **wish: Any) -> Thing:
        """A call that changes something."""
        call = self._client.raw_request_async("post", path, idempotency_key=str(key), **wish)
        return await _answer(call, operation, deed=True)

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

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """Verify the signature with any of the secrets, and its age with our own clock."""
        header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        if not any(_signed(body, header, secret) for secret in self._webhook_secrets):
            raise InvalidNotice("no signature of a known secret")
        self._refuse_old(header)
        return _notice(body)

    def _refuse_old(self, header: str) -> None:
        # The SDK can do this only with the host's clock. What is signed ahead of it is as stale: it could
        # be kept, and played again, for as long as it is ahead.
        signed_at = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
        age = self._clock.now().timestamp() - signed_at
        if abs(age) > NOTICE_TOLERANCE.total_seconds():
            raise InvalidNotice(f"signed {age:.0f} s ago")


def _intent(reference: str) -> str:
    """Where a payment is found. What a reference holds besides letters leads nowhere else."""
    return f"{INTENTS}/{quote(reference, safe='')}"


def _creation(request: Authorisation, key: IntentId) -> dict[str, Any]:
    return {
        "amount": theirs(request.amount),
        "currency": request.amount.currency.lower(),
        "capture_method": "manual",
        "confirm": True,
        "payment_method": request.payment_method,
        "payment_method_types": ["card"],
        "return_url": request.return_url,
        "metadata": {
            "payment_id": str(request.payment_id),
            "booking_reference": request.booking_reference,
            "intent_id": str(key),
        },
        "expand": ["latest_charge"],
    }


def _payment(intent: Thing) -> GatewayPayment:
    charge = _charge(intent)
    currency = intent["currency"]
    captured = int(intent.get("amount_received") or 0)
    return GatewayPayment(
        gateway_reference=intent["id"],
        payment_id=_payment_id(intent),
        status=_status(intent),
        amount=ours(intent["amount"], currency),
        captured=ours(captured, currency),
        refunded=ours(_refunded(charge, captured), currency),
        action_url=_action_url(intent),
        decline_reason=_decline_reason(intent),
        authorised_until=_authorised_until(charge),
    )


def _status(intent: Thing) -> GatewayStatus:
    if intent["status"] == "requires_payment_method":
        return GatewayStatus.DECLINED if intent.get("last_payment_error") else GatewayStatus.PENDING
    # A status that is new to us is not the end of anything: it is read again.
    return _STATUS.get(intent["status"], GatewayStatus.PENDING)


def _charge(intent: Thing) -> Thing:
    """The expanded charge, or nothing where only its id was sent: within an error, and where no more was
    asked for, since what was captured or voided this moment has neither refunds nor time left.
    """
    charge = intent.get("latest_charge")
    return charge if isinstance(charge, dict) else {}


def _refunded(charge: Thing, captured: int) -> int:
    """What was given back. The remainder that a partial capture releases counts as refunded at Stripe.

    So read by those who live from it (the WooCommerce and Solidus gateways; localstripe does the same).
    """
    refunded = int(charge.get("amount_refunded") or 0)
    if not captured:
        return 0
    released = int(charge.get("amount") or captured) - captured
    return refunded - released if refunded >= released else refunded


def _action_url(intent: Thing) -> str | None:
    redirect = (intent.get("next_action") or {}).get("redirect_to_url") or {}
    return redirect.get("url")


def _decline_reason(intent: Thing) -> str | None:
    error = intent.get("last_payment_error")
    if not error or intent["status"] != "requires_payment_method":
        return None
    return error.get("decline_code") or error.get("code") or "declined"


def _authorised_until(charge: Thing) -> datetime | None:
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    until = card.get("capture_before")
    return None if until is None else datetime.fromtimestamp(int(until), UTC)


def _payment_id(intent: Thing) -> PaymentId | None:
    try:
        return PaymentId(UUID(_metadata(intent).get("payment_id", "")))
    except ValueError:
        return None


def _metadata(thing: Thing) -> Mapping[str, str]:
    return thing.get("metadata") or {}


def _refund(refund: Thing) -> Refund:
    return Refund(
        gateway_reference=refund["id"],
        amount=ours(refund["amount"], refund["currency"]),
        status=_REFUND_STATUS.get(refund.get("status") or "pending", "pending"),
    )


def _declined(error: stripe.CardError) -> GatewayPayment:
    """The payment that the decline left behind; a card that never got that far is refused."""
    intent = fault(error).get("payment_intent")
    if not intent:
        raise refusal(error) from error
    return _payment(intent)


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


def _signed(body: bytes, header: str, secret: str) -> bool:
    # The SDK fails on a body that is no text, and on a signature that is not ASCII (16.1).
    if not header.isascii():
        return False
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _notice(body: bytes) -> GatewayNotice | None:
    """None for an endpoint that is registered for more than it need be."""
    try:
        event = msgspec.json.decode(body, type=dict[str, Any])
        if _word(event["type"]) not in NOTICES:
            return None
        thing = event["data"]["object"]
        intent = _intent_of(thing)
        return GatewayNotice(
            event_id=_word(event["id"]),
            kind=event["type"],
            gateway_reference=None if intent is None else _word(intent),
            payment_id=_payment_id(thing),
            status=_STATUS.get(thing.get("status")) if thing.get("object") == "payment_intent" else None,
        )
    except _NO_EVENT as error:
        raise InvalidNotice("signed, but not an event") from error


def _word(given: object) -> str:
    """An id or a kind as Stripe makes them; what is stored is not to be of any other sort."""
    if isinstance(given, str) and 0 < len(given) <= LONGEST_WORD and given.isascii() and given.isprintable():
        return given
    raise InvalidNotice("signed, but its ids are none")


def _intent_of(thing: Thing) -> str | None:
    """The payment that an event is about: itself, or the one that its charge or refund belongs to."""
    intent = thing["id"] if thing.get("object") == "payment_intent" else thing.get("payment_intent")
    return intent["id"] if isinstance(intent, dict) else intent
