"""Payments as the vendor writes them: intents, charges, refunds, payment methods and their errors."""

from typing import Any

from bookingd.sandbox.stripe.records import ApiError, Card, Charge, PaymentIntent, PaymentMethod, Refund


def payment_intent(intent: PaymentIntent) -> dict[str, Any]:
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount_received,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"enabled": True} if intent.automatic_methods else None,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.description,
        "invoice": None,
        "last_payment_error": None if intent.last_error is None else error(intent.last_error),
        "latest_charge": intent.latest_charge,
        "livemode": False,
        "metadata": intent.metadata,
        "next_action": _next_action(intent),
        "on_behalf_of": None,
        "payment_method": intent.payment_method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": intent.receipt_email,
        "review": intent.review,
        "setup_future_usage": intent.setup_future_usage,
        "shipping": None,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": intent.statement_descriptor_suffix,
        "status": intent.status,
        "transfer_data": None,
        "transfer_group": None,
    }


def _next_action(intent: PaymentIntent) -> dict[str, Any] | None:
    if intent.action_url is None:
        return None
    if intent.return_url is None:
        script = {"type": "three_d_secure_redirect", "stripe_js": intent.action_url}
        return {"type": "use_stripe_sdk", "use_stripe_sdk": script}
    redirect = {"return_url": intent.return_url, "url": intent.action_url}
    return {"type": "redirect_to_url", "redirect_to_url": redirect}


def charge(made: Charge) -> dict[str, Any]:
    return {
        "id": made.id,
        "object": "charge",
        "amount": made.amount,
        "amount_captured": made.amount_captured,
        "amount_refunded": made.amount_refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": made.balance_transaction,
        "billing_details": made.method.billing_details,
        "calculated_statement_descriptor": "SANDBOX",
        "captured": made.captured,
        "created": made.created,
        "currency": made.currency,
        "customer": made.customer,
        "description": made.description,
        "disputed": made.dispute is not None,
        "failure_balance_transaction": None,
        "failure_code": made.failure_code,
        "failure_message": made.failure_message,
        "fraud_details": {},
        "invoice": None,
        "livemode": False,
        "metadata": made.metadata,
        "on_behalf_of": None,
        "outcome": _outcome(made),
        "paid": made.status == "succeeded",
        "payment_intent": made.intent,
        "payment_method": made.method.id,
        "payment_method_details": {"type": "card", "card": _card_details(made)},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": made.amount_refunded >= made.amount,
        "review": made.review,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": made.statement_descriptor_suffix,
        "status": made.status,
        "transfer_data": None,
        "transfer_group": None,
    }


_SCORES = {"normal": 12, "elevated": 67, "highest": 91}


def _outcome(made: Charge) -> dict[str, Any]:
    """What bank and Radar said."""
    network, kind, told = _said(made)
    shown = {
        "network_status": network,
        "reason": made.decline_code if made.status == "failed" else None,
        "risk_level": made.method.card.risk,
        "risk_score": _SCORES[made.method.card.risk],
        "seller_message": told,
        "type": kind,
    }
    if kind == "manual_review":
        shown |= {"reason": "elevated_risk_level", "rule": "manual_review_if_elevated_risk"}
    if kind == "blocked":
        shown["reason"] = "highest_risk_level"
    return shown


def _said(made: Charge) -> tuple[str, str, str]:
    if made.status == "failed":
        if made.method.card.risk == "highest":
            return "not_sent_to_network", "blocked", "Stripe blocked this payment as too risky."
        return "declined_by_network", "issuer_declined", "The bank declined the payment."
    if made.review is not None:
        told = "Stripe evaluated this payment as having elevated risk, and placed it in your review queue."
        return "approved_by_network", "manual_review", told
    return "approved_by_network", "authorized", "Payment complete."


def _card_details(made: Charge) -> dict[str, Any]:
    card = made.method.card
    authenticated = {
        "authentication_flow": "challenge",
        "result": "authenticated",
        "result_reason": None,
        "version": "2.2.0",
    }
    return {
        **_card(card),
        "amount_authorized": made.amount,
        "capture_before": made.capture_before,
        "installments": None,
        "mandate": None,
        "network": card.brand,
        "network_token": {"used": False},
        "three_d_secure": authenticated if made.authenticated else None,
        "wallet": _wallet(card),
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass" if card.cvc_checked else None,
            **card.checks,
        },
        "country": card.country,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
    }


def _wallet(card: Card) -> dict[str, Any] | None:
    if card.wallet is None:
        return None
    return {"type": card.wallet, card.wallet: {}, "dynamic_last4": card.last4}


def payment_method(method: PaymentMethod) -> dict[str, Any]:
    return {
        "id": method.id,
        "object": "payment_method",
        "billing_details": method.billing_details,
        "card": {
            **_card(method.card),
            "generated_from": None,
            "networks": {"available": [method.card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": _wallet(method.card),
        },
        "created": method.created,
        "customer": method.customer,
        "livemode": False,
        "metadata": method.metadata,
        "type": "card",
    }


def refund(given: Refund) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": given.id,
        "object": "refund",
        "amount": given.amount,
        "balance_transaction": given.balance_transaction,
        "charge": given.charge,
        "created": given.created,
        "currency": given.currency,
        "destination_details": _destination(given),
        "metadata": given.metadata,
        "payment_intent": given.intent,
        "reason": given.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": given.status,
        "transfer_reversal": None,
    }
    if given.failure_reason is not None:
        shown["failure_reason"] = given.failure_reason
    if given.failure_balance_transaction is not None:
        shown["failure_balance_transaction"] = given.failure_balance_transaction
    return shown


def _destination(given: Refund) -> dict[str, Any]:
    card = {"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"}
    if given.reference is not None:
        card |= {"reference": given.reference, "reference_status": "available"}
    if given.status == "failed":
        card["reference_status"] = "unavailable"
    return {"card": card, "type": "card"}


def error(fault: ApiError) -> dict[str, Any]:
    """The inside of an error, without what it does not have."""
    shown: dict[str, Any] = {"type": fault.type, "message": fault.message}
    for name in ("code", "decline_code", "param", "charge"):
        value = getattr(fault, name)
        if value is not None:
            shown[name] = value
    if fault.code is not None:
        shown["doc_url"] = f"https://stripe.com/docs/error-codes/{fault.code.replace('_', '-')}"
    if fault.method is not None:
        shown["payment_method"] = payment_method(fault.method)
    if fault.intent is not None:
        shown["payment_intent"] = payment_intent(fault.intent)
    return shown
