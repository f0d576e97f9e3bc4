"""`bookingd seed`, as an operator runs it."""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.storage import inventory, prices
from bookingd.storage.database import Connection
from tests.fakes.inventory import plant_world
from tests.fakes.sources import START

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_dsn: str, owner_dsn: str, tmp_path: Path) -> Run:
    """The command, in a thread: it runs a loop of its own."""
    env = {
        "BOOKINGD_DATABASE__URL": database_dsn,
        "BOOKINGD_DATABASE__OWNER_URL": owner_dsn,
        "BOOKINGD_PATHS__VAR": str(tmp_path),
        "BOOKINGD_CONFIG": None,
    }

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, cli, ["seed", *arguments], env=env, prog_name="bookingd"
        )

    return invoke


async def test_an_empty_database_is_filled_and_emptied_again(run: Run, connection: Connection) -> None:
    filled = await run("--departures", "4000", "--hotels", "30", "--from", "2026-12-01", "--seed", "3")
    assert filled.exit_code == 0, filled.output
    assert "from 2026-12-01 to 2026-12-07" in filled.output
    demo = await inventory.demo(connection)
    assert demo is not None
    assert (demo.seed, demo.first_day.isoformat()) == (3, "2026-12-01")

    removed = await run("--remove")
    assert removed.exit_code == 0, removed.output
    assert f"Removed {demo.departures} departures" in removed.output
    assert await inventory.demo(connection) is None


async def test_who_seeds_and_removes_is_in_the_trail(run: Run, connection: Connection) -> None:
    """P11."""
    for arguments in (("--departures", "4000", "--hotels", "30"), ("--remove",), ("--remove",)):
        await run(*arguments)

    entries = await connection.fetch("SELECT principal, action, subject_id FROM audit_entries ORDER BY id")
    assert {entry["principal"] for entry in entries} == {f"operator:{pwd.getpwuid(os.getuid()).pw_name}"}
    assert [entry["action"] for entry in entries if entry["subject_id"] == "demo"] == [
        "inventory.seeded",
        "inventory.removed",
    ]
    rules = {entry["subject_id"] for entry in entries if entry["action"] == "prices.rule_written"}
    assert rules == {rule.reference for rule in prices.DEFAULT_RULES}


async def test_progress_is_lines_where_there_is_no_terminal(run: Run) -> None:
    result = await run("--departures", "4000", "--hotels", "30")
    assert " departures\n" in result.stderr
    assert "\x1b" not in result.output


async def test_prices_have_their_rules_after_seeding(run: Run, connection: Connection) -> None:
    await run("--departures", "4000", "--hotels", "30")
    assert await prices.version(connection, now=START.replace(year=2100)) > 0


@pytest.mark.parametrize("arguments", [("--departures", "4000", "--hotels", "30"), ("--remove",)])
async def test_real_inventory_is_left_alone(
    run: Run, connection: Connection, arguments: tuple[str, ...]
) -> None:
    await plant_world(connection)
    result = await run(*arguments)
    assert result.exit_code == 1
    assert "not removed" in result.stderr or "left alone" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("--departures", "0"), ("--departures", "many"), ("--from", "tomorrow")]
)
async def test_wrong_usage_is_told_as_such(run: Run, arguments: tuple[str, ...]) -> None:
    result = await run(*arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr
