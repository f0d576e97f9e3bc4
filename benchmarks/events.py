"""Webhooks as gateways send them, signed, each about a payment of its own.

Its one rule: they are made before anything is measured. Signing costs PayPal's side as much as checking does
ours, and on the same cores.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias
from uuid import UUID

import stripe
import uuid_utils.compat as uuid_utils

from benchmarks.api import encode
from benchmarks.servers import PAYPAL, SECRETS
from bookingd.sandbox.paypal.authority import open_authority
from bookingd.sandbox.paypal.webhooks import ALGORITHM, certificate_path


class Event(NamedTuple):
    """What is posted."""

    headers: Mapping[str, str]
    body: bytes


Writer: TypeAlias = Callable[[], Event]


def of_stripe() -> Writer:
    """`payment_intent.succeeded`."""

    def write() -> Event:
        payment, now = uuid_utils.uuid7(), int(time.time())
        body = encode(
            {
                "id": f"evt_{payment.hex}",
                "object": "event",
                "api_version": "2026-10-28.basil",
                "created": now,
                "type": "payment_intent.succeeded",
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": f"req_{payment.hex[:14]}", "idempotency_key": str(payment)},
                "data": {"object": _intent(payment, now)},
            }
        )
        signature = stripe.WebhookSignature.generate_signature_header(
            body.decode(), SECRETS["stripe_webhook_secret"], now
        )
        return Event({"Content-Type": "application/json", "Stripe-Signature": signature}, body)

    return write


def _intent(payment: UUID, now: int) -> Mapping[str, object]:
    return {
        "id": f"pi_{payment.hex}",
        "object": "payment_intent",
        "amount": 54_321,
        "amount_capturable": 0,
        "amount_received": 54_321,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "capture_method": "manual",
        "client_secret": f"pi_{payment.hex}_secret_{payment.hex[:24]}",
        "confirmation_method": "automatic",
        "created": now - 2,
        "currency": "eur",
        "customer": None,
        "description": "Booking ABC234",
        "last_payment_error": None,
        "latest_charge": f"ch_{payment.hex}",
        "livemode": False,
        "metadata": {"payment_id": str(payment), "booking_reference": "ABC234"},
        "next_action": None,
        "payment_method": f"pm_{payment.hex}",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "succeeded",
    }


def of_paypal(vendors: Path, address: str) -> Writer:
    """`PAYMENT.CAPTURE.COMPLETED`, signed with the key in `vendors` of the stand-in at `address`."""
    authority = open_authority(vendors, datetime.now(UTC))

    def write() -> Event:
        payment, now = uuid_utils.uuid7(), datetime.now(UTC).isoformat(timespec="seconds")
        sent_at = now.replace("+00:00", "Z")
        body = encode(
            {
                "id": f"WH-{payment.hex.upper()}",
                "event_version": "1.0",
                "create_time": sent_at,
                "resource_type": "capture",
                "resource_version": "2.0",
                "event_type": "PAYMENT.CAPTURE.COMPLETED",
                "summary": "Payment completed for EUR 543.21",
                "resource": _capture(payment, sent_at),
                "links": [],
            }
        )
        transmission = str(uuid_utils.uuid7())
        headers = {
            "Content-Type": "application/json",
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": sent_at,
            "PAYPAL-TRANSMISSION-SIG": authority.sign(transmission, sent_at, PAYPAL["webhook_id"], body),
            "PAYPAL-CERT-URL": address + certificate_path(authority),
            "PAYPAL-AUTH-ALGO": ALGORITHM,
        }
        return Event(headers, body)

    return write


def _capture(payment: UUID, at: str) -> Mapping[str, object]:
    amount = {"currency_code": "EUR", "value": "543.21"}
    name = payment.hex.upper()
    return {
        "id": name[:17],
        "status": "COMPLETED",
        "amount": amount,
        "final_capture": True,
        "custom_id": str(payment),
        "invoice_id": f"ABC234-{name[:8]}",
        "seller_protection": {"status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED"]},
        "seller_receivable_breakdown": {
            "gross_amount": amount,
            "paypal_fee": {"currency_code": "EUR", "value": "16.56"},
            "net_amount": {"currency_code": "EUR", "value": "526.65"},
        },
        "supplementary_data": {"related_ids": {"order_id": name[10:27], "authorization_id": name[5:22]}},
        "create_time": at,
        "update_time": at,
        "links": [],
    }


def written(write: Writer, many: int) -> Iterator[Event]:
    """So many, made now."""
    return iter([write() for _ in range(many)])
