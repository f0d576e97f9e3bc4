"""What may kill whoever handles it, written down before: a process that dies leaves word of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookingd.domain.ids import MessageId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

MEET = query("announcements.meet")
WRITE = query("announcements.write")
FORGET = query("announcements.forget")
LET_GO = query("announcements.let_go")
DEATHS = query("announcements.deaths")
LAPSE_ALL = query("announcements.lapse_all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a message that may kill."""

    process: UUID | None
    """Who handles it; None while nobody does."""
    deaths: int
    """How many processes died while they handled it."""
    lapses_at: datetime
    """From then on `process` is gone; or, where that is None, the message may be tried again."""


async def meet(connection: Connection, *, actor: str, message: MessageId, now: datetime) -> Record:
    """What is known of it, which is nothing for a new one; nobody else changes that in this transaction."""
    [row] = await connection.fetch(MEET, actor, message, now)
    return Record(**dict(row))


async def write(connection: Connection, *, actor: str, message: MessageId, record: Record) -> None:
    """From now on this is known of a message that was met."""
    await connection.execute(WRITE, actor, message, record.process, record.deaths, record.lapses_at)


async def forget(connection: Connection, *, actor: str, message: MessageId) -> None:
    """It was survived, or buried."""
    await connection.execute(FORGET, actor, message)


async def let_go(
    connection: Connection, *, actor: str, message: MessageId, process: UUID, now: datetime
) -> None:
    """`process` did not try it after all; what others have written down stands."""
    await connection.execute(LET_GO, actor, message, process, now)


async def deaths(connection: Connection, *, actor: str) -> dict[MessageId, int]:
    """How many processes died of each message of the actor that something is known of."""
    return {row["message_id"]: row["deaths"] for row in await connection.fetch(DEATHS, actor)}


async def lapse_all(connection: Connection) -> None:
    """Whoever handles something is gone; only for a start that knows no other process is there."""
    await connection.execute(LAPSE_ALL)
