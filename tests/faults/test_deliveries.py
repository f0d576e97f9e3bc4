"""Every message delivered two and three times, and in shuffled order (P5): nothing happens twice."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from bookingd.storage.database import Database
from tests.acceptance import truths
from tests.acceptance.guest import FAMILY, Guest
from tests.faults.house import Indoors, UnrulyBus
from tests.world import make_world

SEATS, BUYERS = 12, 16

JOURNEY = [
    "booking.place",
    "item.held",
    "booking.start_payment",
    "payment.authorised",
    "item.ticketed",
    "payment.captured",
]


@pytest.fixture
def _unruly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookingd.wiring.transport.MemoryBus", UnrulyBus)


@pytest.mark.usefixtures("_unruly")
async def test_a_crowd_ends_as_if_each_message_had_come_once_and_in_order(
    database: Database, database_dsn: str, owner_dsn: str, tmp_path: Path
) -> None:
    world = await make_world(owner_dsn, SEATS)
    async with Indoors(tmp_path, database_dsn).open() as house:

        async def buy(_: int) -> tuple[str, list[str]]:
            async with Guest.arriving(house.url) as guest:
                made = await guest.post("/v1/bookings", guest.order(offer), wait=20)
                if made["state"] == "awaiting_payment":
                    await guest.pay(made["reference"])
                booking = await guest.sees(made["reference"])
                names = [event["name"] for event in await guest.timeline(made["reference"])]
                return booking["state"], names

        async with Guest.arriving(house.url) as first:
            offer = (await first.search(world))[0]["id"]
        ended = await asyncio.gather(*map(buy, range(BUYERS)))
        await asyncio.sleep(UnrulyBus.LATER)  # the last copies are on their way for so long
        await truths.check_all(database, gateway=house.gateway, mail=house.mails)

    states = Counter(state for state, _ in ended)
    assert states == {"confirmed": SEATS, "failed": BUYERS - SEATS}
    assert [names for state, names in ended if state == "confirmed"] == [JOURNEY] * SEATS
    async with database.connection() as connection:
        audited = await connection.fetch(
            "SELECT canonical::jsonb ->> 'action' AS action, count(*) FROM audit_entries GROUP BY 1"
        )
        posted = await connection.fetchval("SELECT count(*) FROM ledger_entries WHERE reason = 'capture'")
    told = {row["action"]: row["count"] for row in audited}
    assert {name: told[name] for name in JOURNEY[2:]} == dict.fromkeys(JOURNEY[2:], SEATS)
    assert told["notification.sent"] == BUYERS
    assert posted == SEATS


@pytest.mark.usefixtures("_unruly")
async def test_a_family_with_three_d_secure_a_decline_and_a_change_of_mind(
    database: Database, database_dsn: str, owner_dsn: str, tmp_path: Path
) -> None:
    world = await make_world(owner_dsn, 9)
    async with Indoors(tmp_path, database_dsn).open() as house:

        async def travel(method: str) -> str:
            async with Guest.arriving(house.url) as guest:
                offer = (await guest.search(world, adults="2", children="1"))[0]
                reference = await guest.book(offer["id"], FAMILY)
                await guest.pay(reference, method)
                if method == "pm_card_authenticationRequired":
                    await guest.come_back(await guest.authenticate(await guest.asked_to_act(reference)))
                elif method != "pm_card_visa":
                    await guest.has_been_declined(reference)
                    await guest.call_off(reference)
                return str((await guest.sees(reference))["state"])

        methods = ["pm_card_visa", "pm_card_authenticationRequired", "pm_card_chargeDeclined"]
        ended = await asyncio.gather(*map(travel, methods))
        await asyncio.sleep(UnrulyBus.LATER)
        await truths.check_all(database, gateway=house.gateway, mail=house.mails)

    assert ended == ["confirmed", "confirmed", "cancelled"]
