"""One whole journey through the API: search, book, pay, confirm, tell; and the ways in which it ends else."""

from bookingd.sandbox.mail import read_mail
from tests.acceptance import truths
from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import FAMILY


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
