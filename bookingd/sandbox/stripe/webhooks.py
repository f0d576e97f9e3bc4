"""How an event travels to an endpoint: as JSON, signed with the secret that both sides know."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

import msgspec

from bookingd.sandbox.courier import Letter
from bookingd.sandbox.stripe import render
from bookingd.sandbox.stripe.records import Event


def signature(body: bytes, secret: str, at: int) -> str:
    """The value of Stripe-Signature."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def writer(secret: str) -> Callable[[Event, datetime], Letter]:
    """What writes and signs an event as of a time."""

    def compose(event: Event, at: datetime) -> Letter:
        body = msgspec.json.encode(render.event(event))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(body, secret, int(at.timestamp())),
        }
        return body, headers

    return compose
