"""A process tells that it is there, keeps quiet while the database is away, and takes its row with it."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bookingd.bus.port import Backlog, Mailbox
from bookingd.messages.catalogue import Lane
from bookingd.sources import Sources
from bookingd.storage import processes
from bookingd.storage.database import Connection, Database
from bookingd.storage.processes import Queue, Seen
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring import presence as presence_module
from bookingd.wiring.presence import BEAT_EVERY, GOODBYE, SECOND_BEAT, Presence, this_process
from tests.acceptance.daemon import until
from tests.fakes.sources import ManualClock
from tests.faults.wire import Wire, through, to_postgres
from tests.storage.test_processes import process
from tests.wiring.conftest import SettingsOf


class Mailboxes:
    """Two of them, in no order."""

    async def backlog(self) -> Mapping[Mailbox, Backlog]:
        return {
            Mailbox("booking", Lane.NORMAL): Backlog(messages=3, consumers=1),
            Mailbox("audit", Lane.BULK): Backlog(messages=0, consumers=0),
        }


class HangingMailboxes(Mailboxes):
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        self.asked = 0

    async def backlog(self) -> Mapping[Mailbox, Backlog]:
        self.asked += 1
        await self.answer.wait()
        return await super().backlog()


class NotingClock(ManualClock):
    """Lets nobody wait, and notes how long everybody wanted to, for so many times."""

    def __init__(self, *, sleeps: int) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.enough = asyncio.Event()
        self._sleeps = sleeps

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self._sleeps:
            self.enough.set()
            await super().sleep(seconds)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def parts() -> dict[str, str | None]:
    return {"daemon": "starting or stopping", "database": None}


def presence_of(
    database: Database,
    *,
    clock: ManualClock,
    metrics: Metrics,
    parts: Mapping[str, str | None],
    mailboxes: Mailboxes | None = None,
) -> Presence:
    return Presence(
        process=process(1),
        database=database,
        clock=clock,
        readiness=lambda: parts,
        mailboxes=mailboxes or Mailboxes(),
        metrics=metrics,
    )


@pytest.fixture
def presence(
    database: Database, clock: ManualClock, metrics: Metrics, parts: dict[str, str | None]
) -> Presence:
    return presence_of(database, clock=clock, metrics=metrics, parts=parts)


@asynccontextmanager
async def running(presence: Presence) -> AsyncIterator[None]:
    task = asyncio.create_task(presence.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def seen(connection: Connection) -> list[Seen]:
    return await processes.all_of_them(connection)


async def only(connection: Connection) -> Seen:
    [one] = await seen(connection)
    return one


async def test_a_word_says_what_is_not_well_what_is_in_flight_and_what_waits(
    presence: Presence, connection: Connection, metrics: Metrics
) -> None:
    metrics.in_flight.labels("booking").inc(4)
    metrics.loop_lag.observe(0.1)
    metrics.loop_lag.observe(0.3)
    await presence.beat()

    report = (await only(connection)).report
    assert report is not None
    assert report.waiting == {"daemon": "starting or stopping"}
    assert report.in_flight == {"booking": 4, "audit": 0}
    assert report.queues == (
        Queue(actor="audit", lane="bulk", messages=0, consumers=0),
        Queue(actor="booking", lane="normal", messages=3, consumers=1),
    )
    assert report.loop_lag == pytest.approx(0.2)


async def test_a_broker_that_hangs_is_asked_once_and_silences_nobody(
    database: Database,
    connection: Connection,
    clock: ManualClock,
    metrics: Metrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence_module, "BROKER_ANSWERS", 0.01)
    hanging = HangingMailboxes()
    presence = presence_of(database, clock=clock, metrics=metrics, parts={}, mailboxes=hanging)
    await presence.beat()
    clock.advance(BEAT_EVERY)
    await presence.beat()
    silenced = await only(connection)
    hanging.answer.set()
    monkeypatch.undo()
    await presence.beat()

    assert (silenced.seen_at, silenced.report and silenced.report.queues) == (clock.now(), ())
    assert hanging.asked == 1
    report = (await only(connection)).report
    assert report is not None
    assert len(report.queues) == 2


async def test_the_delay_of_the_event_loop_is_that_since_the_last_word(
    presence: Presence, connection: Connection, metrics: Metrics
) -> None:
    metrics.loop_lag.observe(0.5)
    await presence.beat()
    metrics.loop_lag.observe(0.25)
    await presence.beat()
    second = (await only(connection)).report
    await presence.beat()
    third = (await only(connection)).report

    assert second is not None
    assert second.loop_lag == pytest.approx(0.25)
    assert third is not None
    assert third.loop_lag is None


async def test_the_second_word_comes_soon_and_then_one_every_five_seconds(
    database: Database, metrics: Metrics, parts: dict[str, str | None]
) -> None:
    clock = NotingClock(sleeps=4)
    presence = presence_of(database, clock=clock, metrics=metrics, parts=parts)
    async with running(presence):
        await clock.enough.wait()

    assert clock.slept == [SECOND_BEAT, BEAT_EVERY, BEAT_EVERY, BEAT_EVERY]


async def test_a_process_that_is_stopped_takes_its_row_away(
    presence: Presence, connection: Connection
) -> None:
    async with running(presence):
        await until(lambda: seen(connection))

    assert await seen(connection) == []


async def test_rows_of_processes_unseen_for_a_day_go(
    presence: Presence, connection: Connection, clock: ManualClock
) -> None:
    for number, age in ((2, timedelta(hours=23)), (3, timedelta(hours=25))):
        await processes.beat(
            connection,
            process=process(number),
            report=processes.Report(),
            now=clock.now() - age,
            forget_before=clock.now() - timedelta(days=9),
        )

    await presence.beat()

    assert sorted(one.process.id.int for one in await seen(connection)) == [1, 2]


async def test_while_the_database_is_away_it_keeps_quiet_says_so_once_and_goes_on(
    database_dsn: str, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bookingd.wiring.presence")
    async with Wire.laid(to_postgres(database_dsn)) as wire:
        database = await Database.open(dsn=through(database_dsn, wire), acquire_within=1.0)
        clock = ManualClock()
        async with running(presence_of(database, clock=clock, metrics=metrics, parts={})):
            await until(lambda: _heard(database))
            await wire.cut()
            await until(lambda: _told(caplog, clock, "nobody hears"))
            for _ in range(5):
                clock.advance(BEAT_EVERY)
                await asyncio.sleep(0.02)  # for another try, which is not told
            await wire.mend()
            await until(lambda: _told(caplog, clock, "heard again"))
        await database.close()

    told = [one.message.split(":")[0] for one in caplog.records if one.name == presence_module.__name__]
    assert told == ["nobody hears that this process is there", "this process is heard again"]


async def test_a_stop_does_not_wait_for_a_database_that_is_away(database_dsn: str, metrics: Metrics) -> None:
    async with Wire.laid(to_postgres(database_dsn)) as wire:
        database = await Database.open(dsn=through(database_dsn, wire))
        async with asyncio.timeout(GOODBYE + 3):
            async with running(presence_of(database, clock=ManualClock(), metrics=metrics, parts={})):
                await until(lambda: _heard(database))
                await wire.cut()
            await database.close()


async def _heard(database: Database) -> list[Seen]:
    async with database.connection() as connection:
        return await seen(connection)


async def _told(caplog: pytest.LogCaptureFixture, clock: ManualClock, words: str) -> bool:
    clock.advance(BEAT_EVERY)
    return any(words in record.message for record in caplog.records)


async def test_a_process_is_known_by_its_host_its_pid_its_actors_and_where_it_serves(
    settings_of: SettingsOf,
) -> None:
    settings = settings_of()

    known = this_process(settings, Sources.system())

    assert known.pid == os.getpid()
    assert known.actors == settings.actors.run
    assert known.http_address == f"127.0.0.1:{settings.server.port}"
