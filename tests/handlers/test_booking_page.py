"""What the button in a mail opens: the booking as a page for people, and JSON for programs as before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.booking.state import Booking, BookingState, ItemState, PaymentState
from bookingd.domain.ids import PaymentId, RecordLocator
from bookingd.storage.payments import PaymentStatus
from bookingd.tokens import Purpose
from tests import factories
from tests.handlers.conftest import AMADOU, Api
from tests.handlers.test_payments import held, row

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def page_of(api: Api, booking: Booking, accept: str = BROWSER, **headers: str) -> Any:
    return await api.get(f"/v1/bookings/{booking.reference}", headers={"Accept": accept, **headers})


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("application/json;q=0.5, text/html", "text/html"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.1, */*", "application/json"),
        ("text/html;q=x", "application/json"),
        ("", "application/json"),
    ],
)
async def test_a_page_is_for_whoever_prefers_one(api: Api, accept: str, kind: str) -> None:
    booking = await held(api)

    await page_of(api, booking, accept)

    assert (api.status, api.headers["Content-Type"].split(";")[0]) == (200, kind)


async def test_the_link_of_a_mail_opens_the_page_and_no_other_booking(api: Api) -> None:
    """P10."""
    booking, other = await held(api), await held(api)
    until = api.clock.now() + timedelta(days=1)
    link = api.parts.signer.sign(Purpose.LINK, str(booking.id), expires_at=until)
    nobody = api.nobody()

    page = await nobody.get(
        f"/v1/bookings/{booking.reference}", params={"link": link}, headers={"Accept": BROWSER}
    )
    assert (nobody.status, booking.reference in page) == (200, True)

    await nobody.get(f"/v1/bookings/{other.reference}", params={"link": link}, headers={"Accept": BROWSER})
    assert nobody.status == 404


async def test_a_confirmed_booking_is_told_whole(api: Api) -> None:
    booking = await held(api)
    (item,) = booking.items
    locator = RecordLocator("XYZ987")
    ticketed = replace(item, state=ItemState.CONFIRMED, locator=locator, tickets=("990-1234567890",))
    booking = await api.change(
        booking.reference, state=BookingState.CONFIRMED, hold_until=None, items=(ticketed,)
    )
    shown = await api.get(f"/v1/bookings/{booking.reference}")
    departs = shown["items"][0]["slices"][0]["segments"][0]["departs"]

    page = await page_of(api, booking)

    for told in (booking.reference, "is confirmed", AMADOU["surname"], "990-1234567890", "XYZ987"):
        assert told in page
    assert booking.total.format() in page
    assert departs["local"][11:16] in page
    assert f"{departs['city']} ({departs['code']})" in page
    assert "Pay before" not in page


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (BookingState.PENDING, "We are holding your seats."),
        (BookingState.AWAITING_PAYMENT, "Pay before"),
        (BookingState.CONFIRMING, "You need not pay again."),
        (BookingState.EXPIRED, "not paid for in time"),
        (BookingState.FAILED, "could not be made"),
        (BookingState.CANCELLED, "called off"),
    ],
)
async def test_every_state_is_told_in_words(api: Api, state: BookingState, told: str) -> None:
    assert told in await page_of(api, await held(api, state=state))


async def test_a_changed_price_is_shown_beside_the_old_one(api: Api) -> None:
    """P8."""
    booking = await held(api)
    (item,) = booking.items
    changed = replace(item, proposed=factories.dearer(item.offer))
    booking = await api.change(booking.reference, state=BookingState.PRICE_CHANGED, items=(changed,))

    page = await page_of(api, booking)

    assert {"New total", "Agree before"} <= {part for part in ("New total", "Agree before") if part in page}
    assert booking.total.format() in page
    assert booking.proposed_total.format() in page


@pytest.mark.parametrize("state", [PaymentState.CREATED, PaymentState.AUTHORISED])
async def test_nobody_is_told_to_pay_again_while_a_payment_is_checked(api: Api, state: PaymentState) -> None:
    page = await page_of(api, await held(api, payments=(factories.payment(state=state),)))

    assert "do not pay again" in page
    assert "fail" not in page.lower()


@pytest.mark.parametrize(("address", "linked"), [("https://bank.example/3ds", True), ("javascript:x", False)])
async def test_the_payers_bank_is_one_click_away(api: Api, address: str, linked: bool) -> None:
    payment = factories.payment(state=PaymentState.REQUIRES_ACTION)
    booking = await held(api, payments=(payment,))
    await api.record(row(booking, payment.id, state=PaymentStatus.REQUIRES_ACTION, action_url=address))

    page = await page_of(api, booking)

    assert (f'href="{address}"' in page) is linked


async def test_the_booking_s_page_runs_nothing_loads_nothing_and_is_in_no_index(api: Api) -> None:
    page = await page_of(api, await held(api))

    policy = api.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert (api.headers["X-Robots-Tag"], api.headers["Cache-Control"]) == ("noindex, nofollow", "no-store")
    assert api.headers["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex' in page
    assert "<script" not in page
    assert "style=" not in page


async def test_the_two_faces_of_an_address_are_kept_apart(api: Api) -> None:
    """A cache that knows the JSON's ETag gets a page all the same when it asks for one."""
    booking = await held(api)
    await api.get(f"/v1/bookings/{booking.reference}")
    tag, vary = api.headers["ETag"], api.headers["Vary"]

    await page_of(api, booking, **{"If-None-Match": tag})

    assert (api.status, vary, api.headers["Vary"]) == (200, "Accept", "Accept")


async def test_what_travellers_are_called_is_written_as_text(api: Api) -> None:
    booking = await held(api)
    async with api.parts.database.transaction() as connection:
        await connection.execute("UPDATE booking_passengers SET surname = '<script>alert(1)</script>'")

    page = await page_of(api, booking)

    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_the_page_after_3_d_secure_leads_to_the_booking_with_a_proof_that_works(api: Api) -> None:
    booking = await held(api, payments=(factories.payment(state=PaymentState.CAPTURED),))
    until = api.clock.now() + timedelta(hours=1)
    token = api.parts.signer.sign(Purpose.LINK, str(booking.id), expires_at=until)
    payment: PaymentId = factories.payment_id()
    nobody = api.nobody()
    page = await nobody.get(
        f"/v1/bookings/{booking.reference}/payments/{payment}/return", params={"link": token}
    )
    address = page.split('<a href="')[1].split('"')[0].removeprefix(api.parts.public_url)

    opened = await nobody.get(address, headers={"Accept": BROWSER})

    assert (nobody.status, booking.reference in opened) == (200, True)


async def test_whom_to_send_a_transfer_is_told_as_on_paper(api: Api) -> None:
    asked = replace(factories.payment(state=PaymentState.REQUIRES_ACTION), gateway="transfer")
    booking = await held(api, payments=(asked,))
    told = {"iban": "DE89370400440532013000", "beneficiary": "Wander GmbH", "reference": booking.reference}
    await api.record(row(booking, asked.id, gateway="transfer", instructions=told))

    page = await page_of(api, booking)

    assert "We are waiting for your transfer" in page
    assert "DE89 3704 0044 0532 0130 00" in page
    assert "Wander GmbH" in page
