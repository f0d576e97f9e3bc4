"""Bookings in PostgreSQL: many at once, each whole."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from bookingd import data
from bookingd.domain.booking.state import BookingState, ItemState, PaymentState
from bookingd.domain.ids import BookingId, Reference
from bookingd.storage import bookings
from bookingd.storage.bookings import BookingNotFound, Contact, Event
from bookingd.storage.database import Connection, Database
from tests import factories
from tests.fakes.sources import START

LATER = START + timedelta(minutes=15)


def event(number: int = 1, sequence: int = 1) -> Event:
    return Event(
        booking_id=factories.booking_id(number),
        sequence=sequence,
        name="booking.place",
        state="pending",
        details=b'{"a":1}',
    )


async def insert(connection: Connection, *numbers: int) -> set[BookingId]:
    new = [factories.new_booking(factories.booking(number)) for number in numbers or (1,)]
    return await bookings.insert(connection, bookings=new, now=START)


async def test_a_booking_comes_back_as_it_was_written(connection: Connection) -> None:
    whole = factories.booking(
        items=(factories.item(1, state=ItemState.HELD), factories.item(2, supplier="north")),
        payments=(factories.payment(1, PaymentState.CAPTURED),),
        hold_until=LATER,
    )
    await bookings.insert(connection, bookings=[factories.new_booking(whole)], now=START)

    view = await bookings.by_id(connection, booking_id=whole.id)

    assert view.booking == whole
    assert view.contact == Contact(email="ada@example.org", phone="+4930123456")
    assert (view.created_at, view.changed_at) == (START, START)
    assert await bookings.by_reference(connection, reference=whole.reference) == view


async def test_travellers_come_in_the_order_of_their_tickets(connection: Connection) -> None:
    party = factories.party(adults=2, children=1, infants=1)
    booking = factories.booking(items=(factories.item(for_party=party),))
    await bookings.insert(connection, bookings=[factories.new_booking(booking)], now=START)

    assert await bookings.travellers(connection, booking_id=booking.id) == factories.travellers(party)


async def test_a_reference_that_is_taken_is_told_and_nobody_is_written_for_it(connection: Connection) -> None:
    await insert(connection, 1)
    twin = replace(factories.booking(2), reference=factories.reference(1))
    new = [factories.new_booking(twin), factories.new_booking(factories.booking(3))]

    inserted = await bookings.insert(connection, bookings=new, now=START)

    assert inserted == {factories.booking_id(3)}
    assert await connection.fetchval("SELECT count(*) FROM booking_contacts") == 2
    with pytest.raises(BookingNotFound, match=str(twin.id)):
        await bookings.by_id(connection, booking_id=twin.id)


async def test_two_of_one_reference_in_one_batch_are_one(connection: Connection) -> None:
    twins = [
        factories.new_booking(replace(factories.booking(number), reference=factories.reference(1)))
        for number in (1, 2)
    ]
    assert await bookings.insert(connection, bookings=twins, now=START) == {factories.booking_id(1)}


async def test_a_reference_with_look_alikes_is_refused(connection: Connection) -> None:
    odd = replace(factories.booking(), reference=Reference("AB0DEF"))
    with pytest.raises(asyncpg.CheckViolationError):
        await bookings.insert(connection, bookings=[factories.new_booking(odd)], now=START)


async def test_saving_writes_bookings_with_their_events(connection: Connection) -> None:
    await insert(connection, 1, 2)
    moved = [
        replace(factories.booking(number), state=BookingState.AWAITING_PAYMENT, sequence=2, hold_until=LATER)
        for number in (1, 2)
    ]
    events = [event(number, sequence) for number in (1, 2) for sequence in (1, 2)]

    await bookings.save(connection, bookings=moved, events=events, now=LATER)

    view = await bookings.by_id(connection, booking_id=moved[0].id)
    assert (view.booking, view.created_at, view.changed_at) == (moved[0], START, LATER)
    row = await connection.fetchrow("SELECT state, sequence, hold_until, total FROM bookings LIMIT 1")
    assert row is not None
    assert tuple(row) == ("awaiting_payment", 2, LATER, 10_000)
    timeline = await bookings.events_after(connection, booking_id=moved[1].id, sequence=1, limit=10)
    assert timeline == [replace(event(2, 2), at=LATER)]


async def test_a_timeline_is_read_piece_by_piece(connection: Connection) -> None:
    await insert(connection)
    events = [event(sequence=sequence) for sequence in (3, 1, 2)]
    await bookings.save(connection, bookings=[factories.booking()], events=events, now=START)

    of = factories.booking_id()
    piece = await bookings.events_after(connection, booking_id=of, sequence=0, limit=2)

    assert [one.sequence for one in piece] == [1, 2]


async def test_a_number_is_given_once_in_a_timeline(connection: Connection) -> None:
    await insert(connection)
    with pytest.raises(asyncpg.UniqueViolationError):
        await bookings.save(connection, bookings=[], events=[event(), event()], now=START)


async def test_an_unknown_booking_is_not_locked_and_not_found(connection: Connection) -> None:
    await insert(connection)
    unknown = BookingId(UUID(int=9))

    locked = await bookings.lock(connection, ids=[unknown, factories.booking_id()])

    assert locked == {factories.booking_id(): factories.booking()}
    with pytest.raises(BookingNotFound):
        await bookings.by_id(connection, booking_id=unknown)
    with pytest.raises(BookingNotFound):
        await bookings.by_reference(connection, reference=factories.reference(9))


async def test_bookings_are_locked_in_one_order_whoever_asks(database: Database) -> None:
    """Asked for in opposite orders from two sides, again and again: nobody waits in a circle."""
    numbers = list(range(1, 41))
    async with database.transaction() as connection:
        await insert(connection, *numbers)

    async def lock(order: list[int]) -> None:
        for _ in range(20):
            async with database.transaction() as connection:
                await bookings.lock(connection, ids=[factories.booking_id(number) for number in order])

    await asyncio.gather(lock(numbers), lock(numbers[::-1]), lock(numbers[::2] + numbers[1::2]))


async def test_a_locked_booking_is_read_as_its_last_writer_left_it(database: Database) -> None:
    async with database.transaction() as connection:
        await insert(connection)
    locked = asyncio.Event()

    async def count() -> None:
        async with database.transaction() as connection:
            found = await bookings.lock(connection, ids=[factories.booking_id()])
            locked.set()
            booking = found[factories.booking_id()]
            more = replace(booking, sequence=booking.sequence + 1)
            await bookings.save(connection, bookings=[more], events=[], now=START)

    await asyncio.gather(*(count() for _ in range(10)))

    async with database.connection() as connection:
        view = await bookings.by_id(connection, booking_id=factories.booking_id())
    assert view.booking.sequence == 10


async def test_ticket_numbers_have_ten_digits_and_come_once(connection: Connection) -> None:
    numbers = await bookings.ticket_numbers(connection, count=3)
    numbers += await bookings.ticket_numbers(connection, count=2)

    assert len(set(numbers)) == 5
    assert {len(str(number)) for number in numbers} == {10}


async def test_erasing_people_leaves_the_order(connection: Connection) -> None:
    await insert(connection)
    await connection.execute("DELETE FROM booking_contacts")
    await connection.execute("DELETE FROM booking_passengers")

    view = await bookings.by_id(connection, booking_id=factories.booking_id())

    assert (view.booking, view.contact) == (factories.booking(), None)
    assert await bookings.travellers(connection, booking_id=factories.booking_id()) == ()


async def test_a_booking_of_an_older_release_can_still_be_read(connection: Connection) -> None:
    """Fields that came later have defaults; fields of a newer release are ignored."""
    await insert(connection)
    lifecycle = json.loads(await connection.fetchval("SELECT lifecycle FROM bookings"))
    del lifecycle["items"][0]["releases"]
    lifecycle["news"] = True
    await connection.execute("UPDATE bookings SET lifecycle = $1", json.dumps(lifecycle))

    view = await bookings.by_id(connection, booking_id=factories.booking_id())

    assert view.booking == factories.booking()


async def test_passengers_of_before_get_the_last_day_of_their_trip_from_the_lifecycle(
    connection: Connection, owner_connection: Connection
) -> None:
    """What migration 0018 does for those that were booked by an older release."""
    await insert(connection, 1)
    known = await connection.fetchval("SELECT travels_until FROM booking_passengers")
    await connection.execute("UPDATE booking_passengers SET travels_until = NULL")
    migration = data.path("sql/migrations").joinpath("0018_pre_keeping.sql").read_text()
    begin = migration.index("UPDATE booking_passengers")

    await owner_connection.execute(migration[begin : migration.index(";", begin)])

    assert known is not None
    assert await connection.fetchval("SELECT travels_until FROM booking_passengers") == known
