"""What we ask of PayPal, in its words.

The one rule: a body depends on nothing but the request, so that the same call again is the same.
"""

from typing import Any

from yarl import URL

from bookingd.gateways.paypal_amounts import theirs
from bookingd.gateways.port import CANCELLED, Authorisation
from bookingd.outcomes import Refused


def check(request: Authorisation) -> None:
    """Raises Refused for what PayPal is not asked for: no means is kept, and its payer chooses there."""
    if request.off_session:
        raise Refused("not_supported", "nothing is charged at PayPal without its payer")
    if request.payment_method:
        raise Refused("payment_method_not_taken", "the payer chooses how to pay at PayPal's own page")


def order(request: Authorisation, brand: str) -> dict[str, Any]:
    """An order to be authorised.

    `custom_id` is our own id of the payment: PayPal hands it on to what becomes of the order. `invoice_id` is
    as unique, and more: PayPal takes no money twice under one, should there ever be two orders of a payment.
    """
    unit = {
        "custom_id": str(request.payment_id),
        "invoice_id": f"{request.booking_reference}-{request.payment_id}",
        "description": f"Booking {request.booking_reference}",
        "amount": theirs(request.amount),
    }
    wallet = {"experience_context": _experience(request.return_url, brand)}
    return {"intent": "AUTHORIZE", "purchase_units": [unit], "payment_source": {"paypal": wallet}}


def _experience(return_url: str, brand: str) -> dict[str, str]:
    """What the payer sees. The price is final, nothing is sent anywhere, and means that take days to clear
    are not offered: seats are not held for so long.
    """
    back = URL(return_url)
    return {
        **({"brand_name": brand} if brand else {}),
        "shipping_preference": "NO_SHIPPING",
        "user_action": "PAY_NOW",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "return_url": str(back),
        "cancel_url": str(back.update_query({CANCELLED: "1"})),
    }
