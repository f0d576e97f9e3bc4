"""The bookings that are somebody's, as a list."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from bookingd.domain.booking.state import BookingState
from bookingd.domain.ids import BookingId, Reference
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

PAGE = query("own_bookings.page")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBooking:
    """One line of the list."""

    id: BookingId
    reference: Reference
    state: BookingState
    sequence: int
    total: Money
    hold_until: datetime | None
    created_at: datetime
    changed_at: datetime


async def page(
    connection: Connection, *, owner: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[OwnBooking]:
    """Up to `limit` bookings of the principal, the newest first, behind the one made then with that id."""
    made_at, booking_id = after or (None, None)
    return [line(row) for row in await connection.fetch(PAGE, owner, made_at, booking_id, limit)]


def line(row: asyncpg.Record) -> OwnBooking:
    """A row of such a list."""
    return OwnBooking(
        id=BookingId(row["id"]),
        reference=Reference(row["reference"]),
        state=BookingState(row["state"]),
        sequence=row["sequence"],
        total=Money(row["total"], row["currency"]),
        hold_until=row["hold_until"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
