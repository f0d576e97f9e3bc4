"""The schema's history: numbered files, forward only, each applied once and never changed.

    sql/migrations/NNNN_pre_name.sql     runs before the new code starts; the old code must bear it
    sql/migrations/NNNN_post_name.sql    runs when no old code is left (a column is dropped)

Numbers order all files; within a release the `pre` ones come first. Each runs in a transaction of its own,
as the owner's role, and leaves its number and checksum in `applied_migrations`. The rule: a database whose
record does not match the files is not touched and not served.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import asyncpg

from bookingd import __version__, data
from bookingd.sources import Clock
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

Phase = Literal["pre", "post"]
Progress = Callable[["Migration"], None]

CREATE_RECORD = query("migrations.create_record")
RECORD_EXISTS = query("migrations.record_exists")
APPLIED = query("migrations.applied")
RECORD = query("migrations.record")
LOCK = query("migrations.lock")
UNLOCK = query("migrations.unlock")
ANALYZE = query("ground.analyze")

LOCK_KEY = 0x626F6F6B  # "book": one number for all databases, and for migrations only

_FILE = re.compile(r"(?P<number>\d{4})_(?P<phase>pre|post)_(?P<name>[a-z0-9_]+)\.sql")


class MigrationError(Exception):
    """The database and the migration files do not fit together: says which file, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A row of the record."""

    number: int
    phase: str
    name: str
    checksum: str
    applied_by: str
    """The release of bookingd that applied it."""

    @property
    def file(self) -> str:
        return f"{self.number:04}_{self.phase}_{self.name}.sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A file: its place in the order, and its text."""

    number: int
    phase: Phase
    name: str
    sql: str

    @property
    def file(self) -> str:
        return f"{self.number:04}_{self.phase}_{self.name}.sql"

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(directory: Path | None = None) -> Sequence[Migration]:
    """The files in their order. Raises MigrationError for a misnamed file or a number used twice."""
    place = directory or data.path("sql/migrations")
    found = [_read(file) for file in sorted(place.glob("*.sql"))]
    for earlier, later in pairwise(found):
        if earlier.number == later.number:
            raise MigrationError(
                f"{earlier.file} and {later.file} have the same number; renumber the later one"
            )
    return found


def _read(file: Path) -> Migration:
    match = _FILE.fullmatch(file.name)
    if match is None:
        raise MigrationError(f"{file} is not named NNNN_pre_name.sql or NNNN_post_name.sql; rename it")
    phase: Phase = "pre" if match["phase"] == "pre" else "post"
    return Migration(
        number=int(match["number"]), phase=phase, name=match["name"], sql=file.read_bytes().decode()
    )


async def pending(
    connection: Connection, migrations: Sequence[Migration] | None = None
) -> Sequence[Migration]:
    """What is still to be applied, in order.

    Raises MigrationError when an applied one was changed or is missing, when the database is newer than
    these files, or when a file would come before one that is applied already.
    """
    files = load() if migrations is None else migrations
    applied = await _applied(connection)
    known = {migration.number: migration for migration in files}
    for row in applied:
        _compare(row, known.get(row.number), newest=max(known, default=0))
    done = {row.number for row in applied}
    waiting = [migration for migration in files if migration.number not in done]
    for migration in waiting:
        if migration.number < max(done, default=0):
            raise MigrationError(
                f"{migration.file} was not applied, but later ones were; give it the next free number"
            )
    return waiting


def _compare(row: Applied, migration: Migration | None, *, newest: int) -> None:
    if migration is None and row.number > newest:
        raise MigrationError(
            f"the database has {row.file}, which this bookingd {__version__} does not know: it is newer;"
            f" run bookingd {row.applied_by}, which migrated it, or a later release"
        )
    if migration is None or migration.file != row.file:
        raise MigrationError(
            f"{row.file} was applied to the database but is missing here; restore the file as it was released"
        )
    if migration.checksum != row.checksum:
        raise MigrationError(
            f"{row.file} was changed after it had been applied; restore the file as it was released, and put"
            " the change into a new migration; an embedded development database whose data are not needed may"
            " be moved away instead: var/postgres (paths.var), while the daemon is stopped"
        )


async def _applied(connection: Connection) -> Sequence[Applied]:
    if not await connection.fetchval(RECORD_EXISTS):
        return []
    try:
        return [Applied(**row) for row in await connection.fetch(APPLIED)]
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            "this role may not read applied_migrations: the first migration has not been applied, or it"
            " granted that to another role; run: bookingd migrate"
        ) from error


async def check(connection: Connection, migrations: Sequence[Migration] | None = None) -> None:
    """Whether a daemon may serve this database; its own role is enough to ask.

    Raises MigrationError as `pending` does, and when a `pre` migration is missing. Missing `post` ones
    are no fault: they wait for the last old process to go.
    """
    waiting = [migration for migration in await pending(connection, migrations) if migration.phase == "pre"]
    if waiting:
        raise MigrationError(
            f"the database lacks {len(waiting)} migration(s), the first is {waiting[0].file};"
            " run: bookingd migrate"
        )


async def migrate(
    connection: Connection,
    *,
    clock: Clock,
    phase: Literal["all", "pre", "post"] = "all",
    progress: Progress | None = None,
    migrations: Sequence[Migration] | None = None,
) -> Sequence[Migration]:
    """Apply what is pending, and return it; `progress` is called before each.

    `pre` stops before the first `post` one; `post` refuses while a `pre` one is pending; `all` is for an
    installation that stands still. Runs on a connection of the owner's role, one run at a time. Raises
    MigrationError as `pending` does, or naming the file that PostgreSQL refused, which is then not
    applied; those before it are.
    """
    await connection.execute(LOCK, LOCK_KEY)
    try:
        await connection.execute(CREATE_RECORD)
        chosen = choose(await pending(connection, migrations), phase)
        for migration in chosen:
            if progress is not None:
                progress(migration)
            await _apply(connection, migration, clock)
        if chosen:
            await connection.execute(ANALYZE)  # a plan made for empty tables would be kept for full ones
    finally:
        if not connection.is_closed():
            await connection.execute(UNLOCK, LOCK_KEY)
    return chosen


def choose(waiting: Sequence[Migration], phase: Literal["all", "pre", "post"]) -> Sequence[Migration]:
    """Those of `waiting` that `migrate` would apply in this phase. Raises MigrationError as it does."""
    first_post = next((i for i, migration in enumerate(waiting) if migration.phase == "post"), len(waiting))
    if phase == "pre":
        return waiting[:first_post]
    if phase == "post" and first_post > 0:
        raise MigrationError(f"{waiting[0].file} has to be applied first; run: bookingd migrate --phase pre")
    if phase == "post":
        first_pre = next((i for i, migration in enumerate(waiting) if migration.phase == "pre"), len(waiting))
        return waiting[:first_pre]
    return waiting


async def _apply(connection: Connection, migration: Migration, clock: Clock) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                RECORD,
                migration.number,
                migration.phase,
                migration.name,
                migration.checksum,
                clock.now(),
                __version__,
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.file} failed: {_told(error)}") from error


def _told(error: asyncpg.PostgresError) -> str:
    hint = getattr(error, "hint", None)
    return f"{error} ({hint})" if hint else str(error)
