"""Stripe's codes become reasons that a payer understands."""

import pytest

from bookingd.domain.declines import DeclineReason
from bookingd.gateways.port import GatewayStatus
from bookingd.gateways.stripe import StripeGateway
from bookingd.gateways.stripe_declines import REASONS, decline_reason
from bookingd.sandbox.stripe.wishes import declining_token
from tests.gateways.arrange import a_request, an_intent


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("insufficient_funds", DeclineReason.INSUFFICIENT_FUNDS),
        ("expired_card", DeclineReason.EXPIRED_CARD),
        ("incorrect_cvc", DeclineReason.INCORRECT_DETAILS),
        ("card_velocity_exceeded", DeclineReason.LIMIT_EXCEEDED),
        ("currency_not_supported", DeclineReason.NOT_SUPPORTED),
        ("revocation_of_authorization", DeclineReason.CONSENT_WITHDRAWN),
        ("processing_error", DeclineReason.TRY_AGAIN),
        ("do_not_honor", DeclineReason.DECLINED),
    ],
)
async def test_a_decline_says_why(stripe: StripeGateway, code: str, reason: DeclineReason) -> None:
    declined = await stripe.authorise(a_request(declining_token(code)), key=an_intent())

    assert (declined.status, declined.decline_reason) == (GatewayStatus.DECLINED, reason)


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent", "pickup_card"])
async def test_nobody_is_told_of_fraud_or_theft(stripe: StripeGateway, code: str) -> None:
    declined = await stripe.authorise(a_request(declining_token(code)), key=an_intent())

    assert declined.decline_reason == DeclineReason.DECLINED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, DeclineReason.INSUFFICIENT_FUNDS),
        ({"code": "expired_card", "decline_code": "a_new_code"}, DeclineReason.EXPIRED_CARD),
        ({"code": "expired_card"}, DeclineReason.EXPIRED_CARD),
        (
            {"code": "processing_error", "decline_code": "insufficient_funds"},
            DeclineReason.INSUFFICIENT_FUNDS,
        ),
        ({"code": "a_new_code", "decline_code": None}, DeclineReason.DECLINED),
        ({}, DeclineReason.DECLINED),
    ],
)
def test_a_code_that_is_new_is_a_decline(error: dict[str, str | None], reason: DeclineReason) -> None:
    assert decline_reason(error) is reason


def test_every_reason_is_given_for_some_code() -> None:
    told = {*REASONS.values(), DeclineReason.DECLINED}

    assert told | {DeclineReason.TOO_MANY_ATTEMPTS} == set(DeclineReason)
    assert DeclineReason.TOO_MANY_ATTEMPTS not in told  # our own, and no bank's
