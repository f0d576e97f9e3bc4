"""Local times follow the pinned IANA data, whatever the host's own copy says."""

from datetime import UTC, datetime
from zoneinfo import TZPATH, ZoneInfo


def test_zones_come_from_the_package_and_not_from_the_host() -> None:
    assert TZPATH == ()


def test_british_columbia_keeps_its_summer_time_from_2026_on() -> None:
    winter = datetime(2026, 12, 1, 20, 0, tzinfo=UTC).astimezone(ZoneInfo("America/Vancouver"))
    assert winter.hour == 13
