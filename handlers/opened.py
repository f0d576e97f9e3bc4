"""Opening a booking by its reference: found, and allowed, or else the one answer for both (P10)."""

import logging

from aiohttp import web

from bookingd.domain.access import Action, may
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.booking.state import Booking
from bookingd.domain.references import parse_reference
from bookingd.storage import access, bookings
from bookingd.storage.bookings import BookingNotFound, BookingView
from bookingd.storage.database import Connection
from handlers.errors import not_found
from handlers.middlewares import CORRELATION
from handlers.parts import PARTS
from handlers.principals import principal_of, proofs_of

log = logging.getLogger(__name__)

NOBODY = "nobody"
"""The principal of who has no session."""


async def open_booking(request: web.Request, action: Action, *shown: str) -> BookingView:
    """The booking of the address, for whoever may do this with it. Raises Problem.

    `shown` are tokens that came in another way than by header or link.
    """
    async with request.app[PARTS].database.connection() as connection:
        return await open_through(connection, request, action, *shown)


async def open_through(
    connection: Connection, request: web.Request, action: Action, *shown: str
) -> BookingView:
    """The same, through a connection that is open already."""
    reference = parse_reference(request.match_info["reference"])
    if reference is None:
        raise not_found()
    principal, proofs = principal_of(request), proofs_of(request, *shown)
    try:
        found = await bookings.by_reference(connection, reference=reference)
    except BookingNotFound as error:
        raise not_found() from error
    if not may(principal, action, found.booking, proofs):
        await note_refusal(connection, request, principal, action, found.booking)
        raise not_found()
    return found


async def note_refusal(
    connection: Connection, request: web.Request, principal: str | None, action: Action, booking: Booking
) -> None:
    """Log that somebody was refused, and write it into the audit trail, once a minute at most."""
    log.warning("%s may not %s booking %s", principal or NOBODY, action, booking.reference)
    sources = request.app[PARTS].sources
    entry = AuditEntry(
        id=sources.ids.new(),
        at=sources.clock.now(),
        principal=principal or NOBODY,
        action=access.REFUSED,
        subject=Subject.of("booking", booking.id),
        correlation_id=request[CORRELATION],
        details={"wanted": action.value},
    )
    await access.record_refusal(connection, entry=entry)
