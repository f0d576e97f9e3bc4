"""Webhooks: what is sent, signed how, and until when."""

import asyncio
from pathlib import Path

import pytest
import stripe

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.stripe.sandbox import WEBHOOK_SECRET
from bookingd.sources import Sources
from tests.sandbox.conftest import Endpoint, WatchedClock, stripe_server
from tests.sandbox.stripe_client import Client


async def test_each_step_of_a_payment_is_told(telling_client: Client, endpoint: Endpoint) -> None:
    intent = (await telling_client.authorise()).body
    begun = {(await endpoint.next()).event["type"] for _ in range(3)}
    await telling_client.post(f"/v1/payment_intents/{intent['id']}/capture")
    taken = {(await endpoint.next()).event["type"] for _ in range(2)}
    await telling_client.post("/v1/refunds", {"payment_intent": intent["id"]})
    returned = {(await endpoint.next()).event["type"] for _ in range(2)}

    assert begun == {
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
    }
    assert taken == {"charge.captured", "payment_intent.succeeded"}
    assert returned == {"refund.created", "charge.refunded"}


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("pm_card_chargeDeclined", "payment_intent.payment_failed"),
        ("pm_card_authenticationRequired", "payment_intent.requires_action"),
    ],
)
async def test_a_payment_that_halts_is_told(
    telling_client: Client, endpoint: Endpoint, token: str, kind: str
) -> None:
    await telling_client.authorise(payment_method=token)

    told = (await endpoint.next(kind)).event
    assert told["data"]["object"]["metadata"]["payment_id"] == "p1"


async def test_the_vendors_library_accepts_the_signature(telling_client: Client, endpoint: Endpoint) -> None:
    await telling_client.authorise()
    delivery = await endpoint.next()

    header = delivery.headers["Stripe-Signature"]
    assert stripe.WebhookSignature.verify_header(delivery.body, header, WEBHOOK_SECRET)


async def test_a_webhook_comes_again_until_it_is_accepted(
    telling_client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    endpoint.statuses = [500, 302]
    await telling_client.post("/v1/payment_intents", {"amount": "500", "currency": "eur"})
    first = await endpoint.next()
    await clock.asked_for(0.5)
    clock.advance(0.5)
    second = await endpoint.next()
    await clock.asked_for(1.0)
    clock.advance(1)
    third = await endpoint.next()

    assert first.event["id"] == second.event["id"] == third.event["id"]


async def test_an_authorisation_expires_by_itself(
    telling_client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    intent = (await telling_client.authorise()).body
    await clock.asked_for(7 * 24 * 3600)
    clock.advance(7 * 24 * 3600)
    told = (await endpoint.next("payment_intent.canceled")).event["data"]["object"]
    late = await telling_client.post(f"/v1/payment_intents/{intent['id']}/capture")

    assert (told["id"], told["cancellation_reason"]) == (intent["id"], "automatic")
    assert late.error["code"] == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("token", "kind", "returned"),
    [("pm_card_pendingRefund", "refund.updated", 10000), ("pm_card_refundFail", "refund.failed", 0)],
)
async def test_a_refund_that_takes_its_time_ends_some_day(
    telling_client: Client, endpoint: Endpoint, token: str, kind: str, returned: int
) -> None:
    intent = (await telling_client.authorise(payment_method=token)).body
    await telling_client.post(f"/v1/payment_intents/{intent['id']}/capture")
    refund = (await telling_client.post("/v1/refunds", {"payment_intent": intent["id"]})).body
    await endpoint.clock.asked_for(2)
    endpoint.clock.advance(2)

    assert (await endpoint.next(kind)).event["data"]["object"]["id"] == refund["id"]
    assert (await telling_client.ledger())["p1"]["refunded"] == returned


async def test_what_was_not_delivered_is_sent_after_a_restart(
    sources: Sources, switches: Switches, tmp_path: Path, endpoint: Endpoint
) -> None:
    first = stripe_server(
        sources, switches, directory=tmp_path, webhook_url="http://127.0.0.1:9/nobody-listens"
    )
    await first.start()
    async with Client(first.url("stripe")) as client:
        await client.authorise()
    await first.stop()
    second = stripe_server(sources, switches, directory=tmp_path, webhook_url=endpoint.url)
    await second.start()
    kinds = {(await endpoint.next()).event["type"] for _ in range(3)}
    await second.stop()

    assert "payment_intent.amount_capturable_updated" in kinds


async def test_an_endpoint_gets_the_kinds_that_it_wants(
    sources: Sources, switches: Switches, endpoint: Endpoint
) -> None:
    server = stripe_server(
        sources, switches, webhook_url=endpoint.url, webhook_events=["payment_intent.succeeded"]
    )
    await server.start()
    async with Client(server.url("stripe")) as client:
        intent = (await client.authorise()).body
        await client.post(f"/v1/payment_intents/{intent['id']}/capture")
        first = (await endpoint.next()).event
    await server.stop()

    assert (first["type"], endpoint.waiting()) == ("payment_intent.succeeded", [])


async def test_webhooks_come_late_when_told_to(
    telling_client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    await telling_client.misbehave(operation="authorise", how="webhook_late", seconds=30)
    await telling_client.authorise()
    await clock.asked_for(30)
    early = endpoint.waiting()
    clock.advance(30)

    assert early == []
    assert (await endpoint.next()).event["type"]


async def test_webhooks_come_twice_when_told_to(telling_client: Client, endpoint: Endpoint) -> None:
    await telling_client.misbehave(operation="authorise", how="webhook_twice")
    await telling_client.authorise()
    events = [(await endpoint.next()).event["id"] for _ in range(6)]

    assert len(set(events)) == 3


async def test_webhooks_come_before_the_answer_when_told_to(
    telling_client: Client, endpoint: Endpoint
) -> None:
    await telling_client.misbehave(operation="authorise", how="webhook_before_answer")
    await telling_client.authorise()

    assert len(endpoint.waiting()) == 3


async def test_webhooks_never_come_when_told_to(telling_client: Client, endpoint: Endpoint) -> None:
    await telling_client.misbehave(operation="authorise", how="webhook_never")
    intent = (await telling_client.authorise()).body
    await telling_client.post(f"/v1/payment_intents/{intent['id']}/capture")
    kinds = {(await endpoint.next()).event["type"] for _ in range(2)}

    assert kinds == {"charge.captured", "payment_intent.succeeded"}


async def test_stopping_leaves_nothing_running(
    sources: Sources, switches: Switches, endpoint: Endpoint
) -> None:
    endpoint.statuses = [500] * 3
    server = stripe_server(sources, switches, webhook_url=endpoint.url)
    await server.start()
    async with Client(server.url("stripe")) as client:
        await client.authorise()
    await server.stop()

    running = [repr(task.get_coro()) for task in asyncio.all_tasks()]
    assert not [each for each in running if "Courier" in each or "Agenda" in each]
