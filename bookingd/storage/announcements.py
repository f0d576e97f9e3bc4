"""What is about to be handled, said before it is: a process that dies of it leaves word of what it was."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bookingd.domain.ids import MessageId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ANNOUNCE = query("announcements.announce")
TAKE_BACK = query("announcements.take_back")
LAPSE_ALL = query("announcements.lapse_all")


class Announcement(NamedTuple):
    """Who handles a message, and from when on he must be gone."""

    process: UUID
    lapses_at: datetime


async def announce(
    connection: Connection,
    *,
    actor: str,
    message: MessageId,
    process: UUID,
    now: datetime,
    lapses_at: datetime,
) -> Announcement:
    """Say that `process` is about to handle it, unless somebody has said so before; what stands now."""
    [row] = await connection.fetch(ANNOUNCE, actor, message, process, now, lapses_at)
    return Announcement(row["process"], row["lapses_at"])


async def take_back(connection: Connection, *, actor: str, message: MessageId, process: UUID) -> None:
    """`process` does not handle it any more; what others have announced stands."""
    await connection.execute(TAKE_BACK, actor, message, process)


async def lapse_all(connection: Connection) -> None:
    """Whoever announced something is gone; only for a start that knows no other process is there."""
    await connection.execute(LAPSE_ALL)
