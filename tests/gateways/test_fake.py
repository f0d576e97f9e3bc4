"""The fake does what it is told, so that tests of actors can rely on it."""

import pytest

from bookingd.gateways.port import Gateway, GatewayStatus, InvalidNotice
from bookingd.outcomes import Refused, Unavailable, UnknownOutcome
from tests.fakes.gateway import GOOD, THREE_D_SECURE, FakeGateway
from tests.fakes.sources import ManualClock
from tests.gateways.arrange import a_request, an_intent


@pytest.fixture
def fake(clock: ManualClock) -> FakeGateway:
    return FakeGateway(clock)


async def test_a_lost_answer_leaves_the_deed(fake: FakeGateway, clock: ManualClock) -> None:
    request = a_request(GOOD)
    fake.lose_answer("authorise")

    with pytest.raises(UnknownOutcome):
        await fake.authorise(request, key=an_intent())
    found = await fake.find(request.payment_id, since=clock.now())
    assert found is not None
    assert found.status is GatewayStatus.AUTHORISED


async def test_a_lost_call_leaves_nothing(fake: FakeGateway, clock: ManualClock) -> None:
    request = a_request(GOOD)
    fake.lose_call("authorise")

    with pytest.raises(UnknownOutcome):
        await fake.authorise(request, key=an_intent())
    assert await fake.find(request.payment_id, since=clock.now()) is None


async def test_it_is_away_for_as_many_calls_as_it_is_told(fake: FakeGateway) -> None:
    request, key = a_request(GOOD), an_intent()
    fake.be_unavailable("authorise", times=2, retry_after=3)

    for _ in range(2):
        with pytest.raises(Unavailable) as away:
            await fake.authorise(request, key=key)
        assert away.value.retry_after == 3
    assert (await fake.authorise(request, key=key)).status is GatewayStatus.AUTHORISED
    assert fake.calls["authorise"] == 3


async def test_it_refuses_when_told_to(fake: FakeGateway) -> None:
    held = await fake.authorise(a_request(GOOD), key=an_intent())
    fake.refuse("capture", "charge_expired_for_capture")

    with pytest.raises(Refused, match="charge_expired_for_capture"):
        await fake.capture(held.gateway_reference, amount=held.amount, key=an_intent())


async def test_it_declines_a_good_card_when_told_to(fake: FakeGateway) -> None:
    fake.decline("insufficient_funds")
    declined = await fake.authorise(a_request(GOOD), key=an_intent())
    next_one = await fake.authorise(a_request(GOOD), key=an_intent())

    assert (declined.status, declined.decline_reason) == (GatewayStatus.DECLINED, "insufficient_funds")
    assert next_one.status is GatewayStatus.AUTHORISED


async def test_payers_complete_and_fail(fake: FakeGateway) -> None:
    fake.require_action()
    first = await fake.authorise(a_request(GOOD), key=an_intent())
    second = await fake.authorise(a_request(THREE_D_SECURE), key=an_intent())

    assert fake.complete_action(first.gateway_reference).status is GatewayStatus.AUTHORISED
    assert fake.fail_action(second.gateway_reference).status is GatewayStatus.DECLINED
    assert fake.expire(first.gateway_reference).status is GatewayStatus.VOIDED


async def test_its_notices_are_read_when_they_are_signed(fake: FakeGateway) -> None:
    gateway: Gateway = fake
    payment = await gateway.authorise(a_request(GOOD), key=an_intent())
    headers, body = fake.notice(payment.gateway_reference, "payment_intent.succeeded")

    notice = await gateway.read_notice(headers, body)
    assert notice is not None
    assert notice.payment_id == payment.payment_id
    with pytest.raises(InvalidNotice):
        await gateway.read_notice({}, body)
