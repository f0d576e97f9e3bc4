"""Confirmation tokens: what the Payment Element makes of a card or a wallet, for one confirmation."""

from typing import Any

import pytest

from tests.sandbox.conftest import WatchedClock
from tests.sandbox.stripe_client import Client

BROWSER = {"Authorization": "Bearer pk_test_sandbox"}
CARD = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": "4242424242424242",
    "payment_method_data[card][exp_month]": "12",
    "payment_method_data[card][exp_year]": "34",
    "payment_method_data[card][cvc]": "123",
}


async def _pays(client: Client, token: str, **changes: str) -> Any:
    return await client.authorise(payment_method="", confirmation_token=token, **changes)


async def test_a_browser_makes_a_token_and_the_merchant_is_paid_with_it(client: Client) -> None:
    token = (await client.post("/v1/confirmation_tokens", CARD, **BROWSER)).body
    paid = (await _pays(client, token["id"])).body
    used = (await client.get(f"/v1/confirmation_tokens/{token['id']}")).body

    assert (token["payment_method_preview"]["card"]["last4"], token["payment_intent"]) == ("4242", None)
    assert paid["status"] == "requires_capture"
    assert (used["payment_intent"], used["expires_at"]) == (paid["id"], None)


async def test_a_wallet_is_a_card_that_says_where_it_came_from(client: Client) -> None:
    wish = {**CARD, "payment_method_data[card][wallet]": "apple_pay"}
    token = (await client.post("/v1/confirmation_tokens", wish, **BROWSER)).body
    paid = (await _pays(client, token["id"], **{"expand[0]": "payment_method"})).body

    assert token["payment_method_preview"]["card"]["wallet"]["type"] == "apple_pay"
    assert paid["payment_method"]["card"]["wallet"] == {
        "type": "apple_pay",
        "apple_pay": {},
        "dynamic_last4": "4242",
    }


async def test_a_token_is_good_for_one_payment(client: Client) -> None:
    token = await client.token()
    await _pays(client, token)
    again = await _pays(client, token)

    assert (again.status, again.error["param"]) == (400, "confirmation_token")


async def test_a_token_is_good_for_twelve_hours(client: Client, clock: WatchedClock) -> None:
    token = await client.token()
    clock.advance(12 * 3600)

    assert (await _pays(client, token)).status == 400
    assert await client.ledger() == {}


async def test_a_token_may_be_of_a_card_that_is_declined(client: Client) -> None:
    token = await client.token("pm_card_visa_chargeDeclinedInsufficientFunds")

    assert (await _pays(client, token)).error["decline_code"] == "insufficient_funds"


async def test_a_token_brings_the_consent_to_later_charges(client: Client) -> None:
    customer = await client.customer()
    token = await client.token(setup_future_usage="off_session")
    paid = (await _pays(client, token, customer=customer)).body

    assert paid["setup_future_usage"] == "off_session"
    assert (await client.get(f"/v1/payment_methods/{paid['payment_method']}")).body["customer"] == customer


@pytest.mark.parametrize("changes", [{"payment_method_data[card][number]": "4242"}, {"metadata[a]": "b"}])
async def test_a_token_of_nothing_is_not_made(client: Client, changes: dict[str, str]) -> None:
    answer = await client.post("/v1/confirmation_tokens", {**CARD, **changes}, **BROWSER)

    assert answer.status in {400, 402}


async def test_the_key_of_browsers_pays_nothing(client: Client) -> None:
    token = await client.token()
    refused = await client.post("/v1/payment_intents", {"confirmation_token": token}, **BROWSER)

    assert refused.error["code"] == "secret_key_required"


async def test_a_page_loads_the_element_from_its_own_place(client: Client) -> None:
    async with client.session.get(f"{client.base_url}/js/v3/") as answer:
        script = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/javascript")
    async with client.session.get(f"{client.base_url}/js/v3/element") as answer:
        policy, frame = answer.headers["Content-Security-Policy"], await answer.text()

    assert "createConfirmationToken" in script
    assert "frame-ancestors" not in policy
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    for part in ('name="number"', 'value="apple_pay"', "no money moves", 'lang="en"'):
        assert part in frame
