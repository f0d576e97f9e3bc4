"""`make test` installs the servers that it misses, or names their packages and fails; it never skips."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.servers import __main__ as packages
from tests.servers import rabbitmq, redis
from tests.servers.process import ServerError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without servers, whose administration only writes down how it is called."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("apt-get", "update-rc.d", "systemctl"):
        program = place / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n[ ! -e {tmp_path}/broken ]\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setattr(rabbitmq, "PLACES", ("/nowhere",))
    monkeypatch.setattr(packages, "SYSTEMD", tmp_path)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


@pytest.mark.parametrize("module", [rabbitmq, redis])
def test_a_missing_server_is_named_with_its_package(programs: Path, module: Any) -> None:
    with pytest.raises(ServerError, match=f"sudo apt-get install {module.PACKAGE}"):
        module.find_server()


def test_whoever_is_not_root_is_told_what_to_install(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert packages.main() == 1

    assert capsys.readouterr().err == (
        "bookingd: the tests need what is not installed."
        " Install it: sudo apt-get install rabbitmq-server redis-server systemd prometheus\n"
    )
    assert not (programs / "calls").exists()


def test_root_gets_it_installed_and_nothing_of_it_enabled(programs: Path) -> None:
    assert packages.main() == 0

    assert (programs / "calls").read_text().splitlines() == [
        "apt-get update -qq",
        "apt-get install -qq -y --no-install-recommends rabbitmq-server redis-server systemd prometheus",
        "update-rc.d rabbitmq-server disable",
        "systemctl --quiet disable epmd.service",
        "systemctl --quiet disable epmd.socket",
        "update-rc.d redis-server disable",
        "update-rc.d prometheus disable",
    ]
    assert not (programs / "policy-rc.d").exists()


def test_a_service_that_the_host_had_before_is_left_as_it_is(programs: Path) -> None:
    (programs / "redis-server.service").touch()
    (programs / "epmd.socket").touch()
    (programs / "prometheus.service").touch()

    assert packages.main() == 0

    disabled = [line for line in (programs / "calls").read_text().splitlines() if "disable" in line]
    assert disabled == ["update-rc.d rabbitmq-server disable", "systemctl --quiet disable epmd.service"]


def test_services_are_forbidden_only_while_we_install(programs: Path) -> None:
    with packages.services_forbidden():
        assert subprocess.run([packages.POLICY], check=False).returncode == 101

    assert not packages.POLICY.exists()


def test_a_policy_of_the_host_stays(programs: Path) -> None:
    packages.POLICY.write_text("#!/bin/sh\nexit 104\n")

    with packages.services_forbidden():
        assert "104" in packages.POLICY.read_text()

    assert "104" in packages.POLICY.read_text()


def test_an_installation_that_fails_fails_the_run(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (programs / "broken").touch()

    assert packages.main() == 1

    assert "bookingd: apt-get update -qq failed" in capsys.readouterr().err
    assert not packages.POLICY.exists()
