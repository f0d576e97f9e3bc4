"""Replacing a field key as an operator does it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bookingd.storage.database import Connection
from tests.cli.conftest import Run, trail
from tests.fakes.sealed import KEYS, key_file, keyring_of, plant_sealed
from tests.fakes.sources import SequentialIds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "field_keys"


def keys(file: Path, *names: str) -> dict[str, str]:
    """What names the file that holds these, the first of them first."""
    return named(file, key_file(names))


def named(file: Path, text: str) -> dict[str, str]:
    file.write_text(text)
    file.chmod(0o600)
    return {"BOOKINGD_SECURITY__FIELD_KEYS_FILE": str(file)}


async def test_with_nothing_encrypted_nothing_is_needed(run: Run, file: Path) -> None:
    done = await run("keys", "status", **keys(file, "new", "old"))

    assert (done.exit_code, done.output) == (0, "Nothing needs another key than new: the others may go.\n")


async def test_it_is_told_which_key_is_needed_still(
    run: Run, file: Path, connection: Connection, ids: SequentialIds
) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)
    await plant_sealed(connection, keyring_of("other"), number=2, ids=ids)

    done = await run("keys", "status", **keys(file, "new", "old"))

    assert done.exit_code == 1
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "travellers.sealed 1 old opens" in lines
    assert "travellers.sealed 1 other is not in the file" in lines
    assert lines[-1] == "8 values need another key than new: old, other."
    assert await trail(connection) == []


async def test_after_resealing_the_old_key_may_go(
    run: Run, file: Path, connection: Connection, ids: SequentialIds
) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)

    done = await run("keys", "reseal", **keys(file, "new", "old"))
    assert done.exit_code == 0, done.output
    assert "Encrypted anew: 4." in done.output
    alone = await run("keys", "status", **keys(file, "new"))

    assert alone.exit_code == 0, alone.output
    entries = await trail(connection)
    assert [(one["subject"]["id"], one["details"]) for one in entries] == [
        ("travellers", {"key": "new", "values": 2}),
        ("authenticators", {"key": "new", "values": 2}),
    ]
    assert all(one["principal"].startswith("operator:") for one in entries)
    assert not any(key in json.dumps(entries) + done.output for key in KEYS.values())


async def test_repeating_it_does_nothing(
    run: Run, file: Path, connection: Connection, ids: SequentialIds
) -> None:
    await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)
    await run("keys", "reseal", **keys(file, "new", "old"))

    again = await run("keys", "reseal", **keys(file, "new", "old"))

    assert (again.exit_code, "Encrypted anew: 0." in again.output) == (0, True)
    assert len(await trail(connection)) == 2


async def test_in_development_it_is_the_daemons_own_key(run: Run) -> None:
    done = await run("keys", "status", "--json")

    assert (done.exit_code, json.loads(done.stdout)["current"]) == (0, "development")


@pytest.mark.parametrize("there", [["new"], ["new", "other"]])
async def test_a_lost_key_is_named_with_what_needs_it(
    run: Run, file: Path, connection: Connection, ids: SequentialIds, there: Sequence[str]
) -> None:
    account = await plant_sealed(connection, keyring_of("old"), number=1, ids=ids)

    done = await run("keys", "reseal", "--json", **keys(file, *there))

    told = json.loads(done.stdout)
    assert (done.exit_code, told["left"], told["resealed"]) == (1, 4, 0)
    assert f"authenticators/{account}: there is no key b'old'" in told["unreadable"]
    assert {one["known"] for one in told["kept"]} == {False}


async def test_a_file_that_holds_no_keys_is_told_before_anything_is_done(run: Run, file: Path) -> None:
    done = await run("keys", "reseal", **named(file, "new:123\n"))

    assert done.exit_code == 2
    assert "line 1 is not an id" in done.output
