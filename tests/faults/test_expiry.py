"""Holds that end while the payment comes in (P2, P6, P7): late money goes back, and so do the seats."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bookingd.storage import stock
from bookingd.storage.database import Database
from tests.acceptance import truths
from tests.acceptance.daemon import until
from tests.acceptance.guest import Guest, Refused
from tests.faults.house import Indoors
from tests.world import World, make_world

HOLD, EXTENSION = 15, 10
"""Minutes, as configured by default."""

SEATS = 4


@pytest.fixture
async def world(owner_dsn: str) -> World:
    return await make_world(owner_dsn, SEATS)


@pytest.fixture
async def house(database_dsn: str, tmp_path: Path, world: World) -> AsyncIterator[Indoors]:
    async with Indoors(tmp_path, database_dsn).open() as opened:
        yield opened


async def _booked(guest: Guest, world: World, passengers: int = 1) -> str:
    offer = (await guest.search(world, adults=str(passengers)))[0]
    return await guest.book(offer["id"], [guest.adult] * passengers)


async def _taken(database: Database) -> int:
    async with database.connection() as connection:
        assert await stock.check_books(connection) == []
        taken: int = await connection.fetchval("SELECT taken FROM cabin_stock")
    return taken


async def test_a_hold_that_nobody_pays_for_ends_and_the_traveller_is_told(
    house: Indoors, world: World, database: Database
) -> None:
    async with Guest.arriving(house.url) as guest:
        reference = await _booked(guest, world, SEATS)
        house.clock.leap(minutes=HOLD)
        booking = await guest.sees(reference, within=5)

    await truths.check_all(database, gateway=house.gateway)
    assert booking["state"] == "expired"
    assert await _taken(database) == 0
    assert set(await truths.check_mail(database, house.mails)) == {(guest.email, "expired")}


async def test_paying_begins_in_time_and_makes_the_hold_longer_once(
    house: Indoors, world: World, database: Database
) -> None:
    async with Guest.arriving(house.url) as guest:
        reference = await _booked(guest, world)
        house.clock.leap(minutes=HOLD - 1)
        await guest.pay(reference, "pm_card_authenticationRequired")
        page = await guest.asked_to_act(reference)
        house.clock.leap(minutes=EXTENSION - 1)
        await guest.come_back(await guest.authenticate(page))
        booking = await guest.sees(reference)

    await truths.check_all(database, gateway=house.gateway, mail=house.mails)
    assert booking["state"] == "confirmed"


async def test_who_proves_himself_after_the_hold_has_ended_gets_his_money_back(
    house: Indoors, world: World, database: Database
) -> None:
    async with Guest.arriving(house.url) as guest:
        reference = await _booked(guest, world, SEATS)
        await guest.pay(reference, "pm_card_authenticationRequired")
        page = await guest.asked_to_act(reference)
        house.clock.leap(minutes=HOLD + EXTENSION)
        await guest.sees(reference, "expired", within=5)
        await guest.come_back(await guest.authenticate(page))

    await truths.check_all(database, gateway=house.gateway)
    assert await _taken(database) == 0
    [payment] = (await house.gateway.payments()).values()
    assert [intent["status"] for intent in payment["payment_intents"]] == ["canceled"]
    assert set(await truths.check_mail(database, house.mails)) == {(guest.email, "expired")}


async def test_an_authorisation_that_is_answered_after_the_end_is_voided(
    house: Indoors, world: World, database: Database
) -> None:
    """The gateway is slow; meanwhile the hold ends."""
    async with Guest.arriving(house.url) as guest:
        reference = await _booked(guest, world)
        await house.gateway.misbehave("slow", "authorise", seconds=1.5)
        await guest.pay(reference)
        await asyncio.sleep(0.3)
        house.clock.leap(minutes=HOLD + EXTENSION)
        await guest.sees(reference, "expired", within=5)

    await truths.check_all(database, gateway=house.gateway, mail=house.mails)
    [payment] = (await house.gateway.payments()).values()
    assert [intent["status"] for intent in payment["payment_intents"]] == ["canceled"]


async def test_an_authorisation_whose_answer_is_lost_is_found_and_voided_after_the_end(
    house: Indoors, world: World, database: Database
) -> None:
    async with Guest.arriving(house.url) as guest:
        reference = await _booked(guest, world)
        await house.gateway.misbehave("close_after_deed", "authorise")
        await house.gateway.misbehave("error_before", "list")
        await guest.pay(reference)

        async def authorised() -> bool:
            return any(one["authorised"] for one in (await house.gateway.payments()).values())

        await until(authorised)
        house.clock.leap(minutes=HOLD + EXTENSION)
        ended = await guest.sees(reference, within=20)

    assert ended["state"] == "expired"
    await truths.check_all(database, gateway=house.gateway, mail=house.mails)


async def test_the_last_seats_go_to_who_comes_next_and_the_late_payer_pays_nothing(
    house: Indoors, world: World, database: Database
) -> None:
    async with Guest.arriving(house.url) as late, Guest.arriving(house.url) as next_one:
        lost = await _booked(late, world, SEATS)
        await late.pay(lost, "pm_card_authenticationRequired")
        page = await late.asked_to_act(lost)
        house.clock.leap(minutes=HOLD + EXTENSION)
        await late.sees(lost, "expired", within=5)
        won = await _booked(next_one, world, SEATS)
        await next_one.pay(won)
        await late.come_back(await late.authenticate(page))
        assert (await next_one.sees(won))["state"] == "confirmed"

    found = await truths.check_all(database, gateway=house.gateway, mail=house.mails)
    assert Counter(one.state for one in found.values()) == {"confirmed": 1, "expired": 1}
    assert await _taken(database) == SEATS


async def test_a_sale_that_finds_no_seat_takes_the_ones_whose_hold_is_over(
    house: Indoors, world: World, database: Database
) -> None:
    """Before the holder's own timer has come to it: the order comes first after the leap."""
    async with Guest.arriving(house.url) as first, Guest.arriving(house.url) as second:
        offer = (await second.search(world, adults=str(SEATS)))[0]
        lost = await _booked(first, world, SEATS)
        house.clock.leap(minutes=HOLD)
        won = await second.book(offer["id"], [second.adult] * SEATS)
        await first.sees(lost, "expired", within=5)
        await second.pay(won)
        assert (await second.sees(won))["state"] == "confirmed"

    await truths.check_all(database, gateway=house.gateway, mail=house.mails)
    assert await _taken(database) == SEATS


async def test_payments_that_arrive_at_the_very_end_are_all_or_nothing(
    database: Database, database_dsn: str, owner_dsn: str, tmp_path: Path
) -> None:
    """Twenty payers are on their way at different points when time is up."""
    buyers = 20
    world = await make_world(owner_dsn, buyers)
    async with Indoors(tmp_path, database_dsn).open() as house:

        async def buy(number: int) -> str:
            async with Guest.arriving(house.url) as guest:
                reference = await guest.book(offer)
                waiting.release()
                await everybody.wait()
                await asyncio.sleep(number * 0.05)
                try:
                    await guest.pay(reference)
                except Refused as refused:
                    too_late.append(refused.body["type"])
                return str((await guest.sees(reference))["state"])

        async def some_confirmed() -> bool:
            async with database.connection() as connection:
                confirmed: int = await connection.fetchval(
                    "SELECT count(*) FROM bookings WHERE state = 'confirmed'"
                )
            return confirmed >= buyers // 4

        async def end() -> None:
            for _ in range(buyers):
                await waiting.acquire()
            everybody.set()
            await until(some_confirmed, every=0.005)
            house.clock.leap(minutes=HOLD + EXTENSION)

        waiting, everybody = asyncio.Semaphore(0), asyncio.Event()
        too_late: list[str] = []
        async with Guest.arriving(house.url) as guest:
            offer = (await guest.search(world))[0]["id"]
        *ended, _ = await asyncio.gather(*map(buy, range(buyers)), end())
        found = await truths.check_all(database, gateway=house.gateway, mail=house.mails)

    states = Counter(ended)
    assert set(states) == {"confirmed", "expired"}
    assert set(too_late) <= {"/problems/booking-state"}
    assert Counter(one.state for one in found.values()) == states
    assert await _taken(database) == states["confirmed"]
