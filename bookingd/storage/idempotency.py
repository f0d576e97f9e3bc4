"""Answers to unsafe requests: the same request under the same key gets the same answer, and nothing twice.

A record is written in the transaction that does what was asked, so there is one exactly when it was done.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LOAD = query("idempotency.load")
INSERT = query("idempotency.insert")
FORGET = query("idempotency.forget")

Key = tuple[str, str]
"""The scope (the principal who asks) and the key that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was asked under a key, and what was answered."""

    key: Key
    fingerprint: bytes
    """SHA-256 of method, path and body."""
    status: int = 202
    location: str | None = None
    answer: bytes = field(repr=False)
    """The body as it was answered, less any token: tokens are made again."""


async def load(connection: Connection, *, keys: Collection[Key]) -> dict[Key, tuple[bytes, bytes]]:
    """The fingerprint and the answer of those keys that were used."""
    wanted = list(keys)
    rows = await connection.fetch(LOAD, [scope for scope, _ in wanted], [key for _, key in wanted])
    return {(row["scope"], row["key"]): (row["fingerprint"], row["answer"]) for row in rows}


async def insert(connection: Connection, *, records: Sequence[Record], now: datetime) -> set[Key]:
    """Record answers; the keys that were free. Waits for whoever is just using one of the others."""
    rows = await connection.fetch(
        INSERT,
        [record.key[0] for record in records],
        [record.key[1] for record in records],
        [record.fingerprint for record in records],
        [record.status for record in records],
        [record.location for record in records],
        [record.answer for record in records],
        now,
    )
    return {(row["scope"], row["key"]) for row in rows}


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` records that are older; how many went."""
    return len(await connection.fetch(FORGET, before, limit))
