"""Browsers: what they keep, what their scripts never see, and what other sites cannot make them do."""

import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import hdrs

from bookingd.config import Settings
from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.security.links import PAGES
from bookingd.storage.database import Connection
from handlers.accounts.opening import ACCESS_LIFE, STAFF_SESSION_LIFE
from handlers.middlewares import SAFE_METHODS
from handlers.operations import Route
from handlers.routes import ROUTES
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.signing import PASSWORD, Browser, by_password, code_now, give_app, give_password
from tests.handlers.conftest import PUBLIC, Api, MakeApi
from tests.handlers.test_gate import somewhere

HTTPS = "https://book.example"
ACCESS, REFRESH = "__Host-bookingd", "__Host-bookingd-refresh"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    """Of an administrator, operator and accountant: whoever may do everything has the most to lose."""
    return await plant_account(connection, 1, Role.ADMINISTRATOR, Role.OPERATOR, Role.ACCOUNTANT)


@pytest.fixture
async def api(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    made = await make_api()
    await give_password(made, connection, account, PASSWORD)
    return made


@pytest.fixture
async def secure(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    """The same behind https."""
    made = await make_api(settings=Settings(public_url=HTTPS))
    await give_password(made, connection, account, PASSWORD)
    return made


async def signed_in(api: Api, connection: Connection, account: AccountId) -> Browser:
    """A browser in which the administrator may do everything."""
    await give_app(api, connection, account)
    browser = Browser(api)
    needed = await browser.sign_in()
    shown = {"kind": "second_factor", "sign_in": needed["sign_in"], "code": code_now(api)}
    await browser.ask("POST", "/v1/sessions", shown)
    assert browser.status == 201
    return browser


def unsafe() -> Iterator[Route]:
    """What changes something, and is not sent by gateways, who have no cookies and sign what they send."""
    for route in ROUTES:
        if route.method not in SAFE_METHODS and not route.path.startswith("/webhooks/"):
            yield route


# Cookies


async def test_cookies_are_bound_to_this_host_to_https_and_to_http(secure: Api) -> None:
    browser = Browser(secure)
    await browser.sign_in()

    assert set(browser.set) == {ACCESS, REFRESH}
    for name, site, life in ((ACCESS, "Lax", ACCESS_LIFE), (REFRESH, "Strict", STAFF_SESSION_LIFE)):
        cookie = browser.set[name]
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (
            True,
            True,
            "/",
            "",
        )
        assert (cookie["samesite"], cookie["max-age"]) == (site, str(int(life.total_seconds())))


async def test_cookies_are_forgotten_by_the_attributes_that_they_were_set_with(secure: Api) -> None:
    """Or a browser keeps a `__Host-` cookie: it takes no change of one without Secure and Path."""
    browser = Browser(secure)
    await browser.sign_in()

    await browser.ask("DELETE", "/v1/sessions/current")

    assert (set(browser.set), browser.cookies) == ({ACCESS, REFRESH}, {})
    for cookie in browser.set.values():
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


@pytest.mark.parametrize("said", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": PUBLIC}])
async def test_scripts_in_a_browser_never_see_a_token(api: Api, said: dict[str, str]) -> None:
    session = await by_password(api, **said)
    guest = await api.ask("POST", "/v1/sessions", json={"kind": "guest"}, headers=said)

    for answer in (session, guest):
        assert ("token" in answer) is not bool(said)
    assert ("refresh_token" in session) is not bool(said)


async def test_scripts_never_see_a_token_after_a_refresh_either(api: Api) -> None:
    browser = Browser(api)
    await browser.sign_in()
    before = dict(browser.cookies)
    api.clock.advance(ACCESS_LIFE)

    told = await browser.ask("POST", "/v1/sessions/refresh", {})

    assert browser.status == 200
    assert not {"token", "refresh_token"} & set(told)
    assert not set(before.values()) & set(browser.cookies.values())
    assert not [one for one in browser.cookies.values() if one in json.dumps(told)]


async def test_a_second_factor_is_asked_for_without_a_cookie(
    api: Api, connection: Connection, account: AccountId
) -> None:
    await give_app(api, connection, account)
    browser = Browser(api)

    await browser.sign_in()

    assert (browser.status, browser.cookies) == (202, {})


# What others have put into a browser


async def test_a_guests_cookie_is_another_one_after_signing_in(api: Api) -> None:
    """Session fixation: whoever planted the first is nobody who was signed in."""
    victim, thief = Browser(api), Browser(api)
    await thief.ask("POST", "/v1/sessions", {"kind": "guest"})
    victim.cookies = dict(thief.cookies)

    told = await victim.sign_in()

    assert told["principal"].startswith("account:")
    assert not set(thief.cookies.values()) & set(victim.cookies.values())
    await thief.ask("GET", "/v1/me")
    assert thief.status == 401


async def test_a_session_that_was_planted_is_ended_by_signing_in(api: Api, connection: Connection) -> None:
    """Login CSRF the other way round: the victim does not go on in the thief's account."""
    await give_password(api, connection, await plant_account(connection, 2), PASSWORD)
    thief, victim = Browser(api), Browser(api)
    await thief.sign_in("somebody-2@mail.example")
    victim.cookies = dict(thief.cookies)

    told = await victim.sign_in()

    await thief.ask("GET", "/v1/me")
    assert (told["principal"][-1], thief.status) == ("1", 401)


async def test_what_was_set_on_purpose_counts_before_a_cookie(api: Api, connection: Connection) -> None:
    browser = Browser(api)
    await browser.sign_in()
    other = await api.signed_in(await plant_account(connection, 2))

    theirs = await browser.ask("GET", "/v1/me", headers={hdrs.AUTHORIZATION: f"Bearer {other.token}"})
    await browser.ask("GET", "/v1/me", headers={hdrs.AUTHORIZATION: "Bearer none"})
    assert browser.status == 401, "a token that is no good is no reason to look at the cookie"
    own = await browser.ask("GET", "/v1/me")

    assert (theirs["email"], own["email"]) == ("somebody-2@mail.example", "somebody-1@mail.example")


async def test_a_refresh_cookie_is_no_session_and_a_session_no_refresh_cookie(api: Api) -> None:
    browser = Browser(api)
    await browser.sign_in()
    token, refresh = (browser.cookies[name] for name in ("bookingd-session", "bookingd-refresh"))

    browser.cookies = {"bookingd-session": refresh, "bookingd-refresh": token}
    await browser.ask("GET", "/v1/me")
    assert browser.status == 401
    await browser.ask("POST", "/v1/sessions/refresh", {})
    assert browser.status == 401


# What pages of other sites make a browser send


OURS = {path for _, path in PAGES.values()}
"""Where the forms lead that stand behind the links of our mails: each sends the token of its link."""

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{PUBLIC}.evil.example"},
    {"Origin": PUBLIC.replace("http:", "https:")},
    {"Origin": f"{PUBLIC}:8080"},
    {"Origin": ""},
]


@pytest.mark.parametrize("said", FOREIGN)
async def test_pages_of_other_sites_change_nothing_at_any_address(
    api: Api, connection: Connection, account: AccountId, said: dict[str, str]
) -> None:
    """CSRF by `fetch`: with all cookies, and a body as our own pages send it."""
    browser, wrong = await signed_in(api, connection, account), []
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for route in unsafe():
        path = somewhere(route.path)
        told = await api.ask(route.method, path, json={}, headers={hdrs.COOKIE: cookies, **said})
        if (api.status, told.get("type")) != (403, "/problems/cross-site") or "Set-Cookie" in api.headers:
            wrong.append(f"{route.method} {path}: {api.status}")

    assert wrong == []
    assert await connection.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
async def test_no_form_changes_anything_in_a_session(
    api: Api, connection: Connection, account: AccountId, kind: str
) -> None:
    """Also of a browser that does not say where it comes from; our own forms are for people without one."""
    browser, wrong = await signed_in(api, connection, account), []
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for route in unsafe():
        if route.method != "POST" or "/access-page" in route.path or route.path in OURS:
            continue  # a form can send nothing else; our own forms ask for no session
        headers = {hdrs.COOKIE: cookies, hdrs.CONTENT_TYPE: kind, "Idempotency-Key": "once"}
        await api.ask("POST", somewhere(route.path), data=b'{"kind":"guest"}', headers=headers)
        if api.status not in (404, 415) or "Set-Cookie" in api.headers:
            wrong.append(f"{route.path}: {api.status}")

    assert wrong == []


@pytest.mark.parametrize("said", FOREIGN[:2] + FOREIGN[4:])
async def test_pages_of_other_sites_follow_nothing(
    api: Api, connection: Connection, account: AccountId, said: dict[str, str]
) -> None:
    """A WebSocket is opened with cookies and without asking; only Origin tells."""
    browser = await signed_in(api, connection, account)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.client.ws_connect("/v1/live", headers={hdrs.COOKIE: cookies, **said})

    assert refused.value.status == 403


async def test_pages_of_other_sites_read_nothing(
    api: Api, connection: Connection, account: AccountId
) -> None:
    """No CORS: not by name, not for all."""
    browser: Any = await signed_in(api, connection, account)
    await browser.ask("GET", "/v1/me", headers={"Origin": "https://evil.example"})
    assert not [name for name in api.headers if name.lower().startswith("access-control-")]

    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    await browser.ask("OPTIONS", "/v1/sessions/current", headers=preflight)

    assert api.status == 405
    assert not [name for name in api.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "said", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": PUBLIC}, {"Origin": PUBLIC.upper()}]
)
async def test_our_own_pages_may(api: Api, said: dict[str, str]) -> None:
    browser = Browser(api)
    await browser.sign_in()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    await api.ask("DELETE", "/v1/sessions/current", headers={hdrs.COOKIE: cookies, **said})

    assert api.status == 204
