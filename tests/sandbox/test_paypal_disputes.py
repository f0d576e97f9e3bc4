"""Disputes: opened, answered, decided, and what becomes of the money."""

import json
from datetime import timedelta

import aiohttp
import pytest

from tests.sandbox.conftest import Endpoint
from tests.sandbox.paypal_client import Client

DISPUTES = "/v1/customer/disputes"


async def _taken(client: Client, instrument: str = "balance") -> str:
    taken = await client.take((await client.authorised(instrument))["id"])
    return str(taken.body["id"])


async def _disputed(client: Client) -> tuple[str, str]:
    capture = await _taken(client)
    answer = await client.control(f"/captures/{capture}/dispute", {"reason": "UNAUTHORISED"})
    return capture, str(answer.body["dispute_id"])


async def test_a_dispute_is_told_and_can_be_looked_up(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    capture, dispute = await _disputed(telling_paypal)
    told = (await paypal_endpoint.next("CUSTOMER.DISPUTE.CREATED")).event["resource"]
    shown = (await telling_paypal.get(f"{DISPUTES}/{dispute}")).body
    listed = (await telling_paypal.get(f"{DISPUTES}?disputed_transaction_id={capture}")).body["items"]
    others = (await telling_paypal.get(f"{DISPUTES}?disputed_transaction_id=X")).body["items"]

    assert (told, [each["dispute_id"] for each in listed], others) == (shown, [dispute], [])
    assert shown["disputed_transactions"][0]["seller_transaction_id"] == capture
    assert (shown["status"], shown["reason"]) == ("WAITING_FOR_SELLER_RESPONSE", "UNAUTHORISED")
    assert shown["seller_response_due_date"] == "2026-12-02T12:00:00.000Z"


async def test_a_disputing_buyer_does_so_by_itself(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    capture = await _taken(telling_paypal, "dispute")
    await paypal_endpoint.clock.asked_for(2)
    paypal_endpoint.clock.advance(2)
    told = (await paypal_endpoint.next("CUSTOMER.DISPUTE.CREATED")).event["resource"]

    assert told["disputed_transactions"][0]["seller_transaction_id"] == capture


@pytest.mark.parametrize(
    ("notes", "outcome", "returned"),
    [("winning_evidence", "RESOLVED_SELLER_FAVOUR", 0), ("losing_evidence", "RESOLVED_BUYER_FAVOUR", 10000)],
)
async def test_evidence_decides(
    telling_paypal: Client, paypal_endpoint: Endpoint, *, notes: str, outcome: str, returned: int
) -> None:
    _, dispute = await _disputed(telling_paypal)
    evidence = {"evidences": [{"evidence_type": "PROOF_OF_FULFILLMENT", "notes": notes}]}
    answer = await telling_paypal.post(f"{DISPUTES}/{dispute}/provide-evidence", evidence)
    reviewed = (await paypal_endpoint.next("CUSTOMER.DISPUTE.UPDATED")).event["resource"]
    again = await telling_paypal.post(f"{DISPUTES}/{dispute}/provide-evidence", evidence)
    await paypal_endpoint.clock.asked_for(2)
    paypal_endpoint.clock.advance(2)
    resolved = (await paypal_endpoint.next("CUSTOMER.DISPUTE.RESOLVED")).event["resource"]

    assert (answer.status, again.issue) == (200, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")
    assert (reviewed["status"], reviewed["evidences"]) == ("UNDER_REVIEW", evidence["evidences"])
    assert resolved["dispute_outcome"]["outcome_code"] == outcome
    assert (await telling_paypal.ledger())["p1"]["refunded"] == returned


async def test_a_lost_dispute_takes_the_money_back(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    capture, dispute = await _disputed(telling_paypal)
    await telling_paypal.post(f"{DISPUTES}/{dispute}/accept-claim", {"accept_claim_reason": "OTHER"})
    told = (await paypal_endpoint.next("PAYMENT.CAPTURE.REVERSED")).event["resource"]
    late = await telling_paypal.post(f"{DISPUTES}/{dispute}/accept-claim")

    assert told["amount"]["value"] == "100.00"
    assert (await telling_paypal.get(f"/v2/payments/captures/{capture}")).body["status"] == "REFUNDED"
    assert late.issue == "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE"


async def test_who_does_not_answer_has_lost(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    _, dispute = await _disputed(telling_paypal)
    await telling_paypal.control("/clock", {"forward_seconds": timedelta(days=11).total_seconds()})
    resolved = (await paypal_endpoint.next("CUSTOMER.DISPUTE.RESOLVED")).event["resource"]

    assert (resolved["dispute_id"], resolved["dispute_outcome"]["outcome_code"]) == (
        dispute,
        "RESOLVED_BUYER_FAVOUR",
    )


async def test_documents_are_taken(paypal: Client) -> None:
    _, dispute = await _disputed(paypal)
    form = aiohttp.FormData()
    told = {"evidences": [{"evidence_type": "OTHER", "notes": "see file"}]}
    form.add_field("input", json.dumps(told), content_type="application/json")
    form.add_field("file1", b"%PDF-1.7", filename="itinerary.pdf", content_type="application/pdf")
    async with paypal.session.post(
        f"{paypal.base_url}{DISPUTES}/{dispute}/provide-evidence",
        data=form,
        headers={"Authorization": f"Bearer {paypal.token}"},
    ) as answer:
        assert answer.status == 200
    shown = (await paypal.get(f"{DISPUTES}/{dispute}")).body

    assert (shown["dispute_state"], shown["evidences"]) == ("UNDER_PAYPAL_REVIEW", told["evidences"])


async def test_the_vendors_own_sandbox_calls_decide(paypal: Client) -> None:
    _, dispute = await _disputed(paypal)
    early = await paypal.post(f"{DISPUTES}/{dispute}/adjudicate", {"adjudication_outcome": "SELLER_FAVOR"})
    await paypal.post(f"{DISPUTES}/{dispute}/provide-evidence", {"notes": "We flew them."})
    await paypal.post(f"{DISPUTES}/{dispute}/require-evidence", {"action": "SELLER_EVIDENCE"})
    asked = (await paypal.get(f"{DISPUTES}/{dispute}")).body["status"]
    await paypal.post(f"{DISPUTES}/{dispute}/provide-evidence", {"notes": "Twice."})
    await paypal.post(f"{DISPUTES}/{dispute}/adjudicate", {"adjudication_outcome": "SELLER_FAVOR"})
    shown = (await paypal.get(f"{DISPUTES}/{dispute}")).body

    assert (early.issue, asked) == (
        "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE",
        "WAITING_FOR_SELLER_RESPONSE",
    )
    assert (shown["status"], len(shown["evidences"])) == ("RESOLVED", 2)


@pytest.mark.parametrize(("outcome", "returned"), [("won", 0), ("lost", 10000)])
async def test_a_switch_decides(paypal: Client, outcome: str, returned: int) -> None:
    _, dispute = await _disputed(paypal)
    answer = await paypal.control(f"/disputes/{dispute}/resolve", {"outcome": outcome})

    assert answer.status == 204
    assert (await paypal.ledger())["p1"]["refunded"] == returned


async def test_while_it_is_disputed_nothing_is_given_back_in_parts(paypal: Client) -> None:
    capture, _ = await _disputed(paypal)
    answer = await paypal.refund(capture, "1.00")

    assert (answer.status, answer.issue) == (422, "TRANSACTION_DISPUTED")


async def test_a_capture_can_be_reversed_without_a_dispute(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    capture = await _taken(telling_paypal)
    await telling_paypal.refund(capture, "30.00")
    await telling_paypal.control(f"/captures/{capture}/reverse")
    told = (await paypal_endpoint.next("PAYMENT.CAPTURE.REVERSED")).event["resource"]

    assert told["amount"]["value"] == "70.00"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/captures/X/dispute", {}, 404),
        ("/captures/{capture}/dispute", {"reason": "BORED"}, 400),
        ("/captures/{capture}/dispute", {"why": "BORED"}, 400),
        ("/disputes/X/resolve", {"outcome": "won"}, 404),
        ("/orders/X/approve", {}, 404),
        ("/clock", {"forward_seconds": -1}, 400),
    ],
)
async def test_a_switch_that_makes_no_sense_says_so(
    paypal: Client, path: str, body: dict[str, object], status: int
) -> None:
    capture = await _taken(paypal)
    answer = await paypal.control(path.format(capture=capture), body)

    assert (answer.status, "error" in answer.body) == (status, True)


async def test_a_buyer_with_a_tag_that_nobody_knows_is_refused(paypal: Client) -> None:
    order = (await paypal.order()).body
    answer = await paypal.approve(order["id"], "gold")

    assert (answer.status, "declined" in answer.body["error"]) == (400, True)
