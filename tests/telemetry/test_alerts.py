"""The rules that come for Prometheus: its own tool reads them, and they speak of what we count."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookingd.telemetry.metrics import Metrics

_NAME = re.compile(r"\bbookingd_[a-z_]+")


def names() -> set[str]:
    """Of everything that a process counts, as it is named when Prometheus asks."""
    return set(_told())


def _told() -> Iterator[str]:
    for family in Metrics().registry.collect():
        if family.name.startswith("bookingd_"):
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            yield f"{family.name}{suffix}"


def _without_parts(name: str) -> str:
    """A histogram's name, whichever of its parts is asked for."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def promtool(*arguments: str | Path) -> None:
    """Debian's package `prometheus` has it."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_configuration_and_its_rules(checkout: Path) -> None:
    promtool("check", "config", checkout / "config/prometheus.yml")
    promtool("check", "rules", "--lint=all", "--lint-fatal", checkout / "config/bookingd.rules.yml")


def test_alerts_fire_when_they_should_and_not_before() -> None:
    promtool("test", "rules", Path(__file__).with_name("alerts.yml"))


@pytest.mark.parametrize("file", ["config/bookingd.rules.yml", "tests/telemetry/alerts.yml"])
def test_rules_speak_of_what_is_counted(checkout: Path, file: str) -> None:
    spoken = {_without_parts(name) for name in _NAME.findall((checkout / file).read_text())}

    assert spoken
    assert spoken <= names()


def test_the_table_for_operators_has_every_metric_and_no_other(checkout: Path) -> None:
    page = (checkout / "docs/operations.md").read_text()

    told = set(re.findall(r"^\| `(bookingd_[a-z_]+)", page, re.MULTILINE))

    assert told == names()
