"""What each process tells of itself, and how long it is kept."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from bookingd.storage import processes
from bookingd.storage.database import Connection
from bookingd.storage.processes import Process, Queue, Report, Seen
from tests.fakes.sources import START

REPORT = Report(
    waiting={"broker": "waiting for it"},
    in_flight={"booking": 3},
    queues=(Queue(actor="booking", lane="normal", messages=12, consumers=2),),
    loop_lag=0.25,
)


def process(number: int, *, started_at: datetime = START) -> Process:
    return Process(
        id=UUID(int=number),
        host="a.example.com",
        pid=100 + number,
        version="1.2.3",
        actors=("booking", "audit"),
        http_address="127.0.0.1:8080",
        started_at=started_at,
    )


async def beat(
    connection: Connection,
    of: Process,
    *,
    at: datetime,
    forget_before: datetime = START,
    says: Report = REPORT,
) -> None:
    await processes.beat(connection, process=of, report=says, now=at, forget_before=forget_before)


async def test_the_last_word_of_each_process_stands(connection: Connection) -> None:
    silent = replace(process(2, started_at=START - timedelta(hours=1)), actors=(), http_address=None)
    await beat(connection, process(1), at=START, says=Report())
    await beat(connection, silent, at=START, says=Report())

    await beat(connection, process(1), at=START + timedelta(seconds=5))

    assert await processes.all_of_them(connection) == [
        Seen(process=silent, seen_at=START, report=Report()),
        Seen(process=process(1), seen_at=START + timedelta(seconds=5), report=REPORT),
    ]
    assert Report().ready
    assert not REPORT.ready


async def test_a_process_that_stops_takes_its_row_away(connection: Connection) -> None:
    await beat(connection, process(1), at=START)
    await beat(connection, process(2), at=START)

    await processes.leave(connection, gone=[UUID(int=1)], now=START)

    assert [seen.process.id.int for seen in await processes.all_of_them(connection)] == [2]


async def test_what_nobody_has_seen_for_long_is_forgotten_but_never_who_says_so(
    connection: Connection,
) -> None:
    await beat(connection, process(1), at=START)
    await beat(connection, process(2), at=START)
    later = START + timedelta(days=2)

    await beat(connection, process(2), at=later, forget_before=later - timedelta(days=1))

    assert [seen.process.id.int for seen in await processes.all_of_them(connection)] == [2]


async def test_the_report_of_another_release_is_read_as_far_as_it_is_understood(
    connection: Connection,
) -> None:
    await beat(connection, process(1), at=START)
    await beat(connection, process(2), at=START)
    await connection.execute("""UPDATE processes SET report = '{"queues": 7}' WHERE pid = 101""")
    await connection.execute("""UPDATE processes SET report = '{"mood": "good"}' WHERE pid = 102""")

    assert [seen.report for seen in await processes.all_of_them(connection)] == [None, Report()]
