"""Means that an account has agreed to have kept: seen by it alone, and forgotten when it says so."""

import json
from typing import Any

from bookingd.messages.payments import ForgetMeans
from bookingd.storage import payment_means
from bookingd.storage.database import Connection
from tests.handlers.conftest import Api, MakeApi
from tests.handlers.test_payment_options import agency, client, held, keeps_a_card

PATH = "/v1/me/payment-means"


async def forgotten(api: Api) -> list[ForgetMeans]:
    return [one for one in await api.outbox() if isinstance(one, ForgetMeans)]


async def test_an_account_sees_what_it_may_be_charged_by_and_no_token(make_api: MakeApi) -> None:
    api = await agency(make_api)
    anna, bert = await client(api), await client(api, 2)
    kept = await keeps_a_card(anna, await held(anna))

    (shown,) = (await anna.get(PATH))["means"]
    others = await bert.get(PATH)

    assert (shown["id"], shown["label"], shown["expires"]) == (kept, "Visa ending in 4242", "2031-04")
    assert "pm_kept" not in json.dumps(shown)
    assert others == {"means": []}


async def test_a_consent_is_taken_back_here_and_at_the_gateway(
    make_api: MakeApi, connection: Connection
) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    kept = await keeps_a_card(anna, booking)

    await anna.ask("DELETE", f"{PATH}/{kept}")

    (message,) = await forgotten(anna)
    assert (anna.status, message.gateway, str(message.payment_id)) == (204, "fake", kept)
    assert await anna.get(PATH) == {"means": []}
    assert await payment_means.of_owner(connection, owner=anna.principal) == []
    rows = await connection.fetch("SELECT canonical FROM audit_entries")
    actions = [json.loads(row["canonical"])["action"] for row in rows]
    assert "account.payment_means_revoked" in actions
    again: Any = await anna.ask("DELETE", f"{PATH}/{kept}")
    assert (anna.status, again["type"]) == (404, "/problems/not-found")
    assert len(await forgotten(anna)) == 1


async def test_nobody_takes_anothers_consent_back(make_api: MakeApi) -> None:
    """P10."""
    api = await agency(make_api)
    anna, bert = await client(api), await client(api, 2)
    kept = await keeps_a_card(anna, await held(anna))

    for name in (kept, "not-an-id", "019abcde-0000-7000-8000-000000000000"):
        await bert.ask("DELETE", f"{PATH}/{name}")
        assert bert.status == 404

    assert len((await anna.get(PATH))["means"]) == 1
    assert await forgotten(api) == []


async def test_what_is_kept_goes_along_with_an_export(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api))
    await keeps_a_card(anna, await held(anna))

    (taken,) = (await anna.get("/v1/me/export"))["payment_means"]

    assert (taken["label"], taken["consent_version"]) == ("Visa ending in 4242", "keep-means-1")
