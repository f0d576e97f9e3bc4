"""The gateway does the deed and says nothing, or says it wrongly, late or twice (P2, P9).

All faults of a call happen at once, each to a booking of its own: whatever the gateway does, every booking
ends right, and the gateway has done each deed once.
"""

import asyncio
from collections import Counter

import pytest

from bookingd.sandbox.misbehaviour import HEADER, How
from bookingd.sandbox.stripe.wishes import misbehaving_token
from tests.acceptance import truths
from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest

PATIENCE = {"stripe": {"timeout_seconds": 1}}
"""A second, so that what is never answered is soon unknown."""


@pytest.fixture
async def impatient(agency_of: Open) -> Agency:
    """An agency that gives its gateway one second."""
    return await agency_of(100, **PATIENCE)


@pytest.mark.parametrize("operation", ["authorise", "capture"])
async def test_whatever_goes_wrong_each_booking_is_confirmed_and_charged_once(
    impatient: Agency, operation: str
) -> None:
    async def buy(how: How) -> tuple[How, str]:
        async with impatient.guest() as guest:
            reference = await guest.book((await guest.search(impatient.world))[0]["id"])
            await guest.pay(reference, misbehaving_token(how, operation))
            return how, (await guest.sees(reference, within=40))["state"]

    ended = await asyncio.gather(*map(buy, How))

    assert dict(ended) == dict.fromkeys(How, "confirmed")
    await impatient.check()
    payments = (await impatient.gateway.payments()).values()
    assert Counter(len(payment["payment_intents"]) for payment in payments) == {1: len(How)}
    assert len(await truths.check_mail(impatient.database, impatient.mails.directory)) == len(How)


async def _at_the_bank(guest: Guest, agency: Agency) -> tuple[str, str]:
    """A booking whose payer is asked for 3-D Secure: its reference, and the bank's page."""
    reference = await guest.book((await guest.search(agency.world))[0]["id"])
    await guest.pay(reference, "pm_card_authenticationRequired")
    return reference, await guest.asked_to_act(reference)


async def _misbehave_once_each(agency: Agency, operation: str) -> None:
    for how in How:
        await agency.gateway.misbehave(how, operation)


async def _ended(agency: Agency, references: list[str]) -> None:
    found = await agency.check()
    assert {one.reference: one.state for one in found.values()} == dict.fromkeys(references, "cancelled")


async def test_whatever_goes_wrong_each_authorisation_that_nobody_wants_is_voided(impatient: Agency) -> None:
    async def change_my_mind() -> str:
        async with impatient.guest() as guest:
            reference, _ = await _at_the_bank(guest, impatient)
            await guest.call_off(reference)
            await guest.sees(reference, "cancelled")
            return reference

    await _misbehave_once_each(impatient, "cancel")
    references = await asyncio.gather(*(change_my_mind() for _ in How))

    await _ended(impatient, references)
    statuses = [
        intent["status"]
        for payment in (await impatient.gateway.payments()).values()
        for intent in payment["payment_intents"]
    ]
    assert Counter(statuses) == {"canceled": len(How)}


async def test_whatever_goes_wrong_each_captured_payment_that_nobody_wants_is_refunded_once(
    impatient: Agency,
) -> None:
    """The money was taken past us: by hand, at the gateway's own site, while the booking was called off."""

    async def change_my_mind() -> str:
        async with impatient.guest() as guest:
            reference, page = await _at_the_bank(guest, impatient)
            unheard = {HEADER: How.WEBHOOK_NEVER.value}
            await guest.authenticate(page, headers=unheard)
            async with impatient.database.connection() as connection:
                intent = await connection.fetchval(
                    "SELECT gateway_reference FROM payments JOIN bookings ON bookings.id = booking_id"
                    " WHERE reference = $1",
                    reference,
                )
            await impatient.gateway.call(f"/v1/payment_intents/{intent}/capture", headers=unheard)
            await guest.call_off(reference)
            await guest.sees(reference, "cancelled")
            return reference

    await impatient.gateway.misbehave("webhook_never", "authorise", times=len(How))
    await _misbehave_once_each(impatient, "refund")
    references = await asyncio.gather(*(change_my_mind() for _ in How))

    await _ended(impatient, references)
    payments = (await impatient.gateway.payments()).values()
    assert all(payment["captured"] == payment["refunded"] > 0 for payment in payments)
    assert len(payments) == len(How)


@pytest.mark.parametrize("how", ["webhook_late", "webhook_twice"])
async def test_webhooks_that_come_when_all_is_done_change_nothing(agency: Agency, how: str) -> None:
    await agency.gateway.misbehave(how, "capture", seconds=0.7)
    async with agency.guest() as guest:
        reference = await guest.book((await guest.search(agency.world))[0]["id"])
        await guest.pay(reference)
        before = (await guest.sees(reference))["sequence"]

        async def told() -> bool:
            async with agency.database.connection() as connection:
                kinds = await connection.fetch("SELECT kind FROM webhook_events")
            return "payment_intent.succeeded" in {row["kind"] for row in kinds}

        await until(told)
        await agency.check()
        after = await guest.booking(reference)
    assert (after["state"], after["sequence"]) == ("confirmed", before)
