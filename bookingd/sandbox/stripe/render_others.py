"""What stands around payments, as the vendor writes it: people, pages, disputes, reviews, the balance."""

from datetime import timedelta
from typing import Any

from bookingd.sandbox.stripe.disputes import EVIDENCE
from bookingd.sandbox.stripe.records import (
    TOKENS_LAST,
    BalanceTransaction,
    CheckoutSession,
    ConfirmationToken,
    Customer,
    Dispute,
    Review,
)
from bookingd.sandbox.stripe.render_payments import payment_method

AVAILABLE_AFTER = int(timedelta(days=2).total_seconds())
"""Seconds until what came in can be paid out."""


def customer(known: Customer) -> dict[str, Any]:
    if known.deleted:
        return {"id": known.id, "object": "customer", "deleted": True}
    return {
        "id": known.id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": known.created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": known.description,
        "discount": None,
        "email": known.email,
        "invoice_prefix": known.id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": known.metadata,
        "name": known.name,
        "phone": known.phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def confirmation_token(token: ConfirmationToken) -> dict[str, Any]:
    preview = payment_method(token.method)
    for name in ("id", "object", "created", "livemode", "metadata"):
        del preview[name]
    return {
        "id": token.id,
        "object": "confirmation_token",
        "created": token.created,
        "expires_at": None if token.intent else token.created + TOKENS_LAST,
        "livemode": False,
        "mandate_data": None,
        "payment_intent": token.intent,
        "payment_method_options": None,
        "payment_method_preview": {"allow_redisplay": "unspecified", **preview},
        "return_url": token.return_url,
        "setup_future_usage": token.setup_future_usage,
        "setup_intent": None,
        "shipping": None,
        "use_stripe_sdk": False,
    }


def checkout_session(session: CheckoutSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": session.amount,
        "amount_total": session.amount,
        "automatic_tax": {"enabled": False, "status": None},
        "billing_address_collection": None,
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "consent": None,
        "consent_collection": None,
        "created": session.created,
        "currency": session.currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"shipping_address": None, "submit": None},
        "customer": session.customer,
        "customer_creation": None if session.customer else session.customer_creation,
        "customer_details": _payer(session),
        "customer_email": session.customer_email,
        "expires_at": session.expires_at,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": None,
        "metadata": session.metadata,
        "mode": "payment",
        "payment_intent": session.intent,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "paid" if session.paid else "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_details": None,
        "shipping_options": [],
        "status": session.status,
        "submit_type": None,
        "subscription": None,
        "success_url": session.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": session.url,
    }


def _payer(session: CheckoutSession) -> dict[str, Any] | None:
    if session.customer_email is None:
        return None
    return {
        "address": None,
        "email": session.customer_email,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def dispute(about: Dispute) -> dict[str, Any]:
    return {
        "id": about.id,
        "object": "dispute",
        "amount": about.amount,
        "balance_transactions": [balance_transaction(each) for each in about.movements],
        "charge": about.charge,
        "created": about.created,
        "currency": about.currency,
        "evidence": {name: about.evidence.get(name) for name in EVIDENCE},
        "evidence_details": {
            "due_by": about.due_by,
            "has_evidence": bool(about.evidence),
            "past_due": about.status in {"lost", "warning_closed"} and not about.submissions,
            "submission_count": about.submissions,
        },
        "is_charge_refundable": about.inquiry,
        "livemode": False,
        "metadata": about.metadata,
        "payment_intent": about.intent,
        "payment_method_details": {
            "card": {"brand": about.brand, "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": about.reason,
        "status": about.status,
    }


def review(about: Review) -> dict[str, Any]:
    return {
        "id": about.id,
        "object": "review",
        "billing_zip": None,
        "charge": about.charge,
        "closed_reason": about.closed_reason,
        "created": about.created,
        "ip_address": None,
        "ip_address_location": None,
        "livemode": False,
        "open": about.closed_reason is None,
        "opened_reason": "rule",
        "payment_intent": about.intent,
        "reason": about.closed_reason or "rule",
        "session": None,
    }


def balance_transaction(movement: BalanceTransaction) -> dict[str, Any]:
    fee = {
        "amount": movement.fee,
        "application": None,
        "currency": movement.currency,
        "description": "Dispute fee" if movement.category == "dispute" else "Stripe processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": movement.id,
        "object": "balance_transaction",
        "amount": movement.amount,
        "available_on": movement.created + AVAILABLE_AFTER,
        "created": movement.created,
        "currency": movement.currency,
        "description": movement.description,
        "exchange_rate": None,
        "fee": movement.fee,
        "fee_details": [fee] if movement.fee else [],
        "net": movement.amount - movement.fee,
        "reporting_category": movement.category,
        "source": movement.source,
        "status": "pending",
        "type": movement.type,
    }
