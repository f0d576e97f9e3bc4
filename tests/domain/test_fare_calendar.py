"""What a calendar of lowest fares looks for, and which fare of a day counts."""

from datetime import date, timedelta

from bookingd.domain.fare_calendar import CalendarCriteria, DayFare, lowest
from bookingd.domain.money import Money
from bookingd.domain.passengers import Party
from tests.factories import wanted
from tests.fakes.sources import START

FAMILY = Party(adults=2, children=1)


def looking(first: date, last: date, nights: int | None = None) -> CalendarCriteria:
    return CalendarCriteria(
        origin="FRA",
        destination="JFK",
        first_day=first,
        last_day=last,
        stay_nights=nights,
        party=FAMILY,
    )


def fare(day: int, cents: int, *, minutes: int = 0, supplier: str = "inventory") -> DayFare:
    return DayFare(
        day=date(2027, 1, day),
        total=Money(cents, "EUR"),
        as_of=START - timedelta(minutes=minutes),
        supplier=supplier,
    )


def test_its_days_go_over_the_ends_of_months_and_leap_days() -> None:
    days = list(looking(date(2028, 2, 27), date(2028, 3, 1)).days)

    assert days == [date(2028, 2, 27), date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)]
    assert list(looking(date(2028, 3, 2), date(2028, 3, 1)).days) == []


def test_of_a_day_that_very_search_is_asked() -> None:
    day, back = date(2026, 12, 30), date(2027, 1, 2)

    one_way = looking(day, day).search(day)
    there_and_back = looking(day, day, nights=3).search(day)

    assert one_way == wanted("FRA", "JFK", day, party=FAMILY, max_stops=2)
    assert there_and_back == wanted("FRA", "JFK", day, return_on=back, party=FAMILY, max_stops=2)
    assert looking(day, day, nights=0).returns_on(day) == day


def test_of_each_day_the_lowest_fare_counts_and_of_equal_ones_the_youngest() -> None:
    dear, cheap = fare(2, 300), fare(2, 200, minutes=90, supplier="acme")
    old, young = fare(1, 100, minutes=60, supplier="acme"), fare(1, 100, minutes=5, supplier="zeta")

    assert lowest([dear, cheap, old, young]) == [young, cheap]
    assert lowest([young, old, cheap, dear]) == [young, cheap]
