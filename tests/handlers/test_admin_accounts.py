"""Accounts, as staff look after them: who may, what happens at once, and what the audit trail has of it."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.storage import second_factors
from bookingd.storage.database import Connection
from handlers.admin.accounts import MOST_FOUND
from tests.cli.conftest import trail
from tests.fakes.accounts import plant_account, plant_api_key, plant_app
from tests.handlers.conftest import Api

ALL = "/v1/admin/accounts"
SEARCHES = f"{ALL}/searches"
WHY = {"reason": "asked for at the desk"}


@pytest.fixture
async def boss(api: Api, connection: Connection) -> Api:
    """An administrator who has shown a second factor."""
    account = await plant_account(connection, 90, Role.ADMINISTRATOR, address="boss@agency.example")
    await plant_app(connection, account)
    return await api.signed_in(account, second_factor=True)


@pytest.fixture
async def traveller(connection: Connection) -> AccountId:
    return await plant_account(connection, 1, address="Ada@Mail.example")


def of(account: AccountId, what: str = "") -> str:
    return f"{ALL}/{account}{what}"


async def give(boss: Api, account: AccountId, *roles: str) -> Any:
    return await boss.ask("PUT", of(account, "/roles"), json={"roles": list(roles)})


async def done_by(connection: Connection, who: Api, *, but: str = "account.read") -> list[tuple[str, Any]]:
    """What stands in the audit trail under their name, besides that they have looked."""
    return [
        (entry["action"], entry["details"])
        for entry in await trail(connection)
        if entry["principal"] == who.principal and entry["action"] != but
    ]


# Looking


async def test_an_account_is_shown_and_that_it_was_read_stands_in_the_audit_trail(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    shown = await boss.get(of(traveller))

    assert (shown["id"], shown["address"], shown["state"]) == (str(traveller), "Ada@Mail.example", "open")
    assert (shown["roles"], shown["staff"], shown["second_factor"]) == (["traveller"], False, False)
    assert "password" not in shown
    [entry] = await trail(connection)
    assert (entry["action"], entry["principal"]) == ("account.read", boss.principal)
    assert entry["subject"] == {"kind": "account", "id": str(traveller)}


@pytest.mark.parametrize("written", ["ada@", "ADA@mail", "Ada@Mail.example", "\uff21\uff24\uff21@"])
async def test_accounts_are_found_by_how_their_address_begins(
    boss: Api, traveller: AccountId, connection: Connection, written: str
) -> None:
    await plant_account(connection, 2, address="adam@mail.example")

    found = await boss.post(SEARCHES, {"address": written})

    assert boss.status == 200
    assert [one["id"] for one in found["accounts"]] == [str(traveller)]
    assert not found["more"]
    assert [entry["action"] for entry in await trail(connection)] == ["account.read"]
    assert "ada" not in json.dumps(await trail(connection)).casefold()


@pytest.mark.parametrize("written", ["%%%", "___", "ada%", "nobody@"])
async def test_nothing_is_found_by_signs_that_mean_something_elsewhere(
    boss: Api, traveller: AccountId, written: str
) -> None:
    assert (await boss.post(SEARCHES, {"address": written}))["accounts"] == []


async def test_a_search_that_finds_many_says_so(boss: Api, connection: Connection) -> None:
    for number in range(1, MOST_FOUND + 2):
        await plant_account(connection, number)

    found = await boss.post(SEARCHES, {"address": "somebody-"})

    assert (len(found["accounts"]), found["more"]) == (MOST_FOUND, True)


async def test_an_erased_account_is_not_there(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    await connection.execute(
        "UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL, name = '' WHERE id = $1",
        traveller,
    )

    for method, what in [("GET", ""), ("PUT", "/roles"), ("POST", "/suspensions")]:
        json = {"roles": ["agent"]} if what == "/roles" else WHY
        await boss.ask(method, of(traveller, what), json=json)
        assert boss.status == 404
    assert (await boss.post(SEARCHES, {"address": "ada@"}))["accounts"] == []


async def test_the_staff_are_listed_page_by_page(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    for number, role in enumerate((Role.AGENT, Role.AUDITOR, Role.AGENT), start=2):
        await plant_account(connection, number, Role.TRAVELLER, role)

    first = await boss.get(f"{ALL}?limit=3")
    second = await boss.get(f"{ALL}?limit=3&cursor={first['next']}")
    agents = await boss.get(f"{ALL}?role=agent")

    assert [one["address"] for one in first["accounts"]] == [
        f"somebody-{number}@mail.example" for number in (2, 3, 4)
    ]
    assert [one["address"] for one in second["accounts"]] == ["boss@agency.example"]
    assert second["next"] is None
    assert [one["address"] for one in agents["accounts"]] == [
        "somebody-2@mail.example",
        "somebody-4@mail.example",
    ]


@pytest.mark.parametrize("query", ["role=traveller", "role=king", "cursor=x", "limit=0", "address=ada@"])
async def test_a_list_of_something_else_is_refused(boss: Api, query: str) -> None:
    await boss.get(f"{ALL}?{query}")

    assert boss.status == 422


# Roles


async def test_roles_are_given_and_count_with_the_next_request(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    other = await plant_account(connection, 2, Role.TRAVELLER, Role.AUDITOR)
    signed_in = await boss.signed_in(other, second_factor=True)
    await signed_in.get(of(traveller))
    assert signed_in.status == 403

    shown = await give(boss, other, "agent", "auditor")

    assert (boss.status, shown["roles"], shown["staff"]) == (200, ["agent", "auditor", "traveller"], True)
    await signed_in.get(of(traveller))
    assert signed_in.status == 200
    assert await done_by(connection, boss) == [
        (
            "account.roles_changed",
            {"before": ["auditor", "traveller"], "roles": ["agent", "auditor", "traveller"]},
        )
    ]


async def test_who_becomes_staff_signs_in_again(boss: Api, traveller: AccountId) -> None:
    signed_in = await boss.signed_in(traveller)
    await signed_in.get("/v1/sessions")

    await give(boss, traveller, "agent")
    await signed_in.get("/v1/sessions")

    assert signed_in.status == 401


async def test_a_role_that_is_taken_away_counts_no_longer_with_the_next_request(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    agent = await plant_account(connection, 2, Role.TRAVELLER, Role.AGENT)
    await plant_app(connection, agent)
    key = replace(boss, token=await plant_api_key(connection, agent, scopes={Permission.ACCOUNTS_READ}))
    signed_in = await boss.signed_in(agent, second_factor=True)
    for somebody in (signed_in, key):
        await somebody.get(of(traveller))
        assert somebody.status == 200

    await give(boss, agent, "traveller")

    for somebody in (signed_in, key):
        await somebody.get(of(traveller))
        assert somebody.status == 403


async def test_the_same_roles_again_are_nothing_new(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    for _ in range(2):
        await give(boss, traveller, "agent")
        assert boss.status == 200

    assert len(await done_by(connection, boss)) == 1


async def test_nobody_changes_their_own_account(boss: Api, connection: Connection) -> None:
    me = AccountId(UUID(boss.principal.removeprefix("account:")))
    await plant_account(connection, 2, Role.ADMINISTRATOR)

    problems = [
        await give(boss, me, "administrator", "accountant"),
        await boss.post(of(me, "/suspensions"), WHY),
        await boss.ask("DELETE", of(me, "/suspensions/current")),
        await boss.post(of(me, "/second-factor-resets"), WHY),
    ]

    assert {problem["type"] for problem in problems} == {"/problems/on-oneself"}
    assert await done_by(connection, boss) == []


async def test_one_administrator_is_always_left(boss: Api, connection: Connection) -> None:
    """Also where two take each other's role, or suspend each other, at the same moment."""
    other = await plant_account(connection, 91, Role.ADMINISTRATOR)
    rival = await boss.signed_in(other, second_factor=True)
    me = AccountId(UUID(boss.principal.removeprefix("account:")))
    clients = [replace(boss), replace(rival)]

    await asyncio.gather(give(clients[0], other, "auditor"), clients[1].post(of(me, "/suspensions"), WHY))

    left = await connection.fetchval(
        "SELECT count(*) FROM accounts WHERE state = 'open' AND 'administrator' = ANY (roles)"
    )
    assert left == 1
    assert sorted(client.status in {200, 201} for client in clients) == [False, True]


async def test_a_suspended_administrator_is_none_any_more(boss: Api, connection: Connection) -> None:
    """Whose right was found out a moment before it was taken away does nothing by it, be they known still."""
    me = AccountId(UUID(boss.principal.removeprefix("account:")))
    gone = await plant_account(connection, 91, Role.ADMINISTRATOR)
    rival = await boss.signed_in(gone, second_factor=True)
    await rival.get(of(me))
    await connection.execute("UPDATE accounts SET state = 'suspended' WHERE id = $1", gone)

    problem = await give(rival, me, "traveller")

    assert problem["type"] == "/problems/not-allowed"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "roles", "required"),
        ({"roles": []}, "roles", "length"),
        ({"roles": ["king"]}, "roles[0]", "choice"),
        ({"roles": ["agent"], "state": "open"}, "state", "unknown"),
        ({"roles": ["agent"], "permissions": ["refund"]}, "permissions", "unknown"),
        ({"roles": [{"agent": True}]}, "roles[0]", "type"),
    ],
)
async def test_bad_roles_are_refused(
    boss: Api, traveller: AccountId, body: Any, field: str, code: str
) -> None:
    problem = await boss.ask("PUT", of(traveller, "/roles"), json=body)

    assert boss.status == 422
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]


# Suspending


async def test_a_suspended_account_is_nobodys_with_the_next_request(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    signed_in = await boss.signed_in(traveller)
    key = replace(boss, token=await plant_api_key(connection, traveller))
    for somebody in (signed_in, key):
        await somebody.get("/v1/bookings")
        assert somebody.status == 200

    shown = await boss.post(of(traveller, "/suspensions"), WHY)

    assert (boss.status, shown["state"]) == (201, "suspended")
    for somebody in (signed_in, key):
        await somebody.get("/v1/bookings")
        assert somebody.status == 401
    assert await connection.fetchval(
        "SELECT ended_because FROM sessions WHERE account_id = $1", traveller
    ) == ("suspended")
    assert await done_by(connection, boss) == [
        ("account.suspended", {"reason": WHY["reason"], "sessions_ended": 1})
    ]


async def test_an_account_that_is_reopened_signs_in_anew_and_has_its_keys_again(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    signed_in = await boss.signed_in(traveller)
    key = replace(boss, token=await plant_api_key(connection, traveller))
    await boss.post(of(traveller, "/suspensions"), WHY)
    await key.get("/v1/bookings")
    assert key.status == 401

    await boss.ask("DELETE", of(traveller, "/suspensions/current"))
    assert boss.status == 204

    await signed_in.get("/v1/bookings")
    await key.get("/v1/bookings")
    assert (signed_in.status, key.status) == (401, 200)
    assert [action for action, _ in await done_by(connection, boss)] == [
        "account.suspended",
        "account.reopened",
    ]


async def test_what_is_suspended_or_open_already_is_nothing_new(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    statuses = []
    for _ in range(2):
        await boss.post(of(traveller, "/suspensions"), WHY)
        statuses.append(boss.status)
    for _ in range(2):
        await boss.ask("DELETE", of(traveller, "/suspensions/current"))
        statuses.append(boss.status)

    assert statuses == [201, 201, 204, 404]
    assert len(await done_by(connection, boss)) == 2


# Second factors


async def test_second_factors_are_taken_away_and_their_owner_is_told(
    boss: Api, connection: Connection
) -> None:
    agent = await plant_account(connection, 2, Role.TRAVELLER, Role.AGENT)
    await plant_app(connection, agent)
    signed_in = await boss.signed_in(agent, second_factor=True)
    key = replace(boss, token=await plant_api_key(connection, agent))
    await key.get(of(agent))
    assert key.status == 200

    shown = await boss.post(of(agent, "/second-factor-resets"), WHY)

    assert (boss.status, shown["second_factor"]) == (201, False)
    assert not (await second_factors.held(connection, account=agent)).any
    await signed_in.get("/v1/sessions")
    await key.get(of(agent))
    assert (signed_in.status, key.status) == (401, 403)
    [told] = [one for one in await boss.outbox() if isinstance(one, SecondFactorChanged)]
    assert (told.account_id, told.change) == (agent, FactorChange.RESET)
    assert await done_by(connection, boss) == [
        (
            "account.second_factor_changed",
            {"change": "reset", "reason": WHY["reason"], "sessions_ended": 1},
        )
    ]


async def test_where_there_is_none_none_is_taken_away(boss: Api, traveller: AccountId) -> None:
    problem = await boss.post(of(traveller, "/second-factor-resets"), WHY)

    assert problem["type"] == "/problems/factor-needed"


@pytest.mark.parametrize("what", ["/suspensions", "/second-factor-resets"])
@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ("reason", "required")),
        ({"reason": ""}, ("reason", "length")),
        ({"reason": "x" * 301}, ("reason", "length")),
        ({"reason": "a\x00b"}, ("reason", "characters")),
        ({"reason": "x", "because": "replayed"}, ("because", "unknown")),
    ],
)
async def test_nothing_is_done_without_a_reason(
    boss: Api, traveller: AccountId, what: str, body: Any, wrong: tuple[str, str]
) -> None:
    problem = await boss.post(of(traveller, what), body)

    assert boss.status == 422
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [wrong]


# Whom it is for


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.TRAVELLER, set()),
        (Role.AGENT, {"read"}),
        (Role.OPERATOR, {"read"}),
        (Role.ACCOUNTANT, set()),
        (Role.AUDITOR, set()),
        (Role.ADMINISTRATOR, {"read", "change"}),
    ],
)
async def test_each_role_does_what_it_may_and_nothing_without_a_second_factor(
    boss: Api, connection: Connection, traveller: AccountId, role: Role, may: set[str]
) -> None:
    account = await plant_account(connection, 5, role)
    weak, strong = [await boss.signed_in(account, second_factor=shown) for shown in (False, True)]

    assert await tried(weak, traveller) == {"read": False, "change": False}
    assert await tried(strong, traveller) == {sort: sort in may for sort in ("read", "change")}


async def tried(somebody: Api, traveller: AccountId) -> dict[str, bool]:
    """Which sorts of doors open to them: all of a sort do, or none."""
    done: dict[str, list[int]] = {"read": [], "change": []}
    for method, path, body, sort in [
        ("GET", ALL, None, "read"),
        ("GET", of(traveller), None, "read"),
        ("POST", SEARCHES, {"address": "ada@"}, "read"),
        ("PUT", of(traveller, "/roles"), {"roles": ["agent"]}, "change"),
        ("POST", of(traveller, "/suspensions"), WHY, "change"),
        ("DELETE", of(traveller, "/suspensions/current"), None, "change"),
    ]:
        await somebody.ask(method, path, json=body)
        done[sort].append(somebody.status)

    for statuses in done.values():
        assert max(statuses) < 300 or set(statuses) == {403}
    return {sort: 403 not in statuses for sort, statuses in done.items()}


async def test_an_administrators_key_reads_and_changes_no_account(
    boss: Api, traveller: AccountId, connection: Connection
) -> None:
    me = AccountId(UUID(boss.principal.removeprefix("account:")))
    key = replace(boss, token=await plant_api_key(connection, me))

    await key.get(of(traveller))
    assert key.status == 200
    [entry] = await trail(connection)
    assert entry["principal"].startswith(f"{boss.principal}/key:")

    await give(key, traveller, "administrator")
    assert key.status == 403


@pytest.mark.parametrize("name", ["none", "1", "%00", str(UUID(int=5))])
async def test_an_account_that_is_not_there(boss: Api, name: str) -> None:
    await boss.get(f"{ALL}/{name}")

    assert boss.status == 404
