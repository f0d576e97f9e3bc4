"""Messages that could not be handled, for operators to look at, replay or drop."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookingd.messages import codec
from bookingd.messages.envelope import Envelope
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

BURY = query("dead_letters.bury")
LIST = query("dead_letters.list")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message with why and where it could not be handled."""

    id: UUID
    actor: str
    envelope: Envelope
    reason: str
    trace: str
    died_at: datetime


async def bury(connection: Connection, *, letter: DeadLetter) -> None:
    """Keep the message for an operator, whatever its bytes are."""
    await connection.execute(
        BURY,
        letter.id,
        letter.actor,
        letter.envelope.name,
        codec.encode(letter.envelope).decode(errors="replace"),
        text(letter.reason),
        text(letter.trace),
        letter.envelope.attempt,
        letter.died_at,
    )


def text(said: str) -> str:
    """`said` as PostgreSQL takes it: its text knows no NUL and no lone surrogate."""
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


async def newest(connection: Connection, *, limit: int) -> list[DeadLetter]:
    """The newest `limit` of them."""
    return [
        DeadLetter(
            id=row["id"],
            actor=row["actor"],
            envelope=codec.decode(row["envelope"], Envelope),
            reason=row["reason"],
            trace=row["trace"],
            died_at=row["died_at"],
        )
        for row in await connection.fetch(LIST, limit)
    ]
