"""Checkout: the vendor's own page, on which the payment is made, given up, or made too late."""

from typing import Any

import pytest

from tests.sandbox.conftest import Endpoint, WatchedClock
from tests.sandbox.stripe_client import Client

CARD = {"wallet": "", "number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123", "name": "Ann"}


async def _opened(client: Client, **changes: str) -> dict[str, Any]:
    form = {
        "mode": "payment",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "10000",
        "line_items[0][price_data][product_data][name]": "Booking ABC234",
        "line_items[0][quantity]": "1",
        "payment_intent_data[capture_method]": "manual",
        "payment_intent_data[metadata][payment_id]": "p1",
        "metadata[payment_id]": "p1",
        "success_url": "https://shop.example/back?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/back",
        **changes,
    }
    answer = await client.post("/v1/checkout/sessions", form)
    assert answer.status == 200, answer.raw
    return answer.body


async def _session(client: Client, session: dict[str, Any]) -> dict[str, Any]:
    return (await client.get(f"/v1/checkout/sessions/{session['id']}")).body


async def _types(client: Client, page: str, **typed: str) -> tuple[int, str]:
    """What follows: where the page leads, or what it says."""
    async with client.session.post(page, data={**CARD, **typed}, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def test_a_session_is_a_page_and_no_payment_yet(client: Client) -> None:
    session = await _opened(client)
    async with client.session.get(session["url"]) as answer:
        text = await answer.text()

    assert (session["status"], session["payment_intent"], session["amount_total"]) == ("open", None, 10000)
    for part in ("Booking ABC234", "100.00 EUR", "Apple Pay", "no money moves", "https://shop.example/back"):
        assert part in text
    assert await client.ledger() == {}


async def test_who_pays_is_held_to_it_and_comes_back(client: Client) -> None:
    session = await _opened(client)
    followed = await _types(client, session["url"])
    done = await _session(client, session)
    intent = (await client.get(f"/v1/payment_intents/{done['payment_intent']}")).body

    assert followed == (303, f"https://shop.example/back?session={session['id']}")
    assert (done["status"], done["payment_status"], done["url"]) == ("complete", "unpaid", None)
    assert (intent["status"], intent["metadata"]) == ("requires_capture", {"payment_id": "p1"})
    await client.capture(intent)
    assert (await _session(client, session))["payment_status"] == "paid"


@pytest.mark.parametrize("wallet", ["apple_pay", "google_pay", "link"])
async def test_a_wallet_pays_without_a_card_being_typed(client: Client, wallet: str) -> None:
    session = await _opened(client)
    await _types(client, session["url"], wallet=wallet, number="", expiry="", cvc="")
    intent_id = (await _session(client, session))["payment_intent"]
    path = f"/v1/payment_intents/{intent_id}?expand[]=latest_charge"
    charge = (await client.get(path)).body["latest_charge"]

    assert charge["payment_method_details"]["card"]["wallet"]["type"] == wallet


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"number": "4000000000009995"}, "insufficient funds"),
        ({"number": "4242"}, "not a valid credit card number"),
        ({"expiry": "soon"}, "Invalid integer: soon"),
        ({"number": ""}, "number"),
    ],
)
async def test_another_card_helps(client: Client, typed: dict[str, str], told: str) -> None:
    session = await _opened(client)
    status, page = await _types(client, session["url"], **typed)

    assert (status, (await _session(client, session))["status"]) == (200, "open")
    assert told in page
    assert (await _types(client, session["url"]))[0] == 303
    payments = (await client.ledger())["p1"]["payment_intents"]
    assert [payment["status"] for payment in payments] == ["requires_capture"]


@pytest.mark.parametrize(("outcome", "status"), [("complete", "complete"), ("fail", "open")])
async def test_three_d_secure_leads_back_to_the_page(client: Client, outcome: str, status: str) -> None:
    session = await _opened(client)
    _, bank = await _types(client, session["url"], number="4000002760003184")
    async with client.session.post(bank, data={"outcome": outcome}, allow_redirects=False) as answer:
        back = answer.headers["Location"]
    async with client.session.get(back, allow_redirects=False) as answer:
        followed = answer.status

    assert (await _session(client, session))["status"] == status
    assert followed == (303 if status == "complete" else 200)


async def test_a_session_that_its_merchant_ended_takes_nothing(client: Client) -> None:
    session = await _opened(client)
    await _types(client, session["url"], number="4000000000000002")
    path = f"/v1/checkout/sessions/{session['id']}/expire"
    ended, again = await client.post(path), await client.post(path)
    _, page = await _types(client, session["url"])

    assert (ended.body["status"], ended.body["url"], again.status) == ("expired", None, 400)
    assert "time is over" in page
    [intent] = (await client.ledger())["p1"]["payment_intents"]
    assert intent["status"] == "canceled"


async def test_a_session_that_was_paid_cannot_be_ended(client: Client) -> None:
    session = await _opened(client)
    await _types(client, session["url"])

    assert (await client.post(f"/v1/checkout/sessions/{session['id']}/expire")).status == 400


async def test_a_session_ends_by_itself(
    telling_client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    session = await _opened(telling_client)
    await clock.asked_for(24 * 3600)
    clock.advance(24 * 3600)
    told = (await endpoint.next("checkout.session.expired")).event["data"]["object"]

    assert (told["id"], told["status"], told["metadata"]["payment_id"]) == (session["id"], "expired", "p1")


async def test_who_agrees_on_the_page_is_kept_as_a_customer(client: Client) -> None:
    session = await _opened(client, **{"payment_intent_data[setup_future_usage]": "off_session"})
    await _types(client, session["url"])
    done = await _session(client, session)
    cards = (await client.get(f"/v1/customers/{done['customer']}/payment_methods")).body["data"]

    assert [card["card"]["last4"] for card in cards] == ["4242"]


async def test_sessions_are_listed(client: Client) -> None:
    first, second = await _opened(client), await _opened(client)
    await _types(client, first["url"])
    intent = (await _session(client, first))["payment_intent"]
    by_status = (await client.get("/v1/checkout/sessions?status=open")).body["data"]
    by_payment = (await client.get(f"/v1/checkout/sessions?payment_intent={intent}")).body["data"]

    assert [each["id"] for each in by_status] == [second["id"]]
    assert [each["id"] for each in by_payment] == [first["id"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "subscription"},
        {"success_url": ""},
        {"line_items[0][price_data][unit_amount]": "1"},
        {"expires_at": "1"},
        {"colour": "blue"},
    ],
)
async def test_a_session_without_sense_is_refused(client: Client, changes: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="invalid_request_error"):
        await _opened(client, **changes)
