"""Distances and wall clocks."""

from datetime import UTC, date, datetime, time

import pytest

from bookingd.domain.places import days_later, great_circle_km, instant, local


def test_a_distance_is_the_great_circle() -> None:
    assert great_circle_km(51.4706, -0.4619, 40.6398, -73.7789) == pytest.approx(5540, abs=10)


def test_a_distance_over_the_date_line_is_the_short_way() -> None:
    assert great_circle_km(0, 179, 0, -179) == pytest.approx(222, abs=1)


def test_opposite_ends_of_the_earth_are_half_a_circle_apart() -> None:
    assert great_circle_km(0, 0, 0, 180) == pytest.approx(20015, abs=1)


def test_the_offset_is_that_of_the_day() -> None:
    assert instant(date(2026, 1, 10), time(12), "Europe/Berlin") == datetime(2026, 1, 10, 11, tzinfo=UTC)
    assert instant(date(2026, 7, 10), time(12), "Europe/Berlin") == datetime(2026, 7, 10, 10, tzinfo=UTC)


def test_a_time_that_clocks_skip_is_an_hour_later_on_them() -> None:
    skipped = instant(date(2026, 3, 29), time(2, 30), "Europe/Berlin")
    assert local(skipped, "Europe/Berlin").time() == time(3, 30)


def test_a_time_that_comes_twice_is_its_first_coming() -> None:
    assert instant(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_flight_over_the_date_line_can_arrive_the_day_before() -> None:
    leaves = instant(date(2026, 12, 2), time(0, 30), "Pacific/Auckland")
    lands = instant(date(2026, 12, 1), time(16, 0), "America/Los_Angeles")
    assert lands > leaves
    assert days_later(leaves, "Pacific/Auckland", lands, "America/Los_Angeles") == -1


def test_a_night_flight_arrives_the_next_day() -> None:
    leaves = instant(date(2026, 12, 1), time(22, 0), "America/New_York")
    lands = instant(date(2026, 12, 2), time(10, 0), "Europe/London")
    assert days_later(leaves, "America/New_York", lands, "Europe/London") == 1
