"""What payers, banks and merchants do, without a browser and without waiting."""

from typing import Any

import pytest

from tests.sandbox.conftest import Endpoint
from tests.sandbox.stripe_client import Client

WEEK = 7 * 24 * 3600


async def _intent(client: Client, intent: dict[str, Any]) -> dict[str, Any]:
    return (await client.get(f"/v1/payment_intents/{intent['id']}?expand[]=latest_charge")).body


@pytest.mark.parametrize(
    ("outcome", "status"), [("complete", "requires_capture"), ("fail", "requires_payment_method")]
)
async def test_a_payer_proves_who_they_are_or_not(client: Client, outcome: str, status: str) -> None:
    intent = (await client.authorise(payment_method="pm_card_authenticationRequired")).body
    path = f"/payment_intents/{intent['id']}/authenticate"
    answer = await client.control(path, {"outcome": outcome})

    assert answer == (200, {"status": status})
    assert (await client.control(path, {"outcome": outcome}))[0] == 400


@pytest.mark.parametrize(
    ("token", "status"), [("pm_card_visa", "complete"), ("pm_card_chargeDeclined", "open")]
)
async def test_a_payer_is_done_with_checkout(client: Client, token: str, status: str) -> None:
    form = {
        "mode": "payment",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "10000",
        "line_items[0][price_data][product_data][name]": "Booking ABC234",
        "line_items[0][quantity]": "1",
        "success_url": "https://shop.example/back",
    }
    session = (await client.post("/v1/checkout/sessions", form)).body
    path = f"/checkout_sessions/{session['id']}/pay"

    assert await client.control(path, {"payment_method": token}) == (200, {"status": status})
    assert (await client.control(path))[0] == (200 if status == "open" else 400)


@pytest.mark.parametrize(("inquiry", "won"), [(False, "won"), (True, "warning_closed")])
async def test_any_payment_can_be_disputed_and_decided(client: Client, inquiry: bool, won: str) -> None:
    paid = await client.paid("pm_card_visa")
    path = f"/payment_intents/{paid['id']}/dispute"
    status, told = await client.control(path, {"reason": "duplicate", "inquiry": inquiry})
    dispute = (await client.get(f"/v1/disputes/{told['dispute']}")).body
    resolve = f"/disputes/{told['dispute']}/resolve"

    assert (status, dispute["reason"]) == (200, "duplicate")
    assert await client.control(resolve, {"outcome": "won"}) == (200, {"status": won})
    assert (await client.control(resolve, {"outcome": "lost"}))[0] == 400
    assert (await client.control(path))[0] == 400


async def test_what_was_never_taken_is_not_disputed(client: Client) -> None:
    held = (await client.authorise()).body

    assert (await client.control(f"/payment_intents/{held['id']}/dispute"))[0] == 400
    assert (await client.control("/payment_intents/pi_nobody/dispute"))[0] == 404


@pytest.mark.parametrize(("captured", "status"), [(True, "succeeded"), (False, "canceled")])
async def test_a_review_may_end_badly(client: Client, captured: bool, status: str) -> None:
    intent = (await client.authorise(payment_method="pm_card_riskLevelElevated")).body
    if captured:
        await client.capture(intent)
    answer = await client.control(f"/reviews/{intent['review']}/refuse")

    assert answer == (200, {"status": status})
    assert (await _intent(client, intent))["latest_charge"]["refunded"] is True
    assert (await client.get(f"/v1/reviews/{intent['review']}")).body["closed_reason"] == "refunded"


async def test_a_week_goes_by(telling_client: Client, endpoint: Endpoint) -> None:
    """What is signed is signed today: who gets it would not believe in next week."""
    intent = (await telling_client.authorise()).body
    now = endpoint.clock.now()
    status, _ = await telling_client.control("/clock", {"forward_seconds": WEEK})
    told = await endpoint.next("payment_intent.canceled")

    assert status == 200
    assert told.headers["Stripe-Signature"].startswith(f"t={int(now.timestamp())},")
    assert told.event["created"] == int(now.timestamp()) + WEEK
    assert (await _intent(telling_client, intent))["cancellation_reason"] == "automatic"


@pytest.mark.parametrize(
    ("path", "wish"),
    [
        ("/clock", {"forward_seconds": -1}),
        ("/clock", {"backward": 1}),
        ("/payment_intents/{id}/dispute", {"reason": "bad mood"}),
    ],
)
async def test_a_wish_without_sense_is_refused(client: Client, path: str, wish: dict[str, Any]) -> None:
    paid = await client.paid("pm_card_visa")
    status, told = await client.control(path.replace("{id}", paid["id"]), wish)

    assert (status, bool(told["error"])) == (400, True)
