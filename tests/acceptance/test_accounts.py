"""A person with an account, from the first mail to a forgotten password; and what survives a kill."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bookingd.sandbox.mail import CaughtMail, list_mail, read_mail
from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest, Refused

ADDRESS = "grace.hopper@example.org"
PASSWORD, ANOTHER = "nanoseconds are as long as this", "what a ship in port is not for"
ACCOUNTS, SESSIONS = "/v1/accounts", "/v1/sessions"

Between = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Happens between two steps."""


@pytest.fixture
async def person(agency: Agency) -> AsyncIterator[Guest]:
    """Somebody who has no session yet."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        yield Guest(url=agency.daemon.url, http=http, email=ADDRESS)


async def link_in_mail(agency: Agency, path: str) -> str:
    """The token of the link to that page in the mail to the person, once it is there."""
    link = re.compile(re.escape(path) + r"\?token=[^\s\"<>]+")

    async def found() -> str | None:
        for mail in reversed(await list_mail(agency.mails.directory)):
            text = await text_of(agency, mail) if ADDRESS in mail.recipients else ""
            if there := link.search(text):
                return parse_qs(urlsplit(there[0]).query)["token"][0]
        return None

    token: str = await until(found)
    return token


async def text_of(agency: Agency, mail: CaughtMail) -> str:
    """As a person reads it."""
    written = await read_mail(agency.mails.directory, mail.name)
    assert written is not None
    part = written.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def sign_in(person: Guest, password: str) -> dict[str, Any]:
    """From now on the person's requests are the account's. Raises Refused."""
    person.token = ""
    asked = {"kind": "account", "email": ADDRESS.title(), "password": password}
    session = await person.post(SESSIONS, asked)
    person.token = session["token"]
    return session


async def refused(work: Awaitable[Any]) -> int:
    """The status with which it is."""
    with pytest.raises(Refused) as told:
        await work
    return told.value.status


async def journey(agency: Agency, person: Guest, between: Between) -> None:
    """All of it; `between` happens after each answer that something is done."""
    wanted = {"email": ADDRESS, "password": PASSWORD, "name": "Grace Hopper", "locale": "en"}
    await person.post(ACCOUNTS, wanted)
    await between()
    token = await link_in_mail(agency, f"{ACCOUNTS}/verifications")
    assert await refused(sign_in(person, PASSWORD)) == 401, "the address is nobody's yet"
    await person.post(f"{ACCOUNTS}/verifications", {"token": token, "password": PASSWORD})
    await between()

    session = await sign_in(person, PASSWORD)
    await between()
    offer, *_ = await person.search(agency.world)
    reference = await person.book(offer["id"])
    await person.pay(reference)
    await between()
    assert (await person.sees(reference, within=60))["state"] == "confirmed"

    later = await person.post(f"{SESSIONS}/refresh", {"refresh_token": session["refresh_token"]})
    person.token = later["token"]
    await between()
    await person.call("DELETE", f"{SESSIONS}/current")
    await between()
    assert await refused(person.booking(reference)) == 401
    gone = {"refresh_token": later["refresh_token"]}
    person.token = ""
    assert await refused(person.post(f"{SESSIONS}/refresh", gone)) == 401

    await person.post("/v1/password-resets", {"email": ADDRESS})
    await between()
    token = await link_in_mail(agency, "/v1/password-resets/confirmations")
    chosen = {"token": token, "password": ANOTHER}
    await person.post("/v1/password-resets/confirmations", chosen)
    await between()
    assert await refused(person.post("/v1/password-resets/confirmations", chosen)) == 410

    assert await refused(sign_in(person, PASSWORD)) == 401
    await sign_in(person, ANOTHER)
    assert [one["reference"] for one in (await person.get("/v1/bookings"))["bookings"]] == [reference]
    assert (await person.booking(reference))["state"] == "confirmed"


async def test_a_person_gets_an_account_books_and_comes_back(agency: Agency, person: Guest) -> None:
    await journey(agency, person, _nothing)

    await agency.check()
    leaked = [secret for secret in (PASSWORD, ANOTHER, ADDRESS, person.token) if secret in agency.daemon.log]
    assert leaked == []


@pytest.mark.timeout(600)
async def test_what_was_answered_survives_a_kill_one_instant_later(agency: Agency, person: Guest) -> None:
    """P4, at each step."""
    await journey(agency, person, agency.daemon.restart)

    await agency.check()
