"""Opening a booking by its reference: found, and allowed, or else the one answer for both (P10)."""

import logging
from collections.abc import Sequence

from aiohttp import web

from bookingd.actor.batching import Batcher
from bookingd.domain.access import Action, may
from bookingd.domain.accounts.who import Who
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import Reference
from bookingd.domain.references import parse_reference
from bookingd.storage import access, bookings
from bookingd.storage.bookings import BookingView
from bookingd.storage.database import Connection, Database
from handlers.errors import not_found
from handlers.gate import who_of
from handlers.middlewares import CORRELATION
from handlers.parts import PARTS
from handlers.principals import proofs_of

log = logging.getLogger(__name__)


class Register:
    """Finds bookings by their references, those of all requests that come together in one look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looks: Batcher[Reference, BookingView | None] = Batcher(self._look)

    async def run(self) -> None:
        """Look until cancelled."""
        await self._looks.run()

    async def find(self, reference: Reference) -> BookingView:
        """The booking with that reference. Raises Problem."""
        found = await self._looks.submit(reference)
        if found is None:
            raise not_found()
        return found

    async def _look(self, references: Sequence[Reference]) -> Sequence[BookingView | None]:
        async with self._database.connection() as connection:
            found = await bookings.by_references(connection, references=set(references))
        return [found.get(reference) for reference in references]


REGISTER = web.AppKey("register", Register)


async def open_booking(request: web.Request, action: Action, *shown: str) -> BookingView:
    """The booking of the address, for whoever may do this with it. Raises Problem.

    `shown` are tokens that came in another way than by header or link.
    """
    reference = parse_reference(request.match_info["reference"])
    if reference is None:
        raise not_found()
    return await open_for(request, who_of(request), action, reference, *shown)


async def open_for(
    request: web.Request, who: Who, action: Action, reference: Reference, *shown: str
) -> BookingView:
    """The booking with that reference; one answer for an unknown and a foreign one (P10). Raises Problem."""
    found = await request.app[REGISTER].find(reference)
    if not may(who, action, found.booking, proofs_of(request, *shown)):
        async with request.app[PARTS].database.connection() as connection:
            await _note_refusal(connection, request, who, action, found.booking)
        raise not_found()
    return found


async def _note_refusal(
    connection: Connection, request: web.Request, who: Who, action: Action, booking: Booking
) -> None:
    """Log that somebody was refused, and write it into the audit trail, once a minute at most."""
    log.warning("%s may not %s booking %s", who.principal, action, booking.reference)
    sources = request.app[PARTS].sources
    entry = AuditEntry(
        id=sources.ids.new(),
        at=sources.clock.now(),
        principal=who.acting,
        action=access.REFUSED,
        subject=Subject.of("booking", booking.id),
        correlation_id=request[CORRELATION],
        details={"wanted": action.value},
    )
    await access.record_refusal(connection, entry=entry)
