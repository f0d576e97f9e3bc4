"""Records as the vendor writes them: JSON objects of API version 2023-08-16, with what is newer and needed
(`payment_method_details.card.capture_before`, confirmation tokens, `refund.destination_details`).
"""

from typing import Any

from bookingd.sandbox.stripe.records import (
    Answer,
    ApiError,
    BalanceTransaction,
    Charge,
    CheckoutSession,
    ConfirmationToken,
    Customer,
    Dispute,
    Event,
    PaymentIntent,
    PaymentMethod,
    Refund,
    Review,
    Thing,
)
from bookingd.sandbox.stripe.render_others import (
    balance_transaction,
    checkout_session,
    confirmation_token,
    customer,
    dispute,
    review,
)
from bookingd.sandbox.stripe.render_payments import charge, error, payment_intent, payment_method, refund

API_VERSION = "2023-08-16"

_RENDER: dict[type, Any] = {
    PaymentIntent: payment_intent,
    Charge: charge,
    Refund: refund,
    PaymentMethod: payment_method,
    Customer: customer,
    ConfirmationToken: confirmation_token,
    CheckoutSession: checkout_session,
    Dispute: dispute,
    Review: review,
    BalanceTransaction: balance_transaction,
}


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
            "review": answer.review,
            "customer": answer.customer,
        }[path]
        if found is not None and path in shown:
            shown[path] = render(found)
    return shown


def render(thing: Thing) -> dict[str, Any]:
    """One object."""
    shown: dict[str, Any] = _RENDER[type(thing)](thing)
    return shown


def page(url: str, things: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """A list."""
    return {"object": "list", "url": url, "has_more": more, "data": things}


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
