"""The vendor's own samples are read without error."""

import json
from datetime import UTC, datetime

import stripe

from bookingd.gateways import stripe_payments as reading
from bookingd.gateways.port import GatewayStatus, PostingKind
from bookingd.gateways.stripe import NOTICES, StripeGateway
from bookingd.gateways.stripe_books import dispute, postings
from tests import vendor_specs
from tests.fakes.sources import ManualClock

SECRET = "whsec_sample"


def _resources() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = vendor_specs.samples("stripe").get(
        "fixtures3.json", {"resources": {}}
    )["resources"]
    return found


async def test_every_event_is_read(clock: ManualClock) -> None:
    gateway = StripeGateway(secret_key="sk_test_x", webhook_secrets=[SECRET], clock=clock)
    for name, event in vendor_specs.samples("stripe/examples").items():
        if event["object"] != "event":
            continue
        body = json.dumps(event)
        header = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(clock.now().timestamp()))
        notice = await gateway.read_notice({"Stripe-Signature": header}, body.encode())

        assert (notice is not None) == (event["type"] in NOTICES), name
        if notice is not None:
            assert (notice.event_id, notice.kind) == (event["id"], event["type"])


def test_payments_are_read() -> None:
    samples = vendor_specs.samples("stripe/examples")
    for name, sample in samples.items():
        thing = sample["data"]["object"] if sample["object"] == "event" else sample
        if thing["object"] == "payment_intent":
            assert reading.payment(thing).gateway_reference == thing["id"], name
    if samples:
        held = samples["event.payment_intent.amount_capturable_updated.json"]["data"]["object"]
        assert reading.payment(held).status is GatewayStatus.AUTHORISED


def test_objects_of_today_are_read() -> None:
    if resources := _resources():
        assert reading.payment(resources["payment_intent"]).gateway_reference.startswith("pi_")
        assert reading.refund(resources["refund"]).gateway_reference.startswith("re_")
        assert dispute(resources["dispute"]).gateway_reference.startswith("dp_")
        page = {**resources["checkout.session"], "amount_total": 100, "currency": "eur"}
        assert reading.page(page).status is GatewayStatus.REQUIRES_ACTION


def test_movements_are_read() -> None:
    samples = vendor_specs.samples("stripe/examples")
    if samples:
        movement = samples["balance_transaction_txn_fake_ch_fakefakefakefakefake0001.json"]
        charge = samples["charge_ch_fakefakefakefakefake0001.json"]
        kinds = [posting.kind for posting in postings({**movement, "source": charge})]
        assert kinds == [PostingKind.CAPTURE, PostingKind.FEE]
        [first, *_] = postings({**movement, "source": charge})
        assert first.at == datetime.fromtimestamp(movement["created"], UTC)
