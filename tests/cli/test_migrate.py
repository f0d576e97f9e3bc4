"""`bookingd migrate`, as an operator runs it between two releases."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.storage.migrations import Migration, load

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_dsn: str, owner_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command of a release that has two more steps than the database, in a thread: it runs a loop."""
    release = [
        *load(),
        Migration(number=9001, phase="pre", name="widen", sql="CREATE TABLE widened (id integer)"),
        Migration(number=9002, phase="post", name="narrow", sql="DROP TABLE widened"),
    ]
    monkeypatch.setattr("bookingd.storage.migrations.load", lambda: release)
    env = {
        "BOOKINGD_DATABASE__URL": database_dsn,
        "BOOKINGD_DATABASE__OWNER_URL": owner_dsn,
        "BOOKINGD_PATHS__VAR": str(tmp_path),
        "BOOKINGD_CONFIG": None,
    }

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, cli, ["migrate", *arguments], env=env, prog_name="bookingd"
        )

    return invoke


async def test_a_dry_run_shows_the_steps_of_its_phase_and_does_none(run: Run) -> None:
    shown = await run("--dry-run", "--phase", "pre")

    assert shown.stdout.splitlines() == [
        "  would apply 9001_pre_widen.sql",
        "1 to apply; still waiting for another phase: 9002_post_narrow.sql",
    ]
    assert (await run("--dry-run")).stdout.splitlines()[-1] == "2 to apply."
    refused = await run("--dry-run", "--phase", "post")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "9001_pre_widen.sql has to be applied first" in refused.stderr


async def test_what_waits_for_the_other_phase_is_told_until_it_is_done(run: Run) -> None:
    first = await run("--phase", "pre")
    assert first.stdout.splitlines()[-1] == (
        "1 applied; still waiting for another phase: 9002_post_narrow.sql"
    )
    again = await run("--phase", "pre")
    assert again.stdout == "Nothing to do; still waiting for another phase: 9002_post_narrow.sql\n"

    last = await run("--phase", "post")

    assert last.stdout.splitlines()[-1] == "1 applied: the database is at this version."
    assert (await run()).stdout == "Nothing to do: the database is at this version.\n"
