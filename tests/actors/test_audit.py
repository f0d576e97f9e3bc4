"""The audit actor: everything recorded is chained and signed in time, whoever runs it and whatever dies."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from actors.audit import BATCH, AuditActor, Chainer
from bookingd.domain.audit import parse_checkpoint
from bookingd.storage.checkpoints import CheckpointFile, DatabaseSetBack
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock
from tests.storage.audit_trail import Trail, entry, numbers, signer_of


class Lag:
    """A gauge that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.changed = asyncio.Event()

    def set(self, value: float) -> None:
        self.told.append(value)
        self.changed.set()


@pytest.fixture
def trail(database: Database, clock: ManualClock, tmp_path: Path) -> Trail:
    return Trail.of(database, clock, tmp_path)


def signed(file: CheckpointFile) -> list[tuple[int, int]]:
    """Sequence and number of each checkpoint in the file."""
    read = [parse_checkpoint(line).checkpoint for line in file.lines()] if file.path.exists() else []
    return [(one.sequence, one.number) for one in read]


async def test_the_first_entry_is_signed_at_once(trail: Trail) -> None:
    await trail.record([entry(1, at=trail.clock.now())])

    await trail.work()

    assert signed(trail.file) == [(1, 1)]


async def test_an_empty_trail_is_not_signed(trail: Trail) -> None:
    await trail.work()

    assert signed(trail.file) == []


async def test_later_entries_are_signed_when_the_minute_is_over(trail: Trail) -> None:
    await trail.grow(1, 1)
    await trail.record([entry(2, at=trail.clock.now())])
    trail.clock.advance(59)
    await trail.work()
    before = signed(trail.file)
    trail.clock.advance(1)
    await trail.work()

    assert (before, signed(trail.file)) == ([(1, 1)], [(1, 1), (2, 2)])


async def test_nothing_is_signed_twice_when_nothing_happens(trail: Trail) -> None:
    await trail.grow(1, 1)
    trail.clock.advance(timedelta(hours=1))
    await trail.work()

    assert signed(trail.file) == [(1, 1)]


async def test_many_entries_are_signed_before_the_minute_is_over(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    trail = Trail.of(database, clock, tmp_path, entries=5)
    await trail.grow(1, 1)
    await trail.record([entry(number, at=clock.now()) for number in range(2, 7)])

    await trail.work()

    assert signed(trail.file) == [(1, 1), (2, 6)]


async def test_a_crash_between_table_and_file_is_made_up_at_the_next_start(trail: Trail) -> None:
    await trail.grow(1, 1)
    await trail.grow(2, 2)
    whole = trail.file.path.read_text()
    trail.file.path.write_text(whole.splitlines(keepends=True)[0])

    again = Chainer(database=trail.database, clock=trail.clock, signer=trail.signer, file=trail.file)
    await again.sign_if_due()

    assert trail.file.path.read_text() == whole


async def test_two_processes_sign_one_after_the_other(trail: Trail) -> None:
    other = Chainer(database=trail.database, clock=trail.clock, signer=trail.signer, file=trail.file)
    for number in range(1, 11):
        await trail.record([entry(number, at=trail.clock.now())])
        trail.clock.advance(61)
        await asyncio.gather(trail.chainer.chain_once(), other.chain_once())
        await asyncio.gather(trail.chainer.sign_if_due(), other.sign_if_due())
    await trail.work()

    report = await trail.verify()
    assert report.intact, report.findings.kept
    assert (report.entries, report.number) == (10, 10)


async def test_a_database_that_was_set_back_is_chained_but_not_signed(
    trail: Trail, owner_connection: Connection
) -> None:
    await trail.grow(1, 1)
    await trail.grow(2, 2)
    await owner_connection.execute("DELETE FROM audit_checkpoints WHERE sequence = 2")
    await owner_connection.execute("DELETE FROM audit_chain WHERE number = 2")
    await trail.record([entry(3, at=trail.clock.now())])
    trail.clock.advance(61)
    await trail.chainer.chain_once()

    with pytest.raises(DatabaseSetBack, match="ends with checkpoint 2, the database with 1"):
        await trail.chainer.sign_if_due()

    assert await numbers(owner_connection) == [1, 2, 3]
    assert signed(trail.file) == [(1, 1), (2, 2)]


async def chained(connection: Connection, many: int) -> None:
    while await connection.fetchval("SELECT count(*) FROM audit_chain") < many:
        pass  # each question lets the loop go on


async def test_the_loop_empties_the_backlog_without_a_pause(trail: Trail, connection: Connection) -> None:
    many = BATCH * 2 + 7
    await trail.record([entry(number, at=trail.clock.now()) for number in range(1, many + 1)])
    actor = AuditActor(chainer=trail.chainer, clock=trail.clock, lag=Lag())

    running = asyncio.ensure_future(actor.keep_chaining())
    await asyncio.wait_for(chained(connection, many), 20)
    running.cancel()

    assert await connection.fetchval("SELECT max(number) FROM audit_chain") == many


async def test_the_loop_looks_again_after_its_pause(trail: Trail, connection: Connection) -> None:
    await trail.record([entry(1, at=trail.clock.now())])
    actor = AuditActor(chainer=trail.chainer, clock=trail.clock, lag=Lag(), pause=0.5)
    running = asyncio.ensure_future(actor.keep_chaining())
    await asyncio.wait_for(chained(connection, 1), 20)
    await trail.record([entry(2, at=trail.clock.now())])

    waiting = asyncio.ensure_future(chained(connection, 2))
    while not waiting.done():
        trail.clock.advance(0.5)
        await asyncio.wait([waiting], timeout=0.01)
    running.cancel()

    assert await numbers(connection) == [1, 2]


async def test_the_lag_is_told_even_when_nothing_is_chained(trail: Trail) -> None:
    await trail.record([entry(1, at=trail.clock.now() - timedelta(seconds=7))])
    lag = Lag()
    actor = AuditActor(chainer=trail.chainer, clock=trail.clock, lag=lag)

    running = asyncio.ensure_future(actor.tell_lag())
    await lag.changed.wait()
    running.cancel()

    assert lag.told == [7]


async def test_the_loop_signs_when_it_is_time(trail: Trail) -> None:
    await trail.grow(1, 1)
    await trail.record([entry(2, at=trail.clock.now())])
    await trail.chainer.chain_once()
    actor = AuditActor(chainer=trail.chainer, clock=trail.clock, lag=Lag(), pause=10)
    running = asyncio.ensure_future(actor.keep_signing())

    while len(signed(trail.file)) < 2:
        await asyncio.wait([running], timeout=0.01)
        trail.clock.advance(10)
    running.cancel()

    assert signed(trail.file) == [(1, 1), (2, 2)]
    assert list(actor.loops) == [actor.keep_chaining, actor.keep_signing, actor.tell_lag]


def test_the_actor_has_an_empty_mailbox(trail: Trail) -> None:
    actor = AuditActor(chainer=trail.chainer, clock=trail.clock, lag=Lag())

    assert (actor.accepts, actor.deciding, actor.acting, actor.answering) == ((), {}, {}, {})


def test_a_signer_tells_its_public_key() -> None:
    assert signer_of(1).public_key != signer_of(2).public_key
