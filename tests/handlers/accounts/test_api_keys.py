"""API keys over HTTP: made by a person, shown once, and good for no more than their account is."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import hdrs

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.messages.live import AccountChanged
from bookingd.security.api_keys import looks_like_api_key
from bookingd.storage import api_keys
from bookingd.storage.database import Connection
from handlers.accounts.api_keys import MOST
from handlers.remembered import KNOWN_FOR
from tests.cli.conftest import trail
from tests.fakes.accounts import plant_account, plant_api_key, plant_app
from tests.handlers.conftest import Api

KEYS = "/v1/me/api-keys"
WANTED = {"name": "Corner shop", "scopes": ["book"]}


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    """A traveller's."""
    return await plant_account(connection)


@pytest.fixture
async def owner(api: Api, account: AccountId) -> Api:
    """The traveller, who has just signed in."""
    return await api.signed_in(account)


async def made(owner: Api, **wanted: Any) -> tuple[Api, Any]:
    """A program with a new key, and what its owner was told of it."""
    told = await owner.post(KEYS, WANTED | wanted)
    assert owner.status == 201, told
    return replace(owner, token=told["key"]), told["api_key"]


# Making, listing, revoking


async def test_a_key_is_shown_once_and_lasts_ninety_days(owner: Api) -> None:
    program, line = await made(owner)

    assert program.token is not None
    assert looks_like_api_key(program.token)
    listed = await owner.get(KEYS)
    assert listed == {"api_keys": [line]}
    assert program.token not in json.dumps(listed)
    assert (line["name"], line["scopes"], line["used_at"]) == ("Corner shop", ["book"], None)
    assert line["expires_at"] == (owner.clock.now() + timedelta(days=90)).isoformat().replace("+00:00", "Z")


async def test_what_a_key_does_is_its_accounts(owner: Api) -> None:
    program, _ = await made(owner)

    booked = await program.book()

    assert program.status == 202, booked
    assert (await owner.stored(booked["reference"])).owner == owner.principal
    assert (await program.get("/v1/bookings"))["bookings"] == (await owner.get("/v1/bookings"))["bookings"]


async def test_the_audit_trail_names_the_account_and_the_key(owner: Api, connection: Connection) -> None:
    program, line = await made(owner)
    booked = await program.book()
    await program.post(f"/v1/bookings/{booked['reference']}/cancellations", {})
    await owner.ask("DELETE", f"{KEYS}/{line['id']}")

    told = [(entry["action"], entry["principal"]) for entry in await trail(connection)]

    assert told == [
        ("account.api_key_made", owner.principal),
        ("booking.requested", f"{owner.principal}/key:{line['id']}"),
        ("account.api_key_revoked", owner.principal),
    ]
    async with owner.parts.database.connection() as reading:
        bundles = await reading.fetch("SELECT bundle FROM outbox ORDER BY id")
    assert sum(f"/key:{line['id']}".encode() in row["bundle"] for row in bundles) == 2


async def test_neither_the_key_nor_its_name_stands_in_the_audit_trail(
    owner: Api, connection: Connection
) -> None:
    program, _ = await made(owner)

    kept = json.dumps(await trail(connection))

    assert program.token is not None
    assert program.token.rpartition("_")[2] not in kept
    assert "Corner shop" not in kept


async def test_its_owner_is_told_of_a_new_key(owner: Api) -> None:
    await made(owner)

    [told] = [one for one in await owner.outbox() if isinstance(one, SecondFactorChanged)]

    assert (told.change, told.name) == (FactorChange.API_KEY_MADE, "Corner shop")


async def test_the_same_request_by_a_key_and_by_its_owner_is_one(owner: Api) -> None:
    """Idempotency keys are the account's."""
    program, _ = await made(owner)
    order = owner.order(await owner.shown())

    first = await program.book(order, key="once")
    again = await owner.book(order, key="once")

    assert first["reference"] == again["reference"]


@pytest.mark.parametrize("days", [1, 365])
async def test_a_key_lasts_as_long_as_was_asked_for(owner: Api, days: int) -> None:
    program, _ = await made(owner, expires_in_days=days)

    owner.clock.advance(timedelta(days=days) - timedelta(seconds=1))
    await program.get("/v1/bookings")
    assert program.status == 200

    owner.clock.advance(timedelta(seconds=1))
    await program.get("/v1/bookings")
    assert program.status == 401


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"name": ""}, "name", "length"),
        ({"name": "x" * 61}, "name", "length"),
        ({"name": "a\nb"}, "name", "characters"),
        ({"scopes": []}, "scopes", "length"),
        ({"scopes": "book"}, "scopes", "type"),
        ({"scopes": ["everything"]}, "scopes[0]", "choice"),
        ({"scopes": ["book", "account"]}, "scopes[1]", "choice"),
        ({"scopes": ["roles.grant"]}, "scopes[0]", "choice"),
        ({"scopes": ["accounts.manage"]}, "scopes[0]", "choice"),
        ({"scopes": ["book", "audit.read"]}, "scopes[1]", "not_yours"),
        ({"expires_in_days": 0}, "expires_in_days", "range"),
        ({"expires_in_days": 366}, "expires_in_days", "range"),
        ({"expires_in_days": "7"}, "expires_in_days", "type"),
        ({"expires_in_days": 1.5}, "expires_in_days", "type"),
        ({"account_id": "x"}, "account_id", "unknown"),
        ({"hash": "0" * 64}, "hash", "unknown"),
        ({"used_at": None}, "used_at", "unknown"),
    ],
)
async def test_bad_input_makes_no_key(owner: Api, changed: Any, field: str, code: str) -> None:
    problem = await owner.post(KEYS, WANTED | changed)

    assert owner.status == 422
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]
    assert await owner.count("api_keys") == 0


async def test_staff_give_a_key_what_their_session_may_do(api: Api, connection: Connection) -> None:
    auditor = await plant_account(connection, 2, Role.AUDITOR)
    wanted = WANTED | {"scopes": ["audit.read"]}

    await (weak := await api.signed_in(auditor)).post(KEYS, wanted)
    await plant_app(connection, auditor)
    await (strong := await api.signed_in(auditor, second_factor=True)).post(KEYS, wanted)

    assert (weak.status, strong.status) == (422, 201)


async def test_an_account_with_a_second_factor_makes_keys_only_where_it_was_shown(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    await plant_app(connection, account)

    problem = await owner.post(KEYS, WANTED)

    assert problem["type"] == "/problems/second-factor-needed"


async def test_roles_that_were_taken_away_a_moment_ago_give_nothing_to_a_key(
    api: Api, connection: Connection
) -> None:
    auditor = await plant_account(connection, 2, Role.AUDITOR)
    await plant_app(connection, auditor)
    signed_in = await api.signed_in(auditor, second_factor=True)
    await signed_in.get(KEYS)  # and is known with the role
    await connection.execute("UPDATE accounts SET roles = '{traveller}'")

    await signed_in.post(KEYS, WANTED | {"scopes": ["audit.read"]})

    assert signed_in.status == 422


async def test_an_account_has_so_many_keys_and_no_more(owner: Api) -> None:
    lines = [(await made(owner))[1] for _ in range(MOST)]

    problem = await owner.post(KEYS, WANTED)
    assert problem["type"] == "/problems/limit-reached"

    await owner.ask("DELETE", f"{KEYS}/{lines[3]['id']}")
    await made(owner)


async def test_two_who_make_the_last_key_at_once_do_not_both(owner: Api) -> None:
    for _ in range(MOST - 1):
        await made(owner)

    clients = [replace(owner) for _ in range(4)]
    await asyncio.gather(*(client.post(KEYS, WANTED) for client in clients))

    assert sorted(client.status for client in clients) == [201, 409, 409, 409]


@pytest.mark.parametrize("name", ["none", str(UUID(int=5)), "%00", "*"])
async def test_a_key_that_is_not_there_cannot_be_revoked(owner: Api, name: str) -> None:
    await owner.ask("DELETE", f"{KEYS}/{name}")

    assert owner.status == 404


async def test_nobody_sees_or_revokes_a_strangers_key(owner: Api, connection: Connection) -> None:
    program, line = await made(owner)
    stranger = await owner.signed_in(await plant_account(connection, 2))

    await stranger.ask("DELETE", f"{KEYS}/{line['id']}")

    assert stranger.status == 404
    assert (await stranger.get(KEYS))["api_keys"] == []
    await program.get("/v1/bookings")
    assert program.status == 200


async def test_a_key_neither_makes_nor_lists_nor_revokes_keys(owner: Api) -> None:
    program, line = await made(owner)

    answers = [
        await program.get(KEYS),
        await program.post(KEYS, WANTED),
        await program.ask("DELETE", f"{KEYS}/{line['id']}"),
    ]

    assert {problem["type"] for problem in answers} == {"/problems/not-allowed"}
    assert {problem["detail"] for problem in answers} == {"This takes a sign-in, and no API key does it."}


async def test_who_has_a_key_is_told_that_its_scopes_do_not_reach(owner: Api) -> None:
    program, _ = await made(owner)

    told = await program.get("/v1/admin/accounts")

    assert (program.status, told["detail"]) == (403, "Its scopes do not reach here.")


# What ends a key


async def test_a_revoked_key_is_nobodys_with_the_next_request(owner: Api) -> None:
    program, line = await made(owner)
    await program.get("/v1/bookings")
    assert program.status == 200

    await owner.ask("DELETE", f"{KEYS}/{line['id']}")
    assert owner.status == 204
    await program.get("/v1/bookings")

    assert program.status == 401
    assert (await owner.get(KEYS))["api_keys"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE api_keys SET revoked_at = created_at", 401),
        ("UPDATE accounts SET state = 'suspended'", 401),
        ("UPDATE accounts SET roles = '{}'", 403),
    ],
)
async def test_what_happened_elsewhere_counts_when_a_notice_tells_it(
    owner: Api, account: AccountId, connection: Connection, change: str, status: int
) -> None:
    program, _ = await made(owner)
    await program.get("/v1/bookings")
    await connection.execute(change)

    owner.bus.notify([AccountChanged(account_id=account)])
    await program.get("/v1/bookings")

    assert program.status == status


async def test_where_the_notice_got_lost_the_key_is_believed_for_a_moment_only(
    owner: Api, connection: Connection
) -> None:
    program, _ = await made(owner)
    await program.get("/v1/bookings")
    await connection.execute("UPDATE api_keys SET revoked_at = created_at")
    await program.get("/v1/bookings")
    assert program.status == 200

    owner.clock.advance(KNOWN_FOR)
    await program.get("/v1/bookings")

    assert program.status == 401


async def test_a_look_that_was_under_way_when_the_notice_came_is_not_remembered(
    owner: Api, account: AccountId, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, _ = await made(owner)
    kept, reading, go_on = api_keys.kept, asyncio.Event(), asyncio.Event()

    async def slowly(*given: Any, **named: Any) -> Any:
        found = await kept(*given, **named)
        reading.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(api_keys, "kept", slowly)
    asking = asyncio.create_task(program.get("/v1/bookings"))
    await reading.wait()
    await connection.execute("UPDATE api_keys SET revoked_at = created_at")
    owner.bus.notify([AccountChanged(account_id=account)])
    go_on.set()
    await asking

    await program.get("/v1/bookings")

    assert program.status == 401


async def test_an_account_that_is_open_again_has_its_keys_again(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    program, _ = await made(owner)
    statuses = []
    for state in ("suspended", "open"):
        await connection.execute("UPDATE accounts SET state = $1", state)
        owner.bus.notify([AccountChanged(account_id=account)])
        await program.get("/v1/bookings")
        statuses.append(program.status)

    assert statuses == [401, 200]


# Using one


async def test_a_key_opens_the_websocket_like_any_bearer_token_and_its_end_closes_it(
    owner: Api, account: AccountId
) -> None:
    program, line = await made(owner)
    booking = await program.booked()
    headers = {hdrs.AUTHORIZATION: f"Bearer {program.token}"}
    async with owner.client.ws_connect("/v1/live", headers=headers) as socket:
        await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": 0})
        assert "subscribed" in await socket.receive_json(timeout=5)
        await owner.ask("DELETE", f"{KEYS}/{line['id']}")
        owner.bus.notify([AccountChanged(account_id=account)])
        await socket.receive(timeout=5)

        assert socket.close_code == 4001


async def test_a_key_that_may_not_book_sees_nothing_of_its_accounts_bookings(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    booking = await owner.booked()
    narrow = replace(owner, token=await plant_api_key(connection, account, scopes={Permission.AUDIT_READ}))

    await narrow.get(f"/v1/bookings/{booking.reference}")
    assert narrow.status == 404
    await narrow.get("/v1/bookings")
    assert narrow.status == 403


async def test_a_key_in_a_cookie_is_none(owner: Api) -> None:
    program, _ = await made(owner)

    nobody = owner.nobody()
    await nobody.get("/v1/bookings", headers={hdrs.COOKIE: f"bookingd-session={program.token}"})

    assert nobody.status == 401


async def test_the_hour_of_a_keys_use_is_written_once_in_it(
    owner: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, _ = await made(owner)
    written: list[datetime] = []
    used = api_keys.used

    async def noted(*given: Any, **named: Any) -> None:
        written.append(named["hour"])
        await used(*given, **named)

    monkeypatch.setattr(api_keys, "used", noted)
    hours = []
    for wait in (timedelta(), timedelta(minutes=10), timedelta(minutes=55)):
        owner.clock.advance(wait)
        await program.get("/v1/bookings")
        hours.append(await connection.fetchval("SELECT used_at FROM api_keys"))

    assert [hour.hour for hour in hours] == [12, 12, 13]
    assert written == [hours[0], hours[2]]


async def test_a_storm_of_wrong_keys_is_a_few_looks(owner: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = await made(owner)
    looks: list[int] = []
    kept = api_keys.kept

    async def counted(connection: Connection, **named: Any) -> Any:
        looks.append(len(named["ids"]))
        return await kept(connection, **named)

    monkeypatch.setattr(api_keys, "kept", counted)
    random = [replace(owner, token=f"bkd_{uuid4().hex}_{'0' * 64}") for _ in range(40)]
    same = [replace(owner, token=f"bkd_{UUID(int=7).hex}_{'0' * 64}") for _ in range(40)]

    await asyncio.gather(*(client.get("/v1/bookings") for client in random + same))
    before = len(looks)
    await asyncio.gather(*(client.get("/v1/bookings") for client in random + same))

    assert {client.status for client in random + same} == {401}
    assert before < 40
    assert len(looks) == before, "what is known to be wrong is not looked at again"
    await program.get("/v1/bookings")
    assert program.status == 200
    refused = owner.parts.metrics.api_keys_refused
    assert next(sample.value for metric in refused.collect() for sample in metric.samples) == 160


async def test_a_refused_key_that_was_somebodys_stands_in_the_audit_trail_once_a_minute(
    owner: Api, account: AccountId, connection: Connection
) -> None:
    program, line = await made(owner)
    await owner.ask("DELETE", f"{KEYS}/{line['id']}")
    for _ in range(3):
        await program.get("/v1/bookings")
        owner.clock.advance(KNOWN_FOR)
    stranger = replace(owner, token=f"bkd_{uuid4().hex}_{'0' * 64}")
    await stranger.get("/v1/bookings")

    [entry] = [one for one in await trail(connection) if one["action"] == "access.refused"]

    assert (entry["principal"], entry["subject"]) == ("nobody", {"kind": "account", "id": str(account)})
    assert entry["details"] == {"api_key": line["id"], "because": "revoked"}


async def test_the_right_id_with_another_secret_is_refused_and_harms_the_key_nothing(
    owner: Api, connection: Connection
) -> None:
    program, _ = await made(owner)
    assert program.token is not None
    await program.get("/v1/bookings")
    wrong = replace(owner, token=f"{program.token[:-64]}{'0' * 64}")

    await wrong.get("/v1/bookings")
    await program.get("/v1/bookings")

    assert (wrong.status, program.status) == (401, 200)
