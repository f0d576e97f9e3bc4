"""What an account says of itself: seen and changed by its owner alone, and never over somebody's head."""

import asyncio
from typing import Any

import pytest

from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.fakes.inventory import plant_world
from tests.handlers.conftest import Api, MakeApi

ME = "/v1/me"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, account: AccountId, owner_connection: Connection) -> Api:
    """The account's owner, in a small world."""
    await plant_world(owner_connection)
    return await (await make_api()).signed_in(account)


async def change(api: Api, body: Any, tag: str | None = '"1"') -> Any:
    return await api.ask("PATCH", ME, json=body, headers={"If-Match": tag} if tag else {})


async def test_an_account_sees_what_is_kept_of_it(api: Api, account: AccountId) -> None:
    told = await api.get(ME)

    assert told == {
        "id": str(account),
        "email": "somebody-1@mail.example",
        "name": "Somebody 1",
        "locale": "en",
        "currency": "EUR",
        "home_airport": None,
        "roles": ["traveller"],
        "created_at": "2026-11-22T12:00:00Z",
    }
    assert api.headers["ETag"] == '"1"'


async def test_what_is_sent_changes_and_the_rest_stays(api: Api, connection: Connection) -> None:
    told = await change(api, {"name": "Ольга", "locale": "DE-at", "home_airport": " fra "})

    assert api.status == 200, told
    assert (told["name"], told["locale"], told["currency"]) == ("Ольга", "de-AT", "EUR")
    assert (told["home_airport"], api.headers["ETag"]) == ("FRA", '"2"')
    assert await api.get(ME) == told
    entry = await connection.fetchval(
        "SELECT canonical FROM audit_entries WHERE action = 'account.profile_changed'"
    )
    assert '"changed":["home_airport","locale","name"]' in entry
    assert "Ольга" not in entry


async def test_no_home_airport_is_null(api: Api) -> None:
    await change(api, {"home_airport": "FRA"})

    assert (await change(api, {"home_airport": None}, '"2"'))["home_airport"] is None


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": ""}, "name", "length"),
        ({"name": "  "}, "name", "length"),
        ({"name": "a" * 101}, "name", "length"),
        ({"name": "A\x00b"}, "name", "characters"),
        ({"name": "Ada\u202egnp"}, "name", "characters"),
        ({"name": 7}, "name", "type"),
        ({"name": None}, "name", "required"),
        ({"locale": "deutsch"}, "locale", "locale"),
        ({"locale": "xx-YY"}, "locale", "locale"),
        ({"locale": "de_AT"}, "locale", "locale"),
        ({"locale": "de-AT\n"}, "locale", "characters"),
        ({"currency": "EURO"}, "currency", "currency"),
        ({"currency": "XXX"}, "currency", "currency"),
        ({"currency": ["EUR"]}, "currency", "type"),
        ({"home_airport": "F"}, "home_airport", "code"),
        ({"home_airport": "QQQ"}, "home_airport", "unknown_place"),
        ({"home_airport": "\uff26\uff32\uff21"}, "home_airport", "code"),
        ({"roles": ["administrator"]}, "roles", "unknown"),
        ({"state": "open"}, "state", "unknown"),
        ({"email": "other@mail.example"}, "email", "unknown"),
        ({"password": "hash"}, "password", "unknown"),
        ({"version": 9}, "version", "unknown"),
        ({"id": "x"}, "id", "unknown"),
        ([], "", "type"),
    ],
)
async def test_what_is_not_right_is_refused_and_changes_nothing(
    api: Api, body: Any, field: str, code: str
) -> None:
    before = await api.get(ME)

    told = await change(api, body)

    assert api.status == 422, told
    assert (field, code) in {(error["field"], error["code"]) for error in told["errors"]}
    assert await api.get(ME) == before


@pytest.mark.parametrize("tag", ['"2"', 'W/"1"', "1", "garbage", '"0", "9"'])
async def test_who_has_read_something_else_changes_nothing(api: Api, tag: str) -> None:
    told = await change(api, {"name": "Else"}, tag)

    assert (api.status, told["type"]) == (412, "/problems/precondition-failed")
    assert (await api.get(ME))["name"] == "Somebody 1"


async def test_who_does_not_say_what_they_read_changes_nothing(api: Api) -> None:
    told = await change(api, {"name": "Else"}, None)

    assert (api.status, told["type"]) == (428, "/problems/precondition-required")


@pytest.mark.parametrize("tag", ["*", '"7", "1"'])
async def test_whatever_it_is_may_be_named(api: Api, tag: str) -> None:
    await change(api, {"name": "Else"}, tag)

    assert api.status == 200


async def test_of_changes_at_one_moment_one_wins(api: Api, account: AccountId) -> None:
    sides = [api] + [await api.signed_in(account) for _ in range(4)]

    await asyncio.gather(*(change(side, {"name": f"Side {n}"}) for n, side in enumerate(sides)))

    ended = sorted(side.status for side in sides)
    assert ended == [200, 412, 412, 412, 412]
    winner = next(n for n, side in enumerate(sides) if side.status == 200)
    assert (await api.get(ME))["name"] == f"Side {winner}"


async def test_a_guest_has_no_account_to_look_at(api: Api) -> None:
    guest = await api.somebody()

    await guest.get(ME)

    assert guest.status == 401
