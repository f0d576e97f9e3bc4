"""Looks at what belongs to others, and refused keys: in the audit trail (P11), and never flooding it."""

from datetime import timedelta

from bookingd.domain.audit import AuditEntry
from bookingd.domain.ids import BookingId, Reference
from bookingd.storage import audit
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ONE_AT_A_TIME = query("access.one_at_a_time")
REFUSED_SINCE = query("access.refused_since")
BOOKING_OF = query("access.booking_of")

REFUSED = "access.refused"
"""The action of such an entry."""

ONCE_IN = timedelta(minutes=1)
"""Of one principal at one subject no more than one is written down in this time."""


async def record_refusal(connection: Connection, *, entry: AuditEntry) -> None:
    """Write it down, in a transaction of its own, unless the same was written down within a minute."""
    async with connection.transaction():
        await connection.execute(ONE_AT_A_TIME, f"{REFUSED} {entry.principal} {entry.subject}")
        since = entry.at - ONCE_IN
        subject = entry.subject
        if not await connection.fetchval(REFUSED_SINCE, subject.kind, subject.id, entry.principal, since):
            await audit.record(connection, [entry])


async def booking_of(connection: Connection, *, reference: Reference) -> BookingId | None:
    """The booking with that reference, whoever's it is; for what is written down of somebody who wants it."""
    found = await connection.fetchval(BOOKING_OF, reference)
    return None if found is None else BookingId(found)
