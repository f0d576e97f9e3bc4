"""Five hundred people want the last twenty seats (P1, P2, P3)."""

import asyncio
from collections import Counter

import aiohttp
import pytest

from tests.acceptance import truths
from tests.acceptance.conftest import Open
from tests.acceptance.guest import Guest, Refused

BUYERS, SEATS = 500, 20
AT_ONCE = 100
"""Connections: more would only wait in the sockets of two processors."""


@pytest.mark.alone
@pytest.mark.may_block
async def test_of_five_hundred_buyers_for_twenty_seats_twenty_fly_and_no_other_pays(
    agency_of: Open,
) -> None:
    agency = await agency_of(SEATS)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as http:
        guests = [Guest(url=agency.daemon.url, http=http) for _ in range(BUYERS)]
        await asyncio.gather(*(guest.open() for guest in guests))
        offer = (await guests[0].search(agency.world))[0]

        async def buy(guest: Guest) -> dict[str, object]:
            try:
                made = await guest.post("/v1/bookings", guest.order(offer["id"]), wait=30)
            except Refused as refusal:
                if refusal.body["type"] != "/problems/sold-out":
                    raise
                return {"state": "turned away"}
            if made["state"] == "awaiting_payment":
                await guest.pay(made["reference"])
                return await guest.sees(made["reference"], within=60, every=0.2)
            return await guest.booking(made["reference"])

        ended = await asyncio.gather(*map(buy, guests))

    found = await agency.check()
    went = Counter(booking["state"] for booking in ended)
    assert went["confirmed"] == SEATS
    assert went["failed"] + went["turned away"] == BUYERS - SEATS
    assert {booking["reason"] for booking in ended if booking["state"] == "failed"} == {"sold_out"}
    assert Counter(one.state for one in found.values()) == {"confirmed": SEATS, "failed": went["failed"]}
    payments = await agency.gateway.payments()
    assert len(payments) == SEATS
    async with agency.database.connection() as connection:
        assert await connection.fetchval("SELECT taken FROM cabin_stock") == SEATS
    mails = await truths.check_mail(agency.database, agency.mails.directory)
    assert Counter(kind for _, kind in mails) == {"confirmed": SEATS, "failed": went["failed"]}
    await truths.check_audit(agency.daemon)
