"""Faults on demand: by header, by card, by switch. What is said to be done is done, the rest is not."""

from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.server import SandboxServer
from bookingd.sources import Sources
from tests.sandbox.conftest import WatchedClock, stripe_server
from tests.sandbox.stripe_client import Client

DEED_DONE = ["close_after_deed", "timeout_after_deed", "error_after_deed", "html_after_deed"]
NOT_DONE = ["close_before", "timeout_before", "error_before", "html_before", "rate_limited", "locked"]


async def _attempt(client: Client, **changes: str) -> str:
    """Authorise impatiently; what comes back is the status, or the failure's name."""
    form = {
        "amount": "10000",
        "currency": "eur",
        "capture_method": "manual",
        "confirm": "true",
        "payment_method": "pm_card_visa",
        "metadata[payment_id]": "p1",
        **changes,
    }
    headers = {"Authorization": "Bearer sk_test_sandbox", "Idempotency-Key": "k1"}
    try:
        async with client.session.post(
            f"{client.base_url}/v1/payment_intents",
            data=form,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=0.3),
        ) as answer:
            return f"{answer.status} {answer.content_type}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__


@pytest.mark.parametrize("how", DEED_DONE)
async def test_the_deed_is_done_and_its_answer_lost(client: Client, how: str) -> None:
    await client.misbehave(operation="authorise", how=how)
    seen = await _attempt(client)

    assert seen != "200 application/json"
    assert (await client.ledger())["p1"]["authorised"] == 10000


@pytest.mark.parametrize("how", NOT_DONE)
async def test_nothing_is_done(client: Client, how: str) -> None:
    await client.misbehave(operation="authorise", how=how)
    seen = await _attempt(client)

    assert seen != "200 application/json"
    assert await client.ledger() == {}


@pytest.mark.parametrize("how", [*DEED_DONE[:2], *NOT_DONE])
async def test_the_same_call_again_helps_and_does_it_once(client: Client, how: str) -> None:
    await client.misbehave(operation="authorise", how=how)
    await _attempt(client)

    assert await _attempt(client) == "200 application/json"
    assert len((await client.ledger())["p1"]["payment_intents"]) == 1


async def test_an_error_after_the_deed_is_remembered_as_the_vendor_does(client: Client) -> None:
    await client.misbehave(operation="authorise", how="error_after_deed")
    first, again = await _attempt(client), await _attempt(client)

    assert first == again == "500 application/json"
    assert (await client.ledger())["p1"]["authorised"] == 10000


@pytest.mark.parametrize(
    ("token", "operation"),
    [("pm_sandbox_close_after_authorise", "authorise"), ("pm_sandbox_close_before_authorise", "authorise")],
)
async def test_a_card_can_ask_for_it(client: Client, token: str, operation: str) -> None:
    first = await _attempt(client, payment_method=token)
    again = await _attempt(client, payment_method=token)

    assert (first, again) == ("ServerDisconnectedError", "200 application/json")


async def test_a_card_can_ask_for_it_at_the_capture(client: Client) -> None:
    intent = (await client.authorise(payment_method="pm_sandbox_timeout_after_capture")).body
    path = f"/v1/payment_intents/{intent['id']}/capture"
    with pytest.raises(TimeoutError):
        async with client.session.post(
            client.base_url + path,
            headers={"Authorization": "Bearer sk_test_sandbox"},
            timeout=aiohttp.ClientTimeout(total=0.2),
        ):
            pass

    assert (await client.ledger())["p1"]["captured"] == 10000


async def test_a_header_can_ask_for_it(client: Client) -> None:
    limited = await client.authorise(**{"metadata[payment_id]": "p2"})
    answer = await client.get(f"/v1/payment_intents/{limited.body['id']}", Sandbox_Misbehave="rate_limited")

    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


async def test_slow_is_slow(client: Client, clock: WatchedClock) -> None:
    await client.misbehave(sandbox="stripe", operation="list", how="slow", seconds=7)
    with pytest.raises(TimeoutError):
        async with client.session.get(
            f"{client.base_url}/v1/events",
            headers={"Authorization": "Bearer sk_test_sandbox"},
            timeout=aiohttp.ClientTimeout(total=0.2),
        ):
            pass

    await clock.asked_for(7)


async def test_a_switch_counts_its_times_and_can_be_cleared(client: Client) -> None:
    await client.misbehave(how="error_before", times=2)
    statuses = [(await client.get("/v1/events")).status for _ in range(3)]
    await client.misbehave(how="error_before", times=None)
    async with client.session.delete(f"{client.root}/_sandbox/misbehave") as cleared:
        assert cleared.status == 204

    assert statuses == [500, 500, 200]
    assert (await client.get("/v1/events")).status == 200


async def test_configuration_can_ask_for_it(client: Client, switches: Switches) -> None:
    switches.configure("stripe:list:error_before")
    switches.configure("paypal:slow=2")

    assert (await client.get("/v1/events")).status == 500
    assert (await client.authorise()).status == 200


async def test_a_wish_that_nobody_knows_is_refused(server: SandboxServer, client: Client) -> None:
    async with client.session.post(f"{client.root}/_sandbox/misbehave", json={"how": "badly"}) as answer:
        assert answer.status == 400


async def test_a_stand_in_that_nobody_knows_has_no_ledger(client: Client) -> None:
    async with client.session.get(f"{client.root}/_sandbox/nobody/ledger") as answer:
        assert answer.status == 404


async def test_a_taken_port_is_an_error_that_leaves_nothing_open(
    server: SandboxServer, sources: Sources, switches: Switches, tmp_path: Path
) -> None:
    second = stripe_server(sources, switches, directory=tmp_path)
    with pytest.raises(OSError, match="address already in use"):
        await second.start(URL(server.url("stripe")).port or 0)

    third = stripe_server(sources, switches, directory=tmp_path)
    await third.start()
    await third.stop()
