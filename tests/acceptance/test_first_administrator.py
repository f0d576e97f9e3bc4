"""From an empty installation to staff, partners and their keys: by the command line, then over HTTP."""

import base64
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bookingd.sandbox.mail import list_mail
from bookingd.security.totp import code_at, step_at
from bookingd.sources import SystemClock
from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest, Refused

BOSS, PARTNER = "boss@agency.example", "shop@partner.example"
PASSWORD = "nanoseconds are as long as this"
ALL, KEYS, APP = "/v1/admin/accounts", "/v1/me/api-keys", "/v1/me/second-factor/totp"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    return file


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


async def make(agency: Agency, address: str, password_file: Path, *more: str) -> None:
    """Open an account beside the daemon."""
    config = ("--config", str(agency.daemon.config), "--password-file", str(password_file))
    ended = await agency.daemon.command("admin", "create", address, "--name", "N. N.", *more, *config)
    assert ended[0] == 0, ended


async def signed_in(agency: Agency, http: aiohttp.ClientSession, address: str) -> Guest:
    person = Guest(url=agency.daemon.url, http=http, email=address)
    session = await person.post("/v1/sessions", {"kind": "account", "email": address, "password": PASSWORD})
    person.token = session["token"]
    return person


async def refused(work: Awaitable[Any]) -> int:
    """The status with which it is."""
    with pytest.raises(Refused) as told:
        await work
    return told.value.status


async def show_app(person: Guest) -> None:
    """Set up an authenticator app and show its first code."""
    secret = base64.b32decode((await person.post(APP, {}))["secret"])
    await person.post(f"{APP}/confirmations", {"code": code_at(secret, step_at(SystemClock().now()))})


async def test_an_installation_gets_its_staff_and_its_partners(
    agency: Agency, http: aiohttp.ClientSession, password_file: Path
) -> None:
    await make(agency, BOSS, password_file, "--role", "administrator")
    await make(agency, PARTNER, password_file)
    boss, partner = await signed_in(agency, http, BOSS), await signed_in(agency, http, PARTNER)
    assert await refused(boss.get(ALL)) == 403, "a second factor comes first"
    await show_app(boss)
    assert [one["address"] for one in (await boss.get(ALL))["accounts"]] == [BOSS]

    made = await partner.post(KEYS, {"name": "Shop", "scopes": ["book"]})
    program = Guest(url=agency.daemon.url, http=http, email=PARTNER)
    program.token = made["key"]
    offer, *_ = await program.search(agency.world)
    reference = await program.book(offer["id"])
    await program.pay(reference)
    assert (await program.sees(reference, within=60))["state"] == "confirmed"
    assert [one["reference"] for one in (await partner.get("/v1/bookings"))["bookings"]] == [reference]

    [found] = (await boss.post(f"{ALL}/searches", {"address": "shop@"}))["accounts"]
    await boss.post(f"{ALL}/{found['id']}/suspensions", {"reason": "does not pay"})
    assert await refused(program.get("/v1/bookings")) == 401
    assert await refused(partner.get(KEYS)) == 401
    await boss.call("DELETE", f"{ALL}/{found['id']}/suspensions/current")
    assert (await program.booking(reference))["state"] == "confirmed"

    reset = ("admin", "reset-second-factor", BOSS, "--reason", "lost", "--yes")
    ended = await agency.daemon.command(*reset, "--config", str(agency.daemon.config))
    assert (ended[0], ended[2]) == (0, "")

    async def is_signed_out() -> bool:
        try:
            await boss.get(ALL)
        except Refused as told:
            return told.status == 401
        return False

    await until(is_signed_out, 10, every=0.2)

    async def is_told() -> bool:
        mails = await list_mail(agency.mails.directory)
        return sum(BOSS in mail.recipients for mail in mails) >= 2  # of the app, and of its end

    await until(is_told)
    await agency.check()
    secrets = (PASSWORD, BOSS, PARTNER, program.token, boss.token, partner.token)
    assert [secret for secret in secrets if secret in agency.daemon.log] == []
