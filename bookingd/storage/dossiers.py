"""All that the house knows of one booking, put together for an operator who has to understand it.

The one rule: it only reads, and all of one moment, so that timeline, money and messages fit each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookingd.domain.ids import BookingId, Reference
from bookingd.domain.money import Money
from bookingd.messages import codec
from bookingd.messages.envelope import Envelope
from bookingd.storage import attention, bookings, notifications, payments
from bookingd.storage.attention import Attention
from bookingd.storage.bookings import BookingView, Event, Traveller
from bookingd.storage.database import Connection
from bookingd.storage.notifications import Notification
from bookingd.storage.payments import PaymentRow, RefundRow
from bookingd.storage.queries import query

LEDGER = query("ledger.of_booking")
ONE_MOMENT = query("dossiers.one_moment")
DEEDS = query("dossiers.deeds")
CALLS = query("dossiers.calls")
BUNDLES = query("dossiers.bundles")
DEAD_LETTERS = query("dossiers.dead_letters")

EVENTS_AT_ONCE = 500

BUNDLES_SHOWN = 100
"""A booking has a handful of messages on their way; more of them are a defect, of which these are enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A line in the books."""

    reason: str
    debit: str
    credit: str
    amount: Money
    payment_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What the audit trail says that somebody did to the booking."""

    at: datetime
    action: str
    principal: str
    correlation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An effect outside whose outcome is not known yet."""

    step: str
    object: UUID
    state: str
    calls: int
    opened_at: datetime
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A message about the booking that is to be delivered: at once, or as a timer."""

    envelope: Envelope
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Buried:
    """A dead letter about the booking."""

    id: UUID
    actor: str
    name: str
    reason: str
    died_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A booking with everything around it; each list has the oldest first."""

    view: BookingView
    travellers: tuple[Traveller, ...]
    payments: Sequence[PaymentRow]
    refunds: Mapping[UUID, Sequence[RefundRow]]
    """By payment."""
    books: Sequence[Posted]
    events: Sequence[Event]
    deeds: Sequence[Deed]
    mails: Sequence[Notification]
    calls: Sequence[Call]
    underway: Sequence[Underway]
    """The next due first."""
    attention: Sequence[Attention]
    dead_letters: Sequence[Buried]


async def compile_of(connection: Connection, *, reference: Reference) -> Dossier:
    """The booking's; at the beginning of a transaction. Raises BookingNotFound."""
    await connection.execute(ONE_MOMENT)
    view = await bookings.by_reference(connection, reference=reference)
    booking_id = view.booking.id
    paid = await payments.of_booking(connection, booking_id=booking_id)
    return Dossier(
        view=view,
        travellers=await bookings.travellers(connection, booking_id=booking_id),
        payments=paid,
        refunds={row.id: await payments.refunds_of(connection, payment_id=row.id) for row in paid},
        books=await _books(connection, booking_id),
        events=await _events(connection, booking_id),
        deeds=[Deed(**dict(row)) for row in await connection.fetch(DEEDS, str(booking_id))],
        mails=await notifications.of_booking(connection, booking_id=booking_id),
        calls=[Call(**dict(row)) for row in await connection.fetch(CALLS, booking_id)],
        underway=await _underway(connection, booking_id),
        attention=await attention.of_subject(connection, subject_kind="booking", subject=booking_id),
        dead_letters=await _dead_letters(connection, booking_id),
    )


async def _books(connection: Connection, booking_id: BookingId) -> list[Posted]:
    return [
        Posted(
            reason=row["reason"],
            debit=row["debit"],
            credit=row["credit"],
            amount=Money(row["amount"], row["currency"]),
            payment_id=row["payment_id"],
            at=row["at"],
        )
        for row in await connection.fetch(LEDGER, booking_id)
    ]


async def _events(connection: Connection, booking_id: BookingId) -> list[Event]:
    events: list[Event] = []
    while True:
        after = events[-1].sequence if events else 0
        more = await bookings.events_after(
            connection, booking_id=booking_id, sequence=after, limit=EVENTS_AT_ONCE
        )
        events += more
        if len(more) < EVENTS_AT_ONCE:
            return events


async def _underway(connection: Connection, booking_id: BookingId) -> list[Underway]:
    """What lies in the outbox for it; its neighbours in the same bundle are left out."""
    rows = await connection.fetch(BUNDLES, str(booking_id), BUNDLES_SHOWN)
    return [
        Underway(envelope=envelope, due_at=row["due_at"])
        for row in rows
        for envelope in codec.unpack(row["bundle"])
        if str(booking_id).encode() in bytes(envelope.body)
    ]


async def _dead_letters(connection: Connection, booking_id: BookingId) -> list[Buried]:
    return [
        Buried(
            id=row["id"],
            actor=row["actor"],
            name=row["message_name"],
            reason=row["reason"],
            died_at=row["died_at"],
        )
        for row in await connection.fetch(DEAD_LETTERS, str(booking_id))
    ]
