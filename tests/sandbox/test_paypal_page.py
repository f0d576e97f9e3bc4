"""The buyer's page: it is shown, the buyer decides, the browser goes back to the merchant."""

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.sandbox.conftest import Endpoint
from tests.sandbox.paypal_client import AWAY, BACK, Client


async def _open(client: Client, url: str) -> tuple[int, Mapping[str, str], str]:
    async with client.session.get(url, allow_redirects=False) as answer:
        return answer.status, answer.headers, await answer.text()


async def _decide(client: Client, url: str, **form: str) -> tuple[int, str]:
    async with client.session.post(url, data=form, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_the_page_tells_who_wants_what_for_what(paypal: Client) -> None:
    breakdown = {
        "item_total": {"currency_code": "EUR", "value": "1200.00"},
        "tax_total": {"currency_code": "EUR", "value": "34.50"},
    }
    amount = {"currency_code": "EUR", "value": "1234.50", "breakdown": breakdown}
    order = await paypal.order(unit={"amount": amount, "description": "Trip <to> Rome"})
    status, _, text = await _open(paypal, order.link("payer-action"))

    assert status == 200
    for told in (
        "Pay Vogel Reisen",
        "1,234.50 EUR",
        "34.50 EUR",
        "Tax total",
        "Trip &lt;to&gt; Rome",
        "no money moves",
    ):
        assert told in text


async def test_the_page_may_do_nothing_but_send_its_form(paypal: Client) -> None:
    order = await paypal.order()
    _, headers, text = await _open(paypal, order.link("payer-action"))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none';"
        " form-action 'self' https://shop.example"
    )
    assert "<script" not in text
    assert " style=" not in text


async def test_who_approves_goes_back_with_order_and_payer(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    order = await telling_paypal.order()
    url = order.link("payer-action")
    status, location = await _decide(
        telling_paypal, url, decision="approve", email="ben.sand@example.org", instrument="balance"
    )
    told = (await paypal_endpoint.next("CHECKOUT.ORDER.APPROVED")).event["resource"]

    assert (status, location.startswith(f"{BACK}&")) == (303, True)
    query = parse_qs(urlsplit(location).query)
    assert query["booking"] == ["ABC234"]
    assert (query["token"], query["PayerID"]) == ([order.body["id"]], [told["payer"]["payer_id"]])
    assert told["payer"]["name"] == {"given_name": "Ben", "surname": "Sand"}


async def test_who_cancels_goes_away_and_can_come_again(paypal: Client) -> None:
    order = await paypal.order()
    url = order.link("payer-action")
    gone = await _decide(paypal, url, decision="cancel")
    status, _, _ = await _open(paypal, url)

    assert gone == (303, f"{AWAY}&token={order.body['id']}")
    assert status == 200


async def test_a_declined_instrument_is_chosen_on_the_page(paypal: Client) -> None:
    order = await paypal.order()
    form = {"decision": "approve", "email": "ben@example.org"}
    await _decide(paypal, order.link("payer-action"), instrument="declined", **form)
    answer = await paypal.post(f"/v2/checkout/orders/{order.body['id']}/authorize")
    back = await _decide(paypal, answer.link("redirect"), instrument="balance", **form)
    again = await paypal.post(f"/v2/checkout/orders/{order.body['id']}/authorize")

    assert (answer.issue, back[0], again.status) == ("INSTRUMENT_DECLINED", 303, 201)


async def test_a_tag_can_be_typed_on_the_page(paypal: Client) -> None:
    order = await paypal.order()
    email = "ben+error_before_authorise@example.org"
    await _decide(paypal, order.link("payer-action"), decision="approve", email=email, instrument="balance")
    path = f"/v2/checkout/orders/{order.body['id']}/authorize"
    found = [(await paypal.post(path, key="a1")).status for _ in range(2)]

    assert found == [500, 201]


@pytest.mark.parametrize("email", ["<nobody>", "ben+gold@example.org"])
async def test_what_is_no_address_is_asked_for_again(paypal: Client, email: str) -> None:
    order = await paypal.order()
    status, location = await _decide(paypal, order.link("payer-action"), decision="approve", email=email)

    assert (status, location) == (422, "")
    assert (await paypal.get(f"/v2/checkout/orders/{order.body['id']}")).body[
        "status"
    ] == "PAYER_ACTION_REQUIRED"


async def test_an_approved_order_is_approved_once(paypal: Client) -> None:
    order = await paypal.order()
    url = order.link("payer-action")
    first = await _decide(paypal, url, decision="approve", email="ben@example.org", instrument="balance")
    second = await _decide(paypal, url, decision="approve", email="eve@example.org", instrument="balance")
    status, headers, _ = await _open(paypal, url)

    assert first == second
    assert (status, headers["Location"]) == (303, first[1])


async def test_a_page_of_nothing_says_so(paypal: Client) -> None:
    status, _, text = await _open(paypal, f"{paypal.base_url}/checkoutnow?token=NOBODY")

    assert (status, "Nothing left to approve" in text) == (404, True)


async def test_an_order_without_addresses_ends_on_the_page(paypal: Client) -> None:
    order = await paypal.order(payment_source=None, key=None)
    async with paypal.session.post(
        order.link("approve"), data={"decision": "approve", "email": "ben@example.org"}
    ) as answer:
        assert (answer.status, "Nothing left" in await answer.text()) == (200, True)
    assert (await paypal.get(f"/v2/checkout/orders/{order.body['id']}")).body["status"] == "APPROVED"


async def test_webhooks_of_a_click_can_go_wrong_too(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    order = await telling_paypal.order()
    await telling_paypal.misbehave(sandbox="paypal", operation="approve", how="webhook_never")
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(
            order.link("payer-action"),
            data={"decision": "approve", "email": "b@example.org"},
            allow_redirects=False,
        ) as answer,
    ):
        assert answer.status == 303
    await telling_paypal.post(f"/v2/checkout/orders/{order.body['id']}/authorize")

    assert (await paypal_endpoint.next()).event["event_type"] == "PAYMENT.AUTHORIZATION.CREATED"
