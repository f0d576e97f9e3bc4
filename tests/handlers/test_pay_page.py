"""The payment page: for whoever opens the booking, with what it may load and no more; with no script too."""

import asyncio
import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import hdrs

from bookingd.domain.booking.facts import StartPayment
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.consents import KEEP_MEANS
from bookingd.gateways.stripe import SCRIPT, SOURCES
from bookingd.storage.payments import PaymentStatus
from bookingd.tokens import Purpose
from handlers.application import GatewayFacts
from handlers.paying.script import pay_script
from tests import factories
from tests.handlers.conftest import PUBLIC, Api, MakeApi
from tests.handlers.test_payment_options import DEPOSITS, agency, client, held, keeps_a_card, started
from tests.handlers.test_payments import row

BROWSER = {"Sec-Fetch-Site": "same-origin"}
STRIPE = GatewayFacts(
    gateway="stripe",
    publishable_key="pk_test",
    api_base="https://api.stripe.test",
    script=SCRIPT,
    sources=SOURCES,
    keeps=True,
)


async def page_of(api: Api, booking: Booking, **more: Any) -> str:
    found: str = await api.get(f"/v1/bookings/{booking.reference}/pay", **more)
    return found


def attempt_in(page: str) -> str:
    found = re.search(r'name="attempt" value="([0-9a-f]{32})"', page)
    assert found, page
    return found[1]


async def send(api: Api, booking: Booking, page: str = "", **given: str) -> str:
    """Send the form as a browser does, and stay on the answer."""
    page = page or await page_of(api, booking)
    form = {"attempt": attempt_in(page), "schedule": "full", "way": "fake", "payment_method": "", **given}
    answer: str = await api.ask(
        "POST",
        f"/v1/bookings/{booking.reference}/pay",
        data=form,
        headers=BROWSER,
        allow_redirects=False,
    )
    return answer


def policy_of(api: Api) -> dict[str, list[str]]:
    directives = api.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in (one.split() for one in directives)}


# What it may load (PCI DSS 4.0, 6.4.3 and 11.6.1)


async def test_the_page_loads_the_gateways_script_and_ours_and_nothing_else(make_api: MakeApi) -> None:
    api = await (await make_api(gateway_facts=(STRIPE,))).somebody()
    page = await page_of(api, await held(api))

    policy = policy_of(api)
    (nonce,) = set(policy["style-src"])
    assert policy == {
        "default-src": ["'none'"],
        "style-src": [nonce],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "script-src": [nonce, "https://js.stripe.com", "https://*.js.stripe.com"],
        "frame-src": ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"],
        "connect-src": ["https://api.stripe.com"],
        "img-src": ["https://*.stripe.com"],
    }
    assert re.fullmatch(r"'nonce-[A-Za-z0-9+/]{22}=='", nonce)
    assert re.findall(r'<script[^>]* src="([^"]+)"', page) == [SCRIPT, pay_script().path]
    assert page.count("<script") == 2
    assert not re.search(r"<script[^>]*>[^<]", page)
    assert not re.search(r"\son\w+=|\sstyle=", page)
    assert api.headers["Referrer-Policy"] == "strict-origin"
    assert "payment=(self" in api.headers["Permissions-Policy"]
    assert (api.headers[hdrs.CACHE_CONTROL], api.headers["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")


async def test_no_nonce_is_used_twice(make_api: MakeApi) -> None:
    api = await (await make_api(gateway_facts=(STRIPE,))).somebody()
    booking = await held(api)

    nonces = set()
    for _ in range(5):
        await page_of(api, booking)
        nonces.update(policy_of(api)["style-src"])

    assert len(nonces) == 5


async def test_our_own_script_is_what_the_page_says_it_is(make_api: MakeApi) -> None:
    api = await (await make_api(gateway_facts=(STRIPE,))).somebody()
    page = await page_of(api, await held(api))
    found = re.search(r'src="(/assets/[^"]+)" integrity="sha384-([^"]+)"', page)
    assert found

    nobody = api.nobody()
    text = await nobody.get(found[1])

    assert base64.b64encode(hashlib.sha384(text.encode()).digest()).decode() == found[2]
    assert "immutable" in nobody.headers[hdrs.CACHE_CONTROL]
    await api.get("/assets/pay-000000000000.js")
    assert api.status == 404


async def test_where_the_payer_is_sent_to_the_gateway_no_script_runs(make_api: MakeApi) -> None:
    redirecting = replace(STRIPE, script=None, sources={})
    api = await (await make_api(gateway_facts=(redirecting,))).somebody()

    page = await page_of(api, await held(api))

    assert "<script" not in page
    assert set(policy_of(api)) == {"default-src", "style-src", "base-uri", "form-action", "frame-ancestors"}
    assert "on the payment provider&#39;s page" in page


async def test_a_booking_that_cannot_be_paid_loads_nothing_either(make_api: MakeApi) -> None:
    api = await (await make_api(gateway_facts=(STRIPE,))).somebody()
    booking = await held(api, state=BookingState.CONFIRMED, hold_until=None)

    page = await page_of(api, booking)

    assert "<script" not in page
    assert "<form" not in page
    assert "Your booking is confirmed" in page


# For whom


async def test_it_opens_by_a_mails_link_and_keeps_it(make_api: MakeApi) -> None:
    api = await agency(make_api)
    booking = await held(await api.somebody())
    link = api.parts.signer.sign(
        Purpose.LINK, str(booking.id), expires_at=api.clock.now() + timedelta(days=1)
    )
    nobody = api.nobody()

    page = await page_of(nobody, booking, params={"link": link})

    assert nobody.status == 200
    assert f'action="{PUBLIC}/v1/bookings/{booking.reference}/pay?link={link}"' in page
    form = {"attempt": attempt_in(page), "schedule": "full", "way": "paypal"}
    path = f"/v1/bookings/{booking.reference}/pay"
    await nobody.ask("POST", path, data=form, params={"link": link}, headers=BROWSER, allow_redirects=False)
    (message,) = await started(api)
    assert (nobody.status, message.gateway) == (303, "paypal")
    assert f"link={link}" in nobody.headers[hdrs.LOCATION]


async def test_a_link_that_is_none_leads_an_owner_nowhere_else(make_api: MakeApi) -> None:
    """P10: who owns the booking needs no link, and may have been sent here with another's words for one."""
    api = await (await agency(make_api)).somebody()
    booking = await held(api)
    odd = {"link": "x\r\nSet-Cookie: a=b&cancelled=1#"}
    page = await page_of(api, booking, params=odd)
    form = {"attempt": attempt_in(page), "schedule": "full", "way": "fake"}

    path = f"/v1/bookings/{booking.reference}/pay"
    await api.ask("POST", path, data=form, params=odd, headers=BROWSER, allow_redirects=False)

    assert api.status == 303
    assert "Set-Cookie" not in api.headers
    assert api.headers[hdrs.LOCATION].endswith("?link=x%0D%0ASet-Cookie%3A%20a%3Db%26cancelled%3D1%23")


async def test_who_may_not_pay_gets_a_page_that_leads_there_by_a_code(make_api: MakeApi) -> None:
    """P10."""
    api = await agency(make_api)
    booking = await held(await api.somebody())

    before = await api.outbox()
    form = {"attempt": "0" * 32, "schedule": "full", "way": "fake"}

    for other in (api.nobody(), await api.somebody()):
        page = await page_of(other, booking)
        assert (other.status, "Open your booking" in page) == (404, True)
        path = f"/v1/bookings/{booking.reference}/pay"
        page = await other.ask("POST", path, data=form, headers=BROWSER)
        assert (other.status, "Open your booking" in page) == (404, True)
    assert await api.outbox() == before


# Choosing


async def test_every_choice_is_told_with_its_conditions(make_api: MakeApi) -> None:
    api = await (await agency(make_api, payments=DEPOSITS)).somebody()
    page = await page_of(api, await held(api))

    assert re.findall(r'name="schedule" value="(\w+)"', page) == ["full", "deposit"]
    assert re.findall(r'name="way" value="(\w+)"', page) == ["fake", "paypal", "transfer"]
    assert "the deposit goes back to you" in page
    assert re.search(r"is held until \w+, \d+ \w+ \d{4}, \d\d:\d\d \(FRA time\)", page)
    assert 'data-label="Book, and send {due}"' in page
    for name in ("schedule", "way"):
        assert len(re.findall(rf'<label class="choice">\s*<input type="radio" name="{name}"', page)) >= 2


async def test_what_is_not_offered_says_why_and_cannot_be_chosen(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    page = await page_of(api, await held(api, departs_in=9))

    assert 'value="transfer"' not in page
    assert "too soon for a bank transfer" in page


async def test_a_kept_card_comes_first_and_is_charged(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    kept = await keeps_a_card(anna, booking)

    page = await page_of(anna, booking)
    ways = re.findall(r'name="way" value="([^"]+)"( required checked)?', page)
    await send(anna, booking, page, way=f"kept:fake:{kept}")

    (message,) = await started(anna)
    assert ways[0] == (f"kept:fake:{kept}", " required checked")
    assert (message.gateway, message.payment_method) == ("fake", f"kept:{kept}")


async def test_a_card_is_kept_with_the_words_on_the_page(make_api: MakeApi) -> None:
    api = await make_api(gateway_facts=(STRIPE,), gateways={"stripe": (await make_api()).gateway})
    anna, guest = await client(api), await api.somebody()
    booking = await held(anna)

    page = await page_of(anna, booking)
    await send(anna, booking, page, way="stripe", payment_method="ctoken_1", keep=KEEP_MEANS.version)

    (message,) = await started(anna)
    assert KEEP_MEANS.text[:40] in page
    assert (message.keep, message.payment_method) == (True, "ctoken_1")
    assert KEEP_MEANS.text[:40] not in await page_of(guest, await held(guest))


# Sending


async def answered(api: Api, booking: Booking, state: PaymentState, **changes: Any) -> None:
    """What the lifecycle and the payment actor would do with the attempt that was begun."""
    (message,) = await started(api)
    payment = replace(
        factories.payment(), id=message.payment_id, gateway=message.gateway, amount=booking.total, state=state
    )
    status = PaymentStatus(state.value)
    await api.record(row(booking, payment.id, gateway=message.gateway, state=status, **changes))
    await api.change(booking.reference, payments=(payment,))


async def after(api: Api, booking: Booking, state: PaymentState, way: str, **changes: Any) -> str:
    page = await page_of(api, booking)
    sending = asyncio.create_task(send(replace(api), booking, page, way=way))
    await api.until_stored("outbox")
    while not await started(api):  # noqa: ASYNC110 - a table has no event
        await asyncio.sleep(0.01)
    await answered(api, booking, state, **changes)
    return await sending


async def test_the_payer_is_sent_to_their_bank_by_a_page_and_no_redirect(make_api: MakeApi) -> None:
    """`form-action 'self'` holds for where a form's answer leads, too."""
    api = await (await agency(make_api)).somebody()
    booking = await held(api)

    page = await after(
        api, booking, PaymentState.REQUIRES_ACTION, "paypal", action_url="https://paypal.example/go?a=1&b=2"
    )

    assert '<meta http-equiv="refresh" content="0; url=https://paypal.example/go?a=1&amp;b=2">' in page
    assert '<a class="act" href="https://paypal.example/go?a=1&amp;b=2" rel="noreferrer">' in page


async def test_an_address_that_is_none_of_the_web_is_not_gone_to(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)

    page = await after(api, booking, PaymentState.REQUIRES_ACTION, "paypal", action_url="javascript:alert(1)")

    assert "javascript" not in page


async def test_clicking_twice_is_one_attempt(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)
    page = await page_of(api, booking)

    await send(api, booking, page, way="transfer")
    await send(api, booking, page, way="transfer")

    assert len(await started(api)) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"way": "cash"}, "Known here"),
        ({"way": "kept:fake:nothing"}, "No such means"),
        ({"schedule": "deposit"}, "cannot be paid so"),
        ({"payment_method": "4242424242424242"}, "no card&#39;s token"),
        ({"keep": "keep-means-0", "payment_method": "pm_fake"}, "kept for accounts only"),
    ],
)
async def test_a_choice_that_is_not_offered_is_told_on_the_page(
    make_api: MakeApi, given: dict[str, str], told: str
) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)

    page = await send(api, booking, **given)

    assert (api.status, told in page) == (422, True)
    assert re.search(r'<p class="wrong" id="wrong" role="alert" tabindex="-1">', page)
    assert "Nothing was charged" in page
    assert await started(api) == []


async def test_another_site_cannot_have_somebody_pay(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)
    page = await page_of(api, booking)
    form = {"attempt": attempt_in(page), "schedule": "full", "way": "paypal"}
    path = f"/v1/bookings/{booking.reference}/pay"

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        await api.ask("POST", path, data=form, headers=headers)
        assert api.status == 403

    assert [one for one in await api.outbox() if isinstance(one, StartPayment)] == []


async def test_what_somebody_typed_is_never_shown_as_markup(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)

    page = await send(api, booking, way="<script>alert(1)</script>")

    assert "<script>alert" not in page
