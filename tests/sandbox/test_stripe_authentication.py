"""3-D Secure at the stand-in: the page, its two ends, and the way back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.stripe_client import Client

THREE_D_SECURE = ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"]


async def _sent_to_bank(client: Client, token: str = THREE_D_SECURE[0]) -> tuple[str, str]:
    """A payment that waits for its payer: its id and the page."""
    intent = (await client.authorise(payment_method=token)).body
    return intent["id"], intent["next_action"]["redirect_to_url"]["url"]


async def _answer(client: Client, page: str, outcome: str) -> dict[str, str]:
    async with client.session.post(page, data={"outcome": outcome}, allow_redirects=False) as answer:
        assert answer.status == 303
        back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "https://shop.example/back"
    return {name: values[0] for name, values in parse_qs(back.query).items()}


@pytest.mark.parametrize("token", THREE_D_SECURE)
async def test_a_payment_waits_for_its_payer(client: Client, token: str) -> None:
    intent = (await client.authorise(payment_method=token)).body

    assert (intent["status"], intent["amount_capturable"]) == ("requires_action", 0)
    assert intent["next_action"]["type"] == "redirect_to_url"


async def test_the_page_says_what_is_paid_and_to_whom(client: Client) -> None:
    _, page = await _sent_to_bank(client)
    async with client.session.get(page) as answer:
        text = await answer.text()

    assert answer.content_type == "text/html"
    for part in ("100.00 EUR", "Booking ABC234", "Visa ending in 3184", "no money moves", 'lang="en"'):
        assert part in text


async def test_the_page_cannot_be_framed_and_loads_nothing(client: Client) -> None:
    _, page = await _sent_to_bank(client)
    async with client.session.get(page) as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_a_merchant_writes_is_text_on_the_page(client: Client) -> None:
    intent = await client.authorise(
        payment_method=THREE_D_SECURE[0], **{"metadata[booking_reference]": "<b>x</b>"}
    )
    async with client.session.get(intent.body["next_action"]["redirect_to_url"]["url"]) as answer:
        assert "<b>x" not in await answer.text()


async def test_completing_authorises_and_leads_back(client: Client) -> None:
    intent_id, page = await _sent_to_bank(client)
    back = await _answer(client, page, "complete")
    path = f"/v1/payment_intents/{intent_id}?expand[]=latest_charge"
    intent = (await client.get(path)).body

    assert (back["payment_intent"], back["redirect_status"], back["booking"]) == (
        intent_id,
        "succeeded",
        "ABC234",
    )
    assert (intent["status"], intent["next_action"]) == ("requires_capture", None)
    assert (
        intent["latest_charge"]["payment_method_details"]["card"]["three_d_secure"]["result"]
        == "authenticated"
    )


async def test_failing_takes_nothing_and_leads_back(client: Client) -> None:
    intent_id, page = await _sent_to_bank(client)
    back = await _answer(client, page, "fail")
    intent = (await client.get(f"/v1/payment_intents/{intent_id}")).body

    assert back["redirect_status"] == "failed"
    assert intent["status"] == "requires_payment_method"
    assert intent["last_payment_error"]["code"] == "payment_intent_authentication_failure"


async def test_a_bank_may_decline_who_authenticated(client: Client) -> None:
    token = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    intent_id, page = await _sent_to_bank(client, token)
    back = await _answer(client, page, "complete")
    intent = (await client.get(f"/v1/payment_intents/{intent_id}")).body

    assert back["redirect_status"] == "failed"
    assert intent["last_payment_error"]["decline_code"] == "insufficient_funds"


async def test_a_second_click_changes_nothing(client: Client) -> None:
    intent_id, page = await _sent_to_bank(client)
    await _answer(client, page, "complete")
    back = await _answer(client, page, "fail")

    assert back["redirect_status"] == "succeeded"
    assert (await client.get(f"/v1/payment_intents/{intent_id}")).body["status"] == "requires_capture"


async def test_a_cancelled_payment_has_nothing_left_to_confirm(client: Client) -> None:
    intent_id, page = await _sent_to_bank(client)
    await client.post(f"/v1/payment_intents/{intent_id}/cancel")

    assert (await _answer(client, page, "complete"))["redirect_status"] == "failed"


async def test_the_page_opens_to_who_has_the_secret_only(client: Client) -> None:
    _, page = await _sent_to_bank(client)
    async with client.session.get(page.replace("secret=", "secret=x")) as answer:
        assert answer.status == 404
