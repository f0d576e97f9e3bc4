"""Stripe's webhooks: which we follow, whether one is Stripe's and ours, and what it says.

The one rule: nothing is read before its signature is proved, and nothing of another account is believed.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import stripe

from bookingd.gateways.port import GatewayNotice, InvalidNotice
from bookingd.gateways.stripe_payments import Thing, payment_id, status_told
from bookingd.sources import Clock

NOTICES = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "charge.refunded",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "review.opened",
    "review.closed",
    "checkout.session.completed",
    "checkout.session.expired",
)
"""The events that a webhook endpoint for bookingd is to be registered for; others are acknowledged unread."""

NOTICE_TOLERANCE = timedelta(minutes=5)
"""How old a webhook's signature may be, or how far ahead of us: the vendor's default, 300 s."""

LARGEST_NOTICE = 1 << 20
"""Bytes. The vendor names no bound; its largest samples here have 5 KB."""

LONGEST_WORD = 255
"""Characters of an id: the vendor's own advice for storing them."""

_NO_EVENT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError)
"""What reading a body raises that is something else than an event."""


class Notices:
    """Reads what was signed with one of our secrets."""

    def __init__(self, *, secrets: Sequence[str], is_live: bool, clock: Clock) -> None:
        """`is_live`: whether our key moves money."""
        self._secrets = tuple(secrets)
        self._is_live = is_live
        self._clock = clock

    def __repr__(self) -> str:
        return "Notices()"

    def read(self, header: str, body: bytes) -> GatewayNotice | None:
        """Verify the signature with any of the secrets, and its age with our own clock."""
        if len(body) > LARGEST_NOTICE:
            raise InvalidNotice(f"{len(body)} bytes are no event", reason="unreadable")
        if not any(_is_signed(body, header, secret) for secret in self._secrets):
            raise InvalidNotice("no signature of a known secret")
        self._refuse_old(header)
        return self._notice(body)

    def _refuse_old(self, header: str) -> None:
        # The SDK can do this only with the host's clock. What is signed ahead of it is as stale: it could
        # be kept, and played again, for as long as it is ahead.
        signed_at = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
        age = self._clock.now().timestamp() - signed_at
        if abs(age) > NOTICE_TOLERANCE.total_seconds():
            raise InvalidNotice(f"signed {age:.0f} s ago", reason="too_old")

    def _notice(self, body: bytes) -> GatewayNotice | None:
        """None for an endpoint that is registered for more than it need be."""
        try:
            event = msgspec.json.decode(body, type=dict[str, Any])
            self._refuse_foreign(event)
            return _told(event) if _word(event["type"]) in NOTICES else None
        except _NO_EVENT as error:
            raise InvalidNotice("signed, but not an event", reason="unreadable") from error

    def _refuse_foreign(self, event: Thing) -> None:
        """An endpoint for connected accounts, or of the other mode, tells of payments that are not ours."""
        if event.get("account"):
            raise InvalidNotice("signed, but of another account", reason="foreign_account")
        if event["livemode"] is not self._is_live:
            raise InvalidNotice(
                f"signed, but in {'test' if self._is_live else 'live'} mode", reason="foreign_account"
            )


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    # The SDK fails on a body that is no text, and on a signature that is not ASCII (16.1).
    if not header.isascii():
        return False
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _told(event: Thing) -> GatewayNotice:
    thing = event["data"]["object"]
    reference = _reference(thing)
    return GatewayNotice(
        event_id=_word(event["id"]),
        kind=event["type"],
        gateway_reference=None if reference is None else _word(reference),
        payment_id=payment_id(thing),
        status=status_told(thing),
        dispute=_word(thing["id"]) if thing.get("object") == "dispute" else None,
    )


def _word(given: object) -> str:
    """An id or a kind as Stripe makes them; what is stored is not to be of any other sort."""
    if isinstance(given, str) and 0 < len(given) <= LONGEST_WORD and given.isascii() and given.isprintable():
        return given
    raise InvalidNotice("signed, but its ids are none", reason="unreadable")


def _reference(thing: Thing) -> str | None:
    """The payment that an event is about: itself, or the one that its charge, refund or page belongs to."""
    if thing.get("object") == "payment_intent":
        return _word(thing["id"])
    intent = thing.get("payment_intent")
    if intent is None and thing.get("object") == "checkout.session":
        return _word(thing["id"])
    return intent["id"] if isinstance(intent, dict) else intent
