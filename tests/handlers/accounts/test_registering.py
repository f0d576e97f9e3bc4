"""Getting an account: the same answer for every address, and an account for nobody but who reads its mail."""

import asyncio
import json
import logging
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.messages.accounts import Register
from bookingd.security import addresses
from bookingd.storage.database import Connection
from bookingd.storage.proofs import ProofPurpose
from bookingd.tokens import Purpose, TokenSigner
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.mailroom import Mail, delivered, taken
from tests.handlers.conftest import Api, MakeApi

ACCOUNTS = "/v1/accounts"
VERIFY = "/v1/accounts/verifications"
ADA = "ada@example.org"
PASSWORD = "correct horse battery"
NEW = {"email": ADA, "password": PASSWORD, "name": "Ada Lovelace", "locale": "de-AT"}


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """Somebody who has no session."""
    return await make_api()


async def registered(api: Api, **changes: Any) -> Mail:
    """The mail that a registration leads to."""
    told = await api.post(ACCOUNTS, {**NEW, **changes})
    assert api.status == 202, told
    (mail,) = await delivered(api)
    return mail


async def verified(api: Api, mail: Mail, password: str = PASSWORD) -> Any:
    return await api.post(VERIFY, {"token": mail.token, "password": password})


async def problem_of(api: Api, **changes: Any) -> tuple[str, str]:
    """The field and the code of the one mistake in a registration."""
    told = await api.post(ACCOUNTS, {**NEW, **changes})
    assert api.status == 422, told
    (error,) = told["errors"]
    return error["field"], error["code"]


async def actions(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT action FROM audit_entries ORDER BY at, id")
    return [row["action"] for row in rows]


# From the form to the account


async def test_who_registers_follows_the_link_of_the_mail_and_is_signed_in(
    api: Api, connection: Connection
) -> None:
    mail = await registered(api)
    session = await verified(api, mail)

    assert (api.status, session["kind"], mail.to) == (201, "account", ADA)
    me = await replace(api, token=session["token"]).get("/v1/me")
    assert (me["email"], me["name"], me["locale"], me["currency"]) == (ADA, "Ada Lovelace", "de-AT", "EUR")
    assert me["roles"] == ["traveller"]
    signed_in = await api.post("/v1/sessions", {"kind": "account", "email": ADA, "password": PASSWORD})
    assert (api.status, signed_in["principal"]) == (201, session["principal"])
    assert await actions(connection) == [
        "account.registration_asked",
        "account.registration_answered",
        "account.opened",
        "account.signed_in",
        "account.signed_in",
    ]


async def test_before_the_address_is_confirmed_nobody_signs_in(api: Api) -> None:
    await registered(api)

    await api.post("/v1/sessions", {"kind": "account", "email": ADA, "password": PASSWORD})

    assert api.status == 401


async def test_an_opened_account_leaves_no_registration_behind(api: Api, connection: Connection) -> None:
    await verified(api, await registered(api))

    assert await connection.fetchval("SELECT count(*) FROM registrations") == 0


async def test_nothing_secret_or_personal_is_in_messages_or_in_the_trail(
    api: Api, connection: Connection
) -> None:
    mail = await registered(api)
    async with api.parts.database.connection() as reading:
        bundles = await reading.fetch("SELECT bundle FROM outbox")
    await verified(api, mail, "something else")
    await verified(api, mail)

    rows = await connection.fetch("SELECT canonical::text AS text FROM audit_entries")
    said = "".join(row["text"] for row in rows) + "".join(str(row["bundle"]) for row in bundles)
    for secret in (ADA, "Ada Lovelace", PASSWORD, "something else", mail.token, "argon2"):
        assert secret not in said


# The link, and the password


async def test_the_link_alone_opens_no_account(api: Api, connection: Connection) -> None:
    """Mail servers follow links; and somebody else may have registered with this address."""
    mail = await registered(api)

    page = await api.get(mail.path)
    told = await api.post(VERIFY, {"token": mail.token})

    assert "Your password" in page
    assert (api.status, told["errors"][0]["field"]) == (422, "password")
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 0


async def test_another_password_than_the_chosen_one_opens_nothing(api: Api, connection: Connection) -> None:
    """Who prepares an account for an address of yours cannot have you confirm it: you do not know theirs."""
    mail = await registered(api, password="the password of Mallory")

    told = await verified(api, mail)

    assert (api.status, told["errors"][0]["code"]) == (422, "wrong")
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 0
    assert (await actions(connection))[-1] == "account.verification_failed"
    await verified(api, mail, "the password of Mallory")
    assert api.status == 201


async def test_passwords_are_guessed_ever_more_slowly(api: Api) -> None:
    mail = await registered(api)

    statuses = []
    for number in range(8):
        await verified(api, mail, f"no, it is not this {number}")
        statuses.append(api.status)

    assert 429 in statuses
    assert int(api.headers["Retry-After"]) > 0


async def test_a_link_is_good_once(api: Api) -> None:
    mail = await registered(api)
    await verified(api, mail)

    again = await verified(api, mail)

    assert (api.status, again["type"]) == (410, "/problems/link-spent")


async def test_a_link_is_good_for_two_days(api: Api, connection: Connection) -> None:
    mail = await registered(api)
    api.clock.advance(timedelta(days=2))

    told = await verified(api, mail)

    assert (api.status, told["type"]) == (410, "/problems/link-spent")
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 0


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.VERIFY}))
async def test_a_token_of_ours_for_something_else_is_none(api: Api, purpose: Purpose) -> None:
    proof = (await registered(api)).proof
    token = api.parts.signer.sign(purpose, str(proof.id), expires_at=proof.expires_at)

    told = await api.post(VERIFY, {"token": token, "password": PASSWORD})

    assert (api.status, told["type"]) == (410, "/problems/link-spent")


async def test_a_token_of_ours_for_another_kind_of_proof_is_none(api: Api, connection: Connection) -> None:
    """Signed as a verification, and the proof that it names is for a reset."""
    mail = await registered(api)
    await connection.execute("UPDATE proofs SET purpose = $1", ProofPurpose.RESET)

    await verified(api, mail)
    assert api.status == 410
    await api.get(mail.path)
    assert api.status == 410


async def test_a_forged_token_is_none(api: Api) -> None:
    proof = (await registered(api)).proof
    foreign = TokenSigner(b"f" * 32).sign(Purpose.VERIFY, str(proof.id), expires_at=proof.expires_at)
    unknown = api.parts.signer.sign(
        Purpose.VERIFY, str(api.parts.sources.ids.new()), expires_at=proof.expires_at
    )
    for token in (foreign, unknown, "x", "v...", f"v.{proof.id}.ffffffff.", "\u00e9", "x" * 200):
        told = await api.post(VERIFY, {"token": token, "password": PASSWORD})
        assert (api.status, told["type"]) == (410, "/problems/link-spent"), token


async def test_of_two_who_use_a_link_at_once_one_gets_an_account(api: Api, connection: Connection) -> None:
    mail = await registered(api)
    both = [replace(api), replace(api)]

    await asyncio.gather(*(verified(one, mail) for one in both))

    assert sorted(one.status for one in both) == [201, 410]
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 1


async def test_two_registrations_of_one_address_that_are_confirmed_at_once_are_one_account(
    api: Api, connection: Connection
) -> None:
    both = [replace(api), replace(api)]
    await asyncio.gather(
        both[0].post(ACCOUNTS, NEW), both[1].post(ACCOUNTS, {**NEW, "email": "Ada@EXAMPLE.org"})
    )
    mails = await delivered(api)

    told = await asyncio.gather(*(verified(one, mail) for one, mail in zip(both, mails, strict=True)))

    assert sorted(one.status for one in both) == [201, 409]
    assert "/problems/address-taken" in {one.get("type") for one in told}
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 1
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 1


# Known and unknown addresses


async def rows(connection: Connection) -> dict[str, int]:
    """How much is written where."""
    tables = ("registrations", "proofs", "accounts", "outbox", "audit_entries", "audit_personal")
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_work(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant_account(connection, address=ADA)
    await plant_account(connection, 2, address="suspended@example.org", state="suspended")
    hashed: list[str] = []
    make = api.parts.accounts.hasher.hash

    async def hash_counted(password: str) -> str:
        hashed.append(password)
        return await make(password)

    monkeypatch.setattr(api.parts.accounts.hasher, "hash", hash_counted)
    seen, before = [], await rows(connection)
    for email in (ADA, "nobody@example.org", "suspended@example.org"):
        told = await api.post(ACCOUNTS, {**NEW, "email": email})
        after = await rows(connection)
        written = {table: after[table] - before[table] for table in after}
        seen.append((api.status, told, sorted(set(api.headers) - {"Date"}), written, len(hashed)))
        hashed.clear()
        before = after

    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == 202
    assert [type(letter.message) for letter in await taken(api)] == [Register] * 3


async def test_the_owner_of_a_known_address_is_told_and_no_link_is_made(
    api: Api, connection: Connection
) -> None:
    account = await plant_account(connection, address=ADA)

    await api.post(ACCOUNTS, NEW)

    assert await delivered(api) == []
    assert await connection.fetchval("SELECT password FROM accounts WHERE id = $1", account) is None
    assert await connection.fetchval("SELECT count(*) FROM registrations") == 0


async def test_nobodys_mailbox_is_filled(api: Api) -> None:
    for _ in range(5):
        await api.post(ACCOUNTS, NEW)
    for email in (ADA, "ADA@example.org"):
        told = await api.post(ACCOUNTS, {**NEW, "email": email})
        assert (api.status, told["type"]) == (429, "/problems/too-many-attempts")

    await api.post(ACCOUNTS, {**NEW, "email": "somebody@example.org"})
    assert api.status == 202


async def test_who_asks_for_mails_does_not_slow_down_who_signs_in(api: Api, connection: Connection) -> None:
    hashed = await api.parts.accounts.hasher.hash(PASSWORD)
    await plant_account(connection, address=ADA, password=hashed)
    for _ in range(8):
        await api.post(ACCOUNTS, NEW)
    assert api.status == 429

    await api.post("/v1/sessions", {"kind": "account", "email": ADA, "password": PASSWORD})

    assert api.status == 201


# What nobody can register with


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@localhost",
        "ada@@example.org",
        "ada@exam ple.org",
        "Ada <ada@example.org>",
        "ada@example.org, eve@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada\u0000@example.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.org",
        "a" * 300 + "@example.org",
        "\u0430da@example.org",
        "ada@ex\u0430mple.org",
        "ada@xn--a.example",
        7,
        None,
        ["ada@example.org"],
    ],
)
async def test_what_is_no_address_or_looks_like_another_one_is_refused(api: Api, email: object) -> None:
    field, code = await problem_of(api, email=email)

    assert (field, code in {"email", "length", "characters", "type", "required"}) == ("email", True)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("zo\u00eb@example.org", "zo\u00eb@example.org"),
        ("ada@m\u00fcnchen.example", "ada@xn--mnchen-3ya.example"),
        ("\u0434\u0430\u0448\u0430@\u043f\u0440\u0438\u043c\u0435\u0440.example", None),
        ("\u592a\u90ce@\u4f8b\u3048.example", None),
    ],
)
async def test_addresses_of_every_script_have_accounts(api: Api, written: str, key: str | None) -> None:
    mail = await registered(api, email=written)
    session = await verified(api, mail)

    assert (api.status, mail.to) == (201, written)
    assert key in {None, addresses.key_of(written)}
    await api.post("/v1/sessions", {"kind": "account", "email": written, "password": PASSWORD})
    assert api.status == 201, session


@pytest.mark.parametrize(
    "other", ["ADA@EXAMPLE.ORG", "\uff41da@example.org", "ada@\uff45xample.org", " ada@example.org "]
)
async def test_another_way_to_write_an_address_is_no_other_account(
    api: Api, connection: Connection, other: str
) -> None:
    await plant_account(connection, address=ADA)

    await api.post(ACCOUNTS, {**NEW, "email": other})

    assert (api.status, await delivered(api)) == (202, [])
    assert await connection.fetchval("SELECT count(*) FROM registrations") == 0


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "guessable"),
        ("password1", "guessable"),
        ("Sunshine2026", "guessable"),
        ("aaaaaaaaaaaa", "guessable"),
        ("Ada Lovelace", "guessable"),
        ("ada@example.org", "guessable"),
        ("bookingd1815", "guessable"),
        ("p" * 257, "length"),
        ("", "length"),
        ("tab\there is not shown", "characters"),
        (12345678, "type"),
        (None, "required"),
    ],
)
async def test_a_password_that_is_guessed_or_none_is_refused(api: Api, password: object, code: str) -> None:
    assert await problem_of(api, password=password) == ("password", code)


async def test_the_longest_password_is_taken_whole(api: Api) -> None:
    longest = "".join(chr(0x4E00 + number) for number in range(256))
    mail = await registered(api, password=longest)

    await verified(api, mail, longest[:-1])
    assert api.status == 422
    await verified(api, mail, longest)
    assert api.status == 201


@pytest.mark.parametrize(
    "field", ["roles", "state", "id", "password_changed_at", "address_key", "currency", "second_factor"]
)
async def test_nobody_gives_themselves_more_than_an_account(api: Api, field: str) -> None:
    """Mass assignment: what is not asked for is refused by name."""
    for given in (["administrator"], "open", str(api.parts.sources.ids.new())):
        assert await problem_of(api, **{field: given}) == (field, "unknown")


async def test_nor_by_the_link(api: Api, connection: Connection) -> None:
    mail = await registered(api)

    told = await api.post(
        VERIFY, {"token": mail.token, "password": PASSWORD, "roles": [Role.ADMINISTRATOR.value]}
    )

    assert (api.status, told["errors"][0]["code"]) == (422, "unknown")
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 0


@pytest.mark.parametrize(("name", "code"), [("", "length"), ("   ", "length"), ("x" * 101, "length")])
async def test_a_name_is_a_name(api: Api, name: str, code: str) -> None:
    told = await api.post(ACCOUNTS, {**NEW, "name": name})

    assert (api.status, told["errors"][0]["code"]) == (422, code)


async def test_a_language_is_one_that_there_is(api: Api) -> None:
    assert await problem_of(api, locale="xx") == ("locale", "locale")


async def test_registering_takes_json_and_no_form_of_another_site(api: Api) -> None:
    await api.ask("POST", ACCOUNTS, data=NEW)
    assert api.status == 415

    await api.post(ACCOUNTS, NEW, headers={"Sec-Fetch-Site": "cross-site"})
    assert api.status == 403


# Logs


async def test_no_token_password_or_address_is_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The test's own server has a log besides, of aiohttp; the daemon's has none (handlers/server.py)."""
    caplog.set_level(logging.CRITICAL, logger="aiohttp.access")
    caplog.set_level(logging.DEBUG)
    mail = await registered(api)
    await api.get(mail.path)
    await verified(api, mail, "a wrong password")
    await verified(api, mail)

    said = caplog.text + json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert f"GET {VERIFY} 200" in said
    for secret in (mail.token, str(mail.proof.id), PASSWORD, "a wrong password", ADA, "Lovelace"):
        assert re.search(re.escape(secret), said) is None, secret
