"""Cards and wallets by tokens of the Payment Element, kept with consent, charged without their holder."""

from dataclasses import replace
from typing import Any

import pytest

from bookingd.domain.declines import DeclineReason
from bookingd.gateways.port import GatewayPayment, GatewayStatus
from bookingd.gateways.stripe import StripeGateway
from bookingd.outcomes import Refused, Unavailable
from bookingd.sandbox.misbehaviour import Choice, How, Switches
from tests.gateways.arrange import a_request, an_intent
from tests.sandbox.stripe_client import Client

KEEPING: dict[str, Any] = {"keep": True, "owner": "account:1"}


async def _kept(stripe: StripeGateway, token: str = "pm_card_visa") -> GatewayPayment:
    return await stripe.authorise(a_request(token, **KEEPING), key=an_intent())


async def test_what_the_payment_element_made_pays(stripe: StripeGateway, merchant: Client) -> None:
    held = await stripe.authorise(a_request(await merchant.token()), key=an_intent())

    assert held.status is GatewayStatus.AUTHORISED
    assert held.means is not None
    assert (held.means.kind, held.means.label) == ("card", "Visa ending in 4242")


async def test_a_wallet_says_what_it_is(stripe: StripeGateway, merchant: Client) -> None:
    card = {"number": "4242424242424242", "exp_month": "4", "exp_year": "2031", "wallet": "apple_pay"}
    form = {f"payment_method_data[card][{name}]": value for name, value in card.items()}
    token = (
        await merchant.post("/v1/confirmation_tokens", {"payment_method_data[type]": "card", **form})
    ).body
    held = await stripe.authorise(a_request(token["id"]), key=an_intent())

    assert held.means is not None
    assert (held.means.kind, held.means.label) == ("wallet", "Apple Pay (Visa ending in 4242)")
    assert held.means.expires == "2031-04"


async def test_the_same_token_again_is_the_same_payment(stripe: StripeGateway, merchant: Client) -> None:
    request, key = a_request(await merchant.token()), an_intent()
    first, again = await stripe.authorise(request, key=key), await stripe.authorise(request, key=key)

    assert again == first


async def test_a_card_is_kept_for_who_agrees(stripe: StripeGateway, merchant: Client) -> None:
    held = await _kept(stripe)

    assert held.means is not None
    assert held.means.token is not None
    customer = (await merchant.get(f"/v1/customers/{held.means.customer}")).body
    assert customer["metadata"] == {"owner": "account:1"}
    assert (await stripe.retrieve(held.gateway_reference)).means == held.means


async def test_nothing_is_kept_of_who_does_not(stripe: StripeGateway) -> None:
    held = await stripe.authorise(a_request("pm_card_visa"), key=an_intent())

    assert held.means is not None
    assert (held.means.token, held.means.customer) == (None, None)


async def test_what_is_nobodys_is_not_kept_whatever_a_page_asked(
    stripe: StripeGateway, merchant: Client
) -> None:
    token = await merchant.token(setup_future_usage="off_session")
    held = await stripe.authorise(a_request(token), key=an_intent())

    assert held.means is not None
    assert (held.means.token, held.means.customer) == (None, None)


async def test_what_is_kept_is_charged_without_its_holder(stripe: StripeGateway) -> None:
    means = (await _kept(stripe)).means
    assert means is not None
    later = a_request(str(means.token), customer=means.customer, off_session=True)
    held = await stripe.authorise(later, key=an_intent())

    assert held.status is GatewayStatus.AUTHORISED
    assert held.means is not None
    assert held.means.fingerprint == means.fingerprint


async def test_a_second_payment_of_a_customer_makes_no_second_one(
    stripe: StripeGateway, merchant: Client
) -> None:
    means = (await _kept(stripe)).means
    assert means is not None
    again = await stripe.authorise(
        a_request("pm_card_mastercard", customer=means.customer, **KEEPING), key=an_intent()
    )

    assert again.means is not None
    assert again.means.customer == means.customer
    assert len((await merchant.get("/v1/customers")).body["data"]) == 1


async def test_a_bank_that_wants_its_customer_has_them_asked(stripe: StripeGateway, merchant: Client) -> None:
    customer = await merchant.customer()
    card = (await merchant.card(number="4000002760003184")).body["id"]
    await merchant.post(f"/v1/payment_methods/{card}/attach", {"customer": customer})
    declined = await stripe.authorise(a_request(card, customer=customer, off_session=True), key=an_intent())

    assert (declined.status, declined.decline_reason) == (
        GatewayStatus.DECLINED,
        DeclineReason.AUTHENTICATION_REQUIRED,
    )


async def test_a_card_of_somebody_else_is_refused(stripe: StripeGateway) -> None:
    means = (await _kept(stripe)).means
    assert means is not None
    theirs = a_request(str(means.token), off_session=True)

    with pytest.raises(Refused):
        await stripe.authorise(theirs, key=an_intent())
    with pytest.raises(Refused):
        await stripe.authorise(replace(theirs, customer="cus_nobody"), key=an_intent())


async def test_a_customer_that_may_have_been_made_is_made_once(
    stripe: StripeGateway, merchant: Client, switches: Switches
) -> None:
    request, key = a_request("pm_card_visa", **KEEPING), an_intent()
    switches.add(operation="customer", choice=Choice(how=How.CLOSE_AFTER_DEED))

    with pytest.raises(Unavailable):
        await stripe.authorise(request, key=key)
    assert (await stripe.authorise(request, key=key)).status is GatewayStatus.AUTHORISED
    assert len((await merchant.get("/v1/customers")).body["data"]) == 1


async def test_a_declined_card_is_known_again_by_its_print(stripe: StripeGateway, merchant: Client) -> None:
    card = (await merchant.card(number="4000000000000002")).body
    declined = await stripe.authorise(a_request(card["id"]), key=an_intent())
    found = await stripe.retrieve(declined.gateway_reference)

    assert declined.means is not None
    assert declined.means.fingerprint == card["card"]["fingerprint"]
    assert found.means == declined.means


async def test_a_card_that_is_forgotten_is_nobodys_however_often_that_is_asked(
    stripe: StripeGateway, merchant: Client
) -> None:
    held = await _kept(stripe)
    assert held.means is not None
    token, customer = held.means.token or "", held.means.customer

    for _ in range(2):
        await stripe.forget(held.gateway_reference, key=an_intent())

    assert (await merchant.get(f"/v1/payment_methods/{token}")).body["customer"] is None
    again = replace(a_request(token), customer=customer, off_session=True, return_url="")
    with pytest.raises(Refused):
        await stripe.authorise(again, key=an_intent())
