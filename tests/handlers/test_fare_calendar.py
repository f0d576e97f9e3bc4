"""The calendar of lowest fares over HTTP: what it shows, how long it is kept, and what it does not take."""

from datetime import date, timedelta
from typing import Any

import pytest
from yarl import URL

from bookingd.domain.fare_calendar import DayFare
from bookingd.domain.money import Money
from bookingd.domain.passengers import Party
from bookingd.messages.search import FareCalendar, FareCalendarFound, SupplierStatus
from tests.fakes.sources import START
from tests.handlers.conftest import Api

TODAY = START.date()
WAY = {"origin": "FRA", "destination": "JFK"}


def of_day(day: date, cents: int) -> DayFare:
    at = START - timedelta(minutes=7)
    return DayFare(day=day, total=Money(cents, "EUR"), as_of=at, supplier="inventory")


def told(api: Api, *fares: DayFare, status: SupplierStatus = SupplierStatus.ANSWERED) -> None:
    api.search.calendar = FareCalendarFound(fares=fares, suppliers={"inventory": status})


async def look(api: Api, **asked: str) -> Any:
    return await api.get(URL("/v1/flights/calendar").with_query({**WAY, **asked}))


def asked(api: Api) -> Any:
    """What the actor was asked last."""
    query = api.search.asked[-1]
    assert isinstance(query, FareCalendar)
    return query.criteria


async def test_each_day_has_its_lowest_total_its_age_and_its_search(api: Api) -> None:
    told(api, of_day(date(2026, 12, 30), 45000))

    found = await look(
        api,
        **{"from": "2026-12-30", "to": "2026-12-31", "stay_nights": "3", "adults": "2", "infants": "1"},
    )

    assert found == {
        "origin": "FRA",
        "destination": "JFK",
        "currency": "EUR",
        "suppliers": {"inventory": "answered"},
        "days": [
            {
                "depart": "2026-12-30",
                "return": "2027-01-02",
                "total": {"amount": 45000, "currency": "EUR", "decimal": "450.00"},
                "as_of": "2026-11-22T11:53:00Z",
                "supplier": "inventory",
                "search": "/v1/flights/offers?origin=FRA&destination=JFK&depart=2026-12-30&return=2027-01-02"
                "&adults=2&infants=1&cabin=economy",
            },
            {
                "depart": "2026-12-31",
                "return": "2027-01-03",
                "total": None,
                "as_of": None,
                "supplier": None,
                "search": "/v1/flights/offers?origin=FRA&destination=JFK&depart=2026-12-31&return=2027-01-03"
                "&adults=2&infants=1&cabin=economy",
            },
        ],
    }
    assert asked(api).party == Party(adults=2, infants=1)
    assert asked(api).stay_nights == 3


async def test_the_search_of_a_day_is_a_search(api: Api) -> None:
    found = await look(api, **{"from": "2026-12-30", "to": "2026-12-30", "cabin": "business"})

    await api.get(URL(found["days"][0]["search"], encoded=True))

    assert api.status == 200


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2027-02", "2027-02-01", "2027-02-28"),
        ("2027-10", "2027-10-01", "2027-10-31"),
    ],
)
async def test_a_month_is_all_of_its_days(api: Api, month: str, first: str, last: str) -> None:
    found = await look(api, month=month)

    assert (found["days"][0]["depart"], found["days"][-1]["depart"]) == (first, last)
    assert len(found["days"]) == int(last[-2:])
    assert {one["return"] for one in found["days"]} == {None}


async def test_days_that_are_over_are_shown_and_not_asked_for(api: Api) -> None:
    told(api, of_day(TODAY, 30000))

    found = await look(api, month="2026-11")

    assert asked(api).first_day == TODAY
    assert [one["total"] is not None for one in found["days"]] == [day == TODAY.day for day in range(1, 31)]


async def test_today_is_todays_date_at_the_origin(api: Api) -> None:
    """In Auckland it is the next day by then."""
    found = await look(api, origin="AKL", destination="LAX", **{"from": "2026-11-22", "to": "2026-11-23"})

    assert [one["depart"] for one in found["days"]] == ["2026-11-22", "2026-11-23"]
    assert asked(api).first_day == date(2026, 11, 23)


async def test_days_that_nobody_sells_yet_are_shown_and_not_asked_for(api: Api) -> None:
    await look(api, **{"from": "2027-11-01", "to": "2027-11-30"})

    assert (api.status, asked(api).last_day) == (200, TODAY + timedelta(days=361))


async def test_it_is_kept_for_a_while_and_tells_its_age(api: Api) -> None:
    told(api, of_day(date(2026, 12, 30), 45000))
    first = await look(api, month="2026-12")
    api.clock.advance(599)

    again = await look(api, month="2026-12")

    assert again == first
    assert len(api.search.asked) == 1
    assert (api.headers["Age"], api.headers["Cache-Status"]) == ("599", "bookingd; hit")
    api.clock.advance(1)
    await look(api, month="2026-12")
    assert len(api.search.asked) == 2


async def test_one_in_which_somebody_failed_is_kept_for_moments_only(api: Api) -> None:
    told(api, status=SupplierStatus.FAILED)
    found = await look(api, month="2026-12")
    assert found["suppliers"] == {"inventory": "failed"}

    api.clock.advance(5)
    await look(api, month="2026-12")

    assert len(api.search.asked) == 2


async def test_where_nobody_answers_it_says_so(api: Api) -> None:
    api.search.fails = True

    problem = await look(api, month="2026-12")

    assert (api.status, problem["type"]) == (503, "/problems/unavailable")


DAYS = {"from": "2026-12-01", "to": "2026-12-31"}


@pytest.mark.parametrize(
    ("query", "mistakes"),
    [
        ({}, {("month", "required")}),
        ({"from": "2026-12-01"}, {("to", "required")}),
        ({"month": "2026-12", **DAYS}, {("from", "both"), ("to", "both")}),
        ({"month": "2026-13"}, {("month", "month")}),
        ({"month": "december"}, {("month", "month")}),
        ({"month": "2026-10"}, {("month", "past")}),
        ({"month": "2028-10"}, {("month", "too_far")}),
        ({**DAYS, "to": "2026-11-30"}, {("to", "before_first")}),
        ({**DAYS, "to": "2027-02-01"}, {("to", "too_many_days")}),
        ({"from": "2026-11-01", "to": "2026-11-21"}, {("to", "past")}),
        ({"from": "2027-11-19", "to": "2027-11-20"}, {("from", "too_far")}),
        ({"from": "2027-02-30", "to": "2027-03-01"}, {("from", "date")}),
        ({**DAYS, "origin": "ZZZ"}, {("origin", "unknown_place")}),
        ({**DAYS, "origin": "x"}, {("origin", "code")}),
        ({**DAYS, "destination": "FRA"}, {("destination", "same_place")}),
        ({**DAYS, "stay_nights": "61"}, {("stay_nights", "range")}),
        ({**DAYS, "stay_nights": "-1"}, {("stay_nights", "range")}),
        ({**DAYS, "max_stops": "3"}, {("max_stops", "range")}),
        ({**DAYS, "adults": "0"}, {("adults", "no_adults")}),
        ({**DAYS, "infants": "2"}, {("infants", "infants_without_adults")}),
        ({**DAYS, "cabin": "hold"}, {("cabin", "choice")}),
        ({**DAYS, "currency": "SEK"}, {("currency", "currency")}),
        ({**DAYS, "depart": "2026-12-01"}, {("depart", "unknown")}),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(
    api: Api, query: dict[str, str], mistakes: set[tuple[str, str]]
) -> None:
    problem = await look(api, **query)

    assert (api.status, problem["type"]) == (422, "/problems/invalid-fields")
    assert {(one["field"], one["code"]) for one in problem["errors"]} == mistakes
    assert api.search.asked == []


async def test_two_months_are_not_too_many(api: Api) -> None:
    found = await look(api, **{"from": "2026-12-01", "to": "2027-01-31"})

    assert (api.status, len(found["days"])) == (200, 62)
