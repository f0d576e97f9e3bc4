"""Bundles on their way out: written by the transaction that causes them, deleted when delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from bookingd.domain.audit import AuditEntry
from bookingd.messages.catalogue import Kind, Lane
from bookingd.storage import audit
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

INSERT = query("outbox.insert")
INSERT_AND_RECORD = query("outbox.insert_and_record")
CLAIM = query("outbox.claim")
DELETE = query("outbox.delete")
RELEASE_ALL = query("outbox.release_all")
LAG = query("outbox.lag")
TIMERS = query("outbox.timers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """1 to 64 envelopes for one destination: an actor's mailbox (command) or a message name (event)."""

    id: UUID
    kind: Kind
    destination: str
    lane: Lane
    payload: bytes
    """The envelopes as bookingd.messages.codec packs them."""
    due_at: datetime
    claimed_until: datetime | None = None
    freed: int = 0
    """How many starts found it in the hands of a process that was gone (see `release_all`)."""


async def insert(connection: Connection, *, bundles: Sequence[Bundle]) -> None:
    """Put bundles into the outbox; they are sent if the transaction commits."""
    await connection.execute(INSERT, *_columns(bundles))


async def insert_and_record(
    connection: Connection, *, bundles: Sequence[Bundle], entries: Sequence[AuditEntry]
) -> None:
    """The same, and add entries to the audit trail, in one round trip: hardly any change is without both.

    Raises UnfitForAudit, as `audit.record`.
    """
    await connection.execute(INSERT_AND_RECORD, *_columns(bundles), *audit.columns(entries))


def _columns(bundles: Sequence[Bundle]) -> tuple[list[Any], ...]:
    return (
        [bundle.id for bundle in bundles],
        [bundle.kind for bundle in bundles],
        [bundle.destination for bundle in bundles],
        [bundle.lane for bundle in bundles],
        [bundle.payload for bundle in bundles],
        [bundle.due_at for bundle in bundles],
        [bundle.claimed_until for bundle in bundles],
    )


async def claim(connection: Connection, *, now: datetime, until: datetime, limit: int) -> list[Bundle]:
    """Up to `limit` bundles that are due and that nobody is delivering; ours until `until`."""
    return [_bundle(row) for row in await connection.fetch(CLAIM, now, until, limit)]


async def delete(connection: Connection, *, ids: Sequence[UUID]) -> None:
    """Forget delivered bundles."""
    await connection.execute(DELETE, ids)


async def release_all(connection: Connection) -> None:
    """Free every claim and count that; only for a start that knows no other process is delivering."""
    await connection.execute(RELEASE_ALL)


async def lag(connection: Connection, *, now: datetime) -> tuple[int, datetime | None]:
    """How many bundles are due but not delivered, and since when the oldest has been."""
    row = await connection.fetchrow(LAG, now)
    return (row["waiting"], row["oldest"]) if row else (0, None)


async def timers(connection: Connection, *, now: datetime) -> tuple[int, datetime | None]:
    """How many bundles are to be sent later, and when the next of them."""
    row = await connection.fetchrow(TIMERS, now)
    return (row["waiting"], row["next"]) if row else (0, None)


def _bundle(row: asyncpg.Record) -> Bundle:
    return Bundle(
        id=row["id"],
        kind=Kind(row["kind"]),
        destination=row["destination"],
        lane=Lane(row["lane"]),
        payload=row["bundle"],
        due_at=row["due_at"],
        freed=row["freed"],
    )
