"""Documents through the real runtime: each payment, sale and refund has its own, however often it is told."""

from collections.abc import AsyncIterator

import pytest

from bookingd.bus.memory import MemoryBus
from bookingd.domain.booking.facts import BookingConfirmed, CallOff, PaymentCaptured
from bookingd.domain.booking.state import BookingState
from bookingd.domain.documents.document import Party
from bookingd.messages.documents import AddressInvoice, IssueInvoice
from bookingd.storage import documents
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import BookingHouse, UnrulyBus, plant_departures
from tests.actors.test_payment import captured_after_the_end
from tests.fakes.sources import START

BOOKING = factories.booking()
COMPANY = Party(name="Łódź Travel", lines=("ul. Piotrkowska 1",), city="Łódź", country="PL")


@pytest.fixture(params=[MemoryBus, UnrulyBus])
async def house(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[BookingHouse]:
    await plant_departures(database)
    async with BookingHouse(database, bus=request.param) as opened:
        await opened.place(BOOKING)
        await opened.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        yield opened


async def told(house: BookingHouse) -> list[str]:
    """Number, total and what it corrects, of each document of the booking."""
    await house.rest()
    async with house.database.connection() as connection:
        found = await documents.of_bookings(connection, ids=[BOOKING.id])
        assert await documents.gaps(connection) == []
    return [
        f"{one.document.number} {one.document.total} {one.document.corrects or ''}".rstrip()
        for one in found[BOOKING.id]
    ]


async def test_a_booking_ends_with_a_receipt_and_an_invoice(house: BookingHouse) -> None:
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert sorted(await told(house)) == ["INV-2026-000001 100.00 EUR", "REC-2026-000001 100.00 EUR"]


async def test_what_is_told_again_has_no_other_document(house: BookingHouse) -> None:
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)
    before = await told(house)

    for _ in range(3):
        await house.send(PaymentCaptured(booking_id=BOOKING.id, payment_id=factories.payment_id(1)))
        await house.send(BookingConfirmed(booking_id=BOOKING.id, total=BOOKING.total))

    assert await told(house) == before


async def test_money_that_goes_back_has_a_credit_note(house: BookingHouse) -> None:
    await captured_after_the_end(house)
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await told(house) == [
        "REC-2026-000001 100.00 EUR",
        "CRN-2026-000001 -100.00 EUR REC-2026-000001",
    ]


async def test_an_early_invoice_is_taken_back_when_nobody_pays(house: BookingHouse) -> None:
    await house.send(IssueInvoice(booking_id=BOOKING.id))
    await house.rest()
    await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await told(house) == [
        "INV-2026-000001 100.00 EUR",
        "CRN-2026-000001 -100.00 EUR INV-2026-000001",
    ]


async def test_a_company_that_is_named_later_gets_an_invoice_of_its_own(house: BookingHouse) -> None:
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)
    await house.rest()
    async with house.database.connection() as connection:
        await documents.bill_to(connection, booking_id=BOOKING.id, party=COMPANY, now=START)

    for _ in range(2):
        await house.send(AddressInvoice(booking_id=BOOKING.id))

    assert (await told(house))[2:] == [
        "CRN-2026-000001 -100.00 EUR INV-2026-000001",
        "INV-2026-000002 100.00 EUR",
    ]


async def test_a_document_stands_in_the_audit_trail(house: BookingHouse) -> None:
    """P11"""
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)
    await house.rest()

    noted = await house.column(
        "SELECT canonical #>> '{details,number}' FROM audit_entries"
        " WHERE action = 'document.issued' ORDER BY 1"
    )
    assert noted == ["INV-2026-000001", "REC-2026-000001"]


async def test_without_a_tax_rule_no_invoice_is_guessed_and_an_operator_can_have_it_issued_later(
    database: Database,
) -> None:
    """P6: the message lies with the dead letters, the receipt is issued all the same."""
    await plant_departures(database)
    async with BookingHouse(database, agency=factories.agency("US")) as house:
        await house.place(BOOKING)
        await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        await house.pay(BOOKING)
        await house.reaches(BOOKING, BookingState.CONFIRMED)

        assert await told(house) == ["REC-2026-000001 100.00 EUR"]
        (reason,) = await house.column("SELECT reason FROM dead_letters")
        assert "no tax rule says how flight is taxed in US" in reason
