"""PayPal-Request-Id: one effect for each, and what has become of it for who asks again."""

import asyncio
from datetime import timedelta

import pytest

from tests.sandbox.conftest import WatchedClock
from tests.sandbox.paypal_client import Client


async def test_the_same_order_again_is_the_first_one(paypal: Client) -> None:
    first = await paypal.order(payment_source=None, key="o1")
    await paypal.approve(first.body["id"])
    again = await paypal.order(payment_source=None, key="o1")

    assert (first.status, again.status) == (201, 200)
    assert (again.body["id"], again.body["status"]) == (first.body["id"], "APPROVED")


async def test_another_body_with_the_same_id_makes_nothing_new(paypal: Client) -> None:
    first = await paypal.order(key="o1")
    other = await paypal.order(key="o1", unit={"amount": {"currency_code": "USD", "value": "1.00"}})

    assert other.body["id"] == first.body["id"]
    assert other.body["purchase_units"][0]["amount"]["currency_code"] == "EUR"


async def test_every_deed_is_done_once_for_an_id(paypal: Client) -> None:
    order = (await paypal.order()).body
    await paypal.approve(order["id"])
    path = f"/v2/checkout/orders/{order['id']}/authorize"
    held = [(await paypal.post(path, key="k")).body["purchase_units"][0]["payments"] for _ in range(2)]
    held_id = held[0]["authorizations"][0]["id"]
    taken = [(await paypal.take(held_id, "30.00", key="k")).body for _ in range(2)]
    back = [(await paypal.refund(taken[0]["id"], "10.00", key="k")).body for _ in range(2)]
    gone = [await paypal.post(f"/v2/payments/authorizations/{held_id}/void", key="k") for _ in range(2)]

    assert held[0] == held[1]
    assert (taken[0]["id"], back[0]["id"]) == (taken[1]["id"], back[1]["id"])
    assert [each.status for each in gone] == [200, 200]
    ledger = (await paypal.ledger())["p1"]
    assert [ledger[name] for name in ("authorised", "captured", "refunded")] == [0, 3000, 1000]


async def test_the_latest_state_is_told(paypal: Client) -> None:
    held = await paypal.authorised()
    taken = await paypal.take(held["id"], key="k")
    await paypal.refund(taken.body["id"])
    again = await paypal.take(held["id"], key="k")

    assert (taken.body["status"], again.body["status"]) == ("COMPLETED", "REFUNDED")


async def test_without_an_id_it_is_done_again(paypal: Client) -> None:
    held = await paypal.authorised()
    taken = [(await paypal.take(held["id"], "30.00")).body["id"] for _ in range(2)]

    assert taken[0] != taken[1]


async def test_what_was_refused_can_be_tried_again_with_the_same_id(paypal: Client) -> None:
    held = await paypal.authorised()
    refused = await paypal.take(held["id"], "999.00", key="k")
    taken = await paypal.take(held["id"], "99.00", key="k")

    assert (refused.status, taken.status) == (422, 201)


async def test_two_at_once_are_one_and_a_conflict(paypal: Client, clock: WatchedClock) -> None:
    taken = await paypal.take((await paypal.authorised())["id"])
    await paypal.misbehave(operation="refund", how="slow", seconds=5)
    first = asyncio.create_task(paypal.refund(taken.body["id"], "10.00", key="k"))
    await clock.asked_for(5)
    second = await paypal.refund(taken.body["id"], "10.00", key="k")
    clock.advance(5)

    assert (second.status, second.issue) == (409, "PREVIOUS_REQUEST_IN_PROGRESS")
    assert (await first).status == 201
    assert (await paypal.ledger())["p1"]["refunded"] == 1000


@pytest.mark.parametrize(("days", "same"), [(44, True), (46, False)])
async def test_an_id_of_a_payment_is_remembered_for_forty_five_days(
    paypal: Client, clock: WatchedClock, days: int, same: bool
) -> None:
    taken = await paypal.take((await paypal.authorised())["id"])
    first = await paypal.refund(taken.body["id"], "1.00", key="k")
    clock.advance(timedelta(days=days))
    async with Client(paypal.base_url) as later:
        again = await later.refund(taken.body["id"], "1.00", key="k")

    assert (first.body["id"] == again.body["id"]) is same


async def test_an_id_of_an_order_is_remembered_for_six_hours(paypal: Client, clock: WatchedClock) -> None:
    first = await paypal.order()
    clock.advance(timedelta(hours=6))

    assert (await paypal.order()).body["id"] != first.body["id"]


async def test_an_id_that_is_too_long_is_refused(paypal: Client) -> None:
    answer = await paypal.order(key="x" * 109)

    assert (answer.status, answer.issue) == (400, "INVALID_STRING_LENGTH")
