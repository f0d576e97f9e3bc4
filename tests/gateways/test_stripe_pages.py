"""Payments on Stripe's own page: chosen, paid, given up, and found again by our own id."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from bookingd.gateways.port import GatewayPayment, GatewayStatus
from bookingd.gateways.stripe import StripeGateway
from bookingd.outcomes import Refused, UnknownOutcome
from bookingd.sandbox.misbehaviour import Choice, How, Switches
from bookingd.sources import Sources
from tests.gateways.arrange import RETURN_URL, a_request, an_intent
from tests.sandbox.stripe_client import Client

NOW = Sources.system().clock.now
CARD = {"wallet": "", "number": "4242424242424242", "expiry": "12/34", "cvc": "123"}


async def _opened(stripe: StripeGateway, **given: Any) -> GatewayPayment:
    return await stripe.authorise(a_request("", **given), key=an_intent())


async def _pays(page: str | None, **typed: str) -> str:
    """Where Stripe sends the payer."""
    assert page is not None
    form = {**CARD, **typed}
    async with (
        aiohttp.ClientSession() as session,
        session.post(page, data=form, allow_redirects=False) as answer,
    ):
        return answer.headers.get("Location", "")


async def test_a_payer_is_sent_to_the_page_and_comes_back(stripe: StripeGateway) -> None:
    opened = await _opened(stripe)
    back = await _pays(opened.action_url)
    paid = await stripe.retrieve(opened.gateway_reference)

    assert (opened.status, back) == (GatewayStatus.REQUIRES_ACTION, RETURN_URL)
    assert (paid.status, paid.payment_id, paid.amount) == (
        GatewayStatus.AUTHORISED,
        opened.payment_id,
        opened.amount,
    )
    assert paid.gateway_reference.startswith("pi_")


async def test_who_leaves_the_page_says_so(stripe: StripeGateway, merchant: Client) -> None:
    request = a_request("")
    opened = await stripe.authorise(replace(request, return_url=f"{RETURN_URL}?link=a%2Bb"), key=an_intent())
    session = (await merchant.get(f"/v1/checkout/sessions/{opened.gateway_reference}")).body

    assert session["cancel_url"] == f"{RETURN_URL}?link=a%2Bb&cancelled=1"


async def test_who_has_not_paid_is_waited_for(stripe: StripeGateway) -> None:
    opened = await _opened(stripe)
    await _pays(opened.action_url, number="4000000000000002")

    assert await stripe.retrieve(opened.gateway_reference) == opened


async def test_all_that_is_done_with_money_takes_the_reference_of_the_page(stripe: StripeGateway) -> None:
    opened, key = await _opened(stripe), an_intent()
    await _pays(opened.action_url)
    taken = await stripe.capture(opened.gateway_reference, amount=opened.amount, key=an_intent())
    refund = await stripe.refund(opened.gateway_reference, amount=opened.amount, key=key)

    assert taken.status is GatewayStatus.CAPTURED
    assert await stripe.find_refund(opened.gateway_reference, key=key) == refund
    assert await stripe.disputes(opened.gateway_reference) == []


async def test_nothing_is_taken_before_it_was_paid(stripe: StripeGateway) -> None:
    opened = await _opened(stripe)

    with pytest.raises(Refused):
        await stripe.capture(opened.gateway_reference, amount=opened.amount, key=an_intent())


@pytest.mark.parametrize("number", ["", "4000000000000002"])
async def test_a_page_that_is_given_up_takes_nothing_more(stripe: StripeGateway, number: str) -> None:
    opened = await _opened(stripe)
    await _pays(opened.action_url, number=number)
    voided = await stripe.void(opened.gateway_reference, key=an_intent())

    assert (voided.status, voided.action_url) == (GatewayStatus.VOIDED, None)
    assert await _pays(opened.action_url) == ""
    assert (await stripe.retrieve(opened.gateway_reference)).status is GatewayStatus.VOIDED
    with pytest.raises(Refused):
        await stripe.void(opened.gateway_reference, key=an_intent())


async def test_what_was_paid_one_instant_before_is_let_go_of(stripe: StripeGateway) -> None:
    opened = await _opened(stripe)
    await _pays(opened.action_url)
    voided = await stripe.void(opened.gateway_reference, key=an_intent())

    assert voided.status is GatewayStatus.VOIDED
    assert voided.gateway_reference.startswith("pi_")


async def test_a_page_is_found_by_our_own_id(stripe: StripeGateway, switches: Switches) -> None:
    since, request = NOW(), a_request("")
    switches.add(operation="authorise", choice=Choice(how=How.CLOSE_AFTER_DEED))
    with pytest.raises(UnknownOutcome):
        await stripe.authorise(request, key=an_intent())
    found = await stripe.find(request.payment_id, since=since)

    assert found is not None
    assert found.status is GatewayStatus.REQUIRES_ACTION
    await _pays(found.action_url)
    paid = await stripe.find(request.payment_id, since=since)
    assert paid is not None
    assert (paid.status, paid.gateway_reference[:3]) == (GatewayStatus.AUTHORISED, "pi_")


async def test_who_failed_on_the_page_may_still_pay_there(stripe: StripeGateway) -> None:
    since, opened = NOW(), await _opened(stripe)
    await _pays(opened.action_url, number="4000000000000002")
    assert opened.payment_id is not None

    assert await stripe.find(opened.payment_id, since=since) == opened


async def test_who_agrees_is_kept(stripe: StripeGateway, merchant: Client) -> None:
    opened = await _opened(stripe, keep=True, owner="guest:1")
    await _pays(opened.action_url, wallet="google_pay")
    means = (await stripe.retrieve(opened.gateway_reference)).means

    assert means is not None
    assert means.label == "Google Pay (Visa ending in 4242)"
    cards = await merchant.get(f"/v1/customers/{means.customer}/payment_methods")
    assert [card["id"] for card in cards.body["data"]] == [means.token]


async def test_the_same_key_opens_the_same_page(stripe: StripeGateway) -> None:
    request, key = a_request(""), an_intent()

    assert await stripe.authorise(request, key=key) == await stripe.authorise(request, key=key)


async def test_a_page_that_may_have_been_closed_can_be_looked_at(
    stripe: StripeGateway, switches: Switches
) -> None:
    opened = await _opened(stripe)
    switches.add(operation="cancel", choice=Choice(how=How.CLOSE_AFTER_DEED))

    with pytest.raises(UnknownOutcome):
        await stripe.void(opened.gateway_reference, key=an_intent())
    assert (await stripe.retrieve(opened.gateway_reference)).status is GatewayStatus.VOIDED


async def test_a_page_that_nobody_knows_is_not_found(stripe: StripeGateway) -> None:
    for call in (stripe.retrieve, stripe.disputes):
        with pytest.raises(Refused) as refused:
            await call("cs_test_nobody")
        assert refused.value.code == "not_found"
