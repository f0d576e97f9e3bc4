"""Effects outside PostgreSQL: recorded before they begin, known when they end (P9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from bookingd.domain.ids import IntentId, MessageId
from bookingd.messages.envelope import Envelope
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OPEN = query("intents.open")
LEASE = query("intents.lease")
FINISH = query("intents.finish")
LEAVE = query("intents.leave")
RELEASE_ALL = query("intents.release_all")
BEGUN = query("intents.begun")


class IntentState(StrEnum):
    """How far an effect has come."""

    IDLE = "idle"
    """Not begun, or the other side did not begin."""
    CALLING = "calling"
    UNKNOWN = "unknown"
    """It may have happened: to be looked up."""
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentKey:
    """What makes an effect the same effect, however often it is asked for."""

    subject: UUID
    """The booking that it is done for."""
    object: UUID
    """The item, payment or notification that it is done to."""
    step: str
    round: int = 1
    """Grows by a decision (a new card), never by a retry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An effect as it was met."""

    id: IntentId
    """The idempotency key that goes along to the other side."""
    key: IntentKey
    found: IntentState
    opened_at: datetime
    leased: bool
    """Whether it is ours to carry out now."""
    calls: int = 1
    """Which call this lease is for, counted from 1: who is overtaken by a later one can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An effect that a message asks for, and the id of its intent if nobody has asked for it before."""

    envelope: Envelope
    id: IntentId
    key: IntentKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a call; `note` is a sentence without secrets."""

    id: IntentId
    calls: int
    """As in the intent when it was leased."""
    state: IntentState
    note: str | None = None


async def lease(
    connection: Connection,
    *,
    actor: str,
    wishes: Sequence[Wish],
    process: UUID,
    now: datetime,
    until: datetime,
) -> tuple[set[MessageId], dict[IntentKey, Intent]]:
    """The messages that the actor has handled already, and the intents of the others.

    An intent that is not recorded yet is recorded; what is free is taken until `until`, once for all wishes
    of the same effect. `process` is whose it is then: what a process that has died was calling for is free
    before that. One that is missing in the answer was recorded by somebody else this moment.

    Most effects are asked for once: what is new is ours as it is recorded, in one statement, and only the
    rest is looked at. Needs no transaction: done again with the same ids, it finds its own intents.
    """
    first = {wish.key: wish for wish in reversed(wishes)}
    rows = await connection.fetch(
        OPEN,
        *_messages([wish.envelope for wish in wishes]),
        actor,
        [wish.id for wish in first.values()],
        *_key_columns(list(first)),
        [wish.envelope.id for wish in first.values()],
        now,
        until,
        process,
    )
    handled = {MessageId(row["handled"]) for row in rows if row["handled"]}
    opened = {row["opened"] for row in rows}
    met = {
        wish.key: Intent(id=wish.id, key=wish.key, found=IntentState.IDLE, opened_at=now, leased=True)
        for wish in first.values()
        if wish.id in opened
    }
    known = {wish.key for wish in wishes if wish.key not in met and wish.envelope.id not in handled}
    if known:
        found = await connection.fetch(LEASE, *_key_columns(list(known)), now, until, process)
        met |= {intent.key: intent for intent in map(_intent, found)}
    return handled, met


def _intent(row: asyncpg.Record) -> Intent:
    return Intent(
        id=row["id"],
        key=IntentKey(subject=row["subject"], object=row["object"], step=row["step"], round=row["round"]),
        found=IntentState(row["found"]),
        opened_at=row["opened_at"],
        leased=row["leased"],
        calls=row["calls"],
    )


def _key_columns(keys: Sequence[IntentKey]) -> tuple[list[UUID], list[UUID], list[str], list[int]]:
    return (
        [key.subject for key in keys],
        [key.object for key in keys],
        [key.step for key in keys],
        [key.round for key in keys],
    )


async def finish(
    connection: Connection,
    *,
    actor: str,
    endings: Sequence[Ending],
    envelopes: Sequence[Envelope],
    now: datetime,
) -> set[UUID]:
    """The outcome is known, done or refused, and the messages that asked for it are handled.

    The ids of the intents for which it was not known before, and of the messages not handled before.
    """
    rows = await connection.fetch(FINISH, *_columns(endings), now, actor, *_messages(envelopes))
    return {row["id"] for row in rows}


async def leave(connection: Connection, *, endings: Sequence[Ending]) -> None:
    """The outcome is not known, or nothing was begun: somebody comes back to it.

    Where somebody else has leased it meanwhile (we were away for longer than our lease), it stays theirs.
    """
    await connection.execute(LEAVE, *_columns(endings), [ending.calls for ending in endings])


async def begun(
    connection: Connection, *, subject: UUID, about: UUID, steps: Sequence[str]
) -> dict[str, IntentState]:
    """Those of the steps that were begun for the subject, and where the last round of each stands."""
    rows = await connection.fetch(BEGUN, subject, about, steps)
    return {row["step"]: IntentState(row["state"]) for row in rows}


async def release_all(connection: Connection) -> None:
    """Whoever was calling is gone; only for a start that knows no other process is calling."""
    await connection.execute(RELEASE_ALL)


def _messages(envelopes: Sequence[Envelope]) -> tuple[list[MessageId], list[datetime]]:
    return [envelope.id for envelope in envelopes], [envelope.sent_at for envelope in envelopes]


def _columns(
    endings: Sequence[Ending],
) -> tuple[list[IntentId], list[IntentState], list[str | None]]:
    return (
        [ending.id for ending in endings],
        [ending.state for ending in endings],
        [ending.note for ending in endings],
    )
