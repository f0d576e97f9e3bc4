"""Verifying the audit trail of a database against the checkpoints kept outside it.

The rule of order: first the checkpoint file, then the database's checkpoints, then the end of the chain.
The daemon goes on meanwhile, and writes in the opposite order, so whatever a checkpoint speaks of is there
when the chain is read. Rows are read in batches by number, without a long transaction: nothing that was
read can change rightfully.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import asyncpg

from bookingd.domain.audit import Checkpoint, SignedCheckpoint, UnreadableCheckpoint, parse_checkpoint
from bookingd.domain.audit_findings import Break, Findings
from bookingd.domain.audit_verification import (
    BEGINNING,
    Anchor,
    ChainVerification,
    Columns,
    Link,
    verify_stragglers,
)
from bookingd.domain.checkpoint_reading import CheckpointReading, anchor
from bookingd.storage.checkpoints import CheckpointFile, signature_is_good
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

CHECKPOINTS = query("audit.checkpoints")
NAMED_CHECKPOINTS = query("audit.named_checkpoints")
LAST_NUMBER = query("audit.last_number")
LINKS = query("audit.links")
PERSONAL = query("audit.personal")
FORGOTTEN = query("audit.forgotten")

BATCH = 2000
PATIENCE = timedelta(minutes=5)
"""How long an entry may wait for its place, or the end of the chain for its signature, unremarked."""

_BEYOND_ALL_TIMES = datetime(9999, 12, 31, tzinfo=UTC)

Progress = Callable[[int, int], None]
"""Told how many entries were read, of how many."""


class CannotStartThere(Exception):
    """The checkpoint from which to verify is unknown, not to be believed, or before a boundary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a verification found. `start` is where it began, `last` the newest believed checkpoint."""

    findings: Findings
    warnings: Sequence[str]
    start: Anchor
    number: int
    entries: int
    personal: int
    erased: int
    checkpoints: int
    matched: int
    last: Checkpoint | None

    @property
    def intact(self) -> bool:
        return self.findings.count == 0


async def verify(
    connection: Connection,
    *,
    file: CheckpointFile,
    pinned: Collection[bytes],
    now: datetime,
    want: int | None = None,
    progress: Progress,
) -> Report:
    """Recompute the chain, from checkpoint `want`, else from the last boundary, else from its beginning.

    Raises OSError when the file cannot be read, and CannotStartThere.
    """
    findings = Findings()
    reading = CheckpointReading(
        pinned=pinned, signature_is_good=signature_is_good, findings=findings, want=want
    )
    await _read_file(connection, file, reading)
    in_file = reading.sequence
    unpublished = await _read_rest(connection, reading)
    start = _start(reading, want)
    last_number = await connection.fetchval(LAST_NUMBER)
    anchors = _anchors(file, reading, in_file, unpublished)
    chain = ChainVerification(start=start, anchors=anchors, findings=findings)
    await _read_chain(connection, chain, last_number, progress)
    if reading.boundary and start.sequence == reading.boundary.sequence:
        await _read_stragglers(connection, reading.boundary, findings)
    if last_number and not reading.believed:
        findings.add(Break.CHECKPOINT_MISSING, "no checkpoint vouches for the chain: it may be any chain")
    return Report(
        findings=findings,
        warnings=[text async for text in _warnings(connection, reading, chain, len(unpublished), now)],
        start=start,
        number=chain.number,
        entries=chain.entries,
        personal=chain.personal,
        erased=chain.erased,
        checkpoints=reading.believed,
        matched=chain.matched,
        last=reading.last,
    )


async def _read_file(connection: Connection, file: CheckpointFile, reading: CheckpointReading) -> None:
    """Judge every line, and compare it with the database's copy."""
    lines = file.lines()
    while chunk := list(islice(lines, BATCH)):
        signed = [found for line in chunk if (found := reading.take(line))]
        if signed:
            await _compare_with_table(connection, signed, reading.findings)


async def _compare_with_table(
    connection: Connection, signed: Sequence[SignedCheckpoint], findings: Findings
) -> None:
    sequences = [one.checkpoint.sequence for one in signed]
    rows = await connection.fetch(NAMED_CHECKPOINTS, sequences)
    stored = {row["sequence"]: row["line"] for row in rows}
    missing = [sequence for sequence in sequences if sequence not in stored]
    if missing:
        says = f"{_count(len(missing), 'checkpoint')} in the file and not in the database: first {missing[0]}"
        findings.add(Break.CHECKPOINT_MISSING, says)
    for one in signed:
        if stored.get(one.checkpoint.sequence, one.line()) != one.line():
            says = f"checkpoint {one.checkpoint.sequence} reads otherwise in the database than in the file"
            findings.add(Break.CHECKPOINT_DIFFERS, says, one.checkpoint.number)


async def _read_rest(connection: Connection, reading: CheckpointReading) -> list[Anchor]:
    """The database's checkpoints that are not in the file yet; few, as the file follows at once."""
    rest: list[Anchor] = []
    while rows := await connection.fetch(CHECKPOINTS, reading.sequence, BATCH):
        for row in rows:
            signed = reading.take(row["line"])
            if signed and reading.believes(signed.checkpoint.sequence):
                rest.append(anchor(signed.checkpoint))
    return rest


def _start(reading: CheckpointReading, want: int | None) -> Anchor:
    boundary = reading.boundary
    if want is None:
        return anchor(boundary) if boundary else BEGINNING
    if reading.wanted is None:
        raise CannotStartThere(f"there is no checkpoint {want} that a pinned key has signed")
    if boundary and boundary.number > reading.wanted.number:
        raise CannotStartThere(
            f"checkpoint {want} signed number {reading.wanted.number}, but everything up to number"
            f" {boundary.number} was dropped: the first to start from is checkpoint {boundary.sequence}"
        )
    return anchor(reading.wanted)


def _anchors(
    file: CheckpointFile, reading: CheckpointReading, in_file: int, rest: Sequence[Anchor]
) -> Iterator[Anchor]:
    """The believed checkpoints again, one at a time: a year of them is too much to keep."""
    former = 0
    for line in file.lines():
        try:
            checkpoint = parse_checkpoint(line).checkpoint
        except UnreadableCheckpoint:
            continue
        if former < checkpoint.sequence <= in_file and reading.believes(checkpoint.sequence):
            former = checkpoint.sequence
            yield anchor(checkpoint)
    yield from rest


async def _read_chain(
    connection: Connection, chain: ChainVerification, last_number: int, progress: Progress
) -> None:
    total = max(0, last_number - chain.number)
    async for links in _links(connection, after=chain.number, until=last_number):
        for link in links:
            chain.take(link)
        progress(chain.entries, total)
    chain.finish()


async def _read_stragglers(connection: Connection, boundary: Checkpoint, findings: Findings) -> None:
    below: dict[int, Link] = {}
    async for links in _links(connection, after=0, until=boundary.number):
        below.update((link.number, link) for link in links)
    verify_stragglers(below, boundary.stragglers, findings)


async def _links(connection: Connection, *, after: int, until: int) -> AsyncIterator[list[Link]]:
    """Batches of links in the order of their numbers; a number may occur twice."""
    at = _BEYOND_ALL_TIMES
    while rows := await connection.fetch(LINKS, after, at, until, BATCH):
        ids, times = [row["entry_id"] for row in rows], [row["entry_at"] for row in rows]
        personal: dict[UUID, dict[str, tuple[bytes, bytes]]] = {}
        for row in await connection.fetch(PERSONAL, ids, times):
            personal.setdefault(row["entry_id"], {})[row["field"]] = (row["salt"], row["value"])
        yield [_link(row, personal.get(row["entry_id"], {})) for row in rows]
        after, at = rows[-1]["number"], rows[-1]["entry_at"]


def _link(row: asyncpg.Record, personal: dict[str, tuple[bytes, bytes]]) -> Link:
    found = row["canonical"] is not None
    return Link(
        number=row["number"],
        entry_id=row["entry_id"],
        entry_at=row["entry_at"],
        hash=row["hash"],
        entry=row["canonical"].encode() if found else None,
        columns=_columns(row) if found else None,
        personal=personal,
    )


def _columns(row: asyncpg.Record) -> Columns:
    return Columns(
        principal=row["principal"],
        action=row["action"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        correlation_id=row["correlation_id"],
    )


async def _warnings(
    connection: Connection,
    reading: CheckpointReading,
    chain: ChainVerification,
    unpublished: int,
    now: datetime,
) -> AsyncIterator[str]:
    """What breaks no promise yet, but should be looked at."""
    [forgotten] = await connection.fetch(FORGOTTEN, now - PATIENCE)
    if forgotten["entries"]:
        waiting = _count(forgotten["entries"], "entry", "entries")
        since = f"{forgotten['oldest']:%Y-%m-%d %H:%M} UTC"
        yield f"{waiting} not chained, the oldest from {since}: does the audit actor run?"
    if reading.unreadable:
        lines = _count(reading.unreadable, "line")
        yield f"{lines} unreadable in the checkpoint file (an interrupted write leaves one)"
    if unpublished:
        yield f"{_count(unpublished, 'checkpoint')} in the database and not in the file yet"
    last = reading.last
    if last and chain.number > last.number and now - last.at > PATIENCE:
        open_end = _count(chain.number - last.number, "entry", "entries")
        yield f"{open_end} not signed yet; the last checkpoint is from {last.at:%Y-%m-%d %H:%M} UTC"


def _count(number: int, one: str, many: str = "") -> str:
    """`1 entry is`, `2 entries are`."""
    return f"{number} {one} is" if number == 1 else f"{number} {many or f'{one}s'} are"
