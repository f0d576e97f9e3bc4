"""What people need not be remembered by any more is erased after its time, and nothing else."""

from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

import pytest

from bookingd.config.sections import Retention
from bookingd.domain.accounts.travellers import DocumentType, SavedTraveller, TravelDocument, TravellerData
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import AccountId, TravellerId
from bookingd.security.keyring import Keyring
from bookingd.sources import Sources
from bookingd.storage import bookings, travellers
from bookingd.storage.database import Connection, Database, take_turn
from bookingd.storage.travellers import Use
from bookingd.wiring import housekeeping
from bookingd.wiring.housekeeping import Housekeeping
from tests import factories
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START, ManualClock, SeededChance, SequentialIds

KEPT = Retention()

OVER = date(2026, 12, 2)
"""The last day of the trip in tests.factories."""

PASSPORT = TravelDocument(
    type=DocumentType.PASSPORT,
    number="C01X00T47",
    issuing_country="DE",
    nationality="DE",
    expires_on=date(2036, 1, 1),
)
OLGA = TravellerData(
    name="Ольга", given_name="Olga", surname="Ivanova", born=date(1985, 3, 7), documents=(PASSPORT,)
)


@pytest.fixture
def sources(clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


@pytest.fixture
def keeping(database: Database, sources: Sources) -> Housekeeping:
    return Housekeeping(database=database, sources=sources, retention=KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saver:
    """An account that saves travellers."""

    connection: Connection
    sources: Sources
    account: AccountId
    keyring: Keyring

    async def save(self, until: date | None) -> None:
        """A traveller whose last trip ends then."""
        traveller = TravellerId(self.sources.ids.new())
        await travellers.add(
            self.connection,
            keyring=self.keyring,
            traveller=traveller,
            account=self.account,
            data=OLGA,
            now=START,
        )
        if until:
            await travellers.use(self.connection, uses=[Use(traveller, self.account, until)])

    async def saved(self) -> list[SavedTraveller]:
        """The first one first."""
        found = await travellers.page(self.connection, keyring=self.keyring, account=self.account, limit=99)
        return found[::-1]

    async def documents(self) -> list[int]:
        """How many each has."""
        return [len(one.data.documents) for one in await self.saved()]


@pytest.fixture
async def saver(connection: Connection, sources: Sources) -> Saver:
    return Saver(
        connection=connection,
        sources=sources,
        account=await plant_account(connection),
        keyring=Keyring({"one": b"1" * 32}, chance=sources.chance),
    )


def go_to(clock: ManualClock, day: date) -> None:
    clock.advance(day - clock.now().astimezone(UTC).date())


async def book(connection: Connection, number: int = 1) -> Booking:
    booking = factories.booking(number)
    await bookings.insert(connection, bookings=[factories.new_booking(booking)], now=START)
    return booking


async def births(connection: Connection) -> list[date | None]:
    rows = await connection.fetch("SELECT born FROM booking_passengers ORDER BY booking_id, number")
    return [row["born"] for row in rows]


async def audited(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT canonical FROM audit_entries WHERE action = 'retention.erasing'")
    return [row["canonical"] for row in rows]


async def test_birth_dates_are_kept_for_the_days_that_are_set_and_not_longer(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    later = await book(connection, 2)
    await book(connection)
    await connection.execute(
        "UPDATE booking_passengers SET travels_until = travels_until + 1 WHERE booking_id = $1", later.id
    )

    go_to(clock, OVER + timedelta(days=KEPT.documents_days))
    await keeping.keep()
    assert await births(connection) == [date(1985, 3, 7)] * 2
    assert await audited(connection) == []

    clock.advance(timedelta(days=1))
    await keeping.keep()
    assert await births(connection) == [None, date(1985, 3, 7)]
    (person,) = await bookings.travellers(connection, booking_id=factories.booking_id())
    assert (person.surname, person.born) == ("Lovelace", None)


async def test_documents_go_and_the_traveller_stays(
    keeping: Housekeeping,
    clock: ManualClock,
    saver: Saver,
) -> None:
    for until in (OVER, OVER + timedelta(days=1), None):
        await saver.save(until)

    go_to(clock, OVER + timedelta(days=KEPT.documents_days + 1))
    await keeping.keep()

    assert await saver.documents() == [0, 1, 1]
    first, *_ = await saver.saved()
    assert (first.data.born, first.documents_until, first.version) == (OLGA.born, None, 2)


async def test_documents_go_also_where_their_key_is_lost(
    keeping: Housekeeping,
    connection: Connection,
    clock: ManualClock,
    saver: Saver,
) -> None:
    lost = Keyring({"lost": b"l" * 32}, chance=saver.sources.chance)
    await replace(saver, keyring=lost).save(OVER)

    go_to(clock, OVER + timedelta(days=KEPT.documents_days + 1))
    await keeping.keep()

    assert await connection.fetchval("SELECT count(documents) FROM travellers") == 0


async def test_it_is_done_in_small_bites_and_written_down_once(
    keeping: Housekeeping,
    connection: Connection,
    clock: ManualClock,
    saver: Saver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping, "BITE", 2)
    for number in range(1, 6):
        await book(connection, number)
        await saver.save(OVER)

    go_to(clock, OVER + timedelta(days=KEPT.documents_days + 1))
    await keeping.keep()
    await keeping.keep()

    assert await births(connection) == [None] * 5
    assert await saver.documents() == [0] * 5
    (entry,) = await audited(connection)
    assert '"details":{"addressees":0,"birth_dates":5,"documents":5,"payers":0}' in entry


async def test_a_payers_name_goes_some_years_after_the_year_of_the_payment(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    booking = await book(connection)
    await connection.execute(
        "INSERT INTO booking_payers (booking_id, name, paid_on) VALUES ($1, 'Olga', '2026-11-22')", booking.id
    )

    go_to(clock, date(2026 + KEPT.invoices_years, 12, 31))
    await keeping.keep()
    assert await connection.fetchval("SELECT count(*) FROM booking_payers") == 1

    clock.advance(timedelta(days=1))
    await keeping.keep()
    assert await connection.fetchval("SELECT count(*) FROM booking_payers") == 0


async def test_who_finds_another_at_the_chores_erases_nothing(
    keeping: Housekeeping, database: Database, connection: Connection, clock: ManualClock
) -> None:
    await book(connection)
    go_to(clock, OVER + timedelta(days=KEPT.documents_days + 1))

    async with database.transaction() as other:
        assert await take_turn(other)
        await keeping.keep()

    assert await births(connection) == [date(1985, 3, 7)]
    assert await audited(connection) == []
