"""How an event travels to an endpoint: as JSON, signed with the secret that both sides know."""

import hashlib
import hmac
from collections.abc import Callable

import msgspec

from bookingd.sandbox.courier import Letter
from bookingd.sandbox.stripe import render
from bookingd.sandbox.stripe.records import Event
from bookingd.sources import Clock


def signature(body: bytes, secret: str, at: int) -> str:
    """The value of Stripe-Signature."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def writer(secret: str, *, clock: Clock) -> Callable[[Event], Letter]:
    """What writes and signs an event.

    It is signed at the time of `clock`, whatever the stand-in takes for the time: its clock can be put
    forward, and who gets the event believes in none of tomorrow.
    """

    def compose(event: Event) -> Letter:
        body = msgspec.json.encode(render.event(event))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(body, secret, int(clock.now().timestamp())),
        }
        return body, headers

    return compose
