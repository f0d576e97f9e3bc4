"""Messages that could not be handled, for operators to look at, replay or drop.

The one rule: whatever came is kept, readable or not. Reading it back never fails either: what this release
cannot read is shown as the bytes that it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from bookingd.messages import codec
from bookingd.messages.envelope import Envelope
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

BURY = query("dead_letters.bury")
BURY_UNREADABLE = query("dead_letters.bury_unreadable")
LIST = query("dead_letters.list")
LOAD = query("dead_letters.load")
IDS = query("dead_letters.ids")
TAKE_OUT = query("dead_letters.take_out")
COUNTS = query("dead_letters.counts")


class DeadLetterNotFound(LookupError):
    """No letter has that id: it never had, or somebody has replayed or dropped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message with why and where it could not be handled."""

    id: UUID
    actor: str
    envelope: Envelope
    reason: str
    trace: str
    died_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetter:
    """A letter as it lies in the table."""

    id: UUID
    actor: str
    """In whose mailbox it lay."""
    name: str | None
    """The message's; None where the bytes are no message."""
    envelope: Envelope | None
    """None where it cannot be read."""
    raw: bytes = field(repr=False)
    """The envelope as JSON, or the bytes that came instead of one; may hold personal data."""
    reason: str
    trace: str
    attempts: int | None
    died_at: datetime


class Pile(NamedTuple):
    """How many letters lie with an actor, and since when the oldest."""

    letters: int
    oldest: datetime


async def bury(connection: Connection, *, letter: DeadLetter) -> None:
    """Keep the message for an operator, whatever its bytes are."""
    await connection.execute(
        BURY,
        letter.id,
        letter.actor,
        text(letter.envelope.name),
        codec.encode(letter.envelope).decode(errors="replace"),
        text(letter.reason),
        text(letter.trace),
        letter.envelope.attempt,
        letter.died_at,
    )


async def bury_unreadable(
    connection: Connection,
    *,
    id: UUID,  # noqa: A002 - a letter has an id
    actor: str,
    payload: bytes,
    reason: str,
    died_at: datetime,
) -> bool:
    """Keep bytes that are no message of ours for an operator; False if that letter is kept already."""
    new = await connection.fetchval(BURY_UNREADABLE, id, actor, payload, text(reason), died_at)
    return bool(new)


def text(said: str) -> str:
    """`said` as PostgreSQL takes it: its text knows no NUL and no lone surrogate."""
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


async def newest(
    connection: Connection, *, limit: int, actor: str | None = None, name: str | None = None
) -> list[KeptLetter]:
    """The newest `limit` of them; of one actor or one message only, if that is given."""
    return [_kept(row) for row in await connection.fetch(LIST, actor, name, limit)]


async def load(connection: Connection, *, letter_id: UUID) -> KeptLetter:
    """One letter. Raises DeadLetterNotFound."""
    return _found(await connection.fetchrow(LOAD, letter_id), letter_id)


async def ids(connection: Connection, *, actor: str | None = None, name: str | None = None) -> list[UUID]:
    """All of them, the oldest first; of one actor or one message only, if that is given."""
    return [row["id"] for row in await connection.fetch(IDS, actor, name)]


async def take_out(connection: Connection, *, letter_id: UUID) -> KeptLetter:
    """Remove it, for one taker: a second one waits for the first, then DeadLetterNotFound is raised."""
    return _found(await connection.fetchrow(TAKE_OUT, letter_id), letter_id)


async def counts(connection: Connection) -> Mapping[str, Pile]:
    """Actor -> its letters; actors without any are left out."""
    return {row["actor"]: Pile(row["letters"], row["oldest"]) for row in await connection.fetch(COUNTS)}


def _found(row: asyncpg.Record | None, letter_id: UUID) -> KeptLetter:
    if row is None:
        raise DeadLetterNotFound(
            f"no dead letter {letter_id}: it may have been replayed or dropped, which the audit trail tells"
        )
    return _kept(row)


def _kept(row: asyncpg.Record) -> KeptLetter:
    raw = row["payload"] if row["envelope"] is None else row["envelope"].encode()
    return KeptLetter(
        id=row["id"],
        actor=row["actor"],
        name=row["message_name"],
        envelope=None if row["envelope"] is None else _envelope(raw),
        raw=raw,
        reason=row["reason"],
        trace=row["trace"],
        attempts=row["attempts"],
        died_at=row["died_at"],
    )


def _envelope(raw: bytes) -> Envelope | None:
    """None where another release, or a hand, wrote what is no envelope to this one."""
    try:
        envelope: Envelope = codec.decode(raw, Envelope)
    except codec.Unreadable:
        return None
    return envelope
