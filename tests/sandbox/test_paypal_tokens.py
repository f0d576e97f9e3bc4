"""Who calls: a token for id and secret, and the token for everything else."""

import aiohttp
import pytest

from tests.sandbox.conftest import WatchedClock
from tests.sandbox.paypal_client import Client


async def test_the_right_id_and_secret_get_a_token(paypal: Client) -> None:
    answer = await paypal.grant()

    assert (answer.status, answer.body["token_type"], answer.body["expires_in"]) == (200, "Bearer", 32400)
    assert "payments/refund" in answer.body["scope"]


@pytest.mark.parametrize(
    ("client_id", "secret"), [("somebody", "sandbox-client-secret"), ("sandbox-client-id", "no")]
)
async def test_a_wrong_id_or_secret_gets_none(paypal: Client, client_id: str, secret: str) -> None:
    async with Client(paypal.base_url, client_id, secret) as other:
        answer = await other.grant()

    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [({"x": "y"}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type")],
)
async def test_another_kind_of_grant_is_refused(paypal: Client, form: dict[str, str], error: str) -> None:
    answer = await paypal.grant(**form)

    assert (answer.status, answer.body["error"]) == (400, error)


@pytest.mark.parametrize("given", ["", "Bearer nonsense", "Basic c2FuZGJveA=="])
async def test_nothing_is_told_without_a_good_token(paypal: Client, given: str) -> None:
    answer = await paypal.get("/v2/checkout/orders/X", Authorization=given)

    assert (answer.status, answer.body["name"]) == (401, "AUTHENTICATION_FAILURE")


async def test_a_token_is_good_for_nine_hours(paypal: Client, clock: WatchedClock) -> None:
    order = (await paypal.order()).body
    clock.advance(32399)
    good = await paypal.get(f"/v2/checkout/orders/{order['id']}")
    clock.advance(1)
    late = await paypal.get(f"/v2/checkout/orders/{order['id']}")

    assert (good.status, late.status) == (200, 401)


async def test_all_tokens_can_be_revoked(paypal: Client) -> None:
    await paypal.control("/tokens", method="DELETE")

    assert (await paypal.get("/v2/checkout/orders/X")).status == 401


async def test_a_body_that_is_not_json_is_refused(paypal: Client) -> None:
    url, bearer = f"{paypal.base_url}/v2/checkout/orders", {"Authorization": f"Bearer {paypal.token}"}
    found = []
    for data, kind in (("{", "application/json"), ("[]", "application/json"), ("a=b", "text/plain")):
        headers = {**bearer, "Content-Type": kind}
        async with paypal.session.post(url, data=data, headers=headers) as answer:
            body = await answer.json()
            found.append((answer.status, (body.get("details") or [{}])[0].get("issue")))

    assert found == [(400, "MALFORMED_REQUEST_JSON"), (400, "MALFORMED_REQUEST_JSON"), (415, None)]


async def test_an_address_that_the_vendor_does_not_have_is_not_found(paypal: Client) -> None:
    async with paypal.session.get(
        f"{paypal.base_url}/v2/nothing", headers={"Authorization": f"Bearer {paypal.token}"}
    ) as answer:
        assert (answer.status, (await answer.json())["name"]) == (404, "RESOURCE_NOT_FOUND")


async def test_it_is_reached_by_name_alone(paypal: Client) -> None:
    with pytest.raises(aiohttp.ClientResponseError, match="404"):
        async with paypal.session.get(f"{paypal.root}/_sandbox/nobody/ledger", raise_for_status=True):
            pass
