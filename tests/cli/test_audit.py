"""`bookingd audit verify`, as an auditor and as a timer run it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.storage.checkpoints import checkpoint_path, pin_public_key, public_key_path
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock
from tests.storage.audit_trail import Trail, signer_of

Verify = Callable[..., Awaitable[Result]]


@pytest.fixture
async def trail(database: Database, clock: ManualClock, tmp_path: Path) -> Trail:
    trail = Trail.of(database, clock, tmp_path)
    await trail.grow(1, 10)
    await trail.grow(11, 20)
    pin_public_key(public_key_path(tmp_path), trail.signer)
    assert trail.file.path == checkpoint_path(tmp_path)
    return trail


@pytest.fixture
def verify(database_dsn: str, tmp_path: Path) -> Verify:
    """The command, in a thread: it runs a loop of its own."""
    env = {
        "BOOKINGD_DATABASE__URL": database_dsn,
        "BOOKINGD_PATHS__VAR": str(tmp_path),
        "BOOKINGD_CONFIG": None,
    }

    async def run(*arguments: str, **more: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke,
            cli,
            ["audit", "verify", *arguments],
            env={**env, **more},
            prog_name="bookingd",
        )

    return run


async def forge(owner: Connection, number: int) -> None:
    await owner.execute(
        "UPDATE audit_entries SET canonical = replace(canonical::text, 'booking.held', 'booking.paid')::json"
        " WHERE id = (SELECT entry_id FROM audit_chain WHERE number = $1)",
        number,
    )


@pytest.mark.usefixtures("trail")
async def test_an_intact_trail_exits_0_and_says_what_was_looked_at(verify: Verify) -> None:
    done = await verify()

    assert done.exit_code == 0, done.output
    for fact in (
        "20 read",
        "numbers      1 to 20",
        "2 with a good signature, 2 fit the chain",
        "number 20 on 2026-11-22 12:02:02 UTC",
        "INTACT: nothing was changed, cut or rewritten.",
    ):
        assert fact in done.stdout


@pytest.mark.usefixtures("trail")
async def test_a_broken_trail_exits_1_and_says_where_and_what(
    verify: Verify, owner_connection: Connection
) -> None:
    await forge(owner_connection, 12)
    await forge(owner_connection, 15)

    done = await verify()

    assert done.exit_code == 1
    assert "BROKEN at number 12: entry 12 was changed" in done.stdout
    assert "booking.paid on booking/01936b2e-7c00-7000-8000-00000000000b at 2026-11-22" in done.stdout
    assert "Also found:" in done.stdout
    assert "INTACT" not in done.stdout


@pytest.mark.usefixtures("trail")
async def test_json_is_for_monitoring(verify: Verify, owner_connection: Connection) -> None:
    await forge(owner_connection, 12)

    done = await verify("--json")

    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (told["intact"], told["first_broken_number"], told["findings_count"]) == (False, 12, 1)
    assert told["findings"][0]["kind"] == "entry_changed"


@pytest.mark.usefixtures("trail")
async def test_it_can_start_at_a_checkpoint(verify: Verify, owner_connection: Connection) -> None:
    await forge(owner_connection, 5)

    done = await verify("--from-checkpoint", "1")

    assert done.exit_code == 0
    assert "11 to 20, after checkpoint 1" in done.stdout


async def test_a_copy_of_the_checkpoints_and_of_the_key_from_elsewhere_is_believed(
    trail: Trail, verify: Verify, tmp_path: Path
) -> None:
    copy, key = tmp_path / "copy.jsonl", tmp_path / "other.pub"
    trail.file.path.rename(copy)
    key.write_bytes(signer_of(2).public_pem() + trail.signer.public_pem())

    done = await verify("--checkpoints", str(copy), "--public-key", str(key))

    assert done.exit_code == 0, done.output


async def test_warnings_are_told_and_break_nothing(trail: Trail, verify: Verify) -> None:
    with trail.file.path.open("a") as file:
        file.write("torn")

    done = await verify()

    assert done.exit_code == 0
    assert "warning: 1 line is unreadable in the checkpoint file" in done.stdout


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [("checkpoints.jsonl", "no checkpoint file"), ("checkpoints.pub", "no public key")],
)
@pytest.mark.usefixtures("trail")
async def test_without_its_outside_evidence_nothing_is_verified(
    verify: Verify, tmp_path: Path, missing: str, complaint: str
) -> None:
    (tmp_path / "audit" / missing).unlink()

    done = await verify()

    assert done.exit_code == 2
    assert f"not verified: there is {complaint}" in done.stderr


@pytest.mark.usefixtures("trail")
async def test_a_key_file_without_a_key_is_no_evidence(verify: Verify, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n")

    done = await verify("--public-key", str(key))

    assert done.exit_code == 2
    assert "no public key in PEM" in done.stderr


@pytest.mark.usefixtures("trail")
async def test_an_unknown_checkpoint_is_wrong_usage(verify: Verify) -> None:
    done = await verify("--from-checkpoint", "9")

    assert done.exit_code == 2
    assert "there is no checkpoint 9 that a pinned key has signed" in done.stderr


@pytest.mark.usefixtures("trail")
async def test_a_database_that_is_away_is_not_a_broken_trail(verify: Verify, tmp_path: Path) -> None:
    nowhere = f"postgresql://bookingd@/bookingd?host={tmp_path}"

    done = await verify(BOOKINGD_DATABASE__URL=nowhere)

    assert done.exit_code == 2
    assert "not verified: PostgreSQL cannot be reached" in done.stderr
