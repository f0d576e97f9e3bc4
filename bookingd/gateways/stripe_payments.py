"""Stripe's payments, pages of payments and refunds, read into our words.

The one rule: objects are read as they came: what we do not know is let be, what is missing is not guessed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import GatewayPayment, GatewayStatus, Means, Refund
from bookingd.gateways.stripe_amounts import ours
from bookingd.gateways.stripe_declines import decline_reason

Thing: TypeAlias = Mapping[str, Any]
"""An object of Stripe's as it came: fields that we do not know are let be."""

_STATUS: Mapping[str, GatewayStatus] = MappingProxyType(
    {
        "requires_confirmation": GatewayStatus.PENDING,
        "processing": GatewayStatus.PENDING,
        "requires_action": GatewayStatus.REQUIRES_ACTION,
        "requires_capture": GatewayStatus.AUTHORISED,
        "succeeded": GatewayStatus.CAPTURED,
        "canceled": GatewayStatus.VOIDED,
    }
)

REFUND_TAKES = timedelta(days=14)
"""Five to ten business days (docs.stripe.com/refunds, read 2026-11), as a payer counts them."""

_REFUND_STATUS: Mapping[str, str] = MappingProxyType(
    {"succeeded": "done", "failed": "failed", "canceled": "failed"}
)

_BRANDS: Mapping[str, str] = MappingProxyType(
    {
        "amex": "American Express",
        "diners": "Diners Club",
        "eftpos_au": "eftpos",
        "jcb": "JCB",
        "mastercard": "Mastercard",
        "unionpay": "UnionPay",
    }
)
_WALLETS: Mapping[str, str] = MappingProxyType(
    {"apple_pay": "Apple Pay", "google_pay": "Google Pay", "link": "Link", "samsung_pay": "Samsung Pay"}
)


def payment(intent: Thing) -> GatewayPayment:
    """A PaymentIntent; charge, review and payment method are told of as far as they are expanded."""
    charge = _expanded(intent, "latest_charge")
    currency = intent["currency"]
    captured = int(intent.get("amount_received") or 0)
    return GatewayPayment(
        gateway_reference=intent["id"],
        payment_id=payment_id(intent),
        status=_status(intent),
        amount=ours(intent["amount"], currency),
        captured=ours(captured, currency),
        refunded=ours(_refunded(charge, captured), currency),
        action_url=_action_url(intent),
        decline_reason=_decline_reason(intent),
        authorised_until=_authorised_until(charge),
        means=_means(intent, charge),
    )


def page(session: Thing) -> GatewayPayment:
    """A Checkout Session that is still open, or ended without a payment."""
    is_open = session["status"] == "open"
    amount = ours(session["amount_total"], session["currency"])
    return GatewayPayment(
        gateway_reference=session["id"],
        payment_id=payment_id(session),
        status=GatewayStatus.REQUIRES_ACTION if is_open else GatewayStatus.VOIDED,
        amount=amount,
        captured=Money.zero(amount.currency),
        refunded=Money.zero(amount.currency),
        action_url=session.get("url") if is_open else None,
    )


def status_told(thing: Thing) -> GatewayStatus | None:
    """Where a payment stood by its event; None where that takes a look at more than came with it."""
    if thing.get("object") != "payment_intent" or thing.get("review"):
        return None
    return _STATUS.get(thing.get("status", ""))


def _status(intent: Thing) -> GatewayStatus:
    if intent["status"] == "requires_payment_method":
        return GatewayStatus.DECLINED if intent.get("last_payment_error") else GatewayStatus.PENDING
    # A status that is new to us is not the end of anything: it is read again.
    status = _STATUS.get(intent["status"], GatewayStatus.PENDING)
    reviewed = status is GatewayStatus.AUTHORISED and _is_in_review(intent)
    return GatewayStatus.IN_REVIEW if reviewed else status


def _is_in_review(intent: Thing) -> bool:
    """One of which only the id came may be over, and is asked for before anything is done with the money."""
    review = intent.get("review")
    return bool(review) and (not isinstance(review, Mapping) or bool(review.get("open")))


def _expanded(thing: Thing, name: str) -> Thing:
    """The object, or nothing where only its id was sent: within an error, and where no more was asked for."""
    found = thing.get(name)
    return found if isinstance(found, Mapping) else {}


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
    return decline_reason(error)


def _authorised_until(charge: Thing) -> datetime | None:
    until = _card(charge.get("payment_method_details")).get("capture_before")
    return None if until is None else datetime.fromtimestamp(int(until), UTC)


def _means(intent: Thing, charge: Thing) -> Means | None:
    """The card: of the payment, or of the attempt that failed; Stripe takes that one off the payment."""
    method = _expanded(intent, "payment_method")
    failed = _expanded(intent.get("last_payment_error") or {}, "payment_method")
    card = _card(method) or _card(failed) or _card(charge.get("payment_method_details"))
    if not card:
        return None
    return Means(
        kind="wallet" if card.get("wallet") else "card",
        label=_label(card),
        fingerprint=card.get("fingerprint"),
        expires=_expiry(card),
        **_kept(intent),
    )


def _card(thing: Thing | None) -> Thing:
    found: Thing = (thing or {}).get("card") or {}
    return found


def _label(card: Thing) -> str:
    """`Visa ending in 4242`, `Apple Pay (Visa ending in 4242)`."""
    brand = str(card.get("brand") or "card")
    label = f"{_BRANDS.get(brand, brand.replace('_', ' ').capitalize())} ending in {card.get('last4')}"
    wallet = str((card.get("wallet") or {}).get("type") or "")
    return f"{_WALLETS.get(wallet, wallet.replace('_', ' ').capitalize())} ({label})" if wallet else label


def _expiry(card: Thing) -> str | None:
    year, month = card.get("exp_year"), card.get("exp_month")
    return f"{year:04d}-{month:02d}" if year and month else None


def _kept(intent: Thing) -> dict[str, str | None]:
    """Under what the means can be charged again: only what the payer agreed to, what did pay, and what is
    somebody's; a page may have asked for consent where nobody is kept.
    """
    customer, method = intent.get("customer"), intent.get("payment_method")
    agreed = intent.get("setup_future_usage") == "off_session" and customer
    if not agreed or intent["status"] not in {"requires_capture", "succeeded"}:
        return {}
    return {"token": _id(method), "customer": _id(customer)}


def _id(given: Any) -> str | None:
    return given.get("id") if isinstance(given, Mapping) else given


def payment_id(thing: Thing) -> PaymentId | None:
    """Ours, as it was given along. Raises what reading something else than text raises."""
    try:
        return PaymentId(UUID(metadata(thing).get("payment_id", "")))
    except ValueError:
        return None


def metadata(thing: Thing) -> Mapping[str, str]:
    return thing.get("metadata") or {}


def _made(given: Thing) -> datetime:
    return datetime.fromtimestamp(int(given["created"]), UTC)


def refund(given: Thing) -> Refund:
    """A Refund, with the number by which the payer's bank finds it once Stripe has that."""
    status = _REFUND_STATUS.get(given.get("status") or "pending", "pending")
    return Refund(
        gateway_reference=given["id"],
        amount=ours(given["amount"], given["currency"]),
        status=status,
        trace=_card(given.get("destination_details")).get("reference"),
        expected_by=None if status == "failed" else _made(given) + REFUND_TAKES,
        failure=(given.get("failure_reason") or "unknown") if status == "failed" else None,
    )
