"""Whoever has nothing but the reference and the address comes back to the booking, and to nothing else."""

import re
from http import HTTPStatus
from typing import Any

import aiohttp

from bookingd.sandbox.mail import list_mail, read_mail
from tests.acceptance import truths
from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import until

PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


async def code_sent_to(agency: Agency, address: str) -> str:
    """The code in the mail that comes there."""

    async def sent() -> str | None:
        for mail in await list_mail(agency.mails.directory):
            if address in mail.recipients and (code := await _code_in(agency, mail.name)):
                return code
        return None

    code: str = await until(sent)
    return code


async def _code_in(agency: Agency, name: str) -> str | None:
    written = await read_mail(agency.mails.directory, name)
    body = written.get_body(("plain",)) if written else None
    found = re.search(r"Code: (\d{6})\b", body.get_content()) if body else None
    return found[1] if found else None


async def call(http: aiohttp.ClientSession, method: str, url: str, **options: Any) -> tuple[int, Any]:
    async with http.request(method, url, **options) as answer:
        return answer.status, await answer.json()


async def test_reference_and_address_open_the_booking_by_a_code_in_a_mail(agency: Agency) -> None:
    async with agency.guest() as guest, agency.guest() as other:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        foreign = await other.book((await other.search(agency.world))[0]["id"])
    here = f"{agency.daemon.url}/v1/bookings"
    async with aiohttp.ClientSession() as http:
        for email in (other.email, "nobody@example.org"):  # no mail comes of these
            status, _ = await call(http, "POST", f"{here}/{reference}/access", json={"email": email})
            assert status == HTTPStatus.ACCEPTED
        _, asked = await call(http, "POST", f"{here}/{reference}/access", json={"email": guest.email})
        shown = {"access": asked["access"], "code": await code_sent_to(agency, guest.email)}
        there, _ = await call(http, "POST", f"{here}/{foreign}/access/confirmations", json=shown)
        status, opened = await call(http, "POST", f"{here}/{reference}/access/confirmations", json=shown)
        again, _ = await call(http, "POST", f"{here}/{reference}/access/confirmations", json=shown)
        token = {"Booking-Token": opened["booking_token"]}
        seen, booking = await call(http, "GET", f"{here}/{reference}", headers=token)
        unseen, _ = await call(http, "GET", f"{here}/{foreign}", headers=token)

    assert (there, status, again) == (HTTPStatus.FORBIDDEN, HTTPStatus.OK, HTTPStatus.FORBIDDEN)
    assert (seen, booking["contact"]["email"]) == (HTTPStatus.OK, guest.email)
    assert unseen == HTTPStatus.NOT_FOUND
    mails = await list_mail(agency.mails.directory)
    assert [mail.recipients for mail in mails] == [(guest.email,)]
    await truths.check_audit(agency.daemon)


async def test_a_browser_without_scripts_gets_there_by_forms(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
    here = f"{agency.daemon.url}/v1/bookings/{reference}"
    jar = aiohttp.CookieJar(unsafe=True)  # at an address of numbers
    async with aiohttp.ClientSession(headers=PAGE, cookie_jar=jar) as http:
        async with http.get(here) as answer:
            assert answer.status == HTTPStatus.NOT_FOUND
            assert 'name="email"' in await answer.text()
        async with http.post(f"{here}/access-page", data={"email": guest.email}) as answer:
            assert 'name="code"' in await answer.text()
        code = await code_sent_to(agency, guest.email)
        async with http.post(f"{here}/access-page/confirmations", data={"code": code}) as answer:
            assert (answer.status, str(answer.url)) == (HTTPStatus.OK, here)
            assert "Ada Lovelace" in await answer.text()
