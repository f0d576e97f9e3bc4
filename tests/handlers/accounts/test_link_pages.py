"""The pages behind the links of mails: without a script, guarded, and without effect until a form is sent."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from aiohttp import hdrs

from bookingd.config import Settings
from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.mailroom import Mail, delivered
from tests.handlers.conftest import PUBLIC, Api, MakeApi

VERIFY = "/v1/accounts/verifications"
RESET = "/v1/password-resets/confirmations"
CONFIRM = "/v1/me/address-changes/confirmations"
ADA = "ada@example.org"
PASSWORD, NEXT = "correct horse battery", "staple of another kind"
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """A browser that has no session."""
    return await make_api()


@pytest.fixture
async def ada(api: Api, connection: Connection) -> AccountId:
    """An account with a password."""
    hashed = await api.parts.accounts.hasher.hash(PASSWORD)
    return await plant_account(connection, address=ADA, password=hashed)


async def only_mail(api: Api) -> Mail:
    (mail,) = await delivered(api)
    return mail


async def verification(api: Api) -> Mail:
    wanted = {"email": "new@example.org", "password": PASSWORD, "name": "<b>Ada</b>"}
    await api.post("/v1/accounts", wanted)
    return await only_mail(api)


async def reset(api: Api) -> Mail:
    await api.post("/v1/password-resets", {"email": ADA})
    return await only_mail(api)


async def change(api: Api, account: AccountId) -> Mail:
    here = await api.signed_in(account)
    await here.post("/v1/me/address-changes", {"email": "ada@new.example"})
    return await only_mail(api)


async def way_back(api: Api, account: AccountId) -> Mail:
    mail = await change(api, account)
    await api.post(CONFIRM, {"token": mail.token, "password": PASSWORD})
    return await only_mail(api)


@pytest.fixture(params=["verification", "reset", "change", "way back"])
async def mail(request: pytest.FixtureRequest, api: Api, ada: AccountId) -> Mail:
    """One of each kind."""
    match request.param:
        case "verification":
            return await verification(api)
        case "reset":
            return await reset(api)
        case "change":
            return await change(api, ada)
    return await way_back(api, ada)


async def sent(api: Api, page: str, **fields: str) -> str:
    """The page's form, filled in and sent as a browser does."""
    action = re.search(r'action="([^"]+)"', page)
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert action
    assert token
    form = {"token": unescape(token[1]), **fields}
    answer: Any = await api.ask("POST", action[1].removeprefix(PUBLIC), data=form, headers=SAME)
    assert isinstance(answer, str)
    return answer


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found
    return unescape(found[1])


async def test_to_follow_a_link_changes_nothing(api: Api, mail: Mail, connection: Connection) -> None:
    """Mail servers and browsers follow links before people do, and with HEAD, too."""

    async def state() -> list[Any]:
        tables = ("accounts", "proofs", "sessions", "registrations", "audit_entries", "outbox")
        return [await connection.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in tables]

    before = await state()
    for method in ("GET", "HEAD", "GET"):
        await api.ask(method, mail.path)
        assert api.status == 200

    assert await state() == before


async def test_a_page_has_a_form_and_neither_script_nor_anything_from_elsewhere(api: Api, mail: Mail) -> None:
    page = await api.get(mail.path)

    assert api.headers[hdrs.CONTENT_TYPE].startswith("text/html")
    assert '<form method="post"' in page
    assert not re.search(r"<script|javascript:|\son\w+=|<img|<link|<iframe|src=|@import|url\(", page)
    policy = dict(part.strip().split(" ", 1) for part in api.headers["Content-Security-Policy"].split(";"))
    nonce = re.search(r'<style nonce="([^"]+)">', page)
    assert nonce
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'nonce-{unescape(nonce[1])}'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }


async def test_a_page_with_a_token_is_kept_and_told_nowhere(api: Api, mail: Mail) -> None:
    await api.get(mail.path)

    assert api.headers["Referrer-Policy"] == "strict-origin"
    assert api.headers["Cache-Control"] == "no-store"
    assert api.headers["X-Robots-Tag"] == "noindex, nofollow"


async def test_the_form_leads_to_this_site_and_carries_the_token_in_its_body(api: Api, mail: Mail) -> None:
    page = await api.get(mail.path)

    actions = re.findall(r'action="([^"]+)"', page)
    assert actions == [f"{PUBLIC}{mail.path.partition('?')[0]}"]
    assert "href=" not in page


@pytest.mark.parametrize("extra", ["next", "return_url", "redirect", "action", "url"])
async def test_nothing_in_the_address_leads_elsewhere(api: Api, mail: Mail, extra: str) -> None:
    page = await api.get(f"{mail.path}&{extra}=https://evil.example/")

    assert api.status == 200
    assert "evil.example" not in page
    assert "Location" not in api.headers


async def test_what_mail_programs_add_to_a_link_does_no_harm(api: Api, mail: Mail) -> None:
    page = await api.get(f"{mail.path}&utm_source=mail")

    assert '<form method="post"' in page


async def test_an_account_is_opened_by_the_form_and_the_browser_is_signed_in(api: Api) -> None:
    page = await sent(api, await api.get((await verification(api)).path), password=PASSWORD)

    assert (api.status, heading(page)) == (200, "Your account is open")
    assert api.answer is not None
    cookies = api.answer.cookies
    assert cookies["bookingd-session"]["httponly"]
    assert cookies["bookingd-refresh"]["samesite"] == "Strict"
    assert cookies["bookingd-session"].value not in page
    await api.get("/v1/me", headers={"Cookie": f"bookingd-session={cookies['bookingd-session'].value}"})
    assert api.status == 200


async def test_a_wrong_password_is_said_beside_the_form(api: Api) -> None:
    mail = await verification(api)

    page = await sent(api, await api.get(mail.path), password="something else")

    assert api.status == 422
    assert "This is not the password of this registration." in unescape(page)
    assert "something else" not in page
    assert "Set-Cookie" not in api.headers
    await sent(api, page, password=PASSWORD)
    assert api.status == 200


async def test_a_password_is_set_by_the_form(api: Api, ada: AccountId) -> None:
    first = await api.get((await reset(api)).path)
    refused = await sent(api, first, password="password1")
    assert (api.status, "tried first" in refused) == (422, True)

    page = await sent(api, refused, password=NEXT)

    assert (api.status, heading(page), "Set-Cookie" in api.headers) == (200, "Your password is set", False)
    await api.post("/v1/sessions", {"kind": "account", "email": ADA, "password": NEXT})
    assert api.status == 201


async def test_an_address_is_changed_and_put_back_by_the_forms(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    page = await sent(api, await api.get((await change(api, ada)).path), password=PASSWORD)
    assert (api.status, heading(page)) == (200, "Your account has a new address")
    assert await connection.fetchval("SELECT address FROM accounts") == "ada@new.example"

    first = await api.get((await only_mail(api)).path)
    assert 'type="password"' not in first
    page = await sent(api, first)

    assert (api.status, heading(page)) == (200, "Your address is back")
    assert await connection.fetchval("SELECT address FROM accounts") == ADA


async def test_a_form_that_is_sent_twice_says_that_the_link_was_used(api: Api) -> None:
    first = await api.get((await verification(api)).path)
    await sent(api, first, password=PASSWORD)

    page = await sent(api, first, password=PASSWORD)

    assert (api.status, heading(page)) == (410, "This link is not good any more")


@pytest.mark.parametrize("path", [VERIFY, RESET, CONFIRM])
@pytest.mark.parametrize("token", ["", "x", "v.x.y.z", "\u00e9", "x" * 500, '"><script>'])
async def test_one_page_for_every_link_that_is_none(api: Api, path: str, token: str) -> None:
    page = await api.ask("GET", path, params={"token": token})

    assert (api.status, heading(page)) == (410, "This link is not good any more")
    assert "<form" not in page
    assert "<script" not in page
    assert (token not in page) or len(token) < 2


async def test_a_link_that_is_too_old_has_that_page(api: Api, mail: Mail) -> None:
    api.clock.advance(timedelta(days=8))

    page = await api.get(mail.path)

    assert (api.status, heading(page)) == (410, "This link is not good any more")


async def test_a_link_is_no_link_to_another_page(api: Api, mail: Mail) -> None:
    own = mail.path.partition("?")[0]
    for path in {VERIFY, RESET, CONFIRM} - {own}:
        await api.get(f"{path}?token={mail.token}")
        assert api.status == 410


async def test_a_form_of_another_site_is_refused(api: Api) -> None:
    """Or it could sign somebody in to an account that it knows, to see what they do there."""
    mail = await verification(api)
    form = {"token": mail.token, "password": PASSWORD}

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        await api.ask("POST", VERIFY, data=form, headers=headers)
        assert api.status == 403
        assert "Set-Cookie" not in api.headers


@pytest.mark.parametrize(
    "body",
    [
        b"token=%ff%fe&password=x",
        b"\xff\xfe",
        b"&".join(b"f%d=x" % number for number in range(50)),
        b"token=a&token=b&password=x",
        b"",
        b"token",
    ],
)
async def test_a_form_that_cannot_be_read_changes_nothing(api: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **SAME}

    page = await api.ask("POST", VERIFY, data=body, headers=headers)

    assert (api.status, heading(page)) == (410, "This link is not good any more")


async def test_a_field_that_the_form_does_not_have_is_refused(api: Api, connection: Connection) -> None:
    page = await api.get((await verification(api)).path)

    await sent(api, page, password=PASSWORD, roles="administrator")

    assert api.status == 422
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 0


async def test_files_are_no_forms(api: Api) -> None:
    await api.ask("POST", VERIFY, data=b"x", headers={hdrs.CONTENT_TYPE: "multipart/form-data"})

    assert api.status == 415


async def test_a_body_that_is_too_large_is_not_read(api: Api) -> None:
    await api.ask("POST", VERIFY, data={"token": "x" * 300_000})

    assert api.status == 413


async def test_guessing_at_the_form_is_slowed_down_and_says_for_how_long(api: Api) -> None:
    page = await api.get((await verification(api)).path)
    for number in range(8):
        page = await sent(api, page, password=f"something else {number}")

    assert api.status == 429
    assert int(api.headers["Retry-After"]) > 0
    assert "too many wrong tries" in page


async def test_names_of_strangers_are_on_no_page(api: Api) -> None:
    page = await api.get((await verification(api)).path)

    assert "Ada" not in page


async def test_behind_a_path_of_a_proxy_the_form_finds_back(make_api: MakeApi) -> None:
    api = await make_api(settings=Settings(public_url="https://agency.example/book"))
    mail = await verification(api)

    page = await api.get(f"{VERIFY}?token={mail.token}")

    assert f'action="https://agency.example/book{VERIFY}"' in page
    assert replace(api).status == 200
