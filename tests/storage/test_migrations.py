"""The record of the schema: what is refused, and what each refusal says."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from bookingd import __version__
from bookingd.storage import migrations
from bookingd.storage.database import Connection, drop_old_partitions, ensure_partitions
from bookingd.storage.migrations import Migration, MigrationError, Phase, check, load, migrate, pending
from tests.fakes.sources import START, ManualClock


def a_migration(number: int, name: str = "things", phase: Phase = "pre", sql: str = "SELECT 1") -> Migration:
    return Migration(number=number, phase=phase, name=name, sql=sql)


# Above all numbers that the project will use, so that they come behind its own.
FIRST = a_migration(9001, "first", sql="CREATE TABLE first_things (id integer)")
SECOND = a_migration(9002, "second", sql="CREATE TABLE second_things (id integer)")
LAST = a_migration(9003, "last", phase="post", sql="DROP TABLE first_things")


@pytest.fixture
def own() -> list[Migration]:
    """The project's own migrations; the test's database has them."""
    return list(load())


async def names(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT name FROM applied_migrations ORDER BY number")
    return [row["name"] for row in rows]


async def test_a_fresh_database_has_all_migrations_and_passes_the_daemons_check(
    connection: Connection, own: list[Migration]
) -> None:
    assert await names(connection) == [migration.name for migration in own]
    await check(connection)


async def test_pending_migrations_are_applied_in_order_and_told_before_each(
    owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    told: list[str] = []

    applied = await migrate(
        owner_connection,
        clock=clock,
        migrations=[*own, FIRST, SECOND],
        progress=lambda migration: told.append(migration.file),
    )

    assert applied == [FIRST, SECOND]
    assert told == ["9001_pre_first.sql", "9002_pre_second.sql"]
    row = await owner_connection.fetchrow("SELECT * FROM applied_migrations WHERE number = 9002")
    assert row is not None
    assert tuple(row) == (9002, "pre", "second", SECOND.checksum, START, __version__)


async def test_a_second_run_finds_nothing_to_do(owner_connection: Connection, clock: ManualClock) -> None:
    assert await migrate(owner_connection, clock=clock) == []


async def test_two_runs_at_once_apply_each_migration_once(
    owner_connection: Connection, owner_dsn: str, own: list[Migration], clock: ManualClock
) -> None:
    other = await asyncpg.connect(owner_dsn)
    try:
        runs = [migrate(c, clock=clock, migrations=[*own, FIRST]) for c in (owner_connection, other)]
        applied = await asyncio.gather(*runs)
    finally:
        await other.close()

    assert sorted(applied, key=len) == [[], [FIRST]]


async def test_a_migration_that_fails_is_named_and_leaves_nothing_behind(
    owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    broken = a_migration(9002, "broken", sql="CREATE TABLE half (id integer); SELECT nonsense")

    with pytest.raises(MigrationError, match=r"9002_pre_broken\.sql failed: .*nonsense"):
        await migrate(owner_connection, clock=clock, migrations=[*own, FIRST, broken])

    assert (await names(owner_connection))[-1] == "first"
    assert await owner_connection.fetchval("SELECT to_regclass('half')") is None


async def test_a_changed_migration_stops_the_start(
    connection: Connection, owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    await migrate(owner_connection, clock=clock, migrations=[*own, FIRST])
    changed = replace(FIRST, sql=FIRST.sql + " -- harmless")

    with pytest.raises(MigrationError, match=r"9001_pre_first\.sql was changed after") as refused:
        await check(connection, [*own, changed])
    assert "var/postgres" in str(refused.value)


@pytest.mark.parametrize("instead", [SECOND, replace(FIRST, name="renamed")])
async def test_a_missing_or_renamed_migration_stops_the_start(
    connection: Connection,
    owner_connection: Connection,
    own: list[Migration],
    clock: ManualClock,
    instead: Migration,
) -> None:
    await migrate(owner_connection, clock=clock, migrations=[*own, FIRST])

    with pytest.raises(MigrationError, match=r"9001_pre_first\.sql was applied .* missing here"):
        await check(connection, [*own, instead])


async def test_a_database_newer_than_the_code_stops_the_start(
    connection: Connection, owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    await migrate(owner_connection, clock=clock, migrations=[*own, FIRST])

    with pytest.raises(MigrationError, match=r"9001_pre_first\.sql, which this bookingd .* newer"):
        await check(connection, own)


async def test_a_migration_below_an_applied_one_is_refused(
    owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    await migrate(owner_connection, clock=clock, migrations=[*own, SECOND])

    with pytest.raises(MigrationError, match=r"9001_pre_first\.sql was not applied, but later ones were"):
        await migrate(owner_connection, clock=clock, migrations=[*own, FIRST, SECOND])


async def test_a_daemon_does_not_start_before_the_pre_migrations(
    connection: Connection, own: list[Migration]
) -> None:
    with pytest.raises(MigrationError, match=r"lacks 2 migration.*9001_pre_first\.sql.*bookingd migrate"):
        await check(connection, [*own, FIRST, SECOND, LAST])


async def test_a_daemon_starts_before_the_post_migrations(
    connection: Connection, owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    files = [*own, FIRST, SECOND, LAST]

    assert await migrate(owner_connection, clock=clock, phase="pre", migrations=files) == [FIRST, SECOND]

    await check(connection, files)
    assert await pending(owner_connection, files) == [LAST]
    assert await migrate(owner_connection, clock=clock, phase="post", migrations=files) == [LAST]


async def test_post_migrations_wait_for_the_pre_ones(
    owner_connection: Connection, own: list[Migration], clock: ManualClock
) -> None:
    with pytest.raises(MigrationError, match=r"9001_pre_first\.sql has to be applied first"):
        await migrate(owner_connection, clock=clock, phase="post", migrations=[*own, FIRST, LAST])


@pytest.fixture
async def unmigrated(owner_connection: Connection) -> Connection:
    """A database in which no migration ever ran."""
    await owner_connection.execute("ALTER TABLE applied_migrations RENAME TO set_aside")
    return owner_connection


async def test_a_database_that_was_never_migrated_says_so(
    unmigrated: Connection, connection: Connection
) -> None:
    with pytest.raises(MigrationError, match=r"the first is 0001_pre_roles\.sql; run: bookingd migrate"):
        await check(connection)


def test_files_are_read_in_their_order(tmp_path: Path) -> None:
    for name in ("0002_post_b.sql", "0001_pre_a.sql", "0010_pre_c.sql"):
        tmp_path.joinpath(name).write_text("SELECT 1")

    assert [migration.file for migration in load(tmp_path)] == [
        "0001_pre_a.sql",
        "0002_post_b.sql",
        "0010_pre_c.sql",
    ]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (["0001_pre_a.sql", "0001_pre_b.sql"], "0001_pre_a.sql and 0001_pre_b.sql have the same number"),
        (["1_pre_a.sql"], "not named"),
        (["0001_before_a.sql"], "not named"),
    ],
)
def test_misnamed_files_are_refused(tmp_path: Path, files: list[str], complaint: str) -> None:
    for name in files:
        tmp_path.joinpath(name).write_text("SELECT 1")

    with pytest.raises(MigrationError, match=complaint):
        load(tmp_path)


async def test_the_daemon_changes_rows_of_later_tables_but_no_table(
    connection: Connection, owner_connection: Connection
) -> None:
    await owner_connection.execute("CREATE TABLE things (id integer)")

    await connection.execute("INSERT INTO things VALUES (1)")
    await connection.execute("UPDATE things SET id = 2")
    await connection.execute("DELETE FROM things")

    for statement in ("CREATE TABLE mine (id integer)", "DROP TABLE things", "TRUNCATE things"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_daemon_cannot_change_the_record(connection: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM applied_migrations")


@pytest.fixture
async def days(owner_connection: Connection) -> str:
    """A table that is kept in parts of a day, two ahead; its rows carry a number made of their bytes."""
    await owner_connection.execute(
        "CREATE TABLE days (id integer GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL,"
        " note text NOT NULL, length integer GENERATED ALWAYS AS (length(note)) STORED,"
        " PRIMARY KEY (at, id)) PARTITION BY RANGE (at);"
        "SELECT keep_partitions('days', 'day', 2)"
    )
    return "days"


async def parts(connection: Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS part FROM pg_inherits"
        " WHERE inhparent = $1::text::regclass ORDER BY 1",
        table,
    )
    return [row["part"] for row in rows]


async def test_the_daemon_makes_the_present_partition_and_those_ahead(
    connection: Connection, days: str, clock: ManualClock
) -> None:
    made = await ensure_partitions(connection, clock=clock)

    assert await parts(connection, days) == [
        "days_default",
        "days_p20261122",
        "days_p20261123",
        "days_p20261124",
    ]
    assert made >= 3
    assert await ensure_partitions(connection, clock=clock) == 0


async def test_parts_that_are_kept_no_longer_go_and_all_others_stay(
    owner_connection: Connection, connection: Connection, days: str, clock: ManualClock
) -> None:
    await owner_connection.execute("UPDATE partitioned_tables SET kept = '2 days' WHERE parent = $1", days)
    await ensure_partitions(connection, clock=clock)
    clock.advance(timedelta(days=2, hours=11, minutes=59))  # the 22nd is over since less than two days
    assert "days_p20261122" in await parts(connection, days)
    await drop_old_partitions(connection, clock=clock)
    assert "days_p20261122" in await parts(connection, days)

    clock.advance(timedelta(minutes=1) + timedelta(hours=12))
    await drop_old_partitions(connection, clock=clock)

    left = await parts(connection, days)
    assert "days_p20261122" not in left
    assert {"days_default", "days_p20261123", "days_p20261124"} <= set(left)


async def test_a_table_that_keeps_for_ever_loses_nothing(
    connection: Connection, days: str, clock: ManualClock
) -> None:
    await ensure_partitions(connection, clock=clock)
    before = await parts(connection, days)
    clock.advance(timedelta(days=400))

    await drop_old_partitions(connection, clock=clock)

    assert await parts(connection, days) == before


async def test_a_new_day_needs_one_partition_more(
    connection: Connection, days: str, clock: ManualClock
) -> None:
    await ensure_partitions(connection, clock=clock)

    clock.advance(timedelta(days=1))

    assert await ensure_partitions(connection, clock=clock) >= 1
    assert "days_p20261125" in await parts(connection, days)


async def test_rows_that_came_before_their_partition_move_into_it(
    connection: Connection, days: str, clock: ManualClock
) -> None:
    await connection.execute("INSERT INTO days (at, note) VALUES ($1, 'early')", clock.now())
    assert await connection.fetchval("SELECT tableoid::regclass::text FROM days") == "days_default"

    await ensure_partitions(connection, clock=clock)

    row = await connection.fetchrow("SELECT tableoid::regclass::text AS part, note, length FROM days")
    assert row is not None
    assert tuple(row) == ("days_p20261122", "early", 5)


async def test_months_are_cut_in_utc(connection: Connection, owner_connection: Connection) -> None:
    await owner_connection.execute(
        "CREATE TABLE months (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
        "SELECT keep_partitions('months', 'month', 1)"
    )
    await connection.execute("SET timezone TO 'Pacific/Auckland'")

    made = await connection.fetchval(
        "SELECT ensure_partitions('months', $1, $2)",
        datetime(2026, 11, 30, 23, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )

    assert made == 2
    assert await parts(connection, "months") == ["months_default", "months_p202611", "months_p202612"]
    await connection.execute("INSERT INTO months VALUES ('2026-11-30T23:59:59Z'), ('2026-12-01T00:00:00Z')")
    rows = await connection.fetch("SELECT tableoid::regclass::text AS part FROM months ORDER BY at")
    assert [row["part"] for row in rows] == ["months_p202611", "months_p202612"]


async def test_a_partition_gives_no_right_that_its_parent_denies(
    connection: Connection, owner_connection: Connection, days: str, clock: ManualClock
) -> None:
    await owner_connection.execute("REVOKE UPDATE, DELETE ON days FROM bookingd")
    await ensure_partitions(connection, clock=clock)

    for part in await parts(connection, days):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM {part}")


@pytest.mark.parametrize(
    "call", ["keep_partitions('days', 'day', 1)", "make_partition('a', 'b', '2026-01-01Z', '2026-01-02Z')"]
)
async def test_the_daemon_may_not_choose_what_is_partitioned(connection: Connection, call: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"SELECT {call}")


async def test_only_registered_tables_get_partitions(connection: Connection) -> None:
    with pytest.raises(asyncpg.RaiseError, match="not registered"):
        await connection.execute("SELECT ensure_partitions('pg_class', '2026-01-01Z', '2026-01-02Z')")


async def test_no_call_makes_a_flood_of_partitions(connection: Connection, days: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="more than 200"):
        await connection.execute("SELECT ensure_partitions('days', '2026-01-01Z', '2027-01-01Z')")


async def test_statistics_are_made_of_tables_that_hold_anything(
    owner_connection: Connection, days: str
) -> None:
    """Of a table that is known to be empty plans read everything, and are kept when it has been filled."""
    await owner_connection.execute(
        "CREATE TABLE filled AS SELECT generate_series(1, 50) AS id; CREATE TABLE empty (id integer)"
    )
    await owner_connection.execute(migrations.ANALYZE)
    known = "SELECT reltuples FROM pg_class WHERE oid = $1::text::regclass"
    told = {name: await owner_connection.fetchval(known, name) for name in ("filled", "empty", "days")}

    assert told == {"filled": 50, "empty": -1, "days": -1}
