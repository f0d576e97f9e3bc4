"""Every way to tamper with the trail is seen, named, and found at its place (P11).

The tampering is done by the owner of the tables, whom no right stops.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bookingd.domain.audit import GENESIS, Personal, SignedCheckpoint, chain_hash, parse_checkpoint
from bookingd.domain.audit_findings import Break
from bookingd.storage import audit, checkpoints
from bookingd.storage.audit_reading import CannotStartThere, Report
from bookingd.storage.audit_retention import CannotClose, close_partition
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock
from tests.storage.audit_trail import SUBJECT, Trail, entry, numbers, signer_of

EMAIL = {"email": Personal(value="anna@example.org", salt=b"\x07" * 32)}


@pytest.fixture
async def trail(database: Database, clock: ManualClock, tmp_path: Path) -> Trail:
    """Entries 1 to 30, signed after 10, 20 and 30; entry 5 holds a personal value."""
    trail = Trail.of(database, clock, tmp_path)
    await trail.record([entry(number, at=clock.now()) for number in range(1, 5)])
    await trail.record([entry(5, at=clock.now(), personal=EMAIL)])
    await trail.grow(6, 10)
    await trail.grow(11, 20)
    await trail.grow(21, 30)
    return trail


def breaks(report: Report) -> list[tuple[str, int | None]]:
    return [(one.kind.name, one.number) for one in report.findings.kept]


async def rewrite(owner: Connection, first: int) -> None:
    """Recompute all hashes from number `first` on, as one who knows how would do."""
    rows = await owner.fetch(
        "SELECT number, hash, canonical::text AS canonical FROM audit_chain"
        " LEFT JOIN audit_entries ON id = entry_id AND at = entry_at WHERE number >= $1 - 1 ORDER BY number",
        first,
    )
    previous = GENESIS if rows[0]["number"] == first else rows[0]["hash"]
    for row in rows:
        if row["number"] >= first:
            previous = chain_hash(previous, row["canonical"].encode())
            await owner.execute("UPDATE audit_chain SET hash = $2 WHERE number = $1", row["number"], previous)


async def forge_entry(owner: Connection, number: int) -> None:
    await owner.execute(
        "UPDATE audit_entries SET canonical = replace(canonical::text, 'booking.held', 'booking.paid')::json"
        " WHERE id = (SELECT entry_id FROM audit_chain WHERE number = $1)",
        number,
    )


async def test_an_untouched_trail_is_intact(trail: Trail) -> None:
    report = await trail.verify()

    assert report.intact
    assert (report.entries, report.number, report.checkpoints, report.matched) == (30, 30, 3, 3)
    assert (report.personal, report.erased, list(report.warnings)) == (1, 0, [])


async def test_changed_bytes_are_found_at_their_number(trail: Trail, owner_connection: Connection) -> None:
    await forge_entry(owner_connection, 12)

    report = await trail.verify()

    assert breaks(report) == [(Break.ENTRY_CHANGED.name, 12)]
    assert report.findings.kept[0].entry == (
        f"booking.paid on {SUBJECT} at 2026-11-22T12:01:01.000000Z by guest:anna"
    )


async def test_changed_bytes_of_the_last_entry_are_found(trail: Trail, owner_connection: Connection) -> None:
    await forge_entry(owner_connection, 30)

    assert breaks(await trail.verify()) == [(Break.UNFIT.name, 30)]


@pytest.mark.parametrize("number", [12, 20])
async def test_a_changed_hash_is_told_from_changed_bytes(
    trail: Trail, owner_connection: Connection, number: int
) -> None:
    await owner_connection.execute("UPDATE audit_chain SET hash = sha256('x') WHERE number = $1", number)

    assert breaks(await trail.verify()) == [(Break.HASH_CHANGED.name, number)]


@pytest.mark.parametrize("column", ["number", "entry_id"])
async def test_exchanged_entries_are_found(trail: Trail, owner_connection: Connection, column: str) -> None:
    """Whole rows of the chain in each other's place, or only their entries."""
    one, other = await owner_connection.fetch(
        "SELECT * FROM audit_chain WHERE number IN (12, 13) ORDER BY number"
    )
    await owner_connection.execute("DELETE FROM audit_chain WHERE number IN (12, 13)")
    for row, exchanged in ((one, other), (other, one)):
        forged = {**row, column: exchanged[column]}
        await owner_connection.execute(
            "INSERT INTO audit_chain VALUES ($1, $2, $3, $4, $5)", *forged.values()
        )

    assert breaks(await trail.verify()) == [(Break.EXCHANGED.name, 12)]


async def test_entries_far_apart_that_changed_places_are_both_found(
    trail: Trail, owner_connection: Connection
) -> None:
    await owner_connection.execute("UPDATE audit_chain SET number = 99 WHERE number = 3")
    await owner_connection.execute("UPDATE audit_chain SET number = 3 WHERE number = 25")
    await owner_connection.execute("UPDATE audit_chain SET number = 25 WHERE number = 99")

    report = await trail.verify()

    assert {number for _, number in breaks(report)} >= {3, 25}
    assert report.findings.first is not None
    assert report.findings.first.number == 3


async def test_missing_numbers_are_found(trail: Trail, owner_connection: Connection) -> None:
    await owner_connection.execute("DELETE FROM audit_chain WHERE number IN (12, 13)")

    report = await trail.verify()

    assert breaks(report) == [(Break.MISSING.name, 12)]
    assert "numbers 12 to 13 are missing" in report.findings.kept[0].says


async def test_numbers_that_were_closed_up_do_not_hide_a_deletion(
    trail: Trail, owner_connection: Connection
) -> None:
    await owner_connection.execute("DELETE FROM audit_chain WHERE number = 12")
    for number in range(13, 31):
        await owner_connection.execute("UPDATE audit_chain SET number = $1 - 1 WHERE number = $1", number)

    report = await trail.verify()

    assert breaks(report) == [
        (Break.ENTRY_CHANGED.name, 12),
        (Break.REWRITTEN.name, 20),
        (Break.CUT.name, 30),
    ]


async def test_a_number_given_twice_is_found(trail: Trail, owner_connection: Connection) -> None:
    await owner_connection.execute(
        "INSERT INTO audit_chain SELECT 12, entry_id, entry_at + interval '1 s', hash, settled_before"
        " FROM audit_chain WHERE number = 12"
    )

    assert (Break.REPEATED.name, 12) in breaks(await trail.verify())


async def test_a_deleted_entry_is_found(trail: Trail, owner_connection: Connection) -> None:
    await owner_connection.execute(
        "DELETE FROM audit_entries WHERE id = (SELECT entry_id FROM audit_chain WHERE number = 12)"
    )

    assert breaks(await trail.verify()) == [(Break.ENTRY_GONE.name, 12)]


@pytest.mark.parametrize("kept", [19, 20, 25, 29])
async def test_a_cut_tail_is_found(trail: Trail, owner_connection: Connection, kept: int) -> None:
    await owner_connection.execute("DELETE FROM audit_chain WHERE number > $1", kept)

    report = await trail.verify()

    assert breaks(report) == [(Break.CUT.name, kept + 1)]


async def test_a_tail_cut_together_with_its_checkpoints_is_found_by_the_file(
    trail: Trail, owner_connection: Connection
) -> None:
    await owner_connection.execute("DELETE FROM audit_chain WHERE number > 20")
    await owner_connection.execute(
        "DELETE FROM audit_entries WHERE (canonical #>> '{details,number}')::int > 20"
    )
    await owner_connection.execute("DELETE FROM audit_checkpoints WHERE number > 20")

    assert breaks(await trail.verify()) == [(Break.CHECKPOINT_MISSING.name, None), (Break.CUT.name, 21)]


async def test_everything_deleted_is_found(trail: Trail, owner_connection: Connection) -> None:
    await owner_connection.execute("TRUNCATE audit_chain, audit_entries, audit_checkpoints, audit_personal")

    assert (Break.CUT.name, 1) in breaks(await trail.verify())


async def test_a_rewritten_chain_fits_itself_and_not_the_checkpoints(
    trail: Trail, owner_connection: Connection
) -> None:
    await forge_entry(owner_connection, 12)
    await rewrite(owner_connection, 12)

    report = await trail.verify()

    assert breaks(report) == [(Break.REWRITTEN.name, 11)]
    assert "entries 11 to 20: not the history that checkpoint 2 signed" in report.findings.kept[0].says


async def test_a_chain_rewritten_from_the_start_and_signed_anew_with_another_key_is_found(
    trail: Trail, owner_connection: Connection
) -> None:
    await forge_entry(owner_connection, 12)
    await rewrite(owner_connection, 12)
    forger, former = signer_of(2), None
    lines = await owner_connection.fetch(
        "SELECT sequence, line::text AS line FROM audit_checkpoints ORDER BY 1"
    )
    for row in lines:
        old = parse_checkpoint(row["line"]).checkpoint
        own = await owner_connection.fetchval("SELECT hash FROM audit_chain WHERE number = $1", old.number)
        previous = former.digest() if former else GENESIS
        former = replace(old, hash=own, previous=previous, public_key=forger.public_key)
        await owner_connection.execute(
            "UPDATE audit_checkpoints SET line = $2 WHERE sequence = $1",
            old.sequence,
            forger.sign(former).line(),
        )

    found = breaks(await trail.verify())

    assert [kind for kind, _ in found[:3]] == [Break.CHECKPOINT_DIFFERS.name] * 3
    assert (Break.REWRITTEN.name, 11) in found


async def test_a_searchable_column_that_was_cut_loose_and_changed_is_found(
    trail: Trail, owner_connection: Connection
) -> None:
    await owner_connection.execute("ALTER TABLE audit_entries ALTER COLUMN action DROP EXPRESSION")
    await owner_connection.execute(
        "UPDATE audit_entries SET action = 'x'"
        " WHERE id = (SELECT entry_id FROM audit_chain WHERE number = 12)"
    )

    report = await trail.verify()

    assert breaks(report) == [(Break.COLUMNS_DIFFER.name, 12)]
    assert (
        "column action of entry 12 says 'x', the hashed entry 'booking.held'" in report.findings.kept[0].says
    )


async def test_bytes_that_are_no_entry_at_all_break_only_their_place(
    trail: Trail, owner_connection: Connection
) -> None:
    for constraint in ("id_is_the_hashed_one", "at_is_the_hashed_one", "names_are_complete"):
        await owner_connection.execute(f"ALTER TABLE audit_entries DROP CONSTRAINT {constraint}")
    for number, text in ((12, '{"subject":5,"personal":[]}'), (14, "[1]")):
        await owner_connection.execute(
            "UPDATE audit_entries SET canonical = $2"
            " WHERE id = (SELECT entry_id FROM audit_chain WHERE number = $1)",
            number,
            text,
        )

    found = breaks(await trail.verify())

    assert {number for _, number in found} == {12, 14}
    assert (Break.ENTRY_CHANGED.name, 12) in found


async def test_a_changed_personal_value_is_found(trail: Trail, owner_connection: Connection) -> None:
    await owner_connection.execute("UPDATE audit_personal SET value = '\"eve@example.org\"'")

    assert breaks(await trail.verify()) == [(Break.PERSONAL_CHANGED.name, 5)]


async def test_an_erased_personal_value_is_erased_and_not_broken(
    trail: Trail, owner_connection: Connection
) -> None:
    await audit.erase(owner_connection, SUBJECT)

    report = await trail.verify()

    assert report.intact
    assert (report.personal, report.erased) == (0, 1)


async def test_a_checkpoint_with_a_wrong_signature_is_found_and_not_used(trail: Trail) -> None:
    lines = list(trail.file.lines())
    signed = parse_checkpoint(lines[1])
    forged = SignedCheckpoint(checkpoint=signed.checkpoint, signature=bytes(64))
    trail.file.path.write_text("\n".join([lines[0], forged.line(), lines[2], ""]))

    report = await trail.verify()

    assert (Break.SIGNATURE.name, 20) in breaks(report)
    assert report.matched == 2


async def test_a_checkpoint_of_an_unknown_key_is_found(trail: Trail) -> None:
    report = await trail.verify(pinned=frozenset({signer_of(2).public_key}))

    assert [kind for kind, _ in breaks(report)][:3] == [Break.UNKNOWN_KEY.name] * 3
    assert breaks(report)[-1] == (Break.CHECKPOINT_MISSING.name, None)


async def test_a_line_taken_out_of_the_file_is_found(trail: Trail) -> None:
    lines = list(trail.file.lines())
    trail.file.path.write_text("\n".join([lines[0], lines[2], ""]))

    assert breaks(await trail.verify()) == [(Break.CHECKPOINT_MISSING.name, None)]


async def test_a_line_that_occurs_twice_is_found(trail: Trail) -> None:
    with trail.file.path.open("a") as file:
        file.write(next(trail.file.lines()) + "\n")

    assert breaks(await trail.verify()) == [(Break.CHECKPOINT_DIFFERS.name, None)]


async def test_a_checkpoint_that_does_not_follow_from_the_one_before_is_found(
    trail: Trail, owner_connection: Connection
) -> None:
    """Even one with a good signature: the key was used to sign another past."""
    lines = list(trail.file.lines())
    other = trail.signer.sign(replace(parse_checkpoint(lines[2]).checkpoint, previous=GENESIS))
    trail.file.path.write_text("\n".join([*lines[:2], other.line(), ""]))
    await owner_connection.execute("UPDATE audit_checkpoints SET line = $1 WHERE sequence = 3", other.line())

    report = await trail.verify()

    assert [one.says for one in report.findings.kept] == [
        "checkpoint 3 does not follow from the one before it"
    ]


async def test_an_interrupted_line_is_a_warning(trail: Trail) -> None:
    lines = list(trail.file.lines())
    trail.file.path.write_text("\n".join([*lines[:2], lines[2][:50]]))

    report = await trail.verify()

    assert report.intact
    assert list(report.warnings) == [
        "1 line is unreadable in the checkpoint file (an interrupted write leaves one)",
        "1 checkpoint is in the database and not in the file yet",
    ]


async def test_entries_forgotten_by_the_chainer_are_a_warning(trail: Trail) -> None:
    await trail.record([entry(31, at=trail.clock.now())])
    trail.clock.advance(timedelta(minutes=6))

    report = await trail.verify()

    assert report.intact
    assert list(report.warnings) == [
        "1 entry is not chained, the oldest from 2026-11-22 12:03 UTC: does the audit actor run?"
    ]


async def test_verification_can_start_at_a_checkpoint(trail: Trail, owner_connection: Connection) -> None:
    await forge_entry(owner_connection, 5)

    report = await trail.verify(want=2)

    assert report.intact
    assert (report.start.number, report.entries, report.number) == (20, 10, 30)


async def test_it_cannot_start_at_a_checkpoint_that_nobody_signed(trail: Trail) -> None:
    with pytest.raises(CannotStartThere, match="no checkpoint 4"):
        await trail.verify(want=4)


async def test_many_breaks_are_counted_and_the_first_ones_told(
    trail: Trail, owner_connection: Connection
) -> None:
    await trail.grow(31, 200)
    await owner_connection.execute(
        "DELETE FROM audit_entries WHERE (canonical #>> '{details,number}')::int > 40"
    )

    report = await trail.verify()

    assert (report.findings.count, len(report.findings.kept)) == (160, 50)


# Retention

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def two_months(trail: Trail, owner_connection: Connection) -> Trail:
    """After entries 1 to 30: 31 from December, 32 from November (it committed late), 33 from December."""
    trail.clock.advance(DECEMBER - timedelta(minutes=1) - trail.clock.now())
    await owner_connection.execute("SELECT ensure_partitions($1::timestamptz)", trail.clock.now())
    times = [
        DECEMBER + timedelta(seconds=1),
        DECEMBER - timedelta(seconds=1),
        DECEMBER + timedelta(seconds=2),
    ]
    for number, at in enumerate(times, start=31):
        await trail.record([entry(number, at=at)])
    trail.clock.advance(timedelta(days=40))
    await trail.work()
    return trail


async def close(trail: Trail, owner: Connection, before: datetime = DECEMBER) -> None:
    await close_partition(owner, before=before, at=trail.clock.now(), signer=trail.signer)
    async with trail.database.connection() as connection:
        await checkpoints.publish(connection, file=trail.file)


async def test_what_is_kept_after_a_month_was_dropped_is_verified_from_the_signed_boundary(
    two_months: Trail, owner_connection: Connection
) -> None:
    await close(two_months, owner_connection)
    await two_months.grow(34, 36)

    report = await two_months.verify()

    assert report.intact, report.findings.kept
    assert (report.start.number, report.number) == (32, 36)
    assert await numbers(owner_connection) == [31, 33, 34, 35, 36]
    assert await owner_connection.fetchval("SELECT to_regclass('audit_entries_p202611')") is None


async def test_an_entry_kept_below_the_boundary_cannot_be_changed_unseen(
    two_months: Trail, owner_connection: Connection
) -> None:
    await close(two_months, owner_connection)
    await forge_entry(owner_connection, 31)

    assert breaks(await two_months.verify()) == [(Break.ENTRY_CHANGED.name, 31)]


async def test_an_entry_slipped_in_below_the_boundary_is_found(
    two_months: Trail, owner_connection: Connection
) -> None:
    await close(two_months, owner_connection)
    await owner_connection.execute("UPDATE audit_chain SET number = 30 WHERE number = 31")

    found = breaks(await two_months.verify())

    assert found == [(Break.MISSING.name, 31), (Break.REPEATED.name, 30)]


async def test_a_month_dropped_without_a_boundary_is_a_cut(
    two_months: Trail, owner_connection: Connection
) -> None:
    await owner_connection.execute("SELECT drop_audit_before($1)", DECEMBER)

    assert breaks(await two_months.verify())[0] == (Break.MISSING.name, 1)


async def test_numbers_go_on_when_everything_was_dropped(
    two_months: Trail, owner_connection: Connection
) -> None:
    await close(two_months, owner_connection, before=datetime(2027, 1, 1, tzinfo=UTC))
    await two_months.grow(34, 35)

    report = await two_months.verify()

    assert report.intact, report.findings.kept
    assert await numbers(owner_connection) == [34, 35]


async def test_a_second_boundary_follows_the_first(two_months: Trail, owner_connection: Connection) -> None:
    await two_months.grow(34, 35)
    await close(two_months, owner_connection)
    two_months.clock.advance(timedelta(days=40))
    await two_months.grow(36, 37)
    await close(two_months, owner_connection, before=datetime(2027, 1, 1, tzinfo=UTC))

    report = await two_months.verify()

    assert report.intact, report.findings.kept
    assert (report.start.number, report.number) == (33, 37)
    with pytest.raises(CannotStartThere, match="everything up to number 33 was dropped"):
        await two_months.verify(want=2)


async def test_a_straggler_may_follow_what_an_earlier_boundary_dropped(
    trail: Trail, owner_connection: Connection
) -> None:
    """31 from January is chained to 30, which goes first; then 32 from December goes, which came after it."""
    january = datetime(2027, 1, 1, tzinfo=UTC)
    await trail.record([entry(31, at=january + timedelta(seconds=1))])
    await trail.record([entry(32, at=january - timedelta(seconds=1))])
    trail.clock.advance(timedelta(days=80))
    await trail.work()
    await close(trail, owner_connection)
    await close(trail, owner_connection, before=january)
    await trail.grow(33, 34)

    report = await trail.verify()

    assert report.intact, report.findings.kept
    assert await numbers(owner_connection) == [31, 33, 34]


async def test_a_month_with_unchained_entries_stays(trail: Trail, owner_connection: Connection) -> None:
    await trail.record([entry(31, at=trail.clock.now())])
    trail.clock.advance(timedelta(days=40))

    with pytest.raises(CannotClose, match="1 entries from before 2026-12-01 are not chained yet"):
        await close(trail, owner_connection)


async def test_the_present_month_stays(trail: Trail, owner_connection: Connection) -> None:
    with pytest.raises(CannotClose, match="may still come"):
        await close(trail, owner_connection)


async def test_nothing_to_drop_signs_nothing(trail: Trail, owner_connection: Connection) -> None:
    before = datetime(2026, 11, 1, tzinfo=UTC)

    assert (
        await close_partition(owner_connection, before=before, at=trail.clock.now(), signer=trail.signer)
        is None
    )


def test_a_commitment_is_what_the_page_on_the_trail_says() -> None:
    value = EMAIL["email"]

    assert value.commitment == hashlib.sha256(b"\x07" * 32 + b'"anna@example.org"').hexdigest()
