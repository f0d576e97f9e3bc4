"""What every gateway keeps: the adapters over our stand-ins and localstripe, and the fake that others use.

localstripe is asked only for what it is able to do (`tests.gateways.localstripe.LACKS`). Where a payer has to
approve first, the bench has them do so.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd.domain.declines import DeclineReason
from bookingd.domain.money import Money
from bookingd.gateways.port import GatewayStatus, PostingKind
from bookingd.outcomes import Refused
from tests.gateways import localstripe
from tests.gateways.arrange import a_request, an_intent
from tests.gateways.conftest import Bench


def able(ability: str = "") -> pytest.MarkDecorator:
    """Ask those who can."""
    names = ["stripe", "paypal", "fake", *([] if ability in localstripe.LACKS else ["localstripe"])]
    return pytest.mark.parametrize("bench", names, indirect=True)


@able()
async def test_an_authorised_payment_is_held_and_not_taken(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    payment = await bench.authorise(request, key=an_intent())

    assert payment.status is GatewayStatus.AUTHORISED
    assert (payment.payment_id, payment.amount) == (request.payment_id, request.amount)
    assert (payment.captured.amount, payment.refunded.amount) == (0, 0)


@able()
async def test_what_was_authorised_can_be_read_again(bench: Bench) -> None:
    payment = await bench.authorise(a_request(bench.cards.good), key=an_intent())

    assert await bench.gateway.retrieve(payment.gateway_reference) == payment


@able()
async def test_a_payment_is_found_by_our_own_id(bench: Bench) -> None:
    since = bench.clock.now()
    request = a_request(bench.cards.good)
    await bench.authorise(a_request(bench.cards.good), key=an_intent())
    payment = await bench.authorise(request, key=an_intent())

    expected = payment if bench.has_search else None
    assert await bench.gateway.find(request.payment_id, since=since) == expected


@able()
async def test_what_was_never_made_is_not_found(bench: Bench) -> None:
    since = bench.clock.now() - timedelta(hours=1)
    await bench.authorise(a_request(bench.cards.good), key=an_intent())

    assert await bench.gateway.find(a_request(bench.cards.good).payment_id, since=since) is None


@able()
async def test_a_capture_takes_the_money(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    taken = await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())

    assert taken.status is GatewayStatus.CAPTURED


@able("amounts captured")
async def test_a_capture_says_how_much_it_took(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    taken = await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())

    assert (taken.captured, taken.refunded.amount) == (request.amount, 0)


@able("amounts captured")
async def test_a_capture_of_a_part_is_no_refund_of_the_rest(bench: Bench) -> None:
    held = await bench.authorise(a_request(bench.cards.good), key=an_intent())
    part = Money.of("100.00", "EUR")
    await bench.gateway.capture(held.gateway_reference, amount=part, key=an_intent())
    await bench.gateway.refund(held.gateway_reference, amount=Money.of("30.00", "EUR"), key=an_intent())
    payment = await bench.gateway.retrieve(held.gateway_reference)

    assert (payment.captured, payment.refunded) == (part, Money.of("30.00", "EUR"))


@able()
async def test_a_payment_can_be_voided(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    voided = await bench.gateway.void(held.gateway_reference, key=an_intent())

    assert voided.status is GatewayStatus.VOIDED


@able("codes")
async def test_a_late_capture_is_refused(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    await bench.gateway.void(held.gateway_reference, key=an_intent())

    with pytest.raises(Refused) as refused:
        await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    assert refused.value.code == bench.voided_code


@able("amounts captured")
async def test_refunds_add_up(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    part = Money.of("20.00", "EUR")
    first = await bench.gateway.refund(held.gateway_reference, amount=part, key=an_intent())
    await bench.gateway.refund(held.gateway_reference, amount=part, key=an_intent())

    assert (first.amount, first.status) == (part, "done")
    assert (await bench.gateway.retrieve(held.gateway_reference)).refunded == part * 2


@able()
async def test_a_refund_is_found_by_the_intent_that_asked_for_it(bench: Bench) -> None:
    request, key = a_request(bench.cards.good), an_intent()
    held = await bench.authorise(request, key=an_intent())
    await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    await bench.gateway.refund(held.gateway_reference, amount=Money.of("1.00", "EUR"), key=an_intent())
    refund = await bench.gateway.refund(held.gateway_reference, amount=Money.of("2.00", "EUR"), key=key)

    assert await bench.gateway.find_refund(held.gateway_reference, key=key) == refund
    assert await bench.gateway.find_refund(held.gateway_reference, key=an_intent()) is None


@able("refunds within capture")
async def test_no_more_than_was_captured_is_given_back(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    await bench.gateway.refund(held.gateway_reference, amount=Money.of("100.00", "EUR"), key=an_intent())

    with pytest.raises(Refused):
        await bench.gateway.refund(held.gateway_reference, amount=Money.of("30.00", "EUR"), key=an_intent())
    assert (await bench.gateway.retrieve(held.gateway_reference)).refunded == Money.of("100.00", "EUR")


@able("declines as answers")
async def test_a_decline_is_an_answer_with_its_reason(bench: Bench) -> None:
    since = bench.clock.now()
    request = a_request(bench.cards.declined)
    payment = await bench.authorise(request, key=an_intent())

    assert (payment.status, payment.decline_reason) == (GatewayStatus.DECLINED, DeclineReason.DECLINED)
    assert payment.payment_id == request.payment_id
    found = await bench.gateway.find(request.payment_id, since=since)
    if bench.has_search:
        assert found is not None
        assert found.status is GatewayStatus.DECLINED
    else:
        assert found is None


@able("three-d-secure")
async def test_three_d_secure_sends_the_payer_to_a_page(bench: Bench) -> None:
    payment = await bench.begin(a_request(bench.cards.three_d_secure), key=an_intent())

    assert payment.status is GatewayStatus.REQUIRES_ACTION
    assert payment.action_url is not None
    assert payment.action_url.startswith("http")


@able("three-d-secure")
async def test_a_payment_that_waits_for_its_payer_can_be_voided(bench: Bench) -> None:
    payment = await bench.begin(a_request(bench.cards.three_d_secure), key=an_intent())
    voided = await bench.gateway.void(payment.gateway_reference, key=an_intent())

    assert (voided.status, voided.action_url) == (GatewayStatus.VOIDED, None)


@able("idempotency")
async def test_each_step_with_the_same_key_takes_effect_once(bench: Bench) -> None:
    request, keys = a_request(bench.cards.good), [an_intent() for _ in range(3)]
    held = [await bench.authorise(request, key=keys[0]) for _ in range(2)]
    reference = held[0].gateway_reference
    taken = [await bench.gateway.capture(reference, amount=request.amount, key=keys[1]) for _ in range(2)]
    part = Money.of("20.00", "EUR")
    refunds = [await bench.gateway.refund(reference, amount=part, key=keys[2]) for _ in range(2)]

    assert held[0] == held[1]
    assert taken[0] == taken[1]
    assert refunds[0] == refunds[1]
    assert (await bench.gateway.retrieve(reference)).refunded == part


@able("codes")
async def test_an_unknown_payment_is_not_found(bench: Bench) -> None:
    with pytest.raises(Refused) as refused:
        await bench.gateway.retrieve("pi_nobody")
    assert refused.value.code == "not_found"


@able()
async def test_an_unknown_card_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused):
        await bench.gateway.authorise(a_request("pm_nobody"), key=an_intent())


@able("amounts captured")
@pytest.mark.parametrize(
    "amount", [Money(1500, "JPY"), Money(12_340, "KWD"), Money(99_99, "GBP"), Money(1_234_500, "HUF")]
)
async def test_amounts_keep_their_value_in_every_currency(bench: Bench, amount: Money) -> None:
    request = replace(a_request(bench.cards.good), amount=amount)
    if amount.currency in bench.not_taken:
        with pytest.raises(Refused, match="currency_not_taken"):
            await bench.authorise(request, key=an_intent())
        return
    held = await bench.authorise(request, key=an_intent())
    taken = await bench.gateway.capture(held.gateway_reference, amount=amount, key=an_intent())

    assert (held.amount, taken.captured) == (amount, amount)


@able("disputes")
async def test_what_was_just_paid_is_not_disputed(bench: Bench) -> None:
    request = a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())

    assert await bench.gateway.disputes(held.gateway_reference) == []


@able()
async def test_what_is_held_is_held_for_longer_or_that_is_refused(bench: Bench) -> None:
    held = await bench.authorise(a_request(bench.cards.good), key=an_intent())
    with suppress(Refused):
        await bench.gateway.reauthorise(held.gateway_reference, amount=held.amount, key=an_intent())
    longer = await bench.gateway.retrieve(held.gateway_reference)

    assert (longer.status, longer.amount) == (GatewayStatus.AUTHORISED, held.amount)


@able("declines as answers")
async def test_what_is_not_approved_is_not_completed(bench: Bench) -> None:
    declined = await bench.authorise(a_request(bench.cards.declined), key=an_intent())

    with pytest.raises(Refused):
        await bench.gateway.complete(declined.gateway_reference, key=an_intent())


@pytest.mark.parametrize("bench", ["stripe", "paypal"], indirect=True)
async def test_the_gateways_own_books_tell_what_was_taken_and_given_back(bench: Bench) -> None:
    since, request = bench.clock.now() - timedelta(seconds=1), a_request(bench.cards.good)
    held = await bench.authorise(request, key=an_intent())
    taken = await bench.gateway.capture(held.gateway_reference, amount=request.amount, key=an_intent())
    part = Money.of("20.00", "EUR")
    await bench.gateway.refund(taken.gateway_reference, amount=part, key=an_intent())
    until = bench.clock.now() + timedelta(seconds=1)
    found = [posting async for posting in bench.gateway.statement(since=since, until=until)]

    moved = [(one.kind, one.amount) for one in found if one.kind is not PostingKind.FEE]
    assert sorted(moved) == [(PostingKind.CAPTURE, request.amount), (PostingKind.REFUND, part)]
    assert all(since <= one.at < until and one.amount.amount > 0 for one in found)
