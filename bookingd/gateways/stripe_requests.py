"""What we ask of Stripe, in its words.

The one rule: a body depends on nothing but the request and its key, so that the same call again is the same.
"""

from typing import Any

from yarl import URL

from bookingd.domain.ids import IntentId
from bookingd.gateways.port import CANCELLED, Authorisation
from bookingd.gateways.stripe_amounts import theirs

EXPANDED = ("latest_charge", "payment_method", "review")
"""What comes with a payment that is read."""

TOKEN_OF_ELEMENT = "ctoken_"  # noqa: S105 - the beginning of a name, nothing secret
"""How what the Payment Element made begins: a card, or a wallet."""


def intent(request: Authorisation, key: IntentId, customer: str | None) -> dict[str, Any]:
    """A payment that is made and confirmed at once."""
    means = "confirmation_token" if request.payment_method.startswith(TOKEN_OF_ELEMENT) else "payment_method"
    wish: dict[str, Any] = {
        "amount": theirs(request.amount),
        "currency": request.amount.currency.lower(),
        "capture_method": "manual",
        "confirm": True,
        means: request.payment_method,
        "payment_method_types": ["card"],
        "metadata": _metadata(request, key),
        "expand": list(EXPANDED),
    }
    return wish | _presence(request) | _owner(request, customer)


def _presence(request: Authorisation) -> dict[str, Any]:
    """Who is not there cannot be sent anywhere."""
    return {"off_session": True} if request.off_session else {"return_url": request.return_url}


def _owner(request: Authorisation, customer: str | None) -> dict[str, Any]:
    wish = {"customer": customer} if customer else {}
    return wish | ({"setup_future_usage": "off_session"} if request.keep else {})


def session(request: Authorisation, key: IntentId, customer: str | None) -> dict[str, Any]:
    """A page of Stripe's, where the payer chooses; both ways off it lead back to us, and say which was taken.

    No `expires_at`: the least is half an hour, and a hold that ends sooner has us close the page.
    """
    told = _metadata(request, key)
    price = {
        "currency": request.amount.currency.lower(),
        "unit_amount": theirs(request.amount),
        "product_data": {"name": f"Booking {request.booking_reference}"},
    }
    data: dict[str, Any] = {"capture_method": "manual", "metadata": told}
    if request.keep:
        data["setup_future_usage"] = "off_session"
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "payment_method_types": ["card"],
        "payment_intent_data": data,
        "success_url": request.return_url,
        "cancel_url": str(URL(request.return_url).update_query({CANCELLED: "1"})),
        "metadata": told,
        **({"customer": customer} if customer else {}),
    }


def customer(request: Authorisation) -> dict[str, Any]:
    """Whom a means is kept for. Who that is stays with us: Stripe gets our own id of them."""
    return {"metadata": {"owner": request.owner}}


def _metadata(request: Authorisation, key: IntentId) -> dict[str, str]:
    return {
        "payment_id": str(request.payment_id),
        "booking_reference": request.booking_reference,
        "intent_id": str(key),
    }
