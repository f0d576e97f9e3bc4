"""The units in systemd/ by the judgement of systemd's own tools."""

import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from bookingd.cli import cli
from bookingd.config.schema import LEAVES
from tests.systemd.confined import settings

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = {
    "bookingd.service": "bookingd.service",
    "bookingd@.service": "bookingd@search.flights.service",
    "bookingd-migrate@.service": "bookingd-migrate@all.service",
}
"""File to a unit that it is good for."""

DAEMONS = ("bookingd.service", "bookingd@.service")
PROGRAM = "/opt/bookingd/bin/bookingd"
EXPOSURE = 2.0
"""Of ten, as `systemd-analyze security` counts."""

ITS_OWN = frozenset(
    {"ExecStart", "SyslogIdentifier", "RuntimeDirectory", "RuntimeDirectoryMode", "Environment"}
)
"""What differs between the whole house and one process of several, which has no PostgreSQL within."""


def _host(directory: Path) -> Path:
    """A root directory with our units, their program, and what systemd itself brings."""
    units = directory / "usr/lib/systemd/system"
    shutil.copytree("/usr/lib/systemd/system", units, ignore=lambda _, names: _but_targets(names))
    for file in UNITS.iterdir():
        shutil.copy(file, units)
    program = directory / PROGRAM.removeprefix("/")
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    return directory


def _but_targets(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".target")]


def _verify(host: Path) -> str:
    names = [*SERVICES.values(), "bookingd.target"]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={host}", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout}{done.stderr}" or ("" if done.returncode == 0 else f"status {done.returncode}")


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    assert _verify(_host(tmp_path)) == ""


def test_what_systemd_does_not_understand_would_be_told(tmp_path: Path) -> None:
    host = _host(tmp_path)
    unit = host / "usr/lib/systemd/system/bookingd.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSecs="))

    assert "Unknown key 'WatchdogSecs'" in _verify(host)


@pytest.mark.parametrize(("file", "unit"), SERVICES.items())
def test_they_are_hardly_exposed(tmp_path: Path, file: str, unit: str) -> None:
    shutil.copy(UNITS / file, tmp_path / unit)
    threshold = f"--threshold={int(EXPOSURE * 10)}"

    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", threshold, tmp_path / unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr}"
    assert "Overall exposure level" in done.stdout


def test_one_process_of_several_is_run_as_the_whole_house_is() -> None:
    whole, one = ({**settings(UNITS / name)} for name in DAEMONS)

    assert {name for name in whole | one if whole.get(name) != one.get(name)} == ITS_OWN


def test_the_migration_is_hardened_as_the_daemon_is() -> None:
    daemon, migration = (settings(UNITS / name) for name in ("bookingd.service", "bookingd-migrate@.service"))
    hardening = {name for name in daemon if name.startswith(("Protect", "Private", "Restrict", "SystemCall"))}
    hardening |= {"CapabilityBoundingSet", "DevicePolicy", "MemoryDenyWriteExecute", "NoNewPrivileges"}
    hardening -= {"RestartPreventExitStatus"}

    assert {name: migration.get(name) for name in hardening} == {name: daemon[name] for name in hardening}


@pytest.mark.parametrize("file", SERVICES)
def test_their_commands_are_commands_of_bookingd(file: str) -> None:
    [line] = settings(UNITS / file)["ExecStart"]
    program, name, *arguments = shlex.split(line.replace("%i", "all"))
    with click.Context(cli) as context:
        command = cli.get_command(context, name)

    assert program == PROGRAM
    assert command is not None
    assert command.make_context(name, arguments).params["config"].parent == Path("/etc/bookingd")


@pytest.mark.parametrize("file", SERVICES)
def test_every_secret_that_a_setting_may_hold_can_be_handed_over(file: str) -> None:
    given = dict(line.split(":") for line in settings(UNITS / file)["LoadCredential"])
    secrets = {"_".join(leaf.path) for leaf in LEAVES if leaf.metadata.get("from_file")}

    # The daemon is not to have the owner's password.
    assert set(given) == secrets - ({"database_owner_url"} if file in DAEMONS else set())
    assert given == {name: f"bookingd.{name}" for name in given}


@pytest.mark.parametrize("file", DAEMONS)
def test_they_rely_on_what_the_daemon_tells(file: str) -> None:
    given = settings(UNITS / file)

    assert given["Type"] == ["notify"]
    assert given["WatchdogSec"] == ["30"]
    assert given["KillMode"] == ["mixed"]
    assert (given["Restart"], given["RestartPreventExitStatus"]) == (["on-failure"], ["2"])
