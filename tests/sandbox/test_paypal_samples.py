"""What the vendor answered in its own sandbox, held against what the stand-in answers: no name is missing.

A recorded answer is read as a pattern: each name in it is one of ours too, with a value of the same kind.
"""

from typing import Any

import pytest

from tests import vendor_specs
from tests.sandbox.conftest import Endpoint
from tests.sandbox.paypal_client import Client

# What the stand-in leaves out, and why.
_LEFT_OUT = {
    "shipping": "nothing is shipped",
    "platform_fees": "for marketplaces only",
    "receivable_amount": "the merchant's account is in every currency",
    "exchange_rate": "the merchant's account is in every currency",
    "encType": "the description of webhooks does not know it",
}


def _sample(name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = vendor_specs.samples("paypal/examples").get(name)
    return found


def _missing(sample: Any, ours: Any, path: str = "") -> list[str]:
    """The names of the sample that ours lacks, with their paths."""
    if isinstance(sample, dict) and isinstance(ours, dict):
        lacking = [f"{path}/{name}" for name in sample if name not in ours and name not in _LEFT_OUT]
        shared = [name for name in sample if name in ours]
        return lacking + [
            each for name in shared for each in _missing(sample[name], ours[name], f"{path}/{name}")
        ]
    if isinstance(sample, list) and isinstance(ours, list):
        return _missing(sample[0], ours[0], f"{path}/0") if sample and ours else []
    return [] if sample == [] or type(sample) is type(ours) else [f"{path}: {type(ours).__name__}"]


def _hold(sample: str, ours: dict[str, Any]) -> None:
    recorded = _sample(sample)
    if recorded is not None:
        assert _missing(recorded, ours) == []


async def test_orders_are_written_as_recorded(paypal: Client) -> None:
    unit = {"amount": {"currency_code": "USD", "value": "10.00"}}
    body = {"intent": "CAPTURE", "purchase_units": [unit]}
    made = await paypal.post("/v2/checkout/orders", body, Prefer="return=minimal")
    read = await paypal.get(f"/v2/checkout/orders/{made.body['id']}")
    _hold("OrderCreateCapture.json", made.body)
    _hold("OrderGet.json", read.body)

    assert [each["rel"] for each in made.body["links"]] == ["self", "approve", "update", "capture"]


async def test_a_payment_is_written_as_recorded(paypal: Client) -> None:
    order = (await paypal.order()).body
    await paypal.approve(order["id"])
    held = await paypal.post(f"/v2/checkout/orders/{order['id']}/authorize", Prefer="return=minimal")
    thing = held.body["purchase_units"][0]["payments"]["authorizations"][0]
    taken = await paypal.take(thing["id"])
    _hold("OrderAuthorize.json", held.body)
    _hold("PaymentGetCaptured.json", (await paypal.get(f"/v2/payments/captures/{taken.body['id']}")).body)

    assert [each["rel"] for each in thing["links"]] == ["self", "capture", "void", "reauthorize", "up"]


@pytest.mark.parametrize(
    ("sample", "instrument", "kind"),
    [
        ("webhook.PaymentAuthorizationVoided.json", "balance", "PAYMENT.AUTHORIZATION.VOIDED"),
        ("webhook.PaymentCaptureDeclined.json", "capture_declined", "PAYMENT.CAPTURE.DECLINED"),
        ("webhook.PaymentCaptureRefunded.json", "balance", "PAYMENT.CAPTURE.REFUNDED"),
    ],
)
async def test_events_are_written_as_recorded(
    telling_paypal: Client, paypal_endpoint: Endpoint, *, sample: str, instrument: str, kind: str
) -> None:
    held = await telling_paypal.authorised(instrument)
    taken = await telling_paypal.take(held["id"], "60.00")
    if taken.body["status"] == "COMPLETED":
        await telling_paypal.refund(taken.body["id"], "10.00")
    await telling_paypal.post(f"/v2/payments/authorizations/{held['id']}/void")

    _hold(sample, (await paypal_endpoint.next(kind)).event)


async def test_a_reversed_approval_is_written_as_recorded(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    order = (await telling_paypal.order()).body
    await telling_paypal.approve(order["id"])
    await telling_paypal.control(f"/orders/{order['id']}/reverse")
    told = (await paypal_endpoint.next("CHECKOUT.PAYMENT-APPROVAL.REVERSED")).event
    recorded = _sample("webhook.CheckoutPaymentApprovalReversed.json")
    if recorded is not None:
        del recorded["resource"]["payment_source"]  # recorded with another source
        assert _missing(recorded, told) == []

    assert told["resource"]["order_id"] == order["id"]
