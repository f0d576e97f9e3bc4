"""`bookingd dead-letters`, as an operator runs it."""

import asyncio
import getpass
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bookingd.messages import codec
from bookingd.sources import SystemClock
from bookingd.storage import attention, dead_letters, inbox, outbox, processes
from bookingd.storage.database import Connection
from bookingd.storage.dead_letters import DeadLetter
from bookingd.storage.processes import Report
from tests.acceptance.daemon import ENVIRONMENT
from tests.cli.conftest import Run, trail
from tests.conftest import Spawn
from tests.storage import test_dead_letters as letters
from tests.storage.test_dead_letters import GARBAGE, tell
from tests.storage.test_processes import process

ESCAPE = "\x1b[31m"
REASON = f"KeyError: 'FRA'{ESCAPE} in\nthe network, which has a long list of airports and of other places"


def letter(number: int, *, actor: str = "booking", name: str = "booking.place") -> DeadLetter:
    dead = letters.letter(number, actor=actor, name=name)
    body = msgspec.Raw(json.dumps({"booking_id": str(UUID(int=number)), "note": ESCAPE}).encode())
    return replace(
        dead,
        envelope=replace(dead.envelope, body=body),
        reason=REASON,
        died_at=SystemClock().now() - timedelta(minutes=number),
    )


@pytest.fixture
async def four(connection: Connection) -> Sequence[str]:
    """Three messages and one that is none; their ids, the newest first."""
    for one in (letter(1), letter(2, name="booking.hold_due"), letter(3, actor="notify")):
        await inbox.take(connection, actor=one.actor, envelopes=[one.envelope])
        await dead_letters.bury(connection, letter=one)
        await tell(connection, one.id)
    await dead_letters.bury_unreadable(
        connection,
        id=UUID(int=4),
        actor="payment",
        payload=GARBAGE,
        reason="delivery limit",
        died_at=SystemClock().now() - timedelta(hours=2, minutes=10, seconds=3),
    )
    return [str(UUID(int=number)) for number in (1, 2, 3, 4)]


async def is_heard(connection: Connection) -> None:
    now = SystemClock().now()
    await processes.beat(
        connection, process=process(1), report=Report(), now=now, forget_before=now - timedelta(days=1)
    )


async def left(connection: Connection) -> list[int]:
    return [one.int for one in await dead_letters.ids(connection)]


# Looking


async def test_the_list_shows_the_newest_first_with_the_reason_below(run: Run, four: Sequence[str]) -> None:
    shown = await run("dead-letters", "list")

    lines = shown.stdout.splitlines()
    assert shown.exit_code == 0
    assert [line[:36] for line in lines if line.startswith("0000")] == four
    assert lines[1].split()[1:] == ["1", "min", "ago", "booking", "booking.place"]
    assert lines[2].startswith("    KeyError: 'FRA'\\u001b[31m in the network")
    assert any(
        line.split()[1:] == ["2", "h", "10", "min", "ago", "payment", "(unreadable)"] for line in lines
    )
    assert "4 dead letters" in lines[-1]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in shown.stdout


async def test_a_wide_list_has_the_reason_beside(run: Run, four: Sequence[str]) -> None:
    lines = (await run("dead-letters", "list", COLUMNS="140")).stdout.splitlines()

    assert lines[0].split() == ["ID", "Died", "Actor", "Message", "Reason"]
    assert "booking.place" in lines[1]
    assert "KeyError: 'FRA'" in lines[1]
    assert max(map(len, lines)) <= 140


async def test_the_list_is_filtered_bounded_and_says_so(run: Run, four: Sequence[str]) -> None:
    bounded = await run("dead-letters", "list", "--limit", "1", "--actor", "booking")
    of_name = json.loads((await run("dead-letters", "list", "--message", "booking.place", "--json")).stdout)

    assert "the newest 1 of 2 dead letters" in bounded.stdout
    assert of_name["count"] == 2
    assert [one["id"] for one in of_name["letters"]] == [four[0], four[2]]
    assert of_name["letters"][0] | {"died_at": None} == {
        "id": four[0],
        "actor": "booking",
        "message": "booking.place",
        "reason": REASON,
        "attempts": 3,
        "died_at": None,
        "readable": True,
    }


async def test_no_dead_letters_is_told_too(run: Run) -> None:
    shown = await run("dead-letters", "list")

    assert (shown.exit_code, shown.stdout) == (0, "No dead letters.\n")


async def test_a_letter_is_shown_whole_and_that_it_was_read_is_in_the_audit_trail(
    run: Run, four: Sequence[str], connection: Connection
) -> None:
    shown = await run("dead-letters", "show", four[0])

    assert shown.exit_code == 0
    for said in (
        "booking.place",
        "on behalf of  system",
        f'"booking_id": "{four[0]}"',
        'File "bank.py", line 1',
    ):
        assert said in shown.stdout
    assert "\x1b" not in shown.stdout
    [entry] = await trail(connection)
    assert (entry["action"], entry["principal"]) == ("dead_letter.read", f"operator:{getpass.getuser()}")
    assert entry["subject"] == {"kind": "dead_letter", "id": four[0]}


async def test_a_letter_for_programs_has_envelope_and_trace(run: Run, four: Sequence[str]) -> None:
    told = json.loads((await run("dead-letters", "show", four[0], "--json")).stdout)

    assert told["envelope"]["body"] == {"booking_id": four[0], "note": ESCAPE}
    assert told["trace"] == 'File "bank.py", line 1'
    assert told["payload_base64"] is None


async def test_what_is_no_message_is_shown_as_bytes(run: Run, four: Sequence[str]) -> None:
    shown = await run("dead-letters", "show", four[3])
    told = json.loads((await run("dead-letters", "show", four[3], "--json")).stdout)

    assert r"'\x00\xff[{" in shown.stdout
    assert (told["readable"], told["envelope"], told["message"]) == (False, None, None)
    assert told["payload_base64"] == "AP9beyJpZCI6IDE="


# Replaying


async def test_letters_are_replayed_by_their_ids(
    run: Run, four: Sequence[str], connection: Connection
) -> None:
    await is_heard(connection)

    ended = await run("dead-letters", "replay", four[0], four[2], four[0])

    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        f"replayed  {four[0]}  booking.place to booking",
        f"replayed  {four[2]}  booking.place to notify",
        "",
        "2 replayed.",
    ]
    assert await left(connection) == [4, 2]
    now = SystemClock().now()
    sent = await outbox.claim(connection, now=now, until=now, limit=9)
    assert sorted((one.destination, codec.unpack(one.payload)[0].attempt) for one in sent) == [
        ("booking", 1),
        ("notify", 1),
    ]
    assert [(entry["action"], entry["principal"]) for entry in await trail(connection)] == [
        ("dead_letter.replayed", f"operator:{getpass.getuser()}")
    ] * 2
    assert [one.subject.int for one in await attention.oldest(connection, limit=9)] == [2]


async def test_without_a_daemon_the_operator_is_told_that_it_waits(run: Run, four: Sequence[str]) -> None:
    ended = await run("dead-letters", "replay", four[0])

    assert ended.exit_code == 0
    assert "No daemon runs" in ended.stderr


async def test_all_are_replayed_but_what_cannot_be_and_why_is_told(
    run: Run, four: Sequence[str], connection: Connection
) -> None:
    ended = await run("dead-letters", "replay", "--all", "--json")

    assert ended.exit_code == 1
    told = json.loads(ended.stdout)
    assert [(one["id"], one["became"]) for one in told["letters"]] == [
        (four[3], "refused"),
        (four[2], "replayed"),
        (four[1], "replayed"),
        (four[0], "replayed"),
    ]
    assert "no message" in told["letters"][0]["why"]
    assert told["letters"][1] == {
        "id": four[2],
        "became": "replayed",
        "why": None,
        "actor": "notify",
        "message": "booking.place",
    }
    assert await left(connection) == [4]


async def test_a_dry_run_tells_and_changes_nothing(
    run: Run, four: Sequence[str], connection: Connection
) -> None:
    replay = await run("dead-letters", "replay", "--all", "--dry-run")
    drop = await run("dead-letters", "drop", "--all", "--actor", "booking", "--reason", "x", "--dry-run")

    assert replay.exit_code == 1
    assert "1 would refuse, 3 would replay. Nothing was changed." in replay.stdout
    assert drop.exit_code == 0
    assert "2 would drop. Nothing was changed." in drop.stdout
    assert len(await left(connection)) == 4
    assert await trail(connection) == []
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0


async def test_two_operators_at_once_replay_each_letter_once(
    spawn: Spawn, database_dsn: str, four: Sequence[str], connection: Connection
) -> None:
    env = ENVIRONMENT | {"BOOKINGD_DATABASE__URL": database_dsn}
    command = (sys.executable, "-m", "bookingd", "dead-letters", "replay", *four[:3], "--json")
    processes = [spawn(*command, env=env, stderr=subprocess.DEVNULL) for _ in range(2)]

    told = [json.loads((await asyncio.to_thread(one.communicate, timeout=60))[0]) for one in processes]

    became = [one["became"] for ended in told for one in ended["letters"]]
    assert sorted(became) == ["gone"] * 3 + ["replayed"] * 3
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 3


# Giving up


async def test_letters_are_dropped_after_a_question(
    run: Run, four: Sequence[str], connection: Connection
) -> None:
    no = await run("dead-letters", "drop", four[3], "--reason", "garbage", says="n\n")
    assert (no.exit_code, len(await left(connection))) == (1, 4)
    assert "Drop 1 dead letter?" in no.stderr

    yes = await run("dead-letters", "drop", four[3], four[0], "--reason", "garbage", says="y\n")

    assert yes.exit_code == 0
    assert "2 dropped." in yes.stdout
    assert await left(connection) == [3, 2]
    told = [(entry["action"], entry["details"]["reason"]) for entry in await trail(connection)]
    assert told == [("dead_letter.dropped", "garbage")] * 2
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0


async def test_yes_asks_nothing(run: Run, four: Sequence[str], connection: Connection) -> None:
    ended = await run("dead-letters", "drop", "--all", "--yes", "--reason", "all by hand", "--json")

    assert ended.exit_code == 0
    assert len(json.loads(ended.stdout)["letters"]) == 4
    assert await left(connection) == []


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("replay",), "Which letters?"),
        (("replay", str(UUID(int=1)), "--all"), "not both"),
        (("replay", str(UUID(int=1)), "--actor", "booking"), "--all"),
        (("replay", "seven"), "'seven' is not a valid UUID"),
        (("drop", "--all"), "Missing option '--reason'"),
        (("drop", "--all", "--reason", " "), "--reason is empty"),
        (("show", str(UUID(int=9))), "no dead letter"),
    ],
)
async def test_wrong_usage_says_what_is_meant(
    run: Run, four: Sequence[str], arguments: Any, says: str
) -> None:
    ended = await run("dead-letters", *arguments)

    assert ended.exit_code == 2
    assert says in ended.stderr


async def test_what_is_gone_or_never_was_is_told_as_gone(run: Run, four: Sequence[str]) -> None:
    ended = await run("dead-letters", "replay", str(UUID(int=9)))

    assert ended.exit_code == 1
    assert ended.stdout.startswith(f"gone  {UUID(int=9)}")
