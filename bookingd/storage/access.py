"""Looks at what belongs to others, and refused keys: in the audit trail (P11), and never flooding it."""

from datetime import timedelta

from bookingd.domain.audit import AuditEntry
from bookingd.domain.ids import BookingId, Reference
from bookingd.storage import audit
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ONE_AT_A_TIME = query("access.one_at_a_time")
WRITTEN_SINCE = query("access.written_since")
BOOKING_OF = query("access.booking_of")

REFUSED = "access.refused"
"""The action of a refused look."""

READ = "booking.read"
"""The action of a look of staff at what is somebody else's."""

ONCE_IN = timedelta(minutes=1)
"""Of one principal at one subject no more than one refusal is written down in this time."""

READ_ONCE_IN = timedelta(hours=1)
"""The same of looks of staff: a page that loads itself again is one reading, and so is an hour of work."""


async def record_refusal(connection: Connection, *, entry: AuditEntry) -> None:
    """Write it down, in a transaction of its own, unless the same was written down within a minute."""
    await _record_once(connection, entry, ONCE_IN)


async def record_reading(connection: Connection, *, entry: AuditEntry) -> None:
    """Write it down, in a transaction of its own, unless the same was written down within an hour."""
    await _record_once(connection, entry, READ_ONCE_IN)


async def booking_of(connection: Connection, *, reference: Reference) -> BookingId | None:
    """The booking with that reference, whoever's it is; for what is written down of somebody who wants it."""
    found = await connection.fetchval(BOOKING_OF, reference)
    return None if found is None else BookingId(found)


async def _record_once(connection: Connection, entry: AuditEntry, within: timedelta) -> None:
    subject, since = entry.subject, entry.at - within
    async with connection.transaction():
        await connection.execute(ONE_AT_A_TIME, f"{entry.action} {entry.principal} {subject}")
        written = await connection.fetchval(
            WRITTEN_SINCE, subject.kind, subject.id, entry.principal, entry.action, since
        )
        if not written:
            await audit.record(connection, [entry])
