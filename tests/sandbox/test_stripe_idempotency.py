"""One key, one effect, one answer."""

import asyncio

from tests.fakes.sources import ManualClock
from tests.sandbox.conftest import WatchedClock
from tests.sandbox.stripe_client import Client


async def test_the_same_call_again_gets_the_first_answer_to_the_letter(client: Client) -> None:
    first = await client.authorise(key="k1", **{"expand[]": "latest_charge"})
    await client.post(f"/v1/payment_intents/{first.body['id']}/capture", key="k2")
    again = await client.authorise(key="k1", **{"expand[]": "latest_charge"})

    assert again.raw == first.raw
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert len((await client.ledger())["p1"]["payment_intents"]) == 1


async def test_a_decline_is_remembered_too(client: Client) -> None:
    first = await client.authorise(key="k1", payment_method="pm_card_chargeDeclined")
    again = await client.authorise(key="k1", payment_method="pm_card_chargeDeclined")

    assert (first.status, again.status) == (402, 402)
    assert again.raw == first.raw


async def test_a_call_that_never_began_is_not_remembered(client: Client) -> None:
    refused = await client.authorise(key="k1", colour="blue")
    begun = await client.authorise(key="k1")

    assert (refused.status, begun.status) == (400, 200)


async def test_other_parameters_with_the_same_key_are_refused(client: Client) -> None:
    await client.authorise(key="k1")
    refused = await client.authorise(key="k1", amount="9000")

    assert (refused.status, refused.error["type"]) == (400, "idempotency_error")


async def test_another_endpoint_with_the_same_key_is_refused(client: Client) -> None:
    intent = (await client.authorise(key="k1")).body
    refused = await client.post(f"/v1/payment_intents/{intent['id']}/capture", key="k1")

    assert (refused.status, refused.error["type"]) == (400, "idempotency_error")


async def test_the_same_key_at_the_same_time_is_refused(client: Client, clock: WatchedClock) -> None:
    await client.misbehave(operation="authorise", how="slow", seconds=5)
    running = asyncio.create_task(client.authorise(key="k1"))
    await clock.asked_for(5)
    refused = await client.authorise(key="k1")
    clock.advance(5)

    assert (refused.status, refused.error["code"]) == (409, "idempotency_key_in_use")
    assert (await running).status == 200


async def test_a_key_is_forgotten_after_a_day(client: Client, clock: ManualClock) -> None:
    first = await client.authorise(key="k1")
    clock.advance(24 * 3600 + 1)
    again = await client.authorise(key="k1")

    assert again.body["id"] != first.body["id"]
