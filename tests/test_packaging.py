"""An installed wheel is whole and needs no checkout; a checkout needs nothing but Python and make."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = (
    "bookingd",
    "actors",
    "handlers",
    "sql",
    "config",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)

MIGRATE = """
import asyncio
from pathlib import Path

import asyncpg

import bookingd
from bookingd.engine import OWNER, Engine
from bookingd.sources import SystemClock
from bookingd.storage import migrations

async def migrate():
    async with Engine(Path("postgres"), durable=False) as engine:
        connection = await asyncpg.connect(engine.dsn(OWNER))
        applied = await migrations.migrate(connection, clock=SystemClock())
        await connection.close()
    print(bookingd.__file__, *(migration.file for migration in applied), sep="\\n")

asyncio.run(migrate())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which a wheel of this checkout was installed."""
    room = tmp_path_factory.mktemp("packaging")
    source, wheels, target = room / "source", room / "wheels", room / "installed"
    source.mkdir()
    root = Path(__file__).parent.parent
    for name in SOURCE:
        _copy(root / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
    (wheel,) = wheels.glob("bookingd-*.whl")
    _run(*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    return target


def test_every_file_that_is_read_at_run_time_is_installed(installed: Path, checkout: Path) -> None:
    for room in ("sql", "config"):
        read = [file for file in (checkout / room).rglob("*") if file.is_file() and file.name != "README.md"]
        files = {file.relative_to(checkout / room) for file in read}
        there = installed / "bookingd/data" / room
        assert files == {file.relative_to(there) for file in there.rglob("*") if file.is_file()}
    assert (installed / "bookingd/py.typed").is_file()


def test_whatever_lies_beside_the_code_is_installed(installed: Path, checkout: Path) -> None:
    """Templates, word lists, the words that hotels are called by: what a package reads of its own folder."""
    lying = [
        file.relative_to(checkout)
        for package in ("bookingd", "actors", "handlers")
        for file in (checkout / package).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"} and file.name != "README.md"
    ]
    beside = [file for file in lying if file.parts[:2] != ("bookingd", "data")]
    assert Path("bookingd/security/common_passwords.txt") in beside
    assert [file for file in beside if not (installed / file).is_file()] == []


def test_the_command_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    told = _installed(installed, tmp_path, "-m", "bookingd", "check-config")

    assert "The configuration is good." in told
    assert str(installed / "bookingd/data/config/bookingd.toml") in told


def test_an_installed_wheel_brings_and_migrates_its_own_database(
    installed: Path, tmp_path: Path, checkout: Path
) -> None:
    imported, *applied = _installed(installed, tmp_path, "-c", MIGRATE).split()

    assert imported == str(installed / "bookingd/__init__.py")
    assert applied == sorted(file.name for file in (checkout / "sql/migrations").glob("*.sql"))


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_clean_checkout_sets_itself_up_with_one_command(tmp_path: Path, checkout: Path) -> None:
    for name in [*SOURCE, "Makefile"]:
        _copy(checkout / name, tmp_path / name)

    told = _run("make", "--no-print-directory", ".venv/installed", cwd=tmp_path)
    again = _run("make", "--no-print-directory", ".venv/installed", cwd=tmp_path)

    assert told.splitlines()[-1] == "bookingd: installed"
    assert again == ""
    assert "The configuration is good." in _run(".venv/bin/bookingd", "check-config", cwd=tmp_path)


def test_a_stamp_without_the_program_it_stands_for_counts_for_nothing(tmp_path: Path, checkout: Path) -> None:
    for name in ("Makefile", "setup.cfg", "pyproject.toml"):
        _copy(checkout / name, tmp_path / name)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for file in (programs / "python", programs / "bookingd", tmp_path / ".venv" / "installed"):
        file.touch(mode=0o755)
    assert "pip install" not in _run("make", "--dry-run", "run", cwd=tmp_path)

    (programs / "bookingd").unlink()

    assert "pip install" in _run("make", "--dry-run", "run", cwd=tmp_path)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _installed(target: Path, elsewhere: Path, *arguments: str) -> str:
    """What Python says with the installed packages before all others."""
    return _run(sys.executable, *arguments, cwd=elsewhere, env={**os.environ, "PYTHONPATH": str(target)})


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
