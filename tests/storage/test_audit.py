"""Recording and chaining: everything gets exactly one place, whatever the order of the commits."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from bookingd.domain.audit import GENESIS, Personal, Subject, UnfitForAudit, chain_hash
from bookingd.storage import audit
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock
from tests.storage.audit_trail import SUBJECT, Trail, entry, numbers

EMAIL = {"email": Personal(value="anna@example.org", salt=b"\x07" * 32)}
OTHER = Subject(kind="booking", id="another")


@pytest.fixture
def trail(database: Database, clock: ManualClock, tmp_path: Path) -> Trail:
    return Trail.of(database, clock, tmp_path)


async def extend(database: Database, limit: int = 1000) -> int:
    async with database.transaction() as connection:
        return await audit.extend(connection, limit=limit)


async def test_what_is_stored_is_what_was_written_byte_for_byte(trail: Trail, connection: Connection) -> None:
    written = entry(1, at=trail.clock.now(), personal=EMAIL)

    await trail.record([written])

    stored = await connection.fetchval("SELECT canonical::text FROM audit_entries")
    assert stored.encode() == written.canonical()


async def test_the_searchable_columns_come_from_the_hashed_bytes(
    trail: Trail, connection: Connection
) -> None:
    await trail.record([entry(9, at=trail.clock.now())])

    row = await connection.fetchrow(
        "SELECT principal, action, subject_kind, subject_id, correlation_id FROM audit_entries"
    )
    assert row is not None
    assert [str(value) for value in row] == [
        "guest:anna",
        "booking.held",
        SUBJECT.kind,
        SUBJECT.id,
        "00000000-0000-0000-0000-000000000009",
    ]


@pytest.mark.parametrize(
    ("column", "value"), [("id", "01936b2e-7c00-7000-8000-000000000099"), ("at", "2026-11-22T12:00:01Z")]
)
async def test_an_entry_whose_id_or_time_is_not_the_hashed_one_is_refused(
    trail: Trail, connection: Connection, column: str, value: str
) -> None:
    good = {"id": str(entry(1, at=trail.clock.now()).id), "at": trail.clock.now().isoformat()}
    given = {**good, column: value}

    with pytest.raises(asyncpg.CheckViolationError, match="hashed_one"):
        await connection.execute(
            f"INSERT INTO audit_entries (id, at, canonical) VALUES ('{given['id']}', '{given['at']}', $1)",
            entry(1, at=trail.clock.now()).canonical().decode(),
        )


async def test_an_entry_rolls_back_with_its_change(trail: Trail, connection: Connection) -> None:
    async def change_and_fail() -> None:
        async with trail.database.transaction() as transaction:
            await audit.record(transaction, [entry(1, at=trail.clock.now())])
            raise LookupError

    with pytest.raises(LookupError):
        await change_and_fail()

    assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 0


async def test_recording_nothing_asks_the_database_nothing(connection: Connection) -> None:
    await audit.record(connection, [])


async def test_an_unfit_entry_is_refused_before_anything_is_written(trail: Trail) -> None:
    odd = entry(1, at=datetime(2026, 1, 1))  # noqa: DTZ001

    with pytest.raises(UnfitForAudit):
        await trail.record([odd])


async def test_entries_are_chained_without_a_gap_each_on_the_one_before(
    trail: Trail, connection: Connection
) -> None:
    entries = [entry(number, at=trail.clock.now()) for number in (1, 2, 3)]
    await trail.record(entries)

    assert await extend(trail.database) == 3

    rows = await connection.fetch("SELECT number, entry_id, hash FROM audit_chain ORDER BY number")
    first = chain_hash(GENESIS, entries[0].canonical())
    second = chain_hash(first, entries[1].canonical())
    third = chain_hash(second, entries[2].canonical())
    assert [tuple(row) for row in rows] == [
        (1, entries[0].id, first),
        (2, entries[1].id, second),
        (3, entries[2].id, third),
    ]


async def test_batches_join_without_a_seam(trail: Trail, connection: Connection) -> None:
    for number in range(1, 8):
        await trail.record([entry(number, at=trail.clock.now())])

    taken = [await extend(trail.database, limit=3) for _ in range(4)]

    assert taken == [3, 3, 1, 0]
    assert await numbers(connection) == [1, 2, 3, 4, 5, 6, 7]


async def test_one_large_transaction_is_chained_whole_over_many_batches(
    trail: Trail, connection: Connection
) -> None:
    await trail.record([entry(number, at=trail.clock.now()) for number in range(1, 8)])

    taken = [await extend(trail.database, limit=3) for _ in range(4)]

    assert taken == [3, 3, 1, 0]
    assert await numbers(connection) == [1, 2, 3, 4, 5, 6, 7]


async def test_an_entry_that_commits_after_younger_ones_were_chained_is_not_missed(
    trail: Trail, connection: Connection
) -> None:
    async with trail.database.transaction() as late:
        await audit.record(late, [entry(1, at=trail.clock.now() - timedelta(hours=1))])
        for number in (2, 3, 4, 5):
            await trail.record([entry(number, at=trail.clock.now())])
            assert await extend(trail.database, limit=2) == 1

    assert await extend(trail.database) == 1
    assert await numbers(connection) == [1, 2, 3, 4, 5]


async def test_a_full_batch_before_a_running_transaction_does_not_pass_it_by(
    trail: Trail, connection: Connection
) -> None:
    async with trail.database.transaction() as late:
        await audit.record(late, [entry(9, at=trail.clock.now())])
        await trail.record([entry(number, at=trail.clock.now()) for number in range(1, 5)])
        assert [await extend(trail.database, limit=2) for _ in range(3)] == [2, 2, 0]

    assert await extend(trail.database, limit=2) == 1
    assert len(await numbers(connection)) == 5


async def test_chainers_at_once_give_each_entry_one_place(trail: Trail, connection: Connection) -> None:
    for number in range(1, 41):
        await trail.record([entry(number, at=trail.clock.now())])

    async def chain() -> None:
        for _ in range(20):
            await extend(trail.database, limit=3)

    await asyncio.gather(*(chain() for _ in range(6)))
    while await extend(trail.database):
        pass

    assert await numbers(connection) == list(range(1, 41))
    assert await connection.fetchval("SELECT count(DISTINCT entry_id) FROM audit_chain") == 40


async def test_a_second_chainer_leaves_the_work_to_the_first(trail: Trail) -> None:
    await trail.record([entry(1, at=trail.clock.now())])

    async with trail.database.transaction() as first:
        assert await audit.extend(first, limit=10) == 1
        assert await extend(trail.database) == 0


async def test_the_search_begins_where_all_older_transactions_are_settled(
    trail: Trail, connection: Connection
) -> None:
    await trail.record([entry(1, at=trail.clock.now())])
    await extend(trail.database)
    marks = "SELECT settled_before FROM audit_chain ORDER BY number DESC LIMIT 1"
    written = "SELECT max(written_by::text::bigint) FROM audit_entries"

    assert await connection.fetchval(marks) > await connection.fetchval(written)


async def test_a_trail_restored_into_a_younger_server_goes_on(
    trail: Trail, connection: Connection, owner_connection: Connection
) -> None:
    """Transaction numbers of the old server are far beyond the new one's."""
    await trail.record([entry(number, at=trail.clock.now()) for number in (1, 2)])
    await extend(trail.database, limit=10)
    await trail.record([entry(number, at=trail.clock.now()) for number in (3, 4, 5)])
    await owner_connection.execute("UPDATE audit_entries SET written_by = '9000000000000'")
    await owner_connection.execute("UPDATE audit_chain SET settled_before = '9000000000000'")
    await trail.record([entry(6, at=trail.clock.now())])

    taken = [await extend(trail.database, limit=2) for _ in range(3)]
    await trail.record([entry(7, at=trail.clock.now())])
    after = await extend(trail.database, limit=2)

    assert (taken, after) == ([2, 2, 0], 1)
    assert await numbers(connection) == [1, 2, 3, 4, 5, 6, 7]


async def test_the_age_of_the_oldest_unchained_entry_is_known(trail: Trail, connection: Connection) -> None:
    recorded = trail.clock.now()
    await trail.record([entry(1, at=recorded - timedelta(seconds=5)), entry(2, at=recorded)])
    waiting = await audit.oldest_unchained_age(connection, recorded)
    await extend(trail.database)

    assert waiting == timedelta(seconds=5)
    assert await audit.oldest_unchained_age(connection, recorded) == timedelta()


async def test_a_clock_that_is_behind_makes_no_negative_age(trail: Trail, connection: Connection) -> None:
    await trail.record([entry(1, at=trail.clock.now() + timedelta(seconds=5))])

    assert await audit.oldest_unchained_age(connection, trail.clock.now()) == timedelta()


async def test_erasing_a_subject_leaves_other_subjects_and_all_entries(
    trail: Trail, connection: Connection
) -> None:
    now = trail.clock.now()
    await trail.record(
        [entry(1, at=now, personal=EMAIL), entry(2, at=now, subject=OTHER, personal=EMAIL), entry(3, at=now)]
    )

    assert await audit.erase(connection, SUBJECT) == 1

    kept = await connection.fetch("SELECT subject_id FROM audit_personal")
    assert [row["subject_id"] for row in kept] == [OTHER.id]
    assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 3


@pytest.mark.parametrize("table", ["audit_entries", "audit_chain", "audit_checkpoints", "audit_personal"])
@pytest.mark.parametrize("partition", ["", "_default", "_p202611"])
async def test_the_daemon_changes_deletes_and_truncates_nothing(
    trail: Trail, connection: Connection, owner_connection: Connection, table: str, partition: str
) -> None:
    await connection.execute("SELECT ensure_partitions($1::timestamptz)", trail.clock.now())
    if table == "audit_checkpoints":
        partition = ""
    may_delete = table == "audit_personal" and not partition
    columns = {"audit_chain": "hash = ''", "audit_checkpoints": "line = '{}'", "audit_personal": "salt = ''"}

    refused = [
        f"UPDATE {table}{partition} SET {columns.get(table, chr(105) + 'd = id')}",
        f"TRUNCATE {table}{partition}",
        *([] if may_delete else [f"DELETE FROM {table}{partition}"]),
        f"DROP TABLE {table}{partition}",
        f"ALTER TABLE {table}{partition} DISABLE TRIGGER ALL",
    ]
    for statement in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_daemon_cannot_forge_the_writing_transaction(connection: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(
            "INSERT INTO audit_entries (id, at, canonical, written_by)"
            " VALUES ('00000000-0000-0000-0000-000000000001', '2026-01-01', '{}', '1')"
        )


async def test_the_daemon_cannot_drop_a_part(connection: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT drop_audit_before($1)", datetime(2027, 1, 1, tzinfo=UTC))


async def test_entries_find_their_part_and_those_without_one_the_default(
    trail: Trail, connection: Connection, owner_connection: Connection
) -> None:
    await connection.execute("SELECT ensure_partitions($1::timestamptz)", trail.clock.now())
    await trail.record([entry(1, at=trail.clock.now()), entry(2, at=trail.clock.now() - timedelta(days=300))])

    rows = await owner_connection.fetch(
        "SELECT tableoid::regclass::text AS part FROM audit_entries ORDER BY id"
    )
    assert [row["part"] for row in rows] == ["audit_entries_p202611", "audit_entries_default"]
