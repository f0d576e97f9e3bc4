"""Looking back: transactions for who compares books, and the events that were told."""

from typing import Any

import pytest

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal.sandbox import WEBHOOK_ID
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sources import Sources
from tests.sandbox.conftest import Endpoint, WatchedClock, paypal_server
from tests.sandbox.paypal_client import Client

RANGE = "start_date=2026-11-01T00:00:00Z&end_date=2026-11-30T00:00:00Z"


async def _transactions(client: Client, query: str = RANGE) -> list[dict[str, Any]]:
    body = (await client.get(f"/v1/reporting/transactions?{query}&fields=all")).body
    return [each["transaction_info"] for each in body["transaction_details"]]


async def test_every_movement_is_a_transaction(paypal: Client, clock: WatchedClock) -> None:
    held = await paypal.authorised()
    taken = await paypal.take(held["id"])
    clock.advance(1)
    refund = await paypal.refund(taken.body["id"], "40.00")
    clock.advance(1)
    await paypal.control(f"/captures/{taken.body['id']}/reverse")
    found = await _transactions(paypal)

    told = [(each["transaction_event_code"], each["transaction_amount"]["value"]) for each in found]
    assert told == [("T0006", "100.00"), ("T1107", "-40.00"), ("T1106", "-60.00")]
    assert found[0]["fee_amount"] == {"currency_code": "EUR", "value": "-3.98"}
    assert (found[0]["transaction_id"], found[0]["custom_field"]) == (taken.body["id"], "p1")
    assert (found[1]["transaction_id"], found[1]["paypal_reference_id"]) == (
        refund.body["id"],
        taken.body["id"],
    )


async def test_one_can_be_asked_for_and_many_come_in_pages(paypal: Client) -> None:
    held = await paypal.authorised()
    ids = [(await paypal.take(held["id"], "1.00")).body["id"] for _ in range(3)]
    one = await _transactions(paypal, f"{RANGE}&transaction_id={ids[1]}")
    second = (await paypal.get(f"/v1/reporting/transactions?{RANGE}&page_size=2&page=2")).body
    none = await _transactions(paypal, "start_date=2026-10-01T00:00:00Z&end_date=2026-10-30T00:00:00Z")

    assert [each["transaction_id"] for each in one] == [ids[1]]
    assert (second["total_items"], second["total_pages"], len(second["transaction_details"])) == (3, 2, 1)
    assert none == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "start_date=2026-11-01T00:00:00Z",
        "start_date=yesterday&end_date=2026-11-30T00:00:00Z",
        "start_date=2026-11-01T00:00:00&end_date=2026-11-30T00:00:00Z",
        "start_date=2026-10-01T00:00:00Z&end_date=2026-11-30T00:00:00Z",
        f"{RANGE}&page=0",
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(paypal: Client, query: str) -> None:
    answer = await paypal.get(f"/v1/reporting/transactions?{query}")

    assert (answer.status, answer.body["name"]) == (400, "INVALID_REQUEST")


async def test_an_app_without_the_permission_may_not_search(sources: Sources, switches: Switches) -> None:
    server = paypal_server(sources, switches, terms=Terms(may_search=False))
    await server.start()
    async with Client(server.url("paypal")) as client:
        answer = await client.get(f"/v1/reporting/transactions?{RANGE}")
    await server.stop()

    assert (answer.status, answer.body["name"]) == (403, "NOT_AUTHORIZED")


async def test_events_can_be_listed_and_sent_again(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    held = await telling_paypal.authorised()
    first = await paypal_endpoint.next("PAYMENT.AUTHORIZATION.CREATED")
    listed = (await telling_paypal.get(f"/v1/notifications/webhooks-events?transaction_id={held['id']}")).body
    path = f"/v1/notifications/webhooks-events/{first.event['id']}"
    shown = (await telling_paypal.get(path)).body
    sent = await telling_paypal.post(f"{path}/resend", {"webhook_ids": [WEBHOOK_ID]})
    again = await paypal_endpoint.next("PAYMENT.AUTHORIZATION.CREATED")

    assert [each["id"] for each in listed["events"]] == [first.event["id"]]
    assert (shown, again.body, sent.status) == (first.event, first.body, 202)


async def test_the_vendor_says_whether_an_event_is_genuine(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    await telling_paypal.authorised()
    delivery = await paypal_endpoint.next()
    headers = delivery.headers
    asked = {
        "auth_algo": headers["PAYPAL-AUTH-ALGO"],
        "cert_url": headers["PAYPAL-CERT-URL"],
        "transmission_id": headers["PAYPAL-TRANSMISSION-ID"],
        "transmission_sig": headers["PAYPAL-TRANSMISSION-SIG"],
        "transmission_time": headers["PAYPAL-TRANSMISSION-TIME"],
        "webhook_id": WEBHOOK_ID,
        "webhook_event": delivery.event,
    }
    wrong: list[dict[str, Any]] = [
        {"webhook_id": "OTHER"},
        {"transmission_sig": "bm9uc2Vuc2U="},
        {"transmission_time": "2026-11-22T12:00:01Z"},
        {"webhook_event": {**delivery.event, "summary": "All is well"}},
    ]
    found = [
        (await telling_paypal.post("/v1/notifications/verify-webhook-signature", {**asked, **change})).body
        for change in ({}, *wrong)
    ]

    assert [each["verification_status"] for each in found] == ["SUCCESS", *["FAILURE"] * 4]
