"""Payments by PayPal through the daemon: its page, the way back, its webhooks, and cards beside it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
async def agency(agency_of: Open) -> Agency:
    return await agency_of(9)


async def _asked(guest: Guest, agency: Agency) -> tuple[str, str]:
    """A booking to be paid by PayPal: its reference, and PayPal's page."""
    reference = await guest.book((await guest.search(agency.world))[0]["id"])
    await guest.post(f"/v1/bookings/{reference}/payments", {"gateway": "paypal"})
    return reference, await guest.asked_to_act(reference)


def _order(page: str) -> str:
    return parse_qs(urlsplit(page).query)["token"][0]


async def _decides(page: str, **form: str) -> str:
    """Where PayPal sends the payer's browser, and what it reads there."""
    async with aiohttp.ClientSession() as browser:
        async with browser.post(page, data=form, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            back = answer.headers["Location"]
        async with browser.get(back) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text()


async def test_a_trip_is_paid_at_paypals_page(agency: Agency) -> None:
    status, told, steps = await agency.daemon.command("trip", "--url", agency.daemon.url, "--paypal")

    assert status == 0, steps
    assert "confirmed" in told
    assert "paying by PayPal" in steps
    [payment] = (await agency.gateway.payments()).values()
    assert (payment["gateway"], payment["refunded"]) == ("paypal", 0)
    await agency.check()


async def test_a_trip_that_paypal_declines_is_called_off(agency: Agency) -> None:
    status, told, steps = await agency.daemon.command(
        "trip", "--url", agency.daemon.url, "--paypal", "--decline"
    )

    assert status == 0, steps
    assert "cancelled" in told
    await agency.check()


async def test_a_payer_who_closes_the_page_after_their_yes_has_paid(agency: Agency) -> None:
    """PayPal's webhook tells it, whose signature we check with the certificate that it names."""
    async with agency.guest() as guest:
        reference, page = await _asked(guest, agency)
        await agency.gateway.tell_paypal(f"/orders/{_order(page)}/approve")
        booking = await guest.sees(reference)

    assert booking["state"] == "confirmed"
    assert booking["payments"][0]["gateway"] == "paypal"
    await agency.check()
    async with agency.database.connection() as connection:
        kinds = await connection.fetch("SELECT kind FROM webhook_events WHERE gateway = 'paypal'")
    assert "CHECKOUT.ORDER.APPROVED" in {row["kind"] for row in kinds}


async def test_who_leaves_paypals_page_pays_in_another_way(agency: Agency) -> None:
    """What they approve at PayPal after all takes nothing."""
    async with agency.guest() as guest:
        reference, page = await _asked(guest, agency)
        read = await _decides(page, decision="cancel")
        assert "You have not paid yet" in read
        assert reference in read
        await guest.pay(reference)
        booking = await guest.sees(reference)
        await agency.gateway.tell_paypal(f"/orders/{_order(page)}/approve")

    assert booking["state"] == "confirmed"
    assert {one["gateway"]: one["state"] for one in booking["payments"]}["stripe"] == "captured"
    await agency.check()


async def test_a_card_that_failed_is_followed_by_paypal_whatever_comes_late(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        await agency.gateway.misbehave("webhook_late", "authorise", seconds=3)
        await guest.pay(reference, DECLINED)
        await guest.has_been_declined(reference)
        await guest.post(f"/v1/bookings/{reference}/payments", {"gateway": "paypal"})
        read = await _decides(await guest.asked_to_act(reference), decision="approve")
        assert "checking your payment" in read or "accepted" in read or "confirmed" in read
        booking = await guest.sees(reference)
        assert booking["state"] == "confirmed"
        await _stripe_has_told(agency)
        booking = await guest.booking(reference)

    assert booking["state"] == "confirmed"
    states = {one["gateway"]: one["state"] for one in booking["payments"]}
    assert states == {"stripe": "failed", "paypal": "captured"}
    await agency.check()


async def _stripe_has_told(agency: Agency) -> None:
    async def told() -> Any:
        async with agency.database.connection() as connection:
            return await connection.fetchval("SELECT count(*) FROM webhook_events WHERE gateway = 'stripe'")

    await until(told, 20.0)


async def test_a_capture_that_has_to_clear_is_waited_for(agency: Agency) -> None:
    async with agency.guest() as guest:
        reference, page = await _asked(guest, agency)
        await agency.gateway.tell_paypal(f"/orders/{_order(page)}/approve", instrument="echeck")
        booking = await guest.sees(reference, within=40.0)

    assert booking["state"] == "confirmed"
    await agency.check()


async def test_what_paypal_could_not_take_is_paid_by_card(agency: Agency) -> None:
    """Ticketed, and then no money: another payment is asked for, whoever takes it."""
    async with agency.guest() as guest:
        reference, page = await _asked(guest, agency)
        await agency.gateway.tell_paypal(f"/orders/{_order(page)}/approve", instrument="capture_declined")
        await _capture_is_refused(guest, reference)
        await guest.sees(reference, "awaiting_payment")
        await guest.pay(reference)
        booking = await guest.sees(reference, within=40.0)

    assert booking["state"] == "confirmed"
    await agency.check()


async def _capture_is_refused(guest: Guest, reference: str) -> None:
    async def refused() -> bool:
        return "payment.capture_refused" in {one["name"] for one in await guest.timeline(reference)}

    await until(refused, 20.0)


async def test_a_capture_whose_answer_is_lost_is_taken_once(agency: Agency) -> None:
    await agency.gateway.misbehave("error_after_deed", "capture", at="paypal")
    async with agency.guest() as guest:
        reference, page = await _asked(guest, agency)
        await agency.gateway.tell_paypal(f"/orders/{_order(page)}/approve")
        booking = await guest.sees(reference, within=40.0)

    assert booking["state"] == "confirmed"
    await agency.check()
