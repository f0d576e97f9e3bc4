"""What is known after a call that did not end well: refused, not begun, or perhaps done (P9)."""

import socket
import traceback
from datetime import timedelta

import pytest

from bookingd.domain.declines import DeclineReason
from bookingd.gateways.port import CredentialsRejected, GatewayStatus
from bookingd.gateways.stripe import StripeGateway
from bookingd.outcomes import Refused, Unavailable, UnknownOutcome
from bookingd.sandbox.misbehaviour import Choice, How, Switches
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe.sandbox import WEBHOOK_SECRET
from bookingd.sources import Sources
from tests.gateways.arrange import a_request, an_intent
from tests.gateways.conftest import Browser, stripe_gateway

CARD = "pm_card_visa"
NOW = Sources.system().clock.now
MAYBE_DONE = [How.CLOSE_AFTER_DEED, How.ERROR_AFTER_DEED, How.HTML_AFTER_DEED]
MAYBE_NOT = [How.CLOSE_BEFORE, How.ERROR_BEFORE, How.HTML_BEFORE]


@pytest.mark.parametrize("how", MAYBE_DONE)
async def test_what_was_done_before_the_answer_got_lost_is_found(
    stripe: StripeGateway, switches: Switches, how: How
) -> None:
    since, request = NOW(), a_request(CARD)
    switches.add(operation="authorise", choice=Choice(how=how))

    with pytest.raises(UnknownOutcome):
        await stripe.authorise(request, key=an_intent())
    found = await stripe.find(request.payment_id, since=since)
    assert found is not None
    assert (found.status, found.amount) == (GatewayStatus.AUTHORISED, request.amount)


@pytest.mark.parametrize("how", MAYBE_NOT)
async def test_what_was_not_done_is_not_found(stripe: StripeGateway, switches: Switches, how: How) -> None:
    since, request = NOW(), a_request(CARD)
    switches.add(operation="authorise", choice=Choice(how=how))

    with pytest.raises(UnknownOutcome):
        await stripe.authorise(request, key=an_intent())
    assert await stripe.find(request.payment_id, since=since) is None


async def test_a_timeout_after_the_deed_is_found(sandbox: SandboxServer, switches: Switches) -> None:
    since, request = NOW(), a_request(CARD)
    switches.add(operation="authorise", choice=Choice(how=How.TIMEOUT_AFTER_DEED))
    async with stripe_gateway(sandbox.url("stripe"), timeout=0.3) as stripe:
        with pytest.raises(UnknownOutcome, match="timeout"):
            await stripe.authorise(request, key=an_intent())

        assert await stripe.find(request.payment_id, since=since) is not None


async def test_a_lost_capture_can_be_read_again(stripe: StripeGateway, switches: Switches) -> None:
    request = a_request(CARD)
    held = await stripe.authorise(request, key=an_intent())
    switches.add(operation="capture", choice=Choice(how=How.CLOSE_AFTER_DEED))

    with pytest.raises(UnknownOutcome):
        await stripe.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    assert (await stripe.retrieve(held.gateway_reference)).captured == request.amount


async def test_a_lost_refund_is_found_by_its_intent(stripe: StripeGateway, switches: Switches) -> None:
    request, key = a_request(CARD), an_intent()
    held = await stripe.authorise(request, key=an_intent())
    await stripe.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    switches.add(operation="refund", choice=Choice(how=How.CLOSE_AFTER_DEED))

    with pytest.raises(UnknownOutcome):
        await stripe.refund(held.gateway_reference, amount=request.amount, key=key)
    found = await stripe.find_refund(held.gateway_reference, key=key)
    assert found is not None
    assert found.amount == request.amount


@pytest.mark.parametrize(("how", "retry_after"), [(How.RATE_LIMITED, 1.0), (How.LOCKED, None)])
async def test_what_the_gateway_did_not_begin_may_be_tried_again(
    stripe: StripeGateway, switches: Switches, how: How, retry_after: float | None
) -> None:
    request, key = a_request(CARD), an_intent()
    switches.add(operation="authorise", choice=Choice(how=how))

    with pytest.raises(Unavailable) as unavailable:
        await stripe.authorise(request, key=key)
    assert unavailable.value.retry_after == retry_after
    assert (await stripe.authorise(request, key=key)).status is GatewayStatus.AUTHORISED


@pytest.mark.parametrize("how", [*MAYBE_NOT, How.CLOSE_AFTER_DEED, How.RATE_LIMITED])
async def test_a_reading_that_failed_may_be_done_again(
    stripe: StripeGateway, switches: Switches, how: How
) -> None:
    switches.add(operation="list", choice=Choice(how=how), times=None)

    with pytest.raises(Unavailable):
        await stripe.find(a_request(CARD).payment_id, since=NOW())
    with pytest.raises(Unavailable):
        await stripe.find_refund("pi_x", key=an_intent())


async def test_a_gateway_that_cannot_be_reached_did_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with stripe_gateway(url) as stripe:
        with pytest.raises(Unavailable):
            await stripe.authorise(a_request(CARD), key=an_intent())


async def test_a_wrong_key_is_the_operators_matter_and_stays_secret(sandbox: SandboxServer) -> None:
    secret = "sk_test_wrong_and_secret"
    stripe = StripeGateway(
        secret_key=secret,
        webhook_secrets=[WEBHOOK_SECRET],
        clock=Sources.system().clock,
        base_url=sandbox.url("stripe"),
    )
    with pytest.raises(CredentialsRejected) as rejected:
        await stripe.authorise(a_request(CARD), key=an_intent())
    await stripe.close()

    assert "stripe.secret_key" in str(rejected.value)
    assert secret not in f"{rejected.value!r} {stripe!r} {vars(stripe)!r}"
    assert "sk_test" not in "".join(traceback.format_exception(rejected.value))


async def test_the_same_key_for_another_amount_is_refused(stripe: StripeGateway) -> None:
    key = an_intent()
    await stripe.authorise(a_request(CARD), key=key)

    with pytest.raises(Refused) as refused:
        await stripe.authorise(a_request(CARD), key=key)
    assert refused.value.code == "idempotency_error"


async def test_the_sdk_repeats_nothing_by_itself(stripe: StripeGateway, switches: Switches) -> None:
    switches.add(operation="authorise", choice=Choice(how=How.ERROR_BEFORE), times=1)

    with pytest.raises(UnknownOutcome):
        await stripe.authorise(a_request(CARD), key=an_intent())
    assert switches.take("stripe", "authorise") is None


async def test_payments_are_found_among_many_and_beyond_the_first_page(stripe: StripeGateway) -> None:
    since, request = NOW(), a_request(CARD)
    await stripe.authorise(request, key=an_intent())
    for _ in range(105):
        await stripe.authorise(a_request(CARD), key=an_intent())

    assert await stripe.find(request.payment_id, since=since) is not None


async def test_the_gateways_clock_may_be_behind_ours(stripe: StripeGateway) -> None:
    request = a_request(CARD)
    await stripe.authorise(request, key=an_intent())

    assert await stripe.find(request.payment_id, since=NOW() + timedelta(minutes=4)) is not None


async def test_of_two_attempts_the_one_that_holds_money_counts(stripe: StripeGateway) -> None:
    since, request = NOW(), a_request(CARD)
    await stripe.authorise(request, key=an_intent())
    second = await stripe.authorise(request, key=an_intent())
    await stripe.void(second.gateway_reference, key=an_intent())
    found = await stripe.find(request.payment_id, since=since)

    assert found is not None
    assert found.status is GatewayStatus.AUTHORISED


async def test_an_authorisation_says_until_when_it_holds(stripe: StripeGateway) -> None:
    held = await stripe.authorise(a_request(CARD), key=an_intent())

    assert held.authorised_until is not None
    assert timedelta(days=6, hours=23) < held.authorised_until - NOW() <= timedelta(days=7)


@pytest.mark.parametrize(("token", "status"), [("pm_card_pendingRefund", "pending"), (CARD, "done")])
async def test_a_refund_says_how_far_it_is(stripe: StripeGateway, token: str, status: str) -> None:
    request = a_request(token)
    held = await stripe.authorise(request, key=an_intent())
    await stripe.capture(held.gateway_reference, amount=request.amount, key=an_intent())

    refund = await stripe.refund(held.gateway_reference, amount=request.amount, key=an_intent())
    assert refund.status == status


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [
        ("complete", GatewayStatus.AUTHORISED, None),
        ("fail", GatewayStatus.DECLINED, DeclineReason.AUTHENTICATION_FAILED),
    ],
)
async def test_three_d_secure_ends_as_the_payer_does(
    stripe: StripeGateway, browser: Browser, outcome: str, status: GatewayStatus, reason: str | None
) -> None:
    waiting = await stripe.authorise(a_request("pm_card_authenticationRequired"), key=an_intent())
    await browser(waiting.action_url, outcome)
    payment = await stripe.retrieve(waiting.gateway_reference)

    assert (payment.status, payment.decline_reason, payment.action_url) == (status, reason, None)
