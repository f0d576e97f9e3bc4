"""People whom an account books for: kept sealed, and there for nobody else."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from bookingd.domain.accounts.travellers import MOST_TRAVELLERS
from bookingd.domain.ids import AccountId
from bookingd.security.keyring import Keyring
from bookingd.storage.database import Connection, Database
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.waiting import until_waiting
from tests.handlers.conftest import Api, MakeApi

TRAVELLERS = "/v1/me/travellers"

PASSPORT = {
    "type": "passport",
    "number": "c01x 00t47",
    "issuing_country": "de",
    "nationality": "DE",
    "expires_on": "2030-01-01",
}
OLGA: dict[str, Any] = {
    "name": "Ольга Иванова",
    "given_name": "Olga",
    "surname": "Ivanova",
    "born": "1985-03-07",
    "documents": [PASSPORT],
    "loyalty": [{"programme": "LH", "number": "992-220-1"}],
}


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, account: AccountId) -> Api:
    """The account's owner."""
    return await (await make_api()).signed_in(account)


@pytest.fixture
async def stranger(api: Api, connection: Connection) -> Api:
    """The owner of another account."""
    return await api.signed_in(await plant_account(connection, 2))


async def saved(api: Api, **changes: Any) -> str:
    told = await api.post(TRAVELLERS, {**OLGA, **changes})
    assert api.status == 201, told
    return f"{TRAVELLERS}/{told['id']}"


async def change(api: Api, where: str, body: Any, tag: str | None = '"1"') -> Any:
    return await api.ask("PATCH", where, json=body, headers={"If-Match": tag} if tag else {})


async def audited(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT action, canonical FROM audit_entries ORDER BY at, id")
    assert not any("Olga" in row["canonical"] or "00T47" in row["canonical"] for row in rows)
    return [row["action"] for row in rows]


async def test_a_traveller_is_saved_and_seen_whole(api: Api, connection: Connection) -> None:
    made = await api.post(TRAVELLERS, OLGA)

    assert (api.status, api.headers["Location"]) == (201, f"{TRAVELLERS}/{made['id']}")
    assert api.headers["ETag"] == '"1"'
    assert made == {
        **OLGA,
        "id": made["id"],
        "documents": [{**PASSPORT, "number": "C01X00T47", "issuing_country": "DE"}],
        "documents_until": None,
        "loyalty": [{"programme": "LH", "number": "9922201"}],
        "created_at": "2026-11-22T12:00:00Z",
        "changed_at": "2026-11-22T12:00:00Z",
    }
    assert await api.get(f"{TRAVELLERS}/{made['id']}") == made
    assert await audited(connection) == ["account.traveller_added"]


async def test_in_the_database_nothing_sensitive_can_be_read(api: Api, connection: Connection) -> None:
    await saved(api)

    row = await connection.fetchval("SELECT t::text FROM travellers AS t")

    for secret in ("C01X00T47", "1985", "9922201", "2030"):
        assert secret not in row
        assert secret.encode().hex() not in row


async def test_a_list_shows_the_ends_of_numbers(api: Api) -> None:
    await saved(api)

    (listed,) = (await api.get(TRAVELLERS))["travellers"]

    assert (listed["documents"][0]["number"], listed["loyalty"][0]["number"]) == ("******T47", "*****01")
    assert listed["name"] == OLGA["name"]


async def test_a_list_goes_on_where_it_ended(api: Api) -> None:
    for number in range(5):
        await saved(api, given_name=f"Olga{'abcde'[number]}")

    first = await api.get(TRAVELLERS, params={"limit": 2})
    second = await api.get(TRAVELLERS, params={"limit": 2, "cursor": first["next"]})
    last = await api.get(TRAVELLERS, params={"limit": 2, "cursor": second["next"]})

    shown = [one["given_name"][-1] for page in (first, second, last) for one in page["travellers"]]
    assert (shown, last["next"]) == (["e", "d", "c", "b", "a"], None)


@pytest.mark.parametrize("cursor", ["x", "eyJ9", "WzEsMl0", "\u00e9"])
async def test_a_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    told = await api.get(TRAVELLERS, params={"cursor": cursor})

    assert (api.status, told["errors"][0]["code"]) == (422, "foreign_cursor")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": 7}, "name", "type"),
        ({"name": "a" * 121}, "name", "length"),
        ({"name": "Olga\r\nBcc: x"}, "name", "name_spelling"),
        ({"given_name": "Оlga"}, "given_name", "name_spelling"),  # noqa: RUF001
        ({"given_name": "Olga\x00"}, "given_name", "characters"),
        ({"surname": "x" * 61}, "surname", "length"),
        ({"born": "1985-02-30"}, "born", "date"),
        ({"born": "2026-11-23"}, "born", "born_in_future"),
        ({"born": 19850307}, "born", "date"),
        ({"born": None}, "born", "required"),
        ({"documents": PASSPORT}, "documents", "type"),
        ({"documents": [PASSPORT] * 6}, "documents", "length"),
        ({"documents": ["C01X00T47"]}, "documents[0]", "type"),
        ({"documents": [{**PASSPORT, "type": "library card"}]}, "documents[0].type", "choice"),
        ({"documents": [{**PASSPORT, "issuing_country": "QQ"}]}, "documents[0].issuing_country", "country"),
        ({"documents": [{**PASSPORT, "nationality": "GER"}]}, "documents[0].nationality", "length"),
        ({"documents": [{**PASSPORT, "expires_on": "2030-13-01"}]}, "documents[0].expires_on", "date"),
        ({"documents": [{**PASSPORT, "photo": "x"}]}, "documents[0].photo", "unknown"),
        ({"loyalty": [{"programme": "LHX", "number": "1234"}]}, "loyalty[0].programme", "length"),
        ({"account_id": str(uuid4())}, "account_id", "unknown"),
        ({"documents_until": "2099-01-01"}, "documents_until", "unknown"),
        ({"version": 9}, "version", "unknown"),
    ],
)
async def test_what_is_not_right_is_refused_by_name(
    api: Api, changes: dict[str, Any], field: str, code: str
) -> None:
    told = await api.post(TRAVELLERS, {**OLGA, **changes})

    assert api.status == 422, told
    assert (field, code) in [(error["field"], error["code"]) for error in told["errors"]]
    assert await api.count("travellers") == 0
    assert "C01X" not in str(told)


async def test_what_is_sent_changes_and_the_rest_stays(api: Api, connection: Connection) -> None:
    where = await saved(api)

    told = await change(api, where, {"surname": "Petrova", "documents": []})

    assert api.status == 200, told
    assert (told["surname"], told["given_name"], told["documents"]) == ("Petrova", "Olga", [])
    assert api.headers["ETag"] == '"2"'
    assert await api.get(where) == told
    assert await audited(connection) == ["account.traveller_added", "account.traveller_changed"]


async def test_an_edit_of_what_was_changed_meanwhile_is_refused(api: Api) -> None:
    where = await saved(api)
    await change(api, where, {"surname": "Petrova"})

    late = await change(api, where, {"surname": "Sidorova"})
    assert (api.status, late["type"]) == (412, "/problems/precondition-failed")
    blind = await change(api, where, {"surname": "Sidorova"}, None)
    assert (api.status, blind["type"]) == (428, "/problems/precondition-required")
    await api.ask("DELETE", where, headers={"If-Match": '"1"'})
    assert api.status == 412
    assert (await api.get(where))["surname"] == "Petrova"


async def test_of_edits_at_one_moment_one_wins(api: Api, database: Database) -> None:
    """All have read the same version, and wait for the row."""
    where = await saved(api)
    sides = [replace(api) for _ in range(3)]

    async with database.transaction() as other:
        await other.execute("SELECT FROM travellers FOR UPDATE")
        edits = [
            asyncio.create_task(change(side, where, {"surname": f"S{n}"}))
            for n, side in zip("abc", sides, strict=True)
        ]
        await until_waiting(database, edits)
    await asyncio.gather(*edits)

    assert sorted(side.status for side in sides) == [200, 412, 412]


async def test_one_that_was_removed_is_gone(api: Api, connection: Connection) -> None:
    where = await saved(api)

    await api.ask("DELETE", where)
    assert api.status == 204

    await api.get(where)
    assert api.status == 404
    assert await audited(connection) == ["account.traveller_added", "account.traveller_removed"]


@pytest.mark.parametrize("named", ["none", "0", str(UUID(int=404)), "%00"])
async def test_what_is_not_there_is_not_there(api: Api, named: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        body: Any = {} if method == "PATCH" else None
        await api.ask(method, f"{TRAVELLERS}/{named}", json=body, headers={"If-Match": "*"})
        assert api.status == 404


async def test_a_strangers_traveller_is_not_there(api: Api, stranger: Api) -> None:
    where = await saved(api)

    for method in ("GET", "PATCH", "DELETE"):
        body = {"surname": "Mine"} if method == "PATCH" else None
        told = await stranger.ask(method, where, json=body, headers={"If-Match": "*"})
        nothing = await stranger.ask(method, f"{TRAVELLERS}/{uuid4()}", json=body, headers={"If-Match": "*"})
        assert stranger.status == 404
        assert told["detail"] == nothing["detail"]
    assert (await stranger.get(TRAVELLERS))["travellers"] == []
    assert (await api.get(where))["surname"] == "Ivanova"


async def test_a_guest_keeps_nobody(api: Api) -> None:
    guest = await api.somebody()
    for method, where in (("GET", TRAVELLERS), ("POST", TRAVELLERS), ("GET", f"{TRAVELLERS}/{uuid4()}")):
        await guest.ask(method, where, json=OLGA if method == "POST" else None)
        assert guest.status == 401


async def test_there_is_a_limit_that_a_rush_does_not_break(api: Api, database: Database) -> None:
    for _ in range(MOST_TRAVELLERS - 1):
        await saved(api, documents=[], loyalty=[])
    sides = [replace(api) for _ in range(3)]

    async with database.transaction() as other:
        await other.execute("SELECT FROM accounts FOR UPDATE")
        more = [asyncio.create_task(side.post(TRAVELLERS, OLGA)) for side in sides]
        await until_waiting(database, more)
    told = await asyncio.gather(*more)

    assert sorted(side.status for side in sides) == [201, 409, 409]
    assert "/problems/limit-reached" in [one.get("type") for one in told]
    assert await api.count("travellers") == MOST_TRAVELLERS


async def test_the_same_request_makes_one_traveller(api: Api, connection: Connection) -> None:
    headers = {"Idempotency-Key": "once"}

    first = await api.post(TRAVELLERS, OLGA, headers=headers)
    again = await api.post(TRAVELLERS, OLGA, headers=headers)
    assert (api.status, again) == (201, first)
    other = await api.post(TRAVELLERS, {**OLGA, "surname": "Petrova"}, headers=headers)

    assert (api.status, other["type"]) == (422, "/problems/key-reused")
    assert await api.count("travellers") == 1
    kept = await connection.fetchval("SELECT answer FROM idempotency_records")
    assert kept.decode() == first["id"]


async def test_where_the_key_is_lost_it_is_said_and_what_it_sealed_can_be_removed(
    api: Api, make_api: MakeApi, account: AccountId, caplog: pytest.LogCaptureFixture
) -> None:
    where = await saved(api)
    lost = replace(api.parts.accounts, keyring=Keyring({"new": b"n" * 32}, chance=api.parts.sources.chance))
    other = await (await make_api(accounts=lost)).signed_in(account)

    told = await other.get(where)

    assert (other.status, told["type"]) == (500, "/problems/sealed-unreadable")
    assert "there is no key b'test'" in caplog.text
    assert "C01X" not in caplog.text
    await other.ask("DELETE", where)
    assert other.status == 204


async def test_what_was_sealed_for_one_opens_at_no_other(
    api: Api, stranger: Api, owner_connection: Connection
) -> None:
    """Whoever can write to the database reads no stranger's documents through an account of their own."""
    await saved(api)
    own = await saved(stranger, name="Other")
    await owner_connection.execute(
        "UPDATE travellers SET documents = (SELECT documents FROM travellers WHERE name <> 'Other')"
    )

    await stranger.get(own)

    assert stranger.status == 500
