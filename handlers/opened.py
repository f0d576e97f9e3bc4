"""Opening a booking by its reference: found, and allowed, or else the one answer for both (P10)."""

import logging
from collections.abc import Mapping, Sequence

from aiohttp import web

from bookingd.actor.batching import Batcher
from bookingd.domain.access import Action, Right, right_of, whose
from bookingd.domain.accounts.who import Who
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import Reference
from bookingd.domain.references import parse_reference
from bookingd.storage import access, bookings
from bookingd.storage.bookings import BookingView
from bookingd.storage.database import Database
from handlers.errors import not_found
from handlers.gate import who_of
from handlers.middlewares import CORRELATION, SAFE_METHODS
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
    right = right_of(who, action, found.booking, proofs_of(request, *shown))
    if right is None:
        await note_refusal(request, who, action.value, found.booking)
        raise not_found()
    looks = action is Action.VIEW or request.method in SAFE_METHODS
    if right is Right.STAFF and looks:  # what else they do is written down where it is done
        await _note_reading(request, who, found.booking)
    return found


async def still_opens(
    request: web.Request, who: Who, action: Action, reference: Reference, *shown: str
) -> bool:
    """Whether it does for somebody for whom it was opened before; nothing is written down of that."""
    found = await request.app[REGISTER].find(reference)
    return right_of(who, action, found.booking, proofs_of(request, *shown)) is not None


async def note_refusal(request: web.Request, who: Who, wanted: str, booking: Booking) -> None:
    """Log that somebody was refused, and write it into the audit trail, once a minute at most.

    Who shows nothing is most likely a guest on the way back, whom their page helps: nothing to be warned of.
    """
    level = logging.WARNING if who.known else logging.INFO
    log.log(level, "refused: %s asked to %s booking %s", who.acting, wanted, booking.reference)
    entry = _entry(request, who, booking, access.REFUSED, {"wanted": wanted})
    async with request.app[PARTS].database.connection() as connection:
        await access.record_refusal(connection, entry=entry)


async def _note_reading(request: web.Request, who: Who, booking: Booking) -> None:
    """Nobody of the staff looks at somebody's booking unseen; once an hour is enough (P11)."""
    entry = _entry(request, who, booking, access.READ, whose(who.acting, booking))
    async with request.app[PARTS].database.connection() as connection:
        await access.record_reading(connection, entry=entry)


def _entry(
    request: web.Request, who: Who, booking: Booking, action: str, details: Mapping[str, Plain]
) -> AuditEntry:
    sources = request.app[PARTS].sources
    return AuditEntry(
        id=sources.ids.new(),
        at=sources.clock.now(),
        principal=who.acting,
        action=action,
        subject=Subject.of("booking", booking.id),
        correlation_id=request[CORRELATION],
        details=details,
    )
