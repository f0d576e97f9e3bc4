"""Keeping a session, seeing where one is signed in, and signing out: here, there, and where a thief is."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import SessionReplayed
from bookingd.storage import accounts, sessions
from bookingd.storage.accounts import AccountState
from bookingd.storage.database import Connection
from bookingd.storage.sessions import FORGIVEN
from handlers.accounts.opening import ACCESS_LIFE, SESSION_LIFE
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.signing import (
    FIREFOX,
    PASSWORD,
    SAFARI,
    Browser,
    as_program,
    by_password,
    give_password,
    refreshed,
)
from tests.handlers.conftest import Api, MakeApi

SESSIONS = "/v1/sessions"
LATER = FORGIVEN + timedelta(seconds=1)


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    """Nobody yet; the account has a password."""
    made = await make_api()
    await give_password(made, connection, account, PASSWORD)
    return made


@pytest.fixture
async def session(api: Api) -> Any:
    """A program's."""
    return await by_password(api)


async def ends(connection: Connection) -> list[str | None]:
    """Why each session ended, the oldest first."""
    rows = await connection.fetch("SELECT ended_because FROM sessions ORDER BY created_at, id")
    return [row["ended_because"] for row in rows]


async def replays(api: Api) -> list[SessionReplayed]:
    """What owners are told of."""
    return [one for one in await api.outbox() if isinstance(one, SessionReplayed)]


async def is_let_in(api: Api, session: Any) -> bool:
    program = as_program(api, session)
    await program.get("/v1/bookings")
    assert program.status in (200, 401)
    return program.status == 200


# Refreshing


async def test_a_session_is_kept_beyond_its_access_token(api: Api, session: Any) -> None:
    api.clock.advance(ACCESS_LIFE)
    assert not await is_let_in(api, session)

    later = await refreshed(api, session["refresh_token"])

    assert api.status == 200
    assert (later["id"], later["ends_at"]) == (session["id"], session["ends_at"])
    assert later["refresh_token"] != session["refresh_token"]
    assert await is_let_in(api, later)


async def test_a_session_ends_however_often_it_is_refreshed(api: Api, session: Any) -> None:
    api.clock.advance(SESSION_LIFE - timedelta(seconds=60))
    later = await refreshed(api, session["refresh_token"])
    assert later["expires_at"] == session["ends_at"], "no access token outlives its session"
    api.clock.advance(timedelta(seconds=60))

    answer = await refreshed(api, later["refresh_token"])

    assert (api.status, answer["type"]) == (401, "/problems/session-required")


async def test_a_token_that_is_shown_twice_ends_the_session_and_its_owner_is_told(
    api: Api, session: Any, connection: Connection
) -> None:
    later = await refreshed(api, session["refresh_token"])
    assert await is_let_in(api, later)
    api.clock.advance(LATER)

    await refreshed(api, session["refresh_token"])
    assert api.status == 401

    assert await ends(connection) == ["replayed"]
    (told,) = await replays(api)
    assert str(told.account_id) in session["principal"]
    assert not await is_let_in(api, later), "at once, before any notice"
    await refreshed(api, later["refresh_token"])
    assert api.status == 401
    assert len(await replays(api)) == 1
    assert api.parts.metrics.registry.get_sample_value("bookingd_sessions_replayed_total") == 1


async def test_a_replay_is_audited(api: Api, session: Any, connection: Connection) -> None:
    await refreshed(api, session["refresh_token"])
    api.clock.advance(LATER)
    await refreshed(api, session["refresh_token"])

    (entry,) = await connection.fetch(
        "SELECT canonical FROM audit_entries WHERE action = 'account.session_ended'"
    )

    said = json.loads(entry["canonical"])
    assert (said["details"], said["principal"]) == ({"because": "replayed"}, session["principal"])


async def test_whoever_lost_the_answer_gets_it_again(api: Api, session: Any) -> None:
    first = await refreshed(api, session["refresh_token"])
    again = await refreshed(api, session["refresh_token"])

    assert first["refresh_token"] == again["refresh_token"]
    assert await is_let_in(api, await refreshed(api, again["refresh_token"]))


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(
    api: Api, session: Any, connection: Connection
) -> None:
    tabs = [replace(api) for _ in range(4)]

    answers = await asyncio.gather(*(refreshed(tab, session["refresh_token"]) for tab in tabs))

    assert [tab.status for tab in tabs] == [200] * 4
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert (await ends(connection), await replays(api)) == ([None], [])
    api.clock.advance(ACCESS_LIFE)
    await refreshed(api, answers[0]["refresh_token"])
    assert api.status == 200


@pytest.mark.parametrize("how", ["signed out", "suspended", "erased"])
async def test_nothing_is_refreshed_after_the_end(
    api: Api, session: Any, account: AccountId, connection: Connection, how: str
) -> None:
    if how == "signed out":
        await as_program(api, session).ask("DELETE", f"{SESSIONS}/current")
    elif how == "suspended":
        await accounts.set_state(connection, account=account, state=AccountState.SUSPENDED)
    else:
        await connection.execute("UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL")

    await refreshed(api, session["refresh_token"])

    assert api.status == 401
    assert await replays(api) == []


@pytest.mark.parametrize(
    "token", ["x", "é" * 43, "A" * 43, "A" * 64, "=" * 43, "\x00" * 43, " " * 43, "_" * 44]
)
async def test_what_is_no_refresh_token_gives_nothing_and_harms_nobody(
    api: Api, session: Any, token: str
) -> None:
    await refreshed(api, token)

    assert api.status in (401, 422)
    assert await is_let_in(api, session)


@pytest.mark.parametrize(
    "body", [{}, {"refresh_token": None}, {"refresh_token": ""}, {"refresh_token": 1}, {"session": "x"}, []]
)
async def test_without_a_token_nothing_is_refreshed(api: Api, session: Any, body: Any) -> None:
    await api.post(f"{SESSIONS}/refresh", body)

    assert api.status in (401, 422)


async def test_an_access_token_is_no_refresh_token(api: Api, session: Any) -> None:
    await refreshed(api, session["token"])
    assert api.status in (401, 422)

    replaced = replace(api, token=session["refresh_token"])
    await replaced.get("/v1/bookings")
    assert replaced.status == 401


# Seeing and ending


async def test_one_sees_where_one_is_signed_in(api: Api) -> None:
    old = as_program(api, await by_password(api, **{"User-Agent": SAFARI}))
    api.clock.advance(timedelta(hours=1))
    here = as_program(api, await by_password(api, **{"User-Agent": FIREFOX}))

    found = (await here.get(SESSIONS))["sessions"]

    assert [(one["device"], one["current"]) for one in found] == [
        ("Firefox on Linux", True),
        ("Safari on iPhone", False),
    ]
    assert [one["client_address"] for one in found] == ["127.0.0.1"] * 2
    assert str(old.token) not in json.dumps(found)


async def test_one_signs_out_somewhere_else(api: Api, session: Any, connection: Connection) -> None:
    here, there = as_program(api, await by_password(api)), as_program(api, session)
    await there.get("/v1/bookings")

    await here.ask("DELETE", f"{SESSIONS}/{session['id']}")

    assert here.status == 204
    await there.get("/v1/bookings")
    assert there.status == 401
    assert await ends(connection) == ["revoked", None]
    await here.ask("DELETE", f"{SESSIONS}/{session['id']}")
    assert here.status == 404, "it was open until now, and only then"


async def test_one_signs_out_everywhere_else(api: Api, session: Any, connection: Connection) -> None:
    """ASVS 5.0, 7.4.3: for whoever has changed what they prove themselves with, or has lost a device."""
    stranger = await api.signed_in(await plant_account(connection, 2))
    await by_password(api)
    here = as_program(api, await by_password(api))
    assert await is_let_in(api, session)

    await here.ask("DELETE", SESSIONS)

    assert here.status == 204
    assert not await is_let_in(api, session)
    for signed_in in (here, stranger):
        assert len((await signed_in.get(SESSIONS))["sessions"]) == 1
    await here.ask("DELETE", SESSIONS)
    assert here.status == 204
    rows = await connection.fetch(
        "SELECT canonical FROM audit_entries WHERE action = 'account.session_ended'"
    )
    assert [json.loads(row["canonical"])["details"] for row in rows] == [{"because": "revoked"}]


async def test_nobody_ends_a_strangers_session(api: Api, session: Any, connection: Connection) -> None:
    stranger = await api.signed_in(await plant_account(connection, 2))

    for identity in (session["id"], UUID(int=1), "x", "%00", "current-"):
        await stranger.ask("DELETE", f"{SESSIONS}/{identity}")
        assert stranger.status == 404

    assert await is_let_in(api, session)


async def test_a_program_signs_out(api: Api, session: Any, connection: Connection) -> None:
    program = as_program(api, session)

    await program.ask("DELETE", f"{SESSIONS}/current")
    assert program.status == 204

    assert not await is_let_in(api, session)
    assert await ends(connection) == ["signed_out"]


async def test_a_browser_signs_out_and_forgets(api: Api, connection: Connection) -> None:
    browser = Browser(api)
    await browser.sign_in()
    kept = dict(browser.cookies)

    await browser.ask("DELETE", f"{SESSIONS}/current")

    assert (browser.status, browser.cookies) == (204, {})
    await Browser(api, cookies=kept).ask("GET", "/v1/bookings")
    assert api.status == 401
    assert await ends(connection) == ["signed_out"]


async def test_a_browser_signs_out_also_when_its_access_token_is_too_old(
    api: Api, connection: Connection
) -> None:
    """Its access cookie is gone by then; the refresh token must not stay good for a month (ASVS 7.4.1)."""
    browser = Browser(api)
    await browser.sign_in()
    kept = dict(browser.cookies)
    api.clock.advance(ACCESS_LIFE)
    browser.cookies.pop("bookingd-session")

    await browser.ask("DELETE", f"{SESSIONS}/current")

    assert await ends(connection) == ["signed_out"]
    await Browser(api, cookies=kept).ask("POST", f"{SESSIONS}/refresh", {})
    assert api.status == 401


async def test_signing_out_without_a_session_is_no_mistake(api: Api) -> None:
    await api.ask("DELETE", f"{SESSIONS}/current")

    assert api.status == 204


async def test_ending_a_session_is_audited_once(api: Api, session: Any, connection: Connection) -> None:
    browser = Browser(api)
    await browser.sign_in()
    await browser.ask("DELETE", f"{SESSIONS}/current")

    rows = await connection.fetch(
        "SELECT canonical FROM audit_entries WHERE action = 'account.session_ended'"
    )

    assert [json.loads(row["canonical"])["details"] for row in rows] == [{"because": "signed_out"}]


async def test_a_session_that_was_ended_by_hand_lets_nobody_in(
    api: Api, session: Any, account: AccountId, connection: Connection
) -> None:
    now = api.clock.now()
    await sessions.end_all(connection, account=account, because=sessions.Ending.PASSWORD_CHANGED, now=now)

    await refreshed(api, session["refresh_token"])

    assert api.status == 401
