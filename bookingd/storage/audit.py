"""The audit trail in PostgreSQL: recorded by everybody, chained by one, changed by nobody.

`record` is for every transaction that changes something: it commits or rolls back with the change. The
chain is extended under one advisory lock. The rule of the search for unchained entries: transactions
commit in any order, so nothing is concluded from ids or times. Each entry carries the number of the
transaction that wrote it (`written_by`); every transaction older than the oldest running one has ended, and
what it committed is visible. Only that far does the search's start (`settled_before`) ever move.
See docs/decisions/ on the audit trail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bookingd.domain.audit import GENESIS, AuditEntry, Subject, chain_hash
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

RECORD = query("audit.record")
ERASE = query("audit.erase")
TRY_LOCK = query("audit.try_lock")
LOCK = query("audit.lock")
TIP = query("audit.tip")
UNCHAINED = query("audit.unchained")
OLDEST_UNCHAINED = query("audit.oldest_unchained")
APPEND = query("audit.append")

CHAIN_LOCK = 0x6175646974  # "audit": whoever extends the chain holds it, until its transaction ends

BEYOND_ALL = 2**64 - 1
"""Above every transaction number that can occur (xid8 has 64 bits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The end of the chain: `number` entries are chained, the last has `hash`.

    `search_from` and `search_until` bound the transactions whose entries may lack a place, and once all of
    them are found, no entry of a transaction older than `settles` will ever turn up.
    """

    number: int
    hash: bytes
    search_from: int
    search_until: int
    settles: int


async def record(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add the entries to the trail, in the transaction of what they tell; one round trip.

    Raises UnfitForAudit when an entry holds what cannot be written down exactly.
    """
    if entries:
        await connection.execute(RECORD, *columns(entries))


def columns(entries: Sequence[AuditEntry]) -> tuple[list[Any], ...]:
    """Entries as `audit.record` takes them. Raises UnfitForAudit."""
    personal = [(entry, name, value) for entry in entries for name, value in entry.personal.items()]
    return (
        [entry.id for entry in entries],
        [entry.at for entry in entries],
        [entry.canonical().decode() for entry in entries],
        [entry.id for entry, _, _ in personal],
        [entry.at for entry, _, _ in personal],
        [name for _, name, _ in personal],
        [entry.subject.kind for entry, _, _ in personal],
        [entry.subject.id for entry, _, _ in personal],
        [value.salt for _, _, value in personal],
        [value.stored for _, _, value in personal],
    )


async def erase(connection: Connection, subject: Subject) -> int:
    """Erase the personal values in all entries about `subject`; how many.

    The entries stay, and stay verifiable. The caller records that it was done, and for whom.
    """
    return len(await connection.fetch(ERASE, subject.kind, subject.id))


async def extend(connection: Connection, *, limit: int) -> int:
    """Give at most `limit` unchained entries their place, oldest transaction first; how many.

    Must run in a transaction of its own, at READ COMMITTED: what is read after the lock was taken must
    include what the former holder committed. 0 when there is nothing to do, or when another does it.
    """
    if not await connection.fetchval(TRY_LOCK, CHAIN_LOCK):
        return 0
    tip = await _tip(connection)
    rows = await connection.fetch(UNCHAINED, tip.search_from, tip.search_until, limit)
    if rows:
        full = len(rows) == limit
        settled = _settled(tip, rows[-1]["written_by"] if full else None)
        hashes = _hashes(tip.hash, [row["canonical"] for row in rows])
        ids, times = [row["id"] for row in rows], [row["at"] for row in rows]
        await connection.execute(APPEND, tip.number + 1, ids, times, hashes, settled)
    return len(rows)


async def lock(connection: Connection) -> None:
    """Become the only one that extends or signs the chain until the transaction ends; waits its turn."""
    await connection.execute(LOCK, CHAIN_LOCK)


async def oldest_unchained_age(connection: Connection, now: datetime) -> timedelta:
    """How long the oldest entry has waited for its place in the chain; zero when none waits."""
    tip = await _tip(connection)
    oldest = await connection.fetchval(OLDEST_UNCHAINED, tip.search_from, tip.search_until)
    return max(now - oldest, timedelta()) if oldest else timedelta()


async def _tip(connection: Connection) -> Tip:
    """The chain's end and where to search.

    A settled mark beyond the next transaction was made by another server: the database was restored from
    a dump into a younger one, and the entries' transaction numbers mean nothing here. Then all entries are
    searched, whatever their number, until none is left.
    """
    [row] = await connection.fetch(TIP)
    restored = row["settled_before"] > row["next_transaction"]
    return Tip(
        number=row["number"],
        hash=row["hash"] or GENESIS,
        search_from=0 if restored else row["settled_before"],
        search_until=BEYOND_ALL if restored else row["next_transaction"],
        settles=row["oldest_running"],
    )


def _settled(tip: Tip, last_taken: int | None) -> int:
    """Where the next search starts: `last_taken` is the transaction at which a full batch broke off.

    A restored trail keeps its foreign mark until it has been searched to the end.
    """
    if last_taken is None:
        return tip.settles
    if tip.search_until == BEYOND_ALL:
        return BEYOND_ALL
    return min(tip.settles, last_taken)


def _hashes(previous: bytes, canonicals: Sequence[str]) -> list[bytes]:
    hashes = []
    for canonical in canonicals:
        previous = chain_hash(previous, canonical.encode())
        hashes.append(previous)
    return hashes
