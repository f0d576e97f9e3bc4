"""Orders: what is taken, what is refused, and in which words."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import Endpoint, WatchedClock
from tests.sandbox.paypal_client import AWAY, BACK, Client

ORDERS = "/v2/checkout/orders"


async def test_an_order_waits_for_its_buyer(paypal: Client) -> None:
    order = await paypal.order()
    early = await paypal.post(f"{ORDERS}/{order.body['id']}/authorize")

    assert (order.status, order.body["status"]) == (200, "PAYER_ACTION_REQUIRED")
    assert order.link("payer-action").endswith(f"/paypal/checkoutnow?token={order.body['id']}")
    assert (early.status, early.issue) == (422, "ORDER_NOT_APPROVED")


async def test_an_order_without_a_source_is_created_and_leads_to_its_approval(paypal: Client) -> None:
    context = {"return_url": BACK, "cancel_url": AWAY, "user_action": "PAY_NOW"}
    order = await paypal.order(payment_source=None, application_context=context, key=None)

    assert (order.status, order.body["status"]) == (201, "CREATED")
    assert [each["rel"] for each in order.body["links"]] == ["self", "approve", "update", "authorize"]


async def test_a_source_needs_a_request_id(paypal: Client) -> None:
    answer = await paypal.order(key=None)

    assert (answer.status, answer.issue) == (400, "PAYPAL_REQUEST_ID_REQUIRED")


async def test_a_minimal_answer_has_id_status_and_links(paypal: Client) -> None:
    unit = {"amount": {"currency_code": "EUR", "value": "10.00"}}
    body = {"intent": "AUTHORIZE", "purchase_units": [unit]}
    order = await paypal.post(ORDERS, body, Prefer="return=minimal")

    assert set(order.body) == {"id", "status", "links"}


async def test_an_approved_order_is_authorised_once(paypal: Client) -> None:
    held = await paypal.authorised()
    order_id = held["links"][-1]["href"].rsplit("/", 1)[1]
    again = await paypal.post(f"{ORDERS}/{order_id}/authorize")
    order = (await paypal.get(f"{ORDERS}/{order_id}")).body

    assert (again.status, again.issue) == (422, "ORDER_ALREADY_AUTHORIZED")
    assert (order["status"], order["payer"]["email_address"]) == ("COMPLETED", "anna.vogel@example.org")
    assert order["purchase_units"][0]["payments"]["authorizations"][0]["id"] == held["id"]


async def test_an_order_can_be_captured_at_once_unit_by_unit(paypal: Client) -> None:
    units = [
        {"reference_id": name, "custom_id": name, "amount": {"currency_code": "USD", "value": value}}
        for name, value in (("a", "1.50"), ("b", "2.00"))
    ]
    order = await paypal.order(intent="CAPTURE", purchase_units=units)
    await paypal.approve(order.body["id"])
    taken = await paypal.post(f"{ORDERS}/{order.body['id']}/capture", key="c1")
    again = await paypal.post(f"{ORDERS}/{order.body['id']}/capture")
    ledger = await paypal.ledger()

    found = [unit["payments"]["captures"][0]["amount"]["value"] for unit in taken.body["purchase_units"]]
    assert (taken.status, found) == (201, ["1.50", "2.00"])
    assert (again.status, again.issue) == (422, "ORDER_ALREADY_CAPTURED")
    assert (ledger["a"]["captured"], ledger["b"]["captured"]) == (150, 200)


@pytest.mark.parametrize(("intent", "act"), [("AUTHORIZE", "capture"), ("CAPTURE", "authorize")])
async def test_what_is_done_must_be_what_was_intended(paypal: Client, intent: str, act: str) -> None:
    order = await paypal.order(intent=intent)
    await paypal.approve(order.body["id"])
    answer = await paypal.post(f"{ORDERS}/{order.body['id']}/{act}")

    assert (answer.status, answer.issue) == (422, "ACTION_DOES_NOT_MATCH_INTENT")


@pytest.mark.parametrize(
    ("instrument", "issue"),
    [("declined", "INSTRUMENT_DECLINED"), ("payer_action", "PAYER_ACTION_REQUIRED")],
)
async def test_a_declined_buyer_chooses_another_way(paypal: Client, instrument: str, issue: str) -> None:
    order = (await paypal.order()).body
    path = f"{ORDERS}/{order['id']}/authorize"
    await paypal.approve(order["id"], instrument)
    declined = await paypal.post(path, key="a1")
    waiting = (await paypal.get(f"{ORDERS}/{order['id']}")).body["status"]
    await paypal.approve(order["id"])
    held = await paypal.post(path, key="a1")

    assert (declined.status, declined.issue) == (422, issue)
    assert declined.link("redirect").endswith(f"token={order['id']}")
    assert (waiting, held.status, held.body["status"]) == ("PAYER_ACTION_REQUIRED", 201, "COMPLETED")


async def test_an_invoice_is_paid_once(paypal: Client) -> None:
    await paypal.authorised()
    other = (await paypal.order(key="o2")).body
    await paypal.approve(other["id"])
    answer = await paypal.post(f"{ORDERS}/{other['id']}/authorize")

    assert (answer.status, answer.issue) == (422, "DUPLICATE_INVOICE_ID")


async def test_an_invoice_that_was_given_up_can_be_paid_elsewhere(paypal: Client) -> None:
    first = (await paypal.order()).body["id"]
    change = {"op": "replace", "path": f"{_DEFAULT}/invoice_id", "value": "ABC234-2"}
    await paypal.patch(f"{ORDERS}/{first}", change)
    await paypal.approve(first)
    await paypal.post(f"{ORDERS}/{first}/authorize")
    held = await paypal.authorised(key="o2")

    assert (held["status"], held["invoice_id"]) == ("CREATED", "ABC234-1")


async def test_an_order_that_nobody_approves_is_over_after_three_hours(
    telling_paypal: Client, clock: WatchedClock
) -> None:
    order = (await telling_paypal.order()).body
    await clock.asked_for(timedelta(hours=3).total_seconds())
    clock.advance(timedelta(hours=3))
    refused = await telling_paypal.approve(order["id"])
    answer = await telling_paypal.post(f"{ORDERS}/{order['id']}/authorize")

    assert (refused.status, answer.issue) == (409, "ORDER_EXPIRED")


async def test_an_approval_that_nobody_takes_is_taken_back(
    telling_paypal: Client, paypal_endpoint: Endpoint, clock: WatchedClock
) -> None:
    order = (await telling_paypal.order()).body
    await telling_paypal.approve(order["id"])
    await clock.asked_for(timedelta(hours=3).total_seconds())
    clock.advance(timedelta(hours=3))
    told = (await paypal_endpoint.next("CHECKOUT.PAYMENT-APPROVAL.REVERSED")).event["resource"]

    assert (told["order_id"], told["purchase_units"][0]["custom_id"]) == (order["id"], "p1")


def _unit(**changes: Any) -> dict[str, Any]:
    return {"amount": {"currency_code": "EUR", "value": "10.00"}, **changes}


def _eur(value: str) -> dict[str, str]:
    return {"currency_code": "EUR", "value": value}


_WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"intent": None}, 400, "MISSING_REQUIRED_PARAMETER"),
    ({"intent": "STEAL"}, 400, "INVALID_PARAMETER_VALUE"),
    ({"purchase_units": None}, 400, "MISSING_REQUIRED_PARAMETER"),
    ({"purchase_units": []}, 400, "INVALID_ARRAY_MIN_ITEMS"),
    ({"purchase_units": [_unit(reference_id=str(n)) for n in range(11)]}, 400, "INVALID_ARRAY_MAX_ITEMS"),
    ({"purchase_units": [{}]}, 400, "MISSING_REQUIRED_PARAMETER"),
    ({"purchase_units": [_unit(custom_id="x" * 128)]}, 400, "INVALID_STRING_LENGTH"),
    ({"purchase_units": [_unit(custom_id=7)]}, 400, "INVALID_PARAMETER_SYNTAX"),
    ({"purchase_units": [_unit(reference_id="a"), _unit(reference_id="b")]}, 422, "UNSUPPORTED_INTENT"),
    ({"purchase_units": [_unit(amount=_eur("ten"))]}, 400, "INVALID_PARAMETER_SYNTAX"),
    ({"purchase_units": [_unit(amount=_eur("0.00"))]}, 422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
    ({"purchase_units": [_unit(amount=_eur("-1.00"))]}, 422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
    ({"purchase_units": [_unit(amount=_eur("1.001"))]}, 422, "DECIMAL_PRECISION"),
    ({"purchase_units": [_unit(amount=_eur("1000000000000000.00"))]}, 422, "MAX_VALUE_EXCEEDED"),
    (
        {"purchase_units": [_unit(amount={"currency_code": "JPY", "value": "100.00"})]},
        422,
        "DECIMAL_PRECISION",
    ),
    (
        {"purchase_units": [_unit(amount={"currency_code": "KWD", "value": "1.000"})]},
        422,
        "INVALID_CURRENCY_CODE",
    ),
    (
        {"purchase_units": [_unit(amount={**_eur("10.00"), "breakdown": {"item_total": _eur("9.99")}})]},
        422,
        "AMOUNT_MISMATCH",
    ),
    (
        {"purchase_units": [_unit(items=[{"name": "Room", "quantity": "2", "unit_amount": _eur("5.00")}])]},
        422,
        "ITEM_TOTAL_REQUIRED",
    ),
    ({"payment_source": {"card": {"number": "4111111111111111"}}}, 422, "PAYMENT_SOURCE_CANNOT_BE_USED"),
]


@pytest.mark.parametrize(("changes", "status", "issue"), _WRONG, ids=lambda value: str(value)[:40])
async def test_what_makes_no_sense_is_refused_and_named(
    paypal: Client, changes: dict[str, Any], status: int, issue: str
) -> None:
    answer = await paypal.order(**changes)

    assert (answer.status, answer.issue) == (status, issue)
    assert answer.body["debug_id"] == answer.headers["Paypal-Debug-Id"]


async def test_a_breakdown_with_items_adds_up(paypal: Client) -> None:
    item = {"name": "Room", "quantity": "2", "unit_amount": _eur("5.00"), "tax": _eur("0.50")}
    breakdown = {"item_total": _eur("10.00"), "tax_total": _eur("1.00"), "discount": _eur("2.00")}
    order = await paypal.order(unit={"amount": {**_eur("9.00"), "breakdown": breakdown}, "items": [item]})
    unit = (await paypal.get(f"{ORDERS}/{order.body['id']}")).body["purchase_units"][0]

    assert (unit["amount"]["breakdown"], unit["items"]) == (breakdown, [item])


@pytest.mark.parametrize(
    ("currency", "value"), [("JPY", "1200"), ("HUF", "900"), ("TWD", "30"), ("EUR", "0.01")]
)
async def test_amounts_are_written_in_the_vendors_decimals(paypal: Client, currency: str, value: str) -> None:
    order = await paypal.order(unit={"amount": {"currency_code": currency, "value": value}})

    assert order.body["purchase_units"][0]["amount"] == {"currency_code": currency, "value": value}


async def test_an_order_can_be_changed_until_it_is_paid(paypal: Client) -> None:
    order = (await paypal.order(payment_source=None, key=None)).body
    path, unit = f"{ORDERS}/{order['id']}", "/purchase_units/@reference_id=='default'"
    changed = await paypal.patch(
        path,
        {"op": "replace", "path": f"{unit}/amount", "value": _eur("80.00")},
        {"op": "remove", "path": f"{unit}/description"},
        {"op": "add", "path": f"{unit}/soft_descriptor", "value": "VOGEL"},
    )
    first = (await paypal.get(path)).body["purchase_units"][0]
    good = await paypal.patch(path, {"op": "replace", "path": f"{unit}/amount", "value": _eur("80.00")})
    second = (await paypal.get(path)).body["purchase_units"][0]

    assert (changed.status, changed.issue) == (400, "INVALID_PATCH_OPERATION")
    assert (first["amount"]["value"], good.status, second["amount"]["value"]) == ("100.00", 204, "80.00")


_DEFAULT = "/purchase_units/@reference_id=='default'"


@pytest.mark.parametrize(
    ("operation", "status", "issue"),
    [
        ({"op": "replace", "path": f"{_DEFAULT}/payee", "value": {}}, 400, "FIELD_NOT_PATCHABLE"),
        ({"op": "replace", "path": "/status", "value": "APPROVED"}, 422, "NOT_PATCHABLE"),
        ({"op": "replace", "value": 1}, 422, "PATCH_PATH_REQUIRED"),
        ({"op": "replace", "path": f"{_DEFAULT}/amount"}, 422, "PATCH_VALUE_REQUIRED"),
        ({"op": "steal", "path": "/intent", "value": "CAPTURE"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"op": "add", "path": f"{_DEFAULT}/custom_id", "value": "p2"}, 400, "INVALID_PATCH_OPERATION"),
        (
            {"op": "replace", "path": "/purchase_units/@reference_id=='x'/custom_id", "value": "p2"},
            422,
            "REFERENCE_ID_NOT_FOUND",
        ),
        (
            {"op": "replace", "path": f"{_DEFAULT}/amount", "value": _eur("0.00")},
            422,
            "CANNOT_BE_ZERO_OR_NEGATIVE",
        ),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    paypal: Client, operation: dict[str, Any], status: int, issue: str
) -> None:
    order = (await paypal.order()).body
    answer = await paypal.patch(f"{ORDERS}/{order['id']}", operation)

    assert (answer.status, answer.issue) == (status, issue)


async def test_a_buyer_pays_what_was_approved(paypal: Client) -> None:
    order = (await paypal.order()).body
    await paypal.approve(order["id"])
    change = {"op": "replace", "path": f"{_DEFAULT}/amount", "value": _eur("999.00")}
    approved = await paypal.patch(f"{ORDERS}/{order['id']}", change)
    await paypal.post(f"{ORDERS}/{order['id']}/authorize")
    paid = await paypal.patch(f"{ORDERS}/{order['id']}", change)

    assert [approved.issue, paid.issue] == ["AMOUNT_CHANGE_NOT_ALLOWED", "ORDER_ALREADY_COMPLETED"]


@pytest.mark.parametrize(
    "path",
    [
        f"{ORDERS}/NOBODY",
        "/v2/payments/authorizations/NOBODY",
        "/v2/payments/captures/NOBODY",
        "/v2/payments/refunds/NOBODY",
    ],
)
async def test_what_is_not_there_is_not_found(paypal: Client, path: str) -> None:
    answer = await paypal.get(path)

    assert (answer.status, answer.issue) == (404, "INVALID_RESOURCE_ID")
