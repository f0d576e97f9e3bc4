"""What waits for a person: a list with a reason and an owner (P6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OPEN = query("attention.open")
LIST = query("attention.list")
CLOSE = query("attention.close")
CLOSE_ONE = query("attention.close_one")
OF_SUBJECT = query("attention.of_subject")
COUNTS = query("attention.counts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """One thing that a person must look at."""

    id: UUID
    subject_kind: str
    """`booking`, `account`, `proof` (of a link or code in a mail) or `dead_letter`."""
    subject: UUID
    object: UUID
    """Which of its payments, refunds or items; the subject itself where it is about all of it."""
    reason: str
    """A stable code."""
    detail: str
    """A sentence for whoever looks at it, without secrets."""
    owner: str
    """`operator` or `traveller`."""
    opened_at: datetime


class Waiting(NamedTuple):
    """How many entries are open for one reason, and since when the oldest has been."""

    entries: int
    oldest: datetime


async def open_entry(connection: Connection, *, entry: Attention) -> None:
    """Put it on the list, once a subject, reason and object: an entry that is open keeps its age and gets the
    new detail, one that was closed is opened anew.
    """
    await connection.execute(
        OPEN,
        entry.id,
        entry.subject_kind,
        entry.subject,
        entry.object,
        entry.reason,
        entry.detail,
        entry.owner,
        entry.opened_at,
    )


async def oldest(connection: Connection, *, limit: int) -> list[Attention]:
    """The `limit` oldest open entries."""
    return [Attention(**dict(row)) for row in await connection.fetch(LIST, limit)]


async def close(connection: Connection, *, subject_kind: str, subject: UUID, now: datetime) -> None:
    """All that is open about the subject was dealt with."""
    await connection.execute(CLOSE, subject_kind, subject, now)


async def close_one(
    connection: Connection, *, subject: UUID, reason: str, about: UUID, now: datetime
) -> None:
    """What was open about that object of the subject, for that reason, has come right by itself."""
    await connection.execute(CLOSE_ONE, subject, reason, about, now)


async def of_subject(connection: Connection, *, subject_kind: str, subject: UUID) -> list[Attention]:
    """What is open about the subject, the oldest first."""
    return [Attention(**dict(row)) for row in await connection.fetch(OF_SUBJECT, subject_kind, subject)]


async def counts(connection: Connection, *, owner: str) -> Mapping[str, Waiting]:
    """Reason -> what is open for the owner (`operator` or `traveller`), the reason that is oldest first."""
    return {
        row["reason"]: Waiting(row["entries"], row["oldest"]) for row in await connection.fetch(COUNTS, owner)
    }
