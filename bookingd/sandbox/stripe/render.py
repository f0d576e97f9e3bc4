"""Records as the vendor writes them: JSON objects of API version 2023-08-16, with the newer
`payment_method_details.card.capture_before`, which says how long an authorisation lasts.
"""

from typing import Any

from bookingd.sandbox.stripe.records import (
    Answer,
    ApiError,
    Card,
    Charge,
    Event,
    PaymentIntent,
    PaymentMethod,
    Refund,
    Thing,
)

API_VERSION = "2023-08-16"


def body(answer: Answer) -> dict[str, Any]:
    """The body of an answer, with its expanded objects."""
    thing = answer.thing
    if isinstance(thing, ApiError):
        return {"error": error(thing)}
    shown = render(thing)
    for path in answer.expand:
        found = {
            "latest_charge": answer.charge,
            "charge": answer.charge,
            "payment_method": answer.method,
            "payment_intent": answer.intent,
        }[path]
        if found is not None and path in shown:
            shown[path] = render(found)
    return shown


def render(thing: Thing) -> dict[str, Any]:
    """One object."""
    match thing:
        case PaymentIntent():
            return payment_intent(thing)
        case Charge():
            return charge(thing)
        case Refund():
            return refund(thing)
        case PaymentMethod():
            return payment_method(thing)


def page(url: str, things: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """A list."""
    return {"object": "list", "url": url, "has_more": more, "data": things}


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
        "customer": None,
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
        "review": None,
        "setup_future_usage": None,
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
        "customer": None,
        "description": made.description,
        "disputed": False,
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
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": made.statement_descriptor_suffix,
        "status": made.status,
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(made: Charge) -> dict[str, Any]:
    declined = made.status == "failed"
    return {
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": made.decline_code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank declined the payment." if declined else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


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
        "wallet": None,
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass" if card.cvc_checked else None,
        },
        "country": card.country,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
    }


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
            "wallet": None,
        },
        "created": method.created,
        "customer": None,
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
    return shown


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


def event(happened: Event) -> dict[str, Any]:
    data: dict[str, Any] = {"object": render(happened.thing)}
    if happened.previous is not None:
        data["previous_attributes"] = happened.previous
    return {
        "id": happened.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": happened.created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 1 if happened.pending else 0,
        "request": {"id": happened.request_id, "idempotency_key": happened.idempotency_key},
        "type": happened.type,
    }
