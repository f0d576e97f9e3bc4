"""Webhooks are believed only when a known secret signed them, lately."""

import json
from typing import Any

import pytest
import stripe

from bookingd.gateways.port import GatewayNotice, GatewayStatus, InvalidNotice
from bookingd.gateways.stripe import StripeGateway
from tests.fakes.sources import ManualClock
from tests.gateways.arrange import a_request

PAYMENT_ID = a_request("pm_x").payment_id
NEW, OLD = "whsec_new", "whsec_old"


@pytest.fixture
def gateway(clock: ManualClock) -> StripeGateway:
    return StripeGateway(secret_key="sk_test_x", webhook_secrets=[NEW, OLD], clock=clock)


def event(kind: str = "payment_intent.succeeded", **changes: Any) -> bytes:
    thing = {"id": "pi_1", "object": "payment_intent", "metadata": {"payment_id": str(PAYMENT_ID)}, **changes}
    told = {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": thing}}
    return json.dumps(told).encode()


def signed(body: bytes, clock: ManualClock, secret: str = NEW, *, age: float = 0) -> dict[str, str]:
    at = int(clock.now().timestamp() - age)
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"stripe-signature": header}


async def read(gateway: StripeGateway, clock: ManualClock, body: bytes) -> GatewayNotice:
    notice = await gateway.read_notice(signed(body, clock), body)
    assert notice is not None
    return notice


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_a_webhook_of_any_known_secret_is_read(
    gateway: StripeGateway, clock: ManualClock, secret: str
) -> None:
    body = event()

    assert await gateway.read_notice(signed(body, clock, secret), body) == GatewayNotice(
        event_id="evt_1",
        kind="payment_intent.succeeded",
        gateway_reference="pi_1",
        payment_id=PAYMENT_ID,
    )


@pytest.mark.parametrize(
    ("given", "status"),
    [("requires_capture", GatewayStatus.AUTHORISED), ("a_new_word", None), (None, None)],
)
async def test_a_notice_tells_where_the_payment_stood_if_we_know_the_word(
    gateway: StripeGateway, clock: ManualClock, given: str | None, status: GatewayStatus | None
) -> None:
    body = event(status=given)

    assert (await read(gateway, clock, body)).status is status


async def test_a_notice_about_a_refund_names_its_payment(gateway: StripeGateway, clock: ManualClock) -> None:
    body = event(id="re_1", object="refund", payment_intent="pi_7", metadata={"intent_id": "x"})
    notice = await read(gateway, clock, body)

    assert (notice.gateway_reference, notice.payment_id) == ("pi_7", None)


async def test_a_notice_about_a_dispute_names_it_and_its_payment(
    gateway: StripeGateway, clock: ManualClock
) -> None:
    body = event("charge.dispute.created", id="dp_1", object="dispute", payment_intent="pi_7", metadata={})
    notice = await read(gateway, clock, body)

    assert (notice.gateway_reference, notice.dispute, notice.status) == ("pi_7", "dp_1", None)


@pytest.mark.parametrize("kind", ["review.opened", "review.closed"])
async def test_a_notice_about_a_review_names_its_payment(
    gateway: StripeGateway, clock: ManualClock, kind: str
) -> None:
    body = event(kind, id="prv_1", object="review", payment_intent="pi_7", metadata=None)

    assert (await read(gateway, clock, body)).gateway_reference == "pi_7"


@pytest.mark.parametrize(("intent", "reference"), [(None, "cs_test_1"), ("pi_7", "pi_7")])
async def test_a_notice_about_a_page_names_its_payment_once_there_is_one(
    gateway: StripeGateway, clock: ManualClock, intent: str | None, reference: str
) -> None:
    body = event(
        "checkout.session.completed", id="cs_test_1", object="checkout.session", payment_intent=intent
    )
    notice = await read(gateway, clock, body)

    assert (notice.gateway_reference, notice.payment_id) == (reference, PAYMENT_ID)


async def test_what_is_under_review_is_looked_at(gateway: StripeGateway, clock: ManualClock) -> None:
    body = event("payment_intent.amount_capturable_updated", status="requires_capture", review="prv_1")

    assert (await read(gateway, clock, body)).status is None


@pytest.mark.parametrize("changes", [{"account": "acct_another"}, {"livemode": True}, {"livemode": None}])
async def test_what_is_of_another_account_or_mode_is_not_believed(
    gateway: StripeGateway, clock: ManualClock, changes: dict[str, Any]
) -> None:
    body = json.dumps({**json.loads(event()), **changes}).encode()

    with pytest.raises(InvalidNotice):
        await gateway.read_notice(signed(body, clock), body)


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
async def test_with_a_key_that_moves_money_only_live_events_count(clock: ManualClock, key: str) -> None:
    gateway = StripeGateway(secret_key=key, webhook_secrets=[NEW], clock=clock)
    live = json.dumps({**json.loads(event()), "livemode": True}).encode()

    assert (await read(gateway, clock, live)).event_id == "evt_1"
    with pytest.raises(InvalidNotice):
        await gateway.read_notice(signed(event(), clock), event())


async def test_what_is_too_long_is_not_even_verified(gateway: StripeGateway, clock: ManualClock) -> None:
    body = event(description="x" * (1 << 20))

    with pytest.raises(InvalidNotice, match="bytes"):
        await gateway.read_notice(signed(body, clock), body)


async def test_what_is_not_ours_is_read_without_our_id(gateway: StripeGateway, clock: ManualClock) -> None:
    body = event(metadata={})

    assert (await read(gateway, clock, body)).payment_id is None


async def test_an_event_that_we_do_not_follow_tells_nothing(
    gateway: StripeGateway, clock: ManualClock
) -> None:
    body = event("payment_intent.created")

    assert await gateway.read_notice(signed(body, clock), body) is None


async def test_a_webhook_of_another_secret_is_not_believed(
    gateway: StripeGateway, clock: ManualClock
) -> None:
    body = event()

    with pytest.raises(InvalidNotice):
        await gateway.read_notice(signed(body, clock, "whsec_of_nobody"), body)


async def test_a_changed_body_is_not_believed(gateway: StripeGateway, clock: ManualClock) -> None:
    headers = signed(event(), clock)

    with pytest.raises(InvalidNotice):
        await gateway.read_notice(headers, event(id="pi_2"))


@pytest.mark.parametrize(("age", "believed"), [(299, True), (301, False), (-299, True), (-301, False)])
async def test_a_webhook_that_was_signed_long_ago_or_ahead_of_time_is_not_believed(
    gateway: StripeGateway, clock: ManualClock, age: float, believed: bool
) -> None:
    body = event()
    headers = signed(body, clock, age=age)

    if believed:
        assert await gateway.read_notice(headers, body) is not None
    else:
        with pytest.raises(InvalidNotice):
            await gateway.read_notice(headers, body)


@pytest.mark.parametrize(
    "header", ["", "t=,v1=", "v1=abc", "t=12,v0=abc", "nonsense", "t=1;v1=2", "t=9e9,v1=0", "t=1,t=2,v1=\xff"]
)
async def test_a_header_that_makes_no_sense_is_not_believed(gateway: StripeGateway, header: str) -> None:
    with pytest.raises(InvalidNotice):
        await gateway.read_notice({"Stripe-Signature": header}, event())


async def test_a_webhook_without_signature_is_not_believed(gateway: StripeGateway) -> None:
    with pytest.raises(InvalidNotice):
        await gateway.read_notice({}, event())


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"not json", b'{"id": "evt_1", "data": {"object": "x"}}', b"\xff", b"[" * 9999]
)
async def test_what_is_signed_but_no_event_is_not_believed(
    gateway: StripeGateway, clock: ManualClock, body: bytes
) -> None:
    headers = signed(body, clock) if body != b"\xff" else {"Stripe-Signature": "t=1,v1=x"}

    with pytest.raises(InvalidNotice):
        await gateway.read_notice(headers, body)


@pytest.mark.parametrize("word", ["evt_\x00", "", "e" * 256, "evt_é", 7, None, ["evt_1"], {"id": "evt_1"}])
@pytest.mark.parametrize("field", ["id", "type"])
async def test_what_is_signed_with_an_id_that_cannot_be_stored_is_not_believed(
    gateway: StripeGateway, clock: ManualClock, field: str, word: Any
) -> None:
    body = json.dumps({**json.loads(event()), field: word}).encode()

    with pytest.raises(InvalidNotice):
        await gateway.read_notice(signed(body, clock), body)


@pytest.mark.parametrize("changes", [{"id": "pi_\x00"}, {"id": 7}, {"metadata": {"payment_id": 7}}])
async def test_what_is_signed_about_a_payment_that_cannot_be_one_is_not_believed(
    gateway: StripeGateway, clock: ManualClock, changes: dict[str, Any]
) -> None:
    body = event(**changes)

    with pytest.raises(InvalidNotice):
        await gateway.read_notice(signed(body, clock), body)


def test_no_secret_shows(gateway: StripeGateway) -> None:
    assert "whsec" not in repr(gateway)
    assert "sk_test" not in repr(gateway)
