"""`bookingd status`: what it finds, what of it needs a person, and how it says so."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bookingd.config import ACTORS
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.messages.catalogue import Kind, Lane
from bookingd.sources import SystemClock, SystemIds
from bookingd.storage import attention, audit, dead_letters, outbox, processes, rates
from bookingd.storage.attention import Attention
from bookingd.storage.database import Connection
from bookingd.storage.outbox import Bundle
from bookingd.storage.processes import Process, Queue, Report
from tests.cli.conftest import Run
from tests.rates import sheet
from tests.storage.test_dead_letters import letter, tell

READY = Report(
    in_flight={"booking": 3},
    queues=tuple(Queue(actor=actor, lane=lane, messages=0, consumers=1) for actor in ACTORS for lane in Lane),
)


def process(number: int, *, up: timedelta = timedelta(hours=2), **changed: Any) -> Process:
    whole = Process(
        id=UUID(int=number),
        host="a",
        pid=100 + number,
        version="1.2.3",
        actors=tuple(ACTORS),
        http_address="127.0.0.1:8080",
        started_at=SystemClock().now() - up,
    )
    return replace(whole, **changed)


async def hear(
    connection: Connection, of: Process, report: Report = READY, *, ago: timedelta = timedelta(seconds=1)
) -> None:
    now = SystemClock().now()
    await processes.beat(
        connection, process=of, report=report, now=now - ago, forget_before=now - timedelta(days=1)
    )


async def told(run: Run) -> Mapping[str, Any]:
    ended = await run("status", "--json")
    found: Mapping[str, Any] = json.loads(ended.stdout)
    assert ended.exit_code == (0 if found["well"] else 1)
    return found


def codes(found: Mapping[str, Any]) -> list[str]:
    return [problem["code"] for problem in found["problems"]]


async def test_an_installation_that_is_well(run: Run, connection: Connection) -> None:
    await hear(connection, process(1))

    shown = await run("status")

    lines = shown.stdout.splitlines()
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert lines[-1] == "All well."
    assert lines[2].split() == ["a:101", "ready", "2", "h", "1.2.3", "127.0.0.1:8080", "all"]
    assert [line.split() for line in lines if line.startswith("  booking")] == [
        ["booking", "3", "0", "0", "0", "a:101"]
    ]
    assert max(map(len, lines)) <= 80


async def test_programs_get_all_of_it(run: Run, connection: Connection) -> None:
    of = process(1)
    await hear(connection, of, replace(READY, loop_lag=0.002))

    found = await told(run)

    assert found["well"]
    assert found["problems"] == []
    assert found["database"]["reachable"]
    [one] = found["processes"]
    assert one.pop("seen_at") > one.pop("started_at")
    assert one == {
        "id": str(of.id),
        "host": "a",
        "pid": 101,
        "version": "1.2.3",
        "actors": list(ACTORS),
        "http_address": "127.0.0.1:8080",
        "alive": True,
        "replaced": False,
        "ready": True,
        "waiting": {},
        "in_flight": {"booking": 3},
        "loop_lag_seconds": 0.002,
    }
    booking = found["actors"][ACTORS.index("booking")]
    assert booking == {
        "name": "booking",
        "processes": [str(of.id)],
        "in_flight": 3,
    }
    assert found["queues"][0] == {"actor": ACTORS[0], "lane": "finishing", "messages": 0, "consumers": 1}
    assert found["outbox"] == {"due": 0, "oldest_due_at": None, "timers": 0, "next_timer_at": None}
    assert found["audit"] == {"oldest_unchained_seconds": 0.0}
    assert (found["dead_letters"], found["attention"]) == ([], [])


# What needs a person


async def test_that_no_daemon_runs_is_said_clearly(run: Run) -> None:
    shown = await run("status")

    assert shown.exit_code == 1
    assert "No daemon runs: bookingd run" in shown.stdout
    assert codes(await told(run)) == ["no_daemon"]


async def test_the_last_word_of_a_daemon_that_was_killed_is_told(run: Run, connection: Connection) -> None:
    await hear(connection, process(1), ago=timedelta(minutes=3, seconds=5))

    shown = await run("status")

    assert shown.exit_code == 1
    assert "No daemon runs; the last one, a:101 was heard 3 min 5 s ago." in " ".join(shown.stdout.split())
    assert "silent for 3 min 5 s" in shown.stdout


async def test_an_actor_that_nobody_runs(run: Run, connection: Connection) -> None:
    await hear(connection, process(1, actors=tuple(actor for actor in ACTORS if actor != "notify")))

    shown = await run("status")

    assert "Nobody runs notify." in shown.stdout
    assert codes(await told(run)) == ["actor_not_run"]


async def test_a_process_that_fell_silent_until_one_like_it_is_started_on_its_host(
    run: Run, connection: Connection
) -> None:
    await hear(connection, process(1))
    silent = process(2, actors=("notify",), http_address=None)
    await hear(connection, silent, ago=timedelta(seconds=40))

    assert codes(await told(run)) == ["process_silent"]
    await hear(connection, replace(silent, id=UUID(int=3), host="b", started_at=SystemClock().now()))
    assert codes(await told(run)) == ["process_silent"]
    await hear(connection, replace(silent, id=UUID(int=4), pid=104, started_at=SystemClock().now()))

    found = await told(run)
    assert found["well"]
    assert [(one["pid"], one["alive"], one["replaced"]) for one in found["processes"]] == [
        (101, True, False),
        (102, False, True),
        (102, True, False),
        (104, True, False),
    ]
    assert found["processes"][1]["ready"] is None


async def test_what_a_process_waits_for(run: Run, connection: Connection) -> None:
    await hear(connection, process(1), Report(waiting={"broker": "waiting for it"}))

    shown = await run("status")

    assert "waits for broker" in shown.stdout
    assert "a:101, broker: waiting for it." in shown.stdout
    assert codes(await told(run)) == ["broker_away"]


async def test_a_start_needs_nobody(run: Run, connection: Connection) -> None:
    await hear(connection, process(1), Report(waiting={"daemon": "starting or stopping"}))

    shown = await run("status")

    assert shown.exit_code == 0
    assert "starting or stopping" in shown.stdout


async def test_a_queue_that_nobody_empties_though_its_actor_runs(run: Run, connection: Connection) -> None:
    deserted = Queue(actor="payment", lane="finishing", messages=7, consumers=0)
    queues = (deserted, *(queue for queue in READY.queues if queue.actor != "payment"))
    await hear(connection, process(1), replace(READY, queues=queues))

    shown = await run("status")

    assert "7 !" in shown.stdout
    assert "payment.finishing" in shown.stdout
    assert codes(await told(run)) == ["queue_without_consumer"]


async def test_messages_that_stay_in_the_outbox(run: Run, connection: Connection) -> None:
    await hear(connection, process(1))
    now = SystemClock().now()
    for number, due in ((1, -timedelta(seconds=50)), (2, timedelta(minutes=5))):
        bundle = Bundle(
            id=UUID(int=number),
            kind=Kind.COMMAND,
            destination="booking",
            lane=Lane.NORMAL,
            payload=b"[]",
            due_at=now + due,
        )
        await outbox.insert(connection, bundles=[bundle])
    first = await told(run)
    assert first["well"]
    assert (first["outbox"]["due"], first["outbox"]["timers"]) == (1, 1)

    await connection.execute("UPDATE outbox SET due_at = due_at - interval '30 s'")

    assert codes(await told(run)) == ["outbox_late"]
    assert "1 due, the oldest for 1 min 2" in (await run("status")).stdout


async def test_an_audit_trail_that_nobody_chains(run: Run, connection: Connection) -> None:
    await hear(connection, process(1))
    entry = AuditEntry(
        id=SystemIds().new(),
        at=SystemClock().now() - timedelta(minutes=2),
        principal="system",
        action="booking.confirmed",
        subject=Subject.of("booking", 1),
        correlation_id=UUID(int=1),
    )
    await audit.record(connection, [entry])

    found = await told(run)

    assert codes(found) == ["audit_late"]
    assert 120 <= found["audit"]["oldest_unchained_seconds"] < 180


async def test_dead_letters_and_what_else_waits_for_an_operator(run: Run, connection: Connection) -> None:
    await hear(connection, process(1))
    now = SystemClock().now()
    for number in (1, 2):
        dead = replace(letter(number), died_at=now - timedelta(hours=number))
        await dead_letters.bury(connection, letter=dead)
        await tell(connection, dead.id)
    for number, owner in ((7, "operator"), (8, "traveller")):
        entry = Attention(
            id=UUID(int=number),
            subject_kind="booking",
            subject=UUID(int=number),
            object=UUID(int=number),
            reason="refund_failed",
            detail="It came back.",
            owner=owner,
            opened_at=now - timedelta(days=2, hours=3),
        )
        await attention.open_entry(connection, entry=entry)

    found = await told(run)
    shown = (await run("status")).stdout

    assert codes(found) == ["dead_letters", "attention"]
    [letters] = found["dead_letters"]
    assert (letters["actor"], letters["count"]) == ("bank", 2)
    assert {one["reason"]: one["count"] for one in found["attention"]} == {
        "refund_failed": 1,
        "dead_letter": 2,
    }
    assert "2, the oldest 2 h ago: bank 2" in shown
    assert "1 refund_failed, the oldest 2 d 3 h ago" in shown
    assert "1 matter waits for an operator" in shown


# How it is shown


@pytest.mark.parametrize("columns", [80, 140])
async def test_a_split_house_fits_the_terminal(run: Run, connection: Connection, columns: int) -> None:
    for number, actor in enumerate(ACTORS, start=1):
        of = process(number, host=f"app{number}.example.com", actors=(actor,), http_address=None)
        await hear(connection, of)
    await hear(connection, process(9, host="web.example.com", actors=()))

    lines = (await run("status", COLUMNS=str(columns))).stdout.splitlines()

    assert max(map(len, lines)) <= columns
    assert any("app2.example.com:102" in line for line in lines)
    assert "All well." in lines


async def test_the_report_of_another_release_leaves_the_rest_readable(
    run: Run, connection: Connection
) -> None:
    await hear(connection, process(1))
    await connection.execute("""UPDATE processes SET report = '"fine"'""")

    shown = await run("status")

    assert shown.exit_code == 0
    assert "alive" in shown.stdout


async def test_exchange_rates_that_are_too_old_need_a_person(run: Run, connection: Connection) -> None:
    await hear(connection, process(1))
    now = SystemClock().now()

    async def imported(day: date) -> None:
        await rates.add(
            connection, sheets=[sheet(day)], now=now, principal="operator:ada", entry_id=SystemIds().new()
        )

    assert codes(await told(run)) == []
    await imported(now.date() - timedelta(days=30))
    assert codes(await told(run)) == ["rates_too_old"]
    assert (
        codes(json.loads((await run("status", "--json", BOOKINGD_EXCHANGE__CURRENCIES="EUR")).stdout)) == []
    )
    await imported(now.date())
    assert codes(await told(run)) == []


# Where nothing can be said


async def test_a_database_that_cannot_be_read_is_not_the_same_as_unwell(run: Run, tmp_path: Path) -> None:
    away = f"postgresql://bookingd@/bookingd?host={tmp_path}"

    shown = await run("status", BOOKINGD_DATABASE__URL=away)
    for_programs = await run("status", "--json", BOOKINGD_DATABASE__URL=away)

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "cannot be reached" in shown.stderr
    assert for_programs.exit_code == 2
    found = json.loads(for_programs.stdout)
    assert (found["well"], found["database"], codes(found)) == (False, {"reachable": False}, ["unreadable"])


async def test_the_embedded_database_is_not_started_for_it(run: Run, tmp_path: Path) -> None:
    shown = await run("status", BOOKINGD_DATABASE__URL="embedded")

    assert shown.exit_code == 2
    assert "no embedded PostgreSQL runs" in shown.stderr
    assert "make run" in shown.stderr
    assert not (tmp_path / "postgres").exists()
