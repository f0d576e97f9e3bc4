"""Changing planes takes believable times, by airport and kind."""

import pytest

from bookingd.seeding.airports import airports
from bookingd.seeding.connection_times import QUICK, connection_minutes
from bookingd.seeding.loading import AIRPORT_COLUMNS


@pytest.mark.parametrize("code", [*QUICK, "ATL", "JNB", "NAN", "SEN"])
def test_it_takes_no_hours_and_longest_on_the_way_into_a_country(code: str) -> None:
    minutes = connection_minutes(airports()[code])
    assert min(minutes) >= 20
    assert max(minutes) == minutes.international_to_domestic <= 120
    assert minutes.domestic_to_domestic == min(minutes)


def test_large_airports_take_longer_unless_they_were_made_for_it() -> None:
    atlanta, auckland, suva = (connection_minutes(airports()[code]) for code in ("ATL", "AKL", "NAN"))
    assert all(more > less for more, less in zip(atlanta, auckland, strict=True))
    assert all(more > less for more, less in zip(auckland, suva, strict=True))
    assert max(connection_minutes(airports()["MUC"])) < min(atlanta)


def test_the_times_are_named_as_they_are_kept() -> None:
    assert tuple(AIRPORT_COLUMNS[-4:]) == connection_minutes(airports()["FRA"])._fields
