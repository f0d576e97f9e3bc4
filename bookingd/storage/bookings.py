"""Bookings: many loaded, moved and saved at once, so that a batch costs the round trips of one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import BookingId, Reference
from bookingd.domain.passengers import PassengerType
from bookingd.messages import codec
from bookingd.storage import travellers as saved_travellers
from bookingd.storage.database import Connection
from bookingd.storage.queries import query
from bookingd.storage.travellers import Use

INSERT = query("bookings.insert")
INSERT_PEOPLE = query("bookings.insert_people")
LOCK = query("bookings.lock")
SAVE = query("bookings.save")
BY_REFERENCES = query("bookings.by_references")
BY_IDS = query("bookings.by_ids")
PASSENGERS = query("bookings.passengers")
DUE_BIRTHS = query("bookings.due_births")
ERASE_BIRTHS = query("bookings.erase_births")
EVENTS_AFTER = query("bookings.events_after")
TICKET_NUMBERS = query("bookings.ticket_numbers")


class BookingNotFound(LookupError):
    """No booking has that id or reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to tell, and in which language (BCP 47)."""

    email: str
    phone: str | None = None
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveller:
    """A passenger as booked; `number` counts from 1 in the order of the tickets."""

    number: int
    type: PassengerType
    given_name: str
    surname: str
    born: date | None
    """None: erased, some time after the trip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """A booking as it is asked for, with its people."""

    booking: Booking
    contact: Contact
    contact_key: str | None = None
    """Of the contact's address (bookingd.security.addresses); None: no account can have it."""
    travellers: tuple[Traveller, ...]
    uses: tuple[Use, ...] = ()
    """Those of them that an account keeps; their documents are needed until the trip is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One transition in a booking's timeline."""

    booking_id: BookingId
    sequence: int
    name: str
    state: str
    details: bytes
    """JSON."""
    at: datetime | None = None
    """When it was recorded; None while it is not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingView:
    """A booking with whom to tell."""

    booking: Booking
    contact: Contact | None
    """None when it has been erased."""
    created_at: datetime
    changed_at: datetime


async def insert(connection: Connection, *, bookings: Sequence[NewBooking], now: datetime) -> set[BookingId]:
    """Record new bookings; the ids of those whose reference was free."""
    orders = [new.booking for new in bookings]
    rows = await connection.fetch(
        INSERT,
        [order.id for order in orders],
        [order.reference for order in orders],
        [order.owner for order in orders],
        [order.state for order in orders],
        [order.currency for order in orders],
        [order.total.amount for order in orders],
        [codec.encode(order).decode() for order in orders],
        now,
    )
    inserted = {BookingId(row["id"]) for row in rows}
    made = [new for new in bookings if new.booking.id in inserted]
    await _insert_people(connection, made)
    if uses := [use for new in made for use in new.uses]:
        await saved_travellers.use(connection, uses=uses)
    return inserted


async def _insert_people(connection: Connection, bookings: Sequence[NewBooking]) -> None:
    people = [(new.booking, traveller) for new in bookings for traveller in new.travellers]
    await connection.execute(
        INSERT_PEOPLE,
        [new.booking.id for new in bookings],
        [new.contact.email for new in bookings],
        [new.contact.phone for new in bookings],
        [new.contact.locale for new in bookings],
        [booking.id for booking, _ in people],
        [traveller.number for _, traveller in people],
        [traveller.type for _, traveller in people],
        [traveller.given_name for _, traveller in people],
        [traveller.surname for _, traveller in people],
        [traveller.born for _, traveller in people],
        [booking.ends_on for booking, _ in people],
        [new.contact_key for new in bookings],
    )


async def lock(connection: Connection, *, ids: Sequence[BookingId]) -> dict[BookingId, Booking]:
    """Lock bookings in the order of their ids; one that does not exist is not in the answer."""
    rows = await connection.fetch(LOCK, list(ids))
    return {BookingId(row["id"]): codec.decode(row["lifecycle"], Booking) for row in rows}


async def save(
    connection: Connection, *, bookings: Sequence[Booking], events: Sequence[Event], now: datetime
) -> None:
    """Write locked bookings as they are now, with the events that brought them there; one round trip."""
    await connection.execute(
        SAVE,
        [booking.id for booking in bookings],
        [booking.state for booking in bookings],
        [booking.sequence for booking in bookings],
        [booking.hold_until for booking in bookings],
        [booking.total.amount for booking in bookings],
        [codec.encode(booking).decode() for booking in bookings],
        now,
        [event.booking_id for event in events],
        [event.sequence for event in events],
        [event.name for event in events],
        [event.state for event in events],
        [event.details.decode() for event in events],
    )


async def by_reference(connection: Connection, *, reference: Reference) -> BookingView:
    """The booking with that reference. Raises BookingNotFound."""
    found = await by_references(connection, references=[reference])
    if reference not in found:
        raise BookingNotFound(f"no booking {reference}")
    return found[reference]


async def by_references(
    connection: Connection, *, references: Collection[Reference]
) -> dict[Reference, BookingView]:
    """The bookings with those references; one that does not exist is not in the answer."""
    rows = await connection.fetch(BY_REFERENCES, references)
    return {Reference(row["reference"]): _view(row) for row in rows}


async def by_id(connection: Connection, *, booking_id: BookingId) -> BookingView:
    """The booking of that id. Raises BookingNotFound."""
    return (await by_ids(connection, ids=[booking_id]))[booking_id]


async def by_ids(connection: Connection, *, ids: Collection[BookingId]) -> dict[BookingId, BookingView]:
    """The bookings of those ids. Raises BookingNotFound when one does not exist."""
    found = {BookingId(row["id"]): _view(row) for row in await connection.fetch(BY_IDS, ids)}
    if missing := set(ids) - found.keys():
        raise BookingNotFound(f"no booking {', '.join(map(str, missing))}")
    return found


async def travellers(connection: Connection, *, booking_id: BookingId) -> tuple[Traveller, ...]:
    """Who travels, in the order of the tickets."""
    return (await travellers_of(connection, ids=[booking_id]))[booking_id]


async def travellers_of(
    connection: Connection, *, ids: Collection[BookingId]
) -> dict[BookingId, tuple[Traveller, ...]]:
    """Who travels on each of the bookings, in the order of the tickets."""
    found: dict[BookingId, list[Traveller]] = {booking_id: [] for booking_id in ids}
    for row in await connection.fetch(PASSENGERS, ids):
        traveller = Traveller(
            number=row["number"],
            type=PassengerType(row["type"]),
            given_name=row["given_name"],
            surname=row["surname"],
            born=row["born"],
        )
        found[BookingId(row["booking_id"])].append(traveller)
    return {booking_id: tuple(those) for booking_id, those in found.items()}


async def due_births(connection: Connection, *, before: date) -> int:
    """How many passengers have a birth date whose trip ended before then."""
    due: int = await connection.fetchval(DUE_BIRTHS, before)
    return due


async def erase_births(connection: Connection, *, before: date, limit: int) -> int:
    """Up to `limit` passengers lose their birth dates, whose trip ended before then; how many did."""
    return len(await connection.fetch(ERASE_BIRTHS, before, limit))


async def events_after(
    connection: Connection, *, booking_id: BookingId, sequence: int, limit: int
) -> list[Event]:
    """The timeline after `sequence`, oldest first."""
    return [
        Event(
            booking_id=booking_id,
            sequence=row["sequence"],
            name=row["name"],
            state=row["state"],
            details=row["details"].encode(),
            at=row["at"],
        )
        for row in await connection.fetch(EVENTS_AFTER, booking_id, sequence, limit)
    ]


async def ticket_numbers(connection: Connection, *, count: int) -> list[int]:
    """New ticket numbers of own inventory, ten digits each."""
    return [row["nextval"] for row in await connection.fetch(TICKET_NUMBERS, count)]


def _view(row: asyncpg.Record) -> BookingView:
    contact = None
    if row["email"] is not None:
        contact = Contact(email=row["email"], phone=row["phone"], locale=row["locale"])
    return BookingView(
        booking=codec.decode(row["lifecycle"], Booking),
        contact=contact,
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
