"""Everything at once: a gateway that misbehaves at every call, kills, a database that goes and comes back.

What happens is drawn from the seed; when, also depends on the machine. Whatever comes of it, every promise
holds when the storm is over.
"""

import asyncio
import random
from uuid import uuid4

import pytest

from bookingd.sandbox.misbehaviour import How
from tests.acceptance.conftest import Agency, Open
from tests.acceptance.guest import Guest
from tests.faults.wire import Wire, through, to_postgres

SEATS, BUYERS = 25, 30
OPERATIONS = ("authorise", "capture", "cancel", "refund", "retrieve", "list")
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_authenticationRequired", "pm_card_chargeDeclined")

PATIENCE = 120.0
"""Seconds: waits double with each attempt that came to nothing."""

TOLD = tuple(f"{step}_unfinished" for step in ("authorise", "capture", "void", "refund", "mail"))
"""An operator is told after about a minute of trying; here nothing is left to do by then."""


async def _travel(agency: Agency, offer_id: str, card: str) -> str:
    async with agency.guest() as guest:
        made = await guest.persistently("/v1/bookings", guest.order(offer_id), key=str(uuid4()))
        reference: str = made["reference"]
        held = await guest.sees(reference, "awaiting_payment", "failed", within=PATIENCE)
        if held["state"] == "awaiting_payment":
            payment = {"gateway": "stripe", "payment_method": card}
            await guest.persistently(f"/v1/bookings/{reference}/payments", payment, key=str(uuid4()))
            await _see_it_through(guest, reference, card)
        return str((await guest.sees(reference, within=PATIENCE))["state"])


async def _see_it_through(guest: Guest, reference: str, card: str) -> None:
    if card == "pm_card_authenticationRequired":
        await guest.authenticate(await guest.asked_to_act(reference, within=PATIENCE))
    if card == "pm_card_chargeDeclined":
        await guest.has_been_declined(reference, within=PATIENCE)
        await guest.persistently(f"/v1/bookings/{reference}/cancellations", {}, key=str(uuid4()))


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(2))
async def test_after_the_storm_every_promise_holds(agency_of: Open, database_dsn: str, seed: int) -> None:
    drawn = random.Random(seed)
    async with Wire.laid(to_postgres(database_dsn)) as wire:
        agency = await agency_of(SEATS, dsn=through(database_dsn, wire), stripe={"timeout_seconds": 1})
        async with agency.guest() as guest:
            offer = (await guest.search(agency.world))[0]["id"]
        for _ in range(BUYERS):
            await agency.gateway.misbehave(drawn.choice(list(How)), drawn.choice(OPERATIONS))
        journeys = [asyncio.create_task(_travel(agency, offer, drawn.choice(CARDS))) for _ in range(BUYERS)]
        for _ in range(3):
            await asyncio.sleep(drawn.uniform(0.1, 1.0))
            await wire.cut()
            await asyncio.sleep(drawn.uniform(0.1, 1.5))
            await wire.mend()
            await asyncio.sleep(drawn.uniform(0.1, 1.0))
            await agency.daemon.restart()
        ended = await asyncio.gather(*journeys)
        found = await agency.check(within=PATIENCE, forgiven=TOLD)

    assert sorted(ended) == sorted(one.state for one in found.values())
    assert "confirmed" in ended
