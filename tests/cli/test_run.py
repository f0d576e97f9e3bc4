"""What `bookingd run` says where it cannot run, how it exits, and what it tells to do next."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.cli.run import trip_command
from bookingd.config import load_settings
from tests.acceptance.daemon import as_toml, free_port


@pytest.fixture(autouse=True)
def _logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookingd.cli.run.logging_as", lambda *_: nullcontext())


@pytest.fixture(autouse=True)
def _umask_as_it_was() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _run(directory: Path, dsn: str) -> Result:
    file = directory / "bookingd.toml"
    file.write_text(
        as_toml(
            {
                "server": {"port": free_port()},
                "database": {"url": dsn},
                "paths": {"var": str(directory / "var")},
                "sandbox": {"port": 0},
            }
        )
    )
    return CliRunner().invoke(cli, ["run", "--config", str(file)], prog_name="bookingd")


@pytest.mark.parametrize(("role", "database"), [("nobody:wrong@", None), (None, "/nowhere")])
def test_what_postgresql_refuses_is_one_sentence_and_status_2(
    tmp_path: Path, database_dsn: str, role: str | None, database: str | None
) -> None:
    parts = urlsplit(database_dsn)
    host = parts.netloc.rpartition("@")[2]
    wrong = parts._replace(
        netloc=parts.netloc if role is None else role + host,
        path=parts.path if database is None else database,
    )

    result = _run(tmp_path, urlunsplit(wrong))

    assert result.exit_code == 2, result.output
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: PostgreSQL refuses us: ")
    assert "database.url" in line
    assert ":wrong@" not in line


def test_postgresql_that_is_away_is_said_once_and_may_be_tried_again(tmp_path: Path) -> None:
    result = _run(tmp_path, f"postgresql://bookingd@127.0.0.1:{free_port()}/bookingd")

    assert result.exit_code == 1, result.output
    assert result.stderr.count("cannot be reached") == 1
    assert len(result.stderr.splitlines()) == 1


def test_what_a_start_leaves_is_its_owners_alone(tmp_path: Path) -> None:
    _run(tmp_path, f"postgresql://bookingd@127.0.0.1:{free_port()}/bookingd")

    var = tmp_path / "var"
    made = [var, *var.rglob("*")]
    assert len(made) > 1
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a directory should be")

    result = _run(tmp_path, "embedded")

    assert result.exit_code == 2, result.output
    [line] = result.stderr.splitlines()
    assert str(tmp_path / "var") in line


def test_a_connection_string_that_means_nothing_is_status_2(tmp_path: Path) -> None:
    result = _run(tmp_path, "postgresql://bookingd@127.0.0.1/bookingd?sslmode=perhaps")

    assert result.exit_code == 2, result.output
    assert "sslmode" in result.stderr


def test_help_explains_the_exit_status() -> None:
    said = CliRunner().invoke(cli, ["run", "--help"], prog_name="bookingd").stdout

    assert "Exit status:" in said
    assert "PostgreSQL is" in said


@pytest.mark.parametrize(
    ("environ", "started_as", "hint"),
    [
        ({}, ".venv/bin/bookingd", ".venv/bin/bookingd trip"),
        ({}, str(Path.cwd() / ".venv/bin/bookingd"), ".venv/bin/bookingd trip"),
        ({}, "/opt/bookingd/bin/bookingd", "/opt/bookingd/bin/bookingd trip"),
        ({}, "/opt/bookingd/__main__.py", f"{sys.executable} -m bookingd trip"),
        ({"BOOKINGD_SERVER__PORT": "9"}, "/b/bookingd", "/b/bookingd trip --url http://127.0.0.1:9"),
        ({"BOOKINGD_LOG__LEVEL": "info"}, "/b/bookingd", "/b/bookingd trip"),
    ],
)
def test_the_hint_is_the_command_as_it_was_called(
    environ: dict[str, str], started_as: str, hint: str
) -> None:
    assert trip_command(load_settings(None, environ), started_as=started_as) == hint


def test_the_hint_names_the_configuration_that_runs(tmp_path: Path) -> None:
    file = tmp_path / "my house.toml"
    file.write_text("[server]\nport = 9\n")

    hint = trip_command(load_settings(file, {}), started_as="/b/bookingd")

    assert hint == f"/b/bookingd trip --config '{file}'"


def test_the_hint_is_the_bare_name_where_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bookingd"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert trip_command(load_settings(None, {}), started_as=str(program)) == "bookingd trip"
