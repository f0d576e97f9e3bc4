"""What is shown to sign in is written nowhere: in no log, message, audit entry or figure; nor an address."""

import json
import logging
from collections.abc import Iterator

import pytest

from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.fakes.authenticator import Authenticator
from tests.handlers.accounts.signing import (
    ADDRESS,
    PASSWORD,
    SECRET,
    Browser,
    as_program,
    by_password,
    code_now,
    give_app,
    give_password,
    refreshed,
    with_more,
)
from tests.handlers.conftest import PUBLIC, Api, MakeApi

WRONG, UNKNOWN = "another sentence altogether", "who-is-this@mail.example"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    made = await make_api()
    await give_password(made, connection, account, PASSWORD)
    return made


async def journey(api: Api, connection: Connection, account: AccountId) -> list[str]:
    """All ways in and out, right and wrong; every secret that was shown or told on the way."""
    secrets, browser = [PASSWORD, WRONG, ADDRESS, UNKNOWN, str(SECRET)], Browser(api)
    for email, password in ((UNKNOWN, PASSWORD), (ADDRESS, WRONG), (ADDRESS, "x" * 300)):
        await by_password(api, email, password)
    owner = as_program(api, session := await by_password(api))
    secrets += [session["token"], session["refresh_token"]]
    asked = await owner.post("/v1/me/passkeys/options", {})
    made = (authenticator := Authenticator(PUBLIC)).make(asked["public_key"])
    added = await owner.post("/v1/me/passkeys", {"name": "Telephone", "passkey": made})
    secrets += [asked["public_key"]["challenge"], *added["recovery_codes"]]
    await give_app(api, connection, account)
    secrets += [(needed := await by_password(api))["sign_in"], code := code_now(api)]
    await with_more(api, needed, code="999999")
    await with_more(api, needed, recovery_code="AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
    session = await with_more(api, needed, code=code)
    later = await refreshed(api, session["refresh_token"])
    secrets += [session["token"], session["refresh_token"], later["token"], later["refresh_token"]]
    asked = await api.post("/v1/sessions/passkey-options", {})
    signed = authenticator.sign(asked["public_key"])
    await browser.ask("POST", "/v1/sessions", {"kind": "passkey", "passkey": signed})
    assert browser.status == 201
    secrets += [signed["response"]["signature"], *browser.cookies.values()]
    needed = await by_password(api)
    await with_more(api, needed, recovery_code=added["recovery_codes"][0])
    api.clock.advance(60)
    await refreshed(api, session["refresh_token"])
    assert api.status == 401
    await browser.ask("GET", "/v1/sessions")
    await browser.ask("DELETE", "/v1/sessions/current")
    for forged in (f"{session['token']}x", session["refresh_token"], PASSWORD):
        await api.get("/v1/me", headers={"Authorization": f"Bearer {forged}"})
    return secrets


async def written(api: Api, connection: Connection) -> Iterator[tuple[str, str]]:
    """Everything that the journey has left, but what accounts are kept in."""
    found = [("metrics", await api.get("/metrics"))]
    for table, column in (
        ("audit_entries", "canonical"),
        ("outbox", "convert_from(bundle, 'UTF8')"),
        ("proofs", "proofs::text"),
        ("sessions", "sessions::text"),
        ("refresh_tokens", "refresh_tokens::text"),
    ):
        rows = await connection.fetch(f"SELECT {column} AS text FROM {table}")
        assert rows, table
        found += [(table, row["text"]) for row in rows]
    return iter(found)


async def test_a_whole_journey_leaves_no_secret_anywhere(
    api: Api, account: AccountId, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    secrets = await journey(api, connection, account)

    lines = [
        json.dumps([record.getMessage(), record.exc_text, record.args], default=str)
        for record in caplog.records
    ]
    assert any("/v1/sessions" in line for line in lines)
    leaked = [
        (where, secret, text)
        for where, text in (*(("log", line) for line in lines), *await written(api, connection))
        for secret in secrets
        if secret in text
    ]
    assert leaked == []


async def test_no_answer_repeats_what_was_shown(api: Api, account: AccountId, connection: Connection) -> None:
    """Problems are logged by clients, and shown on screens."""
    for body in (
        {"kind": "account", "email": ADDRESS, "password": PASSWORD + "\x00"},
        {"kind": "account", "email": ADDRESS, "password": PASSWORD, "extra": PASSWORD},
        {"kind": PASSWORD},
        {"kind": "account", "email": PASSWORD, "password": WRONG},
        {"kind": "second_factor", "sign_in": PASSWORD, "code": "123456"},
        {"kind": "passkey", "passkey": {"id": PASSWORD, "rawId": PASSWORD}},
    ):
        answer = await api.post("/v1/sessions", body)

        assert api.status in (401, 422)
        assert PASSWORD not in json.dumps(answer)
        assert WRONG not in json.dumps(answer)
