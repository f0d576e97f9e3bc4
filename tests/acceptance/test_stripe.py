"""Ways to pay at Stripe that are more than a card: its own page, wallets, its Payment Element, a review."""

from typing import Any

import aiohttp
import pytest

from bookingd.sandbox.stripe.sandbox import SECRET_KEY
from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest

WALLET = {"wallet": "apple_pay", "number": "", "expiry": "", "cvc": ""}


@pytest.fixture
async def agency(agency_of: Open) -> Agency:
    return await agency_of(9)


async def _booked(guest: Guest, agency: Agency) -> str:
    return await guest.book((await guest.search(agency.world))[0]["id"])


async def _merchant(agency: Agency, method: str, path: str, **form: str) -> dict[str, Any]:
    """A call of the vendor's own, past bookingd."""
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, agency.gateway.url + path, data=form or None) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        assert answer.status == 200, found
    return found


async def _types(page: str, form: dict[str, str]) -> str:
    """Where Stripe sends the payer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(page, data=form, allow_redirects=False) as answer,
    ):
        return answer.headers.get("Location", "")


async def test_a_wallet_on_stripes_own_page_pays(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference = await _booked(guest, agency)
        await guest.post(f"/v1/bookings/{reference}/payments", {"gateway": "stripe"})
        back = await _types(await guest.asked_to_act(reference), WALLET)
        booking = await guest.sees(reference)

    assert booking["state"] == "confirmed"
    assert f"/v1/bookings/{reference}/payments/" in back
    await agency.check()


async def test_a_page_of_a_booking_that_is_called_off_takes_nothing(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference = await _booked(guest, agency)
        await guest.post(f"/v1/bookings/{reference}/payments", {"gateway": "stripe"})
        page = await guest.asked_to_act(reference)
        await guest.call_off(reference)
        await guest.sees(reference, "cancelled")
        await agency.check()

    assert await _types(page, WALLET) == ""
    [session] = (await _merchant(agency, "GET", "/v1/checkout/sessions"))["data"]
    assert session["status"] == "expired"


async def test_what_the_payment_element_made_pays(agency: Agency) -> None:
    token = await _merchant(
        agency, "POST", "/v1/test_helpers/confirmation_tokens", payment_method="pm_card_visa"
    )
    async with agency.guest() as guest:
        reference = await _booked(guest, agency)
        await guest.pay(reference, token["id"])
        booking = await guest.sees(reference)

    assert booking["state"] == "confirmed"
    await agency.check()


async def test_a_risky_payment_waits_for_its_review(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference = await _booked(guest, agency)
        await guest.pay(reference, "pm_card_riskLevelElevated")
        await guest.has_payments(reference, "in_review")
        before = await guest.booking(reference)
        [review] = (await _merchant(agency, "GET", "/v1/reviews"))["data"]
        await _merchant(agency, "POST", f"/v1/reviews/{review['id']}/approve")
        booking = await guest.sees(reference)

    assert before["state"] != "confirmed"
    assert booking["state"] == "confirmed"
    await agency.check()


async def test_a_dispute_is_heard_of_and_its_end_too(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference = await _booked(guest, agency)
        await guest.pay(reference, "pm_card_createDispute")
        await guest.sees(reference)
        [begun] = await until(lambda: _disputes(agency))
        form = {"evidence[uncategorized_text]": "winning_evidence"}
        await _merchant(agency, "POST", f"/v1/disputes/{begun['gateway_reference']}", **form)

        async def is_won() -> bool:
            return [one["status"] for one in await _disputes(agency)] == ["won"]

        await until(is_won)
        assert (await guest.booking(reference))["state"] == "confirmed"

    assert (begun["reason"], begun["amount"]) == ("fraudulent", (await _only_payment(agency))["captured"])


async def _only_payment(agency: Agency) -> dict[str, Any]:
    [payment] = (await agency.gateway.payments()).values()
    return dict(payment)


async def _disputes(agency: Agency) -> list[dict[str, Any]]:
    """Those that we have heard of."""
    async with agency.database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM disputes")
    return [dict(row) for row in rows]
