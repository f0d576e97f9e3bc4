"""Disputes: the holder of a card wants the money back, evidence is heard, and the bank decides."""

from typing import Any

import pytest

from tests.sandbox.conftest import Endpoint, WatchedClock
from tests.sandbox.stripe_client import Client

CREATED, CLOSED = "charge.dispute.created", "charge.dispute.closed"


@pytest.fixture
def client(telling_client: Client) -> Client:
    return telling_client


async def _disputed(
    client: Client, endpoint: Endpoint, clock: WatchedClock, token: str = "pm_card_createDispute"
) -> dict[str, Any]:
    """A payment of 100.00 EUR that is disputed."""
    await client.paid(token)
    await clock.asked_for(2.0)
    clock.advance(2)
    found: dict[str, Any] = (await endpoint.next(CREATED)).event["data"]["object"]
    return found


async def _says(client: Client, dispute: dict[str, Any], text: str, **form: str) -> dict[str, Any]:
    wish = {"evidence[uncategorized_text]": text, **form}
    return (await client.post(f"/v1/disputes/{dispute['id']}", wish)).body


async def _balance(client: Client) -> int:
    movements = (await client.get("/v1/balance_transactions")).body["data"]
    return sum(movement["amount"] for movement in movements)


async def _decided(clock: WatchedClock) -> None:
    await clock.asked_for(2.0)
    clock.advance(2)


async def test_a_dispute_takes_the_money_at_once(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock)
    withdrawn = (await endpoint.next("charge.dispute.funds_withdrawn")).event["data"]["object"]
    charge = (await client.get(f"/v1/charges/{dispute['charge']}")).body

    assert (dispute["reason"], dispute["status"], dispute["amount"]) == (
        "fraudulent",
        "needs_response",
        10000,
    )
    assert [(each["amount"], each["fee"]) for each in withdrawn["balance_transactions"]] == [(-10000, 1500)]
    assert (charge["disputed"], await _balance(client)) == (True, 0)


async def test_evidence_that_convinces_brings_it_back(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock)
    answered = await _says(client, dispute, "winning_evidence")
    await _decided(clock)
    closed = (await endpoint.next(CLOSED)).event["data"]["object"]

    assert (answered["status"], answered["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert (closed["status"], await _balance(client)) == ("won", 10000)


async def test_evidence_that_does_not_convince_loses_it(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock)
    await _says(client, dispute, "losing_evidence")
    await _decided(clock)

    assert (await endpoint.next(CLOSED)).event["data"]["object"]["status"] == "lost"
    assert await _balance(client) == 0


async def test_evidence_may_be_kept_and_sent_later(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock)
    staged = await _says(client, dispute, "a draft", submit="false")

    assert (staged["status"], staged["evidence"]["uncategorized_text"]) == ("needs_response", "a draft")
    assert staged["evidence_details"]["has_evidence"] is True


async def test_who_does_not_answer_in_time_loses(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock)
    await clock.asked_for(7 * 24 * 3600 - 2)  # the end of the authorisation, which is looked at before
    clock.advance(9 * 24 * 3600)
    closed = (await endpoint.next(CLOSED)).event["data"]["object"]
    late = await client.post(
        f"/v1/disputes/{dispute['id']}", {"evidence[uncategorized_text]": "winning_evidence"}
    )

    assert (closed["status"], closed["evidence_details"]["past_due"], late.status) == ("lost", True, 400)


async def test_who_gives_in_loses(client: Client, endpoint: Endpoint, clock: WatchedClock) -> None:
    dispute = await _disputed(client, endpoint, clock)
    closed = (await client.post(f"/v1/disputes/{dispute['id']}/close")).body
    again = await client.post(f"/v1/disputes/{dispute['id']}/close")

    assert (closed["status"], again.status) == ("lost", 400)


async def test_an_inquiry_takes_nothing_until_it_is_more(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock, "pm_card_createDisputeInquiry")
    asked, before = dispute["status"], await _balance(client)
    await _says(client, dispute, "escalate_inquiry_evidence")
    await _decided(clock)
    more = (await endpoint.next("charge.dispute.funds_withdrawn")).event["data"]["object"]

    assert (asked, before, dispute["is_charge_refundable"]) == ("warning_needs_response", 10000, True)
    assert (more["status"], await _balance(client)) == ("needs_response", 0)


async def test_a_refund_answers_an_inquiry_and_no_dispute(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    inquiry = await _disputed(client, endpoint, clock, "pm_card_createDisputeInquiry")
    answered = await client.post("/v1/refunds", {"payment_intent": inquiry["payment_intent"]})
    closed = (await endpoint.next(CLOSED)).event["data"]["object"]
    dispute = await _disputed(client, endpoint, clock)
    refused = await client.post("/v1/refunds", {"payment_intent": dispute["payment_intent"]})

    assert (answered.status, closed["status"]) == (200, "warning_closed")
    assert (refused.status, refused.error["code"]) == (400, "charge_disputed")


async def test_what_was_given_back_is_not_disputed(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    paid = await client.paid("pm_card_createDispute")
    await client.post("/v1/refunds", {"payment_intent": paid["id"]})
    await clock.asked_for(2.0)
    clock.advance(2)
    await client.paid("pm_card_createDisputeProductNotReceived")
    await clock.asked_for(2.0)
    clock.advance(2)

    assert (await endpoint.next(CREATED)).event["data"]["object"]["reason"] == "product_not_received"
    listed = (await client.get("/v1/disputes")).body["data"]
    assert [each["reason"] for each in listed] == ["product_not_received"]


async def test_evidence_of_no_kind_is_refused(
    client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    dispute = await _disputed(client, endpoint, clock)
    refused = await client.post(f"/v1/disputes/{dispute['id']}", {"evidence[mood]": "good"})

    assert refused.error["code"] == "parameter_unknown"
