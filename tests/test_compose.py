"""compose.yaml names nothing that is not there: files, settings, commands, services."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from bookingd.cli import cli
from bookingd.config import Settings, load_settings
from tests.dockerfile import read

OURS = ("migrate", "bookingd")


@pytest.fixture
def compose(checkout: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((checkout / "compose.yaml").read_text())
    return found


@pytest.fixture
def settings(compose: dict[str, Any], checkout: Path) -> Settings:
    """As the daemon reads them within its container."""
    image = [each.text for each in read(checkout / "Dockerfile")[-1].instructions if each.name == "ENV"]
    environ = dict(line.split("=", 1) for line in image) | compose["services"]["bookingd"]["environment"]
    return load_settings(None, environ)


def test_its_settings_are_settings(settings: Settings) -> None:
    assert (settings.bus.embedded, settings.cache.embedded, settings.database.embedded) == (False,) * 3
    assert settings.paths.var == Path("/var/lib/bookingd")
    assert settings.server.host == "0.0.0.0"


def test_its_servers_are_its_services(settings: Settings, compose: dict[str, Any]) -> None:
    database, owner = settings.database.url, settings.database.owner_url
    assert owner is not None
    hosts = [
        urlsplit(url.reveal()).hostname for url in (database, owner, settings.bus.url, settings.cache.url)
    ]

    assert set(hosts) <= set(compose["services"])


@pytest.mark.parametrize("service", OURS)
def test_each_of_ours_runs_a_command_of_the_image_that_is_built_here(
    compose: dict[str, Any], checkout: Path, service: str
) -> None:
    found = compose["services"][service]
    [command] = found["command"]

    assert command in cli.list_commands(None)  # type: ignore[arg-type]
    assert (checkout / found["build"] / "Dockerfile").is_file()
    assert found["image"] == "bookingd"


def test_whoever_waits_for_another_waits_for_something_that_happens(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, found in services.items():
        for other, how in found.get("depends_on", {}).items():
            wanted = how["condition"]
            ends = services[other].get("command") == ["migrate"]
            assert wanted == ("service_completed_successfully" if ends else "service_healthy"), name
            assert ends or services[other]["healthcheck"]["test"], other


def test_its_files_and_volumes_are_there(compose: dict[str, Any], checkout: Path) -> None:
    mounted = {
        mount.split(":")[0] for found in compose["services"].values() for mount in found.get("volumes", ())
    }
    files = {name for name in mounted if name.startswith(".")}

    assert {name for name in files if not (checkout / name).is_file()} == set()
    assert mounted - files == set(compose["volumes"])


def test_nobody_from_outside_reaches_it(compose: dict[str, Any]) -> None:
    ports = [port for found in compose["services"].values() for port in found.get("ports", ())]

    assert ports == ["127.0.0.1:8080:8080"]
