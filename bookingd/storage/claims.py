"""Bookings that an account takes over from the guest who made them.

The one rule: whose a booking is changes under its lock, and only from what was read under that lock; so of
two who want it at once one gets it.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import BookingId
from bookingd.messages import codec
from bookingd.storage import bookings
from bookingd.storage.bookings import BookingView
from bookingd.storage.database import Connection
from bookingd.storage.own_bookings import OwnBooking, line
from bookingd.storage.queries import query

GIVE = query("claims.give")
PAGE = query("claims.page")


async def lock(connection: Connection, *, booking_id: BookingId) -> BookingView:
    """The booking, which nobody else moves or takes until the end of the transaction."""
    await bookings.lock(connection, ids=[booking_id])
    return await bookings.by_id(connection, booking_id=booking_id)


async def give(connection: Connection, *, booking: Booking, owner: str) -> None:
    """A locked booking belongs to that principal from now on."""
    given = replace(booking, owner=owner)
    await connection.execute(GIVE, booking.id, owner, codec.encode(given).decode())


async def page(
    connection: Connection, *, address_key: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[OwnBooking]:
    """Up to `limit` bookings of guests whose contact has that address, the newest first, behind that one."""
    made_at, booking_id = after or (None, None)
    return [line(row) for row in await connection.fetch(PAGE, address_key, made_at, booking_id, limit)]
