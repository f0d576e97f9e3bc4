"""Numbers without a gap, whoever issues and whatever fails; documents that nobody can change."""

import asyncio
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from bookingd.domain.audit import canonical
from bookingd.domain.documents.document import DocumentKind, Draft, Party, series
from bookingd.domain.documents.issuing import Occasion, receipt
from bookingd.domain.documents.taxes import TaxBook
from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.sources import Sources
from bookingd.storage import bookings, documents
from bookingd.storage.database import Connection, Database
from bookingd.storage.documents import DocumentChanged
from tests import factories
from tests.fakes.sources import START, fake_sources

TODAY = date(2026, 12, 1)
SERIES = {
    DocumentKind.RECEIPT: series("REC", TODAY),
    DocumentKind.INVOICE: series("INV", TODAY),
    DocumentKind.CREDIT_NOTE: series("CRN", TODAY),
}
BOOKING = factories.booking()
ANNA = Party(name="Анна 王", city="Köln", country="DE")


@pytest.fixture
def sources() -> Sources:
    return fake_sources()


@pytest.fixture
async def booking(connection: Connection) -> BookingId:
    await bookings.insert(connection, bookings=[factories.new_booking(BOOKING)], now=START)
    return BOOKING.id


def draft(number: int = 1) -> Draft:
    occasion = Occasion(issuer=factories.agency().issuer, addressee=ANNA, today=TODAY, taxes=TaxBook([]))
    amount = Money(100 + number, "EUR")
    return receipt(
        BOOKING,
        occasion,
        payment_id=PaymentId(UUID(int=number)),
        gateway="stripe",
        amount=amount,
        taken=amount,
    )


class Failed(Exception):
    """Something else in the transaction went wrong."""


async def issue(database: Database, sources: Sources, *numbers: int, fails: bool = False) -> list[str]:
    async with database.transaction() as connection:
        turn = await documents.take_turn(connection, series=SERIES)
        names = [turn.place(draft(one), sources=sources).document.number for one in numbers]
        await asyncio.sleep(0)
        await documents.store(connection, turn=turn, now=START)
        if fails:
            raise Failed
    return names


async def test_a_document_comes_back_as_it_was_issued(
    database: Database, connection: Connection, sources: Sources, booking: BookingId
) -> None:
    names = await issue(database, sources, 1, 2)

    stored = (await documents.of_bookings(connection, ids=[booking]))[booking]

    assert [one.document.number for one in stored] == names == ["REC-2026-000001", "REC-2026-000002"]
    assert stored[0].addressee == ANNA
    assert stored[0].document.total == Money(101, "EUR")
    assert stored[0].document.issuer == factories.agency().issuer
    assert await documents.gaps(connection) == []
    assert await documents.changed(connection) == []


async def test_numbers_have_no_gap_whoever_issues_and_whatever_fails(
    database: Database, connection: Connection, sources: Sources, booking: BookingId
) -> None:
    """Eighty transactions at once, of which every third is rolled back after it took its numbers."""

    async def one(number: int) -> list[str]:
        fails = number % 3 == 0
        try:
            return await issue(database, sources, number * 2, number * 2 + 1, fails=fails)
        except Failed:
            return []

    told = await asyncio.gather(*(one(number) for number in range(1, 81)))

    names = sorted(name for names in told for name in names)
    assert names == [f"REC-2026-{number:06d}" for number in range(1, 109)]
    stored = await connection.fetch("SELECT name FROM documents ORDER BY series, number")
    assert [row["name"] for row in stored] == names
    assert await documents.gaps(connection) == []


async def test_the_first_of_a_year_is_number_one(
    database: Database, connection: Connection, sources: Sources, booking: BookingId
) -> None:
    await issue(database, sources, 1)
    async with database.transaction() as writing:
        turn = await documents.take_turn(writing, series={DocumentKind.RECEIPT: "REC-2027"})
        name = turn.place(draft(2), sources=sources).document.number
        await documents.store(writing, turn=turn, now=START)

    assert name == "REC-2027-000001"
    assert await documents.gaps(connection) == []


async def test_the_same_happening_has_one_document(
    database: Database, connection: Connection, sources: Sources, booking: BookingId
) -> None:
    await issue(database, sources, 1)

    with pytest.raises(asyncpg.UniqueViolationError):
        await issue(database, sources, 1)

    assert await connection.fetchval("SELECT last FROM document_series WHERE name = 'REC-2026'") == 1


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE documents SET total = 0",
        "DELETE FROM documents",
        "TRUNCATE documents CASCADE",
        "UPDATE document_addressees SET addressee = ''",
        "DELETE FROM document_series",
        "UPDATE tax_rules SET percent = 1",
        "DELETE FROM tax_rules",
    ],
)
async def test_the_daemon_cannot_change_what_was_issued(
    database: Database, sources: Sources, booking: BookingId, deed: str
) -> None:
    await issue(database, sources, 1)

    async with database.connection() as daemon:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await daemon.execute(deed)


async def test_what_somebody_changed_all_the_same_is_noticed(
    database: Database, owner_connection: Connection, sources: Sources, booking: BookingId
) -> None:
    await issue(database, sources, 1)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner_connection.execute("UPDATE documents SET content = '{}'")
    forged = canonical({"name": "Somebody Else"})
    await owner_connection.execute("UPDATE document_addressees SET addressee = $1", forged)

    async with database.connection() as daemon:
        with pytest.raises(DocumentChanged, match="REC-2026-000001"):
            await documents.of_bookings(daemon, ids=[booking])


async def test_an_addressee_goes_after_its_years_and_the_document_stays(
    database: Database, connection: Connection, sources: Sources, booking: BookingId
) -> None:
    await issue(database, sources, 1)
    before = date(2027, 1, 1)

    due = await documents.due_addressees(connection, before=before)
    gone = await documents.forget_addressees(connection, before=before, limit=10)

    assert (due, gone) == (1, 1)
    (stored,) = (await documents.of_bookings(connection, ids=[booking]))[booking]
    assert stored.addressee is None
    assert stored.document.total == Money(101, "EUR")
    assert await documents.due_addressees(connection, before=before) == 0


async def test_whom_a_booking_is_billed_to_can_be_said_again(
    connection: Connection, booking: BookingId
) -> None:
    company = Party(
        name="Ακρόπολις",
        lines=("Οδός 1", "2. Stock"),
        postcode="10558",
        city="Αθήνα",
        country="GR",
        tax_number="EL094259216",
    )
    for party in (ANNA, company):
        await documents.bill_to(connection, booking_id=booking, party=party, now=START)

    assert await documents.billing_of(connection, ids=[booking]) == {booking: company}
