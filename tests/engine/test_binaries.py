"""PostgreSQL's programs are found, or copied to where an unprivileged user can run them."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookingd.engine import EngineError, binaries, launch
from bookingd.engine.account import Account, server_account
from bookingd.engine.binaries import find_binaries


def somebody(uid: int = 4_000_000_000) -> Account:
    """A user who has no part in any file, neither by uid nor by group."""
    return Account(name="somebody", uid=uid, gid=uid, foreign=True)


class Wheel:
    """An installed distribution, at a place of the test's choice."""

    version = "0.6.0"

    def __init__(self, place: Path) -> None:
        self._place = place

    def locate_file(self, path: str) -> Path:
        return self._place / path

    def read_text(self, _: str) -> str:
        return "a record of hashes"


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody may enter (pytest's own are closed)."""
    place = Path(tempfile.mkdtemp(prefix="bookingd-test-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def closed_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_place: Path) -> Path:
    """The wheel's layout with empty files, in a directory that only its owner may enter."""
    root = tmp_path / "closed"
    for name in ("bin/initdb", "bin/postgres", "lib/postgresql/plpgsql.so", "share/postgresql/postgres.bki"):
        file = root / binaries.INSTALLATION / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n# {name}\n")
        file.chmod(0o700)
    library = root / binaries.LIBRARIES / "libpq.so"
    library.parent.mkdir()
    library.write_text("a library")
    root.chmod(0o700)
    monkeypatch.setattr(binaries, "_wheel", lambda: Wheel(root))
    monkeypatch.setattr(binaries, "COPY_PLACES", (open_place / "missing" / "parent", open_place / "cache"))
    return root


def test_the_wheels_own_files_serve_whoever_is_no_other_user() -> None:
    found = find_binaries(Account(name="me", uid=os.geteuid(), gid=os.getegid(), foreign=False))

    assert (
        "18"
        in subprocess.run([found.postgres, "--version"], capture_output=True, text=True, check=True).stdout
    )


def test_a_wheel_that_the_server_cannot_reach_is_copied_for_all_to_run(
    closed_wheel: Path, open_place: Path
) -> None:
    found = find_binaries(somebody())

    assert found.root.is_relative_to(open_place / "cache")
    assert subprocess.run([found.postgres], check=True).returncode == 0
    for path in (found.root, *found.root.rglob("*")):
        mode = path.stat().st_mode
        assert mode & 0o022 == 0, path
        assert mode & 0o005, path


def test_a_copy_is_used_again(closed_wheel: Path) -> None:
    first = find_binaries(somebody())
    made = first.postgres.stat().st_mtime_ns

    second = find_binaries(somebody())

    assert second == first
    assert second.postgres.stat().st_mtime_ns == made


@pytest.mark.parametrize("harm", ["a file is missing", "a file is cut", "others may write"])
def test_a_copy_that_is_not_to_be_trusted_is_made_anew(closed_wheel: Path, harm: str) -> None:
    copy = find_binaries(somebody())
    library = copy.root / binaries.LIBRARIES / "libpq.so"
    if harm == "a file is missing":
        library.unlink()
    elif harm == "a file is cut":
        library.write_text("")
    else:
        library.chmod(0o777)

    assert find_binaries(somebody()) == copy

    assert library.read_text() == "a library"
    assert library.stat().st_mode & 0o777 == 0o644


def test_a_place_that_others_may_write_to_gets_no_copy(
    closed_wheel: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = open_place / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setattr(binaries, "_copy_places", lambda: (shared,))

    with pytest.raises(EngineError, match="no place was found"):
        find_binaries(somebody())


def test_a_missing_package_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no-such-package")

    with pytest.raises(EngineError, match="not installed") as caught:
        find_binaries(somebody())

    assert "pip install" in caught.value.hint


def test_a_wheel_without_our_major_version_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_wheel", lambda: Wheel(tmp_path))

    with pytest.raises(EngineError, match="holds no PostgreSQL 18"):
        find_binaries(somebody())


def test_an_ordinary_user_stays_who_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: nobody.pw_uid)

    found = server_account(tmp_path)

    assert (found.name, found.foreign, found.argument) == ("nobody", False, "-")


def test_root_becomes_nobody_where_there_is_no_data_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    found = server_account(tmp_path / "none")

    assert found.foreign
    assert found.argument == f"{nobody.pw_uid}:{nobody.pw_gid}"


def test_a_user_without_a_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999_999)

    with pytest.raises(EngineError, match="the user id 3999999999 has no name"):
        server_account(tmp_path)


def test_a_child_whose_daemon_has_gone_does_not_begin(tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    command = [sys.executable, "-I", "-S", launch.__file__, "1", "2", "-", "/usr/bin/touch", str(mark)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "has ended before" in done.stderr
    assert not mark.exists()
