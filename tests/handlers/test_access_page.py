"""The way back to a booking as pages: without a script, the same for all, and never from another site."""

import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import hdrs

from tests.handlers.conftest import Api, MakeApi
from tests.handlers.test_guest_access import EMAIL, ask, asked, code_of, look_into, show

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}


async def page_of(api: Api, reference: str, **more: Any) -> str:
    found: str = await api.get(f"/v1/bookings/{reference}", headers=BROWSER, **more)
    return found


def less_nonce(page: str, reference: str) -> str:
    return re.sub(r'nonce="[^"]+"', "", page).replace(reference, "REFERENCE")


async def test_whoever_may_not_see_it_gets_the_same_page_as_for_nothing(api: Api, stranger: Api) -> None:
    """P10."""
    booking = await api.booked()

    foreign = await page_of(stranger, booking.reference)
    status, headers = stranger.status, dict(stranger.headers)
    unknown = await page_of(stranger, "ZZZZZZ")

    assert (status, stranger.status) == (404, 404)
    assert less_nonce(foreign, booking.reference) == less_nonce(unknown, "ZZZZZZ")
    assert headers.keys() == stranger.headers.keys()
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "<script" not in foreign


async def test_programs_are_told_as_before(api: Api) -> None:
    nobody = api.nobody()

    problem = await nobody.get("/v1/bookings/ZZZZZZ")

    assert (nobody.status, problem["type"]) == (404, "/problems/not-found")


async def test_what_cannot_be_a_reference_is_not_asked_for(api: Api) -> None:
    page = await page_of(api, "%3Cscript%3E")

    assert api.status == 404
    assert "<form" not in page
    assert "<script" not in page


async def test_an_old_link_of_a_mail_is_said_to_be_one(api: Api) -> None:
    booking, nobody = await api.booked(), api.nobody()

    with_link = await page_of(nobody, booking.reference, params={"link": "l.1.1.1"})
    nowhere = await page_of(nobody, "ZZZZZZ", params={"link": "l.1.1.1"})

    assert "This link does not open the booking" in with_link
    assert "l.1.1.1" not in with_link
    assert less_nonce(with_link, booking.reference) == less_nonce(nowhere, "ZZZZZZ")


class Browser:
    """Posts forms as a browser does without any script, with the cookies that it was given."""

    def __init__(self, api: Api) -> None:
        self.api = api.nobody()
        self.cookies: dict[str, str] = {}

    async def go(self, path: str) -> str:
        found: str = await self.api.get(path, headers=self._headers, allow_redirects=False)
        self._keep()
        return found

    async def fill_in(self, page: str, **fields: str) -> str:
        """Send the page's form, and go where that leads."""
        action = re.search(r'action="([^"]+)"', page)
        assert action is not None
        shown: str = await self.api.ask(
            "POST", action[1], data=fields, headers=self._headers, allow_redirects=False
        )
        self._keep()
        if self.api.status != 303:
            return shown
        return await self.go(self.api.headers[hdrs.LOCATION])

    @property
    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**BROWSER, **({hdrs.COOKIE: cookies} if cookies else {})}

    def _keep(self) -> None:
        assert self.api.answer is not None
        for name, morsel in self.api.answer.cookies.items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


async def test_a_browser_without_scripts_comes_back_to_the_booking(api: Api) -> None:
    booking, other = await api.booked(), await api.booked()
    browser = Browser(api)
    page = await browser.go(f"/v1/bookings/{booking.reference}")

    page = await browser.fill_in(page, email=EMAIL)
    code = code_of(api, await look_into(api))
    assert "a code of six digits is on its way" in page
    page = await browser.fill_in(page, code=code)

    assert (browser.api.status, booking.reference in page, "Amadou" in page) == (200, True, True)
    assert list(browser.cookies) == ["bookingd-booking"]
    await browser.go(f"/v1/bookings/{other.reference}")
    assert browser.api.status == 404


async def test_the_way_by_forms_looks_the_same_to_whoever_guesses(api: Api) -> None:
    booking = await api.booked()
    pages = []
    for reference in (booking.reference, "ZZZZZZ"):
        browser = Browser(api)
        page = await browser.go(f"/v1/bookings/{reference}")
        page = await browser.fill_in(page, email="somebody@else.example")
        pages.append(less_nonce(page, reference))
        await look_into(api)
        page = await browser.fill_in(page, code="123456")
        assert browser.api.status == 403
        pages.append(less_nonce(page, reference))

    assert pages[:2] == pages[2:]


async def test_the_cookie_goes_to_its_booking_and_to_no_script(make_api: MakeApi, api: Api) -> None:
    settings = replace(api.parts.settings, public_url="https://bookingd.test/travel")
    over_https = await make_api(settings=settings)
    booking = await api.booked()
    access, code = await asked(api, booking)
    nobody = over_https.nobody()

    await show(nobody, booking.reference, access, code, headers={"Sec-Fetch-Site": "same-origin"})

    cookie = nobody.headers["Set-Cookie"]
    assert cookie.startswith("__Secure-bookingd-booking=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", f"Path=/travel/v1/bookings/{booking.reference}"} <= {
        part.strip() for part in cookie.split(";")
    }
    assert "Max-Age" not in cookie


async def test_what_is_wrong_is_said_on_the_page(api: Api) -> None:
    browser = Browser(api)
    page = await browser.go("/v1/bookings/ZZZZZZ/access-page")

    page = await browser.fill_in(page, email="<script>")

    assert browser.api.status == 422
    assert "This has to be a mail address." in page
    assert "<script" not in page
    for _ in range(5):
        await browser.fill_in(page, email="x@y.example")
    page = await browser.fill_in(page, email="x@y.example", again="yes")
    assert browser.api.status == 422
    await browser.api.ask(
        "POST", "/v1/bookings/ZZZZZZ/access-page", data={"email": "x@y.example"}, headers=BROWSER
    )
    assert (browser.api.status, browser.api.headers["Retry-After"]) == (429, "1")


async def test_a_code_is_not_asked_for_before_an_address_was(api: Api) -> None:
    browser = Browser(api)

    assert 'name="email"' in await browser.go("/v1/bookings/ZZZZZZ/access-page")
    page = await browser.fill_in(await browser.go("/v1/bookings/ZZZZZZ/access-page"), email=EMAIL)
    assert 'name="code"' in page
    assert 'name="email"' in await browser.go("/v1/bookings/ZZZZZZ/access-page?again=yes")


@pytest.mark.parametrize(
    ("headers", "slug"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, "cross-site"),
        ({"Sec-Fetch-Site": "same-site"}, "cross-site"),
        ({"Origin": "https://evil.example"}, "cross-site"),
        ({"Origin": "null"}, "cross-site"),
        ({}, "cross-site"),
        ({"Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}, "media-type"),
        ({"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data"}, "media-type"),
    ],
)
async def test_a_form_of_another_site_does_nothing(api: Api, headers: dict[str, str], slug: str) -> None:
    nobody = api.nobody()
    for path, field in (("access-page", "email"), ("access-page/confirmations", "code")):
        problem = await nobody.ask(
            "POST",
            f"/v1/bookings/ZZZZZZ/{path}",
            data=f"{field}=a%40b.example",
            headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
        )
        assert problem["type"] == f"/problems/{slug}"
    assert await api.count("proofs") == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_has_no_code_sent_by_json_either(api: Api, site: str) -> None:
    nobody = api.nobody()

    await ask(nobody, "ZZZZZZ", headers={"Sec-Fetch-Site": site})

    assert nobody.status == 403


@pytest.mark.parametrize(
    "body", [b"email=a%40b.example&email=c%40d.example", b"email=%FF", b"&".join([b"a=1"] * 50)]
)
async def test_a_form_that_is_none_is_refused(api: Api, body: bytes) -> None:
    nobody = api.nobody()
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}

    problem = await nobody.ask("POST", "/v1/bookings/ZZZZZZ/access-page", data=body, headers=headers)

    assert problem["type"] == "/problems/bad-request"


async def test_forms_lead_nowhere_else(api: Api) -> None:
    """No open redirect: where to go on is nobody's to say."""
    nobody = api.nobody()
    for more in ("?next=https://evil.example", "?return_url=//evil.example", ""):
        await nobody.ask(
            "POST",
            f"/v1/bookings/zzzzzz/access-page{more}",
            data={"email": "x@y.example"},
            headers={**BROWSER, "Host": "evil.example", "X-Forwarded-Host": "evil.example"},
            allow_redirects=False,
        )
        assert (nobody.status, nobody.headers["Location"]) == (303, "/v1/bookings/ZZZZZZ/access-page")
