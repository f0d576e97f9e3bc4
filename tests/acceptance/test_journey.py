"""One whole journey through the API: search, book, pay, confirm, tell; and the ways in which it ends else."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import asyncpg

from bookingd.domain.exchange import RateSheet, last_business_day
from bookingd.sandbox.mail import read_mail
from bookingd.sources import SystemClock, SystemIds
from bookingd.storage import ledger as books
from bookingd.storage import rates
from bookingd.storage.database import Database
from tests.acceptance import truths
from tests.acceptance.conftest import Agency, Ground, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import FAMILY
from tests.fakes.inventory import Planted, plant
from tests.rates import sheet


async def test_two_adults_and_a_child_are_booked_paid_ticketed_and_told(agency: Agency) -> None:
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world, adults="2", children="1"))[0]
        reference = await guest.book(offer["id"], FAMILY)
        await guest.pay(reference)
        booking = await guest.sees(reference)
        timeline = await guest.timeline(reference)

    found = await agency.check()
    assert booking["state"] == "confirmed"
    assert booking["total"] == offer["price"]["total"]
    assert [passenger["type"] for passenger in booking["passengers"]] == ["adult", "adult", "child"]
    assert len(booking["items"][0]["tickets"]) == 3
    assert booking["items"][0]["locator"]
    assert [event["sequence"] for event in timeline] == list(range(1, len(timeline) + 1))
    assert [one.total for one in found.values()] == [offer["price"]["total"]["amount"]]
    [payment] = (await agency.gateway.payments()).values()
    assert payment["captured"] == offer["price"]["total"]["amount"]
    mails = await truths.check_mail(agency.database, agency.mails.directory)
    [mail] = mails[guest.email, "confirmed"]
    written = await read_mail(agency.mails.directory, mail.name)
    assert written is not None
    body = written.get_body(("plain",))
    assert body is not None
    assert reference in body.get_content()
    assert "Mary Lovelace" in body.get_content()
    await truths.check_audit(agency.daemon)


async def test_a_journey_is_sold_in_another_currency_at_the_rate_that_was_shown(agency: Agency) -> None:
    """P8: the rate that comes in between searching and booking changes nothing."""
    today = SystemClock().now().date()
    await _publish(agency.database, sheet(last_business_day(today), USD="1.0876"))
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world, currency="USD"))[0]
        await _publish(agency.database, sheet(last_business_day(today), USD="1.3000"))
        again = await guest.get(f"/v1/offers/{offer['id']}")
        reference = await guest.book(offer["id"])
        await guest.pay(reference)
        booking = await guest.sees(reference)

    await agency.check()
    async with agency.database.connection() as connection:
        held = await books.balances(connection)
    total, owed = offer["price"]["total"], offer["exchange"]["total"]
    assert (again["status"], again["offer"]["price"]["total"]) == ("available", total)
    assert (booking["state"], booking["total"], total["currency"]) == ("confirmed", total, "USD")
    assert booking["items"][0]["exchange"]["total"] == owed
    [payment] = (await agency.gateway.payments()).values()
    assert payment["captured"] == total["amount"]
    assert {one.currency for one in held["gateway:stripe"]} == {"USD"}
    assert {one.currency for one in held["supplier:inventory"]} == {"EUR"}
    assert {one.currency for one in held["exchange"]} == {"EUR", "USD"}


async def _publish(database: Database, rates_of: RateSheet) -> None:
    async with database.transaction() as connection:
        await rates.add(
            connection,
            sheets=[rates_of],
            now=SystemClock().now(),
            principal="operator:ada",
            entry_id=SystemIds().new(),
        )


async def test_three_cities_and_a_connection_are_booked_as_one(agency_of: Open, ground: Ground) -> None:
    agency = await agency_of(9)
    days = [agency.world.day + timedelta(days=number) for number in range(3)]
    await _fly_on(ground, days[1:])
    slices = [
        ("slice", f"{ends}:{day}") for ends, day in zip(("FRA-LON", "LON-PAR", "PAR-FRA"), days, strict=True)
    ]
    async with agency.guest() as guest:
        found = await guest.call("GET", "/v1/flights/offers", params=slices)
        offer = found["offers"][0]
        shown = await guest.get(f"/v1/offers/{offer['id']}")
        reference = await guest.book(offer["id"])
        await guest.pay(reference)
        booking = await guest.sees(reference)

    assert [len(part["segments"]) for part in offer["slices"]] == [1, 2, 1]
    assert (shown["status"], shown["offer"]["price"]) == ("available", offer["price"])
    assert booking["state"] == "confirmed"
    assert booking["total"] == offer["price"]["total"]
    assert booking["items"][0]["slices"] == offer["slices"]
    assert [one.total for one in (await agency.check()).values()] == [booking["total"]["amount"]]
    async with agency.database.connection() as connection:
        taken = await connection.fetch("SELECT departure_id FROM cabin_stock WHERE taken > 0 ORDER BY 1")
    assert [row["departure_id"] for row in taken] == [1, 901, 902, 903]


async def _fly_on(ground: Ground, days: Sequence[date]) -> None:
    """From London over Munich to Paris on the first of two days, home on the other."""
    ways = (("LHR", "MUC", days[0], 9), ("MUC", "CDG", days[0], 14), ("CDG", "FRA", days[1], 9))
    owner = await asyncpg.connect(ground.owner_dsn)
    try:
        for number, (origin, destination, day, hour) in enumerate(ways, start=901):
            leaves = datetime.combine(day, time(hour))
            way = Planted(
                id=number, origin=origin, destination=destination, leaves=leaves, minutes=90, km=300
            )
            await plant(owner, way)
    finally:
        await owner.close()


async def test_a_declined_card_charges_nothing_and_another_one_may_be_tried(agency: Agency) -> None:
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world))[0]
        reference = await guest.book(offer["id"])
        await guest.pay(reference, "pm_card_chargeDeclined")

        async def declined() -> bool:
            payments = (await guest.booking(reference))["payments"]
            return [payment["state"] for payment in payments] == ["failed"]

        await until(declined)
        assert (await guest.booking(reference))["state"] == "awaiting_payment"
        await guest.pay(reference)
        assert (await guest.sees(reference))["state"] == "confirmed"

    await agency.check()
    captured = sorted(payment["captured"] for payment in (await agency.gateway.payments()).values())
    assert captured == [0, offer["price"]["total"]["amount"]]


async def test_who_calls_off_gets_the_seats_back_into_the_sale(agency_of: Open) -> None:
    agency = await agency_of(1)
    async with agency.guest() as first, agency.guest() as second:
        offer = (await first.search(agency.world))[0]
        reference = await first.book(offer["id"])
        await first.call_off(reference)
        assert (await first.sees(reference))["state"] == "cancelled"
        again = await second.book((await second.search(agency.world))[0]["id"])
        await second.pay(again)
        assert (await second.sees(again))["state"] == "confirmed"

    await agency.check()
