"""Signing in: who is let in, and that nobody else learns why not."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import SecondFactorChanged, SignedInOnNewDevice
from bookingd.security import recovery
from bookingd.security.passwords import Cost, PasswordHasher
from bookingd.storage import accounts, proofs, second_factors, sessions
from bookingd.storage.accounts import AccountState
from bookingd.storage.database import Connection, Database
from bookingd.storage.proofs import MOST_TRIES
from bookingd.tokens import Purpose, TokenSigner
from handlers.accounts.opening import SESSION_LIFE, STAFF_SESSION_LIFE
from handlers.accounts.signing_in import SIGN_IN_LIFE
from tests.fakes.accounts import plant_account
from tests.fakes.authenticator import Authenticator
from tests.handlers.accounts.signing import (
    ADDRESS,
    FIREFOX,
    PASSWORD,
    SAFARI,
    Browser,
    as_program,
    by_password,
    code_now,
    give_app,
    give_password,
    with_more,
)
from tests.handlers.conftest import PUBLIC, Api, MakeApi
from tests.storage.test_accounts import until_somebody_waits

WRONG = "another sentence altogether"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    """Nobody yet; the account has a password."""
    made = await make_api()
    await give_password(made, connection, account, PASSWORD)
    return made


async def audited(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT canonical FROM audit_entries ORDER BY at, id")
    return [json.loads(row["canonical"]) for row in rows]


async def with_passkey(api: Api, session: Any) -> Authenticator:
    """The account of that session has a passkey."""
    authenticator, owner = Authenticator(PUBLIC), as_program(api, session)
    asked = await owner.post("/v1/me/passkeys/options", {})
    made = authenticator.make(asked["public_key"])
    await owner.post("/v1/me/passkeys", {"name": "Telephone", "passkey": made})
    assert owner.status == 201
    return authenticator


async def signed(api: Api, authenticator: Authenticator) -> dict[str, Any]:
    """Its answer to whoever asks for any passkey."""
    asked = await api.post("/v1/sessions/passkey-options", {})
    return authenticator.sign(asked["public_key"])


# By password


async def test_whoever_knows_the_password_is_let_in(
    api: Api, account: AccountId, connection: Connection
) -> None:
    session = await by_password(api)

    assert (api.status, session["kind"], session["principal"]) == (201, "account", f"account:{account}")
    program = as_program(api, session)
    await program.get("/v1/bookings")
    assert program.status == 200
    (entry,) = await audited(connection)
    assert (entry["action"], entry["principal"], entry["subject"]) == (
        "account.signed_in",
        f"account:{account}",
        {"kind": "account", "id": str(account)},
    )


@pytest.mark.parametrize("written", [ADDRESS.upper(), "Somebody-1@MAIL.example", " somebody-1@mail.example"])
async def test_an_address_is_the_same_however_it_is_written(api: Api, written: str) -> None:
    await by_password(api, written)

    assert api.status == 201


SUSPENDED, ERASED, WITHOUT, WITH_APP = range(2, 6)


@pytest.fixture
async def others(api: Api, connection: Connection) -> None:
    """Accounts of other sorts."""
    for number, state in ((SUSPENDED, "suspended"), (WITHOUT, "open"), (WITH_APP, "open")):
        other = await plant_account(connection, number, state=state)
        if number != WITHOUT:
            await give_password(api, connection, other, PASSWORD)
        if number == WITH_APP:
            await give_app(api, connection, other)
    erased = await plant_account(connection, ERASED)
    await connection.execute(
        "UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL WHERE id = $1", erased
    )


EXECUTE = "_execute"
"""Through which asyncpg sends every statement that has parameters."""


class Work:
    """What is done for a request: statements of the database, and looks at passwords."""

    def __init__(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        execute, run = getattr(asyncpg.Connection, EXECUTE), api.parts.accounts.hasher._run

        async def executed(connection: Any, query: str, *arguments: Any, **more: Any) -> Any:
            self.done.append(query)
            return await execute(connection, query, *arguments, **more)

        async def ran(work: Callable[[], Any]) -> Any:
            self.done.append("Argon2id")
            return await run(work)

        monkeypatch.setattr(asyncpg.Connection, EXECUTE, executed)
        monkeypatch.setattr(api.parts.accounts.hasher, "_run", ran)


def told(api: Api, answer: Any) -> Any:
    """Everything that a client sees, but for what is different with every answer."""
    body = {name: value for name, value in answer.items() if name not in {"instance", "correlation_id"}}
    headers = {name.lower(): value for name, value in api.headers.items()}
    assert headers.pop("x-correlation-id")
    return api.status, body, headers


async def test_whatever_is_wrong_is_told_and_costs_the_same(
    api: Api, others: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not measured by the clock, which says little on a busy machine: the same work is done."""
    work = Work(api, monkeypatch)
    seen: dict[str, Any] = {}
    for name, (email, password) in {
        "wrong": (ADDRESS, WRONG),
        "unknown": ("nobody@mail.example", PASSWORD),
        "suspended": (f"somebody-{SUSPENDED}@mail.example", PASSWORD),
        "suspended and wrong": (f"somebody-{SUSPENDED}@mail.example", WRONG),
        "erased": (f"somebody-{ERASED}@mail.example", PASSWORD),
        "without a password": (f"somebody-{WITHOUT}@mail.example", PASSWORD),
        "with an app, wrong": (f"somebody-{WITH_APP}@mail.example", WRONG),
        "homograph": ("s\u043emebody-1@mail.example", PASSWORD),
        "no address": ("%00", PASSWORD),
        "no possible password": (ADDRESS, "x" * 256),
    }.items():
        work.done.clear()
        answer = await by_password(api, email, password)
        seen[name] = (told(api, answer), list(work.done))

    assert [name for name, found in seen.items() if found != seen["wrong"]] == []
    (status, body, headers), done = seen["wrong"]
    assert (status, body["type"]) == (401, "/problems/sign-in-failed")
    assert headers["www-authenticate"] == 'Bearer realm="bookingd"'
    assert done.count("Argon2id") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "x" * 257},
        {"password": ""},
        {"password": None},
        {"password": ["x"]},
        {"password": "line\nbreak"},
        {"email": "x" * 255},
        {"email": {"$ne": ""}},
        {"roles": ["administrator"]},
        {"second_factor": True},
        {"account_id": "x"},
        {"code": "123456"},
    ],
)
async def test_what_nobody_asked_for_is_refused(
    api: Api, account: AccountId, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mass assignment, wrong types, too long: refused before a password is looked at."""
    work = Work(api, monkeypatch)

    await api.post("/v1/sessions", {"kind": "account", "email": ADDRESS, "password": PASSWORD, **changes})

    assert (api.status, work.done) == (422, [])


async def test_a_wrong_try_is_audited_without_what_was_shown(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await by_password(api, password=WRONG)
    await by_password(api, "nobody@mail.example")

    known, unknown = await audited(connection)
    assert known["action"] == unknown["action"] == "account.sign_in_failed"
    assert known["principal"] == unknown["principal"] == "nobody"
    assert (known["subject"]["id"], unknown["subject"]["id"]) == (str(account), "unknown")
    assert known["details"] == unknown["details"] == {"shown": "password"}


# What changes while a password is looked at


@pytest.fixture
async def meanwhile(
    api: Api, connection: Connection, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Have something happen after the password was found right."""
    verify = api.parts.accounts.hasher.verify

    def happens(what: Callable[[], Awaitable[None]]) -> None:
        async def verified(*arguments: Any) -> Any:
            verdict = await verify(*arguments)
            await what()
            return verdict

        monkeypatch.setattr(api.parts.accounts.hasher, "verify", verified)

    return happens


async def test_a_password_that_was_changed_meanwhile_lets_nobody_in(
    api: Api, account: AccountId, connection: Connection, meanwhile: Any
) -> None:
    """Or whoever is signed out by the change would be in again at once."""

    async def changed() -> None:
        now = api.clock.now() + timedelta(seconds=1)
        await accounts.set_password(connection, account=account, hashed="$argon2id$other", now=now)

    meanwhile(changed)
    answer = await by_password(api)

    assert (api.status, answer["type"]) == (401, "/problems/sign-in-failed")
    assert await api.count("sessions") == 0


async def test_an_account_that_was_suspended_meanwhile_lets_nobody_in(
    api: Api, account: AccountId, connection: Connection, meanwhile: Any
) -> None:
    async def suspended() -> None:
        await accounts.set_state(connection, account=account, state=AccountState.SUSPENDED)

    meanwhile(suspended)
    await by_password(api)

    assert api.status == 401
    assert await api.count("sessions") == 0


async def test_a_second_factor_that_was_added_meanwhile_is_asked_for(
    api: Api, account: AccountId, connection: Connection, meanwhile: Any
) -> None:
    meanwhile(lambda: give_app(api, connection, account))

    await by_password(api)

    assert api.status == 202


async def test_a_password_hashed_anew_elsewhere_meanwhile_is_still_the_same(
    api: Api, account: AccountId, connection: Connection, meanwhile: Any
) -> None:
    meanwhile(lambda: give_password(api, connection, account, PASSWORD))

    await by_password(api)

    assert api.status == 201


# Its cost


async def password_of(connection: Connection, account: AccountId) -> str:
    found: str = await connection.fetchval("SELECT password FROM accounts WHERE id = $1", account)
    return found


@pytest.fixture
async def dearer(api: Api, make_api: MakeApi) -> AsyncIterator[Api]:
    """The same installation, after its operator has raised the cost."""
    hasher = PasswordHasher(chance=api.parts.sources.chance, cost=Cost(memory_kib=16), threads=1, waiting=1)
    yield await make_api(accounts=replace(api.parts.accounts, hasher=hasher))
    hasher.close()


async def test_a_hash_is_made_anew_at_the_next_sign_in_and_only_then(
    api: Api, dearer: Api, account: AccountId, connection: Connection
) -> None:
    before = await password_of(connection, account)
    await by_password(dearer, password=WRONG)
    assert await password_of(connection, account) == before

    await by_password(dearer)
    after = await password_of(connection, account)
    await by_password(dearer)

    assert ("m=8," in before, "m=16," in after) == (True, True)
    assert await password_of(connection, account) == after
    assert await accounts.by_id(connection, account=account) is not None
    changed = await connection.fetchval("SELECT password_changed_at = created_at FROM accounts")
    assert changed, "its owner has changed nothing"


async def test_in_a_rush_the_old_hash_does_once_more(
    dearer: Api, account: AccountId, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, hasher = await password_of(connection, account), dearer.parts.accounts.hasher
    verify = hasher.verify

    async def in_a_rush(hashed: str | None, password: str) -> Any:
        verdict = await verify(hashed, password)
        monkeypatch.setattr(hasher, "_places", 0)
        return verdict

    monkeypatch.setattr(hasher, "verify", in_a_rush)
    await by_password(dearer)

    assert (dearer.status, await password_of(connection, account)) == (201, before)


async def test_more_passwords_than_can_be_looked_at_are_told_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a hang nor a try that counts for nothing: 503 with the time."""
    monkeypatch.setattr(api.parts.accounts.hasher, "_places", 0)

    answer = await by_password(api)

    assert (api.status, answer["type"], api.headers["Retry-After"]) == (503, "/problems/unavailable", "2")
    assert api.parts.accounts.hasher._metrics.turned_away._value.get() == 1


# A second factor


async def test_an_app_is_asked_for_after_the_password(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)

    needed = await by_password(api)
    assert (api.status, needed["methods"], "Set-Cookie" in api.headers) == (202, ["totp"], False)
    assert await api.count("sessions") == 0
    session = await with_more(api, needed, code=code_now(api))

    assert (api.status, session["second_factor"]) == (201, True)


async def test_a_code_is_taken_once(api: Api, account: AccountId, connection: Connection) -> None:
    await give_app(api, connection, account)
    code = code_now(api)
    await with_more(api, await by_password(api), code=code)

    answer = await with_more(api, await by_password(api), code=code)

    assert (api.status, answer["type"]) == (401, "/problems/sign-in-failed")


async def test_of_two_who_show_one_code_at_once_one_is_let_in(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)
    needed = [await by_password(api) for _ in range(2)]
    clients = [replace(api) for _ in needed]

    asked = zip(clients, needed, strict=True)
    await asyncio.gather(*(with_more(client, one, code=code_now(api)) for client, one in asked))

    assert sorted(client.status for client in clients) == [201, 401]


async def test_of_two_who_show_one_sign_in_at_once_one_is_let_in(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)
    (paper,) = await recovery_codes(api, connection, account)
    needed, clients = await by_password(api), [replace(api), replace(api)]

    await asyncio.gather(
        with_more(clients[0], needed, code=code_now(api)), with_more(clients[1], needed, recovery_code=paper)
    )

    assert sorted(client.status for client in clients) == [201, 401]
    assert await api.count("sessions") == 1


async def test_a_sign_in_is_good_for_few_codes(api: Api, account: AccountId, connection: Connection) -> None:
    await give_app(api, connection, account)
    needed = await by_password(api)
    for _ in range(MOST_TRIES):
        await with_more(api, needed, code="000000")
        assert api.status == 401
        api.clock.advance(timedelta(seconds=40))

    await with_more(api, needed, code=code_now(api))

    assert api.status == 401


async def recovery_codes(api: Api, connection: Connection, account: AccountId) -> list[str]:
    """One code on paper."""
    (code, *_) = recovery.new_codes(api.parts.sources.chance)
    hashed = recovery.hash_of(code)
    assert hashed is not None
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[hashed])
    return [code]


async def test_a_code_on_paper_is_good_once_and_its_owner_is_told(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)
    (code,) = await recovery_codes(api, connection, account)
    needed = await by_password(api)
    assert needed["methods"] == ["totp", "recovery_code"]

    session = await with_more(api, needed, recovery_code=code)
    again = await with_more(api, await by_password(api), recovery_code=code)

    assert (session["second_factor"], again["type"]) == (True, "/problems/sign-in-failed")
    assert [one for one in await api.outbox() if isinstance(one, SecondFactorChanged)]


async def test_to_show_nothing_is_told_and_costs_the_sign_in_no_try(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)
    needed = await by_password(api)

    for _ in range(MOST_TRIES + 1):
        told = await with_more(api, needed)
        assert (api.status, [error["field"] for error in told["errors"]]) == (422, ["code"])

    await with_more(api, needed, code=code_now(api))
    assert api.status == 201


async def test_a_passkey_is_shown_after_the_password(
    api: Api, account: AccountId, connection: Connection
) -> None:
    authenticator = await with_passkey(api, await by_password(api))

    needed = await by_password(api)
    session = await with_more(api, needed, passkey=authenticator.sign(needed["public_key"]))

    assert needed["methods"] == ["passkey", "recovery_code"]
    assert (api.status, session["second_factor"]) == (201, True)


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_only_a_sign_in_token_of_ours_goes_on(
    api: Api, account: AccountId, connection: Connection, purpose: Purpose
) -> None:
    await give_app(api, connection, account)
    needed = await by_password(api)
    subject, ends = needed["sign_in"].split(".")[1], api.clock.now() + timedelta(minutes=5)
    forger = TokenSigner(b"f" * 32) if purpose is Purpose.SIGN_IN else api.parts.signer

    forged = {"sign_in": forger.sign(purpose, subject, expires_at=ends)}
    await with_more(api, forged, code=code_now(api))

    assert (api.status, await api.count("sessions")) == (401, 0)


async def test_a_sign_in_is_over_after_a_while(api: Api, account: AccountId, connection: Connection) -> None:
    await give_app(api, connection, account)
    needed = await by_password(api)
    api.clock.advance(SIGN_IN_LIFE)

    await with_more(api, needed, code=code_now(api))

    assert api.status == 401


async def test_a_sign_in_is_used_once(api: Api, account: AccountId, connection: Connection) -> None:
    await give_app(api, connection, account)
    needed = await by_password(api)
    await with_more(api, needed, code=code_now(api))
    api.clock.advance(timedelta(seconds=60))

    await with_more(api, needed, code=code_now(api))

    assert api.status == 401


async def test_another_accounts_code_does_not_go_on(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)
    thief = await plant_account(connection, 2)
    await give_password(api, connection, thief, PASSWORD)
    authenticator = await with_passkey(api, await by_password(api, "somebody-2@mail.example"))

    needed = await by_password(api)
    await with_more(api, needed, passkey=await signed(api, authenticator))

    assert api.status == 401


@pytest.mark.parametrize("what", ["password", "suspended"])
async def test_what_was_changed_after_the_password_was_shown_ends_the_sign_in(
    api: Api, account: AccountId, connection: Connection, what: str
) -> None:
    """A reset signs everybody out, also whoever has half signed in with the old password."""
    await give_app(api, connection, account)
    needed = await by_password(api)
    api.clock.advance(timedelta(seconds=60))
    if what == "password":
        await accounts.set_password(connection, account=account, hashed="x", now=api.clock.now())
    else:
        await accounts.set_state(connection, account=account, state=AccountState.SUSPENDED)

    await with_more(api, needed, code=code_now(api))

    assert (api.status, await api.count("sessions")) == (401, 0)


# By a passkey alone


async def test_a_passkey_alone_stands_for_two_factors(api: Api, account: AccountId) -> None:
    authenticator = await with_passkey(api, await by_password(api))

    session = await api.post("/v1/sessions", {"kind": "passkey", "passkey": await signed(api, authenticator)})

    assert (api.status, session["principal"], session["second_factor"]) == (201, f"account:{account}", True)


async def test_a_passkeys_answer_is_good_once(api: Api, account: AccountId) -> None:
    authenticator = await with_passkey(api, await by_password(api))
    answer = {"kind": "passkey", "passkey": await signed(api, authenticator)}
    await api.post("/v1/sessions", answer)

    await api.post("/v1/sessions", answer)

    assert api.status == 401


async def test_a_passkey_that_did_not_ask_for_its_owner_is_one_factor_and_not_enough(
    api: Api, account: AccountId
) -> None:
    authenticator = await with_passkey(api, await by_password(api))
    authenticator.verifies = False

    await api.post("/v1/sessions", {"kind": "passkey", "passkey": await signed(api, authenticator)})

    assert api.status == 401


async def test_what_is_wrong_with_a_passkey_is_not_told(
    api: Api, account: AccountId, connection: Connection
) -> None:
    known = await with_passkey(api, await by_password(api))
    elsewhere = Authenticator("https://evil.example")
    seen = []
    for passkey in (
        {},
        await signed(api, Authenticator(PUBLIC)),
        await signed(api, elsewhere),
        known.sign({"challenge": "eA"}),
    ):
        answer = await api.post("/v1/sessions", {"kind": "passkey", "passkey": passkey})
        seen.append(told(api, answer))
    await accounts.set_state(connection, account=account, state=AccountState.SUSPENDED)
    answer = await api.post("/v1/sessions", {"kind": "passkey", "passkey": await signed(api, known)})
    seen.append(told(api, answer))

    assert [one for one in seen if one != seen[0]] == []
    assert seen[0][0] == 401


# The session that is opened


async def lives(api: Api, **headers: str) -> timedelta:
    session = await by_password(api, **headers)
    ends = session["ends_at"]
    return api.clock.now().fromisoformat(ends) - api.clock.now()


async def test_staff_show_their_password_every_day(
    api: Api, account: AccountId, connection: Connection
) -> None:
    assert await lives(api) == SESSION_LIFE

    await accounts.set_roles(connection, account=account, roles=[Role.AGENT])

    assert await lives(api) == STAFF_SESSION_LIFE


async def test_a_new_device_is_told_to_its_owner_and_the_first_one_is_not(api: Api) -> None:
    for agent in (FIREFOX, FIREFOX, SAFARI, SAFARI, FIREFOX):
        await by_password(api, **{"User-Agent": agent})

    assert [one.device for one in await api.outbox() if isinstance(one, SignedInOnNewDevice)] == [
        "Safari on iPhone"
    ]


async def test_whoever_signs_in_again_has_one_session(
    api: Api, account: AccountId, connection: Connection
) -> None:
    """ASVS 5.0, 7.2.4: the session before ends, or its tokens would live on, forgotten by all but a thief."""
    browser = Browser(api)
    await browser.sign_in()
    before = dict(browser.cookies)

    await browser.sign_in()

    assert not set(before.values()) & set(browser.cookies.values())
    ended = await connection.fetch("SELECT ended_because FROM sessions ORDER BY created_at, id")
    assert [row["ended_because"] for row in ended] == ["signed_out", None]
    await Browser(api, cookies=before).ask("GET", "/v1/bookings")
    assert api.status == 401


async def test_elsewhere_one_stays_signed_in(api: Api, account: AccountId) -> None:
    here, there = Browser(api), Browser(api, agent=SAFARI)
    await there.sign_in()

    await here.sign_in()

    await there.ask("GET", "/v1/bookings")
    assert there.status == 200


async def test_that_one_sign_in_too_many_ends_another_stands_in_the_trail(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_OPEN", 1)
    first = as_program(api, await by_password(api))

    await by_password(api)
    await first.get("/v1/bookings")

    assert first.status == 401
    assert [entry["action"] for entry in await audited(connection)].count("account.session_ended") == 1


async def test_tries_are_counted_by_what_was_shown(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await by_password(api)
    await by_password(api, password=WRONG)
    await api.post("/v1/sessions", {"kind": "passkey", "passkey": {}})
    await give_app(api, connection, account)
    await with_more(api, await by_password(api), code=code_now(api))

    counted = {
        (sample.labels["shown"], sample.labels["outcome"]): sample.value
        for family in api.parts.metrics.sign_ins.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert counted == {
        ("password", "done"): 1,
        ("password", "failed"): 1,
        ("password", "second_factor_needed"): 1,
        ("passkey", "failed"): 1,
        ("second_factor", "done"): 1,
    }


# While the account is changed by somebody else


@pytest.mark.parametrize("shown", ["passkey", "code"])
async def test_a_sign_in_that_waits_for_its_account_holds_nothing_up(
    api: Api, account: AccountId, database: Database, connection: Connection, shown: str
) -> None:
    """Or whoever takes a thief's passkey away, or sets another password, would wait in a circle with them."""
    authenticator = await with_passkey(api, await by_password(api))
    if shown == "passkey":
        body = {"kind": "passkey", "passkey": await signed(api, authenticator)}
    else:
        await give_app(api, connection, account)
        needed = await by_password(api)
        body = {"kind": "second_factor", "sign_in": needed["sign_in"], "code": code_now(api)}

    async with database.transaction() as other:
        await accounts.lock(other, account=account)
        late = asyncio.create_task(api.post("/v1/sessions", body))
        await until_somebody_waits(connection)
        await proofs.end_asked(other, account=account, now=api.clock.now())
        await second_factors.reset(other, account=account)
    await late

    assert api.status == 401
