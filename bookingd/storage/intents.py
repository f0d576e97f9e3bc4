"""Effects outside PostgreSQL: recorded before they begin, known when they end (P9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from bookingd.domain.ids import IntentId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OPEN = query("intents.open")
LEASE = query("intents.lease")
FINISH = query("intents.finish")
LEAVE = query("intents.leave")
RELEASE_ALL = query("intents.release_all")


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
    keys: Sequence[tuple[IntentId, IntentKey]],
    process: UUID,
    now: datetime,
    until: datetime,
) -> dict[IntentKey, Intent]:
    """Record what is not recorded yet (under the id given with it) and take what is free until `until`.

    `process` is whose it is then: what a process that has died was calling for is free before that.

    Most effects are asked for once: what is new is ours as it is recorded, and only the rest is looked at.
    """
    wanted = [key for _, key in keys]
    ids = [new_id for new_id, _ in keys]
    new = {row["id"] for row in await connection.fetch(OPEN, ids, *_key_columns(wanted), now, until, process)}
    met = {
        key: Intent(id=own_id, key=key, found=IntentState.IDLE, opened_at=now, leased=True)
        for own_id, key in keys
        if own_id in new
    }
    if known := [key for key in wanted if key not in met]:
        rows = await connection.fetch(LEASE, *_key_columns(known), now, until, process)
        met |= {intent.key: intent for intent in map(_intent, rows)}
    return met


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


async def finish(connection: Connection, *, endings: Sequence[Ending], now: datetime) -> set[IntentId]:
    """The outcome is known, done or refused; the ids of those for which it was not known before."""
    if not endings:
        return set()
    rows = await connection.fetch(FINISH, *_columns(endings), now)
    return {row["id"] for row in rows}


async def leave(connection: Connection, *, endings: Sequence[Ending]) -> None:
    """The outcome is not known, or nothing was begun: somebody comes back to it.

    Where somebody else has leased it meanwhile (we were away for longer than our lease), it stays theirs.
    """
    await connection.execute(LEAVE, *_columns(endings), [ending.calls for ending in endings])


async def release_all(connection: Connection) -> None:
    """Whoever was calling is gone; only for a start that knows no other process is calling."""
    await connection.execute(RELEASE_ALL)


def _columns(
    endings: Sequence[Ending],
) -> tuple[list[IntentId], list[IntentState], list[str | None]]:
    return (
        [ending.id for ending in endings],
        [ending.state for ending in endings],
        [ending.note for ending in endings],
    )
