"""Faults on demand: by header, by buyer, by switch. What is said to be done is done, the rest is not."""

import json

import aiohttp
import pytest

from tests.sandbox.conftest import Endpoint, WatchedClock
from tests.sandbox.paypal_client import Client

DEED_DONE = ["close_after_deed", "timeout_after_deed", "error_after_deed", "html_after_deed"]
NOT_DONE = ["close_before", "timeout_before", "error_before", "html_before", "rate_limited", "locked"]


def _wish(how: str) -> dict[str, str]:
    return {"Sandbox_Misbehave": how}


async def _attempt(client: Client, held_id: str) -> str:
    """Capture impatiently; what comes back is the status, or the failure's name."""
    headers = {"Authorization": f"Bearer {client.token}", "PayPal-Request-Id": "k1"}
    try:
        async with client.session.post(
            f"{client.base_url}/v2/payments/authorizations/{held_id}/capture",
            json={},
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=0.3),
        ) as answer:
            return f"{answer.status} {answer.content_type}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__


@pytest.mark.parametrize("how", DEED_DONE)
async def test_the_deed_is_done_and_its_answer_lost(paypal: Client, how: str) -> None:
    held = await paypal.authorised()
    await paypal.misbehave(sandbox="paypal", operation="capture", how=how)
    seen = await _attempt(paypal, held["id"])

    assert seen != "201 application/json"
    assert (await paypal.ledger())["p1"]["captured"] == 10000


@pytest.mark.parametrize("how", NOT_DONE)
async def test_nothing_is_done(paypal: Client, how: str) -> None:
    held = await paypal.authorised()
    await paypal.misbehave(sandbox="paypal", operation="capture", how=how)
    seen = await _attempt(paypal, held["id"])

    assert seen != "201 application/json"
    assert (await paypal.ledger())["p1"]["captured"] == 0


@pytest.mark.parametrize("how", [*DEED_DONE, *NOT_DONE])
async def test_the_same_call_again_helps_and_does_it_once(paypal: Client, how: str) -> None:
    held = await paypal.authorised()
    await paypal.misbehave(operation="capture", how=how)
    await _attempt(paypal, held["id"])

    assert await _attempt(paypal, held["id"]) == "201 application/json"
    assert (await paypal.ledger())["p1"]["captured"] == 10000


async def test_a_buyer_can_ask_for_it_once(paypal: Client) -> None:
    held = await paypal.authorised("error_after_capture")
    first = await paypal.take(held["id"], key="k1")
    again = await paypal.take(held["id"], key="k1")

    assert (first.status, first.body["name"]) == (500, "INTERNAL_SERVER_ERROR")
    assert (again.status, (await paypal.ledger())["p1"]["captured"]) == (201, 10000)


async def test_a_header_can_ask_for_it(paypal: Client) -> None:
    held = await paypal.authorised()
    locked = await paypal.take(held["id"], headers=_wish("locked"))
    limited = await paypal.get(f"/v2/payments/authorizations/{held['id']}", Sandbox_Misbehave="rate_limited")
    wrong = await paypal.take(held["id"], headers=_wish("badly"))

    assert (locked.status, locked.issue) == (409, "PREVIOUS_REQUEST_IN_PROGRESS")
    assert (limited.status, limited.body["name"]) == (429, "RATE_LIMIT_REACHED")
    assert limited.headers["Retry-After"] == "1"
    assert (wrong.status, wrong.issue) == (400, "INVALID_PARAMETER_SYNTAX")


@pytest.mark.parametrize(("issue", "status"), [("PAYER_CANNOT_PAY", 422), ("PERMISSION_DENIED", 403)])
async def test_the_vendors_own_switch_asks_for_an_issue(paypal: Client, issue: str, status: int) -> None:
    held = await paypal.authorised()
    wish = json.dumps({"mock_application_codes": issue})
    answer = await paypal.take(held["id"], headers={"PayPal_Mock_Response": wish})
    wrong = await paypal.take(held["id"], headers={"PayPal_Mock_Response": "[]"})

    assert (answer.status, answer.issue, wrong.status) == (status, issue, 400)
    assert (await paypal.ledger())["p1"]["captured"] == 0


_CALLS: dict[str, tuple[str, str, object]] = {
    "create": ("POST", "/v2/checkout/orders", {"intent": "CAPTURE"}),
    "authorise": ("POST", "/v2/checkout/orders/X/authorize", None),
    "patch": ("PATCH", "/v2/checkout/orders/X", []),
    "capture": ("POST", "/v2/payments/authorizations/X/capture", None),
    "cancel": ("POST", "/v2/payments/authorizations/X/void", None),
    "reauthorise": ("POST", "/v2/payments/authorizations/X/reauthorize", None),
    "refund": ("POST", "/v2/payments/captures/X/refund", None),
    "retrieve": ("GET", "/v2/payments/captures/X", None),
    "list": ("GET", "/v1/reporting/transactions", None),
    "dispute": ("POST", "/v1/customer/disputes/X/accept-claim", None),
}


@pytest.mark.parametrize("operation", _CALLS)
async def test_each_kind_of_call_can_go_wrong(paypal: Client, operation: str) -> None:
    await paypal.misbehave(sandbox="paypal", operation=operation, how="error_before")
    method, path, body = _CALLS[operation]
    first, then = await paypal.call(method, path, body), await paypal.call(method, path, body)

    assert first.status == 500
    assert then.status in {400, 404}


async def test_asking_for_a_token_can_go_wrong(paypal: Client) -> None:
    await paypal.misbehave(operation="token", how="error_before")

    assert [(await paypal.grant()).status for _ in range(2)] == [500, 200]


async def test_webhooks_come_late_when_told_to(
    telling_paypal: Client, paypal_endpoint: Endpoint, clock: WatchedClock
) -> None:
    held = await telling_paypal.authorised()
    await paypal_endpoint.next("PAYMENT.AUTHORIZATION.CREATED")
    await telling_paypal.misbehave(operation="capture", how="webhook_late", seconds=30)
    await telling_paypal.take(held["id"])
    await clock.asked_for(30)
    early = paypal_endpoint.waiting()
    clock.advance(30)

    assert "PAYMENT.CAPTURE.COMPLETED" not in early
    late = await paypal_endpoint.next("PAYMENT.CAPTURE.COMPLETED")
    assert late.event["resource"]["status"] == "COMPLETED"


async def test_webhooks_come_twice_first_or_never_when_told_to(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    held = await telling_paypal.authorised()
    for _ in range(2):
        await paypal_endpoint.next()
    await telling_paypal.take(held["id"], "1.00", headers=_wish("webhook_twice"))
    twice = [(await paypal_endpoint.next()).event["id"] for _ in range(2)]
    await telling_paypal.take(held["id"], "1.00", headers=_wish("webhook_before_answer"))
    first = paypal_endpoint.waiting()
    await telling_paypal.take(held["id"], "1.00", headers=_wish("webhook_never"))
    await telling_paypal.post(f"/v2/payments/authorizations/{held['id']}/void")
    last = (await paypal_endpoint.next()).event["event_type"]

    assert twice[0] == twice[1]
    assert (first, last) == (["PAYMENT.CAPTURE.COMPLETED"], "PAYMENT.AUTHORIZATION.VOIDED")
