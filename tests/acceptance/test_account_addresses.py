"""An account whose address is changed and put back, by what its owner does and the mails that arrive."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest

from bookingd.sandbox.mail import CaughtMail, list_mail, read_mail
from tests.acceptance import truths
from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import until

ADA, NEW = "ada@example.org", "ada@new.example"
FIRST, SECOND = "correct horse battery", "staple of another kind"
TOKEN = re.compile(r"https?://\S+\?token=(\S+)")


@dataclass(slots=True, kw_only=True)
class Owner:
    """Somebody with a mailbox."""

    agency: Agency
    http: aiohttp.ClientSession
    token: str | None = None
    read: set[str] = field(default_factory=set)
    """Mails that were looked at."""

    async def ask(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.agency.daemon.url}{path}"
        async with self.http.request(method, url, json=body or None, headers=headers) as answer:
            text = await answer.text()
            return answer.status, (await answer.json() if "json" in answer.content_type else text)

    async def mail(self, to: str, subject: str) -> str:
        """The text of the next mail to that address with that subject."""
        found: list[CaughtMail] = []

        async def arrived() -> bool:
            all_of_them = await list_mail(self.agency.mails.directory)
            found[:] = [
                one
                for one in all_of_them
                if one.name not in self.read and one.recipients == (to,) and subject in one.subject
            ]
            return bool(found)

        await until(arrived)
        self.read.add(found[0].name)
        mail = await read_mail(self.agency.mails.directory, found[0].name)
        body = mail.get_body(("plain",)) if mail else None
        assert body is not None
        return str(body.get_content())

    async def link(self, to: str, subject: str) -> str:
        """The token of the link in it."""
        found = TOKEN.search(await self.mail(to, subject))
        assert found
        return unquote(found[1])

    async def sign_in(self, email: str, password: str) -> int:
        status, session = await self.ask(
            "POST", "/v1/sessions", kind="account", email=email, password=password
        )
        self.token = session.get("token", self.token)
        return status

    async def opened(self) -> None:
        """They register, confirm, and are signed in."""
        told, _ = await self.ask("POST", "/v1/accounts", email=ADA, password=FIRST, name="Ada", locale="en")
        assert told == 202
        token = await self.link(ADA, "Confirm")
        status, session = await self.ask("POST", "/v1/accounts/verifications", token=token, password=FIRST)
        assert status == 201
        self.token = session["token"]


@pytest.fixture
async def owner(agency: Agency) -> Any:
    """Who has no account yet."""
    async with aiohttp.ClientSession() as http:
        yield Owner(agency=agency, http=http)


async def test_an_account_is_moved_and_taken_back(owner: Owner) -> None:
    await owner.opened()
    assert (await owner.ask("GET", "/v1/me"))[1]["email"] == ADA

    # Somebody registers with the same address: its owner hears of it, and nobody else learns it.
    again = await owner.ask("POST", "/v1/accounts", email="ADA@example.org", password=SECOND, name="Eve")
    assert again[0] == 202
    assert "There is one already" in await owner.mail(ADA, "already have an account")

    # Another address, and then the way back.
    assert (await owner.ask("POST", "/v1/me/address-changes", email=NEW))[0] == 202
    await owner.mail(ADA, "was asked for")
    token = await owner.link(NEW, "Confirm your new")
    path = "/v1/me/address-changes/confirmations"
    assert (await owner.ask("POST", path, token=token, password=FIRST))[0] == 204
    assert (await owner.ask("GET", "/v1/me"))[1]["email"] == NEW
    way_back = await owner.link(ADA, "has another")
    assert (await owner.ask("POST", path, token=way_back))[0] == 204
    assert (await owner.ask("GET", "/v1/me"))[0] == 401

    owner.token = None
    assert [await owner.sign_in(NEW, FIRST), await owner.sign_in(ADA, FIRST)] == [401, 401]
    token = await owner.link(ADA, "Set a new password")
    path = "/v1/password-resets/confirmations"
    assert (await owner.ask("POST", path, token=token, password=SECOND))[0] == 204
    assert await owner.sign_in(ADA, SECOND) == 201
    await truths.check_audit(owner.agency.daemon)


async def test_no_token_or_password_is_in_the_log(owner: Owner) -> None:
    await owner.opened()
    assert (await owner.ask("POST", "/v1/password-resets", email=ADA))[0] == 202
    token = await owner.link(ADA, "Set a new password")
    assert (await owner.ask("GET", f"/v1/password-resets/confirmations?token={token}"))[0] == 200

    log = owner.agency.daemon.log
    assert "GET /v1/password-resets/confirmations 200" in log
    for secret in (token, FIRST, ADA):
        assert secret not in log
