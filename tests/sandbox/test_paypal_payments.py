"""The life of a payment: created, approved, authorised, captured, voided, given back."""

from tests.sandbox.paypal_client import Client


async def test_an_order_waits_for_its_buyer(paypal: Client) -> None:
    order = await paypal.order()
    early = await paypal.post(f"/v2/checkout/orders/{order.body['id']}/authorize")

    assert (order.status, order.body["status"]) == (200, "PAYER_ACTION_REQUIRED")
    assert order.link("payer-action").endswith(f"/paypal/checkoutnow?token={order.body['id']}")
    assert (early.status, early.issue) == (422, "ORDER_NOT_APPROVED")


async def test_money_is_held_taken_and_given_back(paypal: Client) -> None:
    held = await paypal.authorised()
    before = (await paypal.ledger())["p1"]
    taken = await paypal.take(held["id"], final_capture=True)
    back = await paypal.refund(taken.body["id"], "40.00")
    rest = await paypal.refund(taken.body["id"])

    assert (before["authorised"], before["captured"]) == (10000, 0)
    assert (taken.status, taken.body["status"], taken.body["amount"]["value"]) == (201, "COMPLETED", "100.00")
    assert [each.body["amount"]["value"] for each in (back, rest)] == ["40.00", "60.00"]
    assert (await paypal.get(f"/v2/payments/captures/{taken.body['id']}")).body["status"] == "REFUNDED"
    ledger = (await paypal.ledger())["p1"]
    assert [ledger[name] for name in ("authorised", "captured", "refunded")] == [0, 10000, 10000]
