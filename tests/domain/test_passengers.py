"""Passenger types by birth date on each day of travel, and which parties may go."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.passengers import (
    Party,
    PartyProblem,
    Passenger,
    PassengerType,
    age,
    booked_type,
    check_party,
    party_of,
    passenger_type,
    travel_dates,
)

TODAY = date(2026, 11, 22)
OUT = date(2027, 3, 10)
BACK = date(2027, 3, 24)

ADULT = date(1980, 5, 5)
CHILD = date(2020, 5, 5)
INFANT = date(2026, 5, 5)


def conditions(*, minors_alone: bool = False) -> Conditions:
    return Conditions(
        family="Classic",
        carry_on_bags=1,
        checked_bags=1,
        change_fee=0,
        cancel_fee=None,
        minors_alone=minors_alone,
    )


def passengers(*births: date, dates: tuple[date, ...] = (OUT, BACK)) -> list[Passenger]:
    return [
        Passenger(
            number=number,
            given_name="Ada",
            surname="Lovelace",
            born=born,
            type=booked_type(born, dates),
        )
        for number, born in enumerate(births, start=1)
    ]


def problems(
    people: list[Passenger],
    *,
    dates: tuple[date, ...] = (OUT, BACK),
    party: Party | None = None,
    minors_alone: bool = False,
) -> list[PartyProblem]:
    return check_party(
        people,
        dates=dates,
        conditions=conditions(minors_alone=minors_alone),
        party=party or party_of(people),
        today=TODAY,
    )


def codes(found: list[PartyProblem]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in found]


@pytest.mark.parametrize(
    ("born", "on", "expected"),
    [
        (date(2025, 3, 11), OUT, PassengerType.INFANT),
        (date(2025, 3, 10), OUT, PassengerType.CHILD),
        (date(2015, 3, 11), OUT, PassengerType.CHILD),
        (date(2015, 3, 10), OUT, PassengerType.ADULT),
        (date(2027, 4, 1), OUT, PassengerType.INFANT),
    ],
)
def test_the_type_changes_on_the_birthday_itself(born: date, on: date, expected: PassengerType) -> None:
    assert passenger_type(born, on) is expected


@pytest.mark.parametrize(
    ("on", "years"),
    [
        (date(2026, 2, 28), 1),
        (date(2026, 3, 1), 2),
        (date(2028, 2, 28), 3),
        (date(2028, 2, 29), 4),
    ],
)
def test_who_is_born_on_a_leap_day_has_the_birthday_on_1_march_of_common_years(on: date, years: int) -> None:
    assert age(date(2024, 2, 29), on) == years


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 40_000))
def test_nobody_grows_younger(born: date, days: int) -> None:
    first = born + timedelta(days=days)

    assert 0 <= age(born, first + timedelta(days=1)) - age(born, first) <= 1


def test_a_child_that_turns_12_on_the_way_stays_a_child() -> None:
    assert booked_type(date(2015, 3, 17), (OUT, BACK)) is PassengerType.CHILD


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (date(2025, 3, 24), PassengerType.CHILD),
        (date(2025, 3, 25), PassengerType.INFANT),
    ],
)
def test_an_infant_that_turns_2_before_the_last_flight_is_booked_as_a_child(
    born: date, expected: PassengerType
) -> None:
    assert booked_type(born, (OUT, BACK)) is expected


def test_the_order_of_the_dates_does_not_matter() -> None:
    assert booked_type(date(2025, 3, 17), (BACK, OUT)) is PassengerType.CHILD


def test_flight_dates_are_those_of_the_wall_clock_at_each_airport() -> None:
    def segment(origin_zone: str, departs_at: datetime) -> Segment:
        return Segment(
            supplier_key="1",
            airline="NZ",
            number=1,
            origin="AKL",
            destination="LAX",
            departs_at=departs_at,
            arrives_at=departs_at + timedelta(hours=12),
            origin_zone=origin_zone,
            destination_zone="UTC",
            aircraft="B789",
        )

    flights = (
        segment("Pacific/Auckland", datetime(2027, 3, 9, 12, 0, tzinfo=UTC)),
        segment("America/Los_Angeles", datetime(2027, 3, 10, 2, 0, tzinfo=UTC)),
    )
    trip = Itinerary(slices=(Slice(segments=flights),), cabin=Cabin.ECONOMY, conditions=conditions())

    assert travel_dates(trip) == (date(2027, 3, 10), date(2027, 3, 9))


def test_a_family_may_go() -> None:
    assert problems(passengers(ADULT, ADULT, CHILD, INFANT)) == []


def test_each_infant_needs_an_adult_of_its_own() -> None:
    assert codes(problems(passengers(ADULT, INFANT, INFANT))) == [("passengers", "infants_without_adults")]
    assert problems(passengers(ADULT, ADULT, INFANT, INFANT)) == []


def test_a_child_is_no_lap_for_an_infant_even_where_minors_may_go_alone() -> None:
    found = problems(passengers(CHILD, INFANT), minors_alone=True)

    assert codes(found) == [("passengers", "infants_without_adults")]


def test_a_child_goes_alone_only_where_the_fare_allows_it() -> None:
    assert codes(problems(passengers(CHILD))) == [("passengers", "minors_alone")]
    assert problems(passengers(CHILD), minors_alone=True) == []


def test_nine_seats_are_the_most_and_infants_take_none() -> None:
    assert problems(passengers(*[ADULT] * 9, *[INFANT] * 9)) == []
    assert codes(problems(passengers(*[ADULT] * 10))) == [("passengers", "too_many")]


def test_nobody_is_no_party() -> None:
    assert codes(problems([])) == [("passengers", "nobody")]


@pytest.mark.parametrize(
    ("born", "code"),
    [
        (TODAY + timedelta(days=1), "born_in_future"),
        (date(1899, 12, 31), "born_too_early"),
    ],
)
def test_a_birth_date_that_cannot_be_is_told_by_its_field(born: date, code: str) -> None:
    found = problems(passengers(ADULT, born))

    assert codes(found)[0] == ("passengers[1].born", code)


def test_births_of_today_and_of_1900_can_be() -> None:
    assert problems(passengers(date(1900, 1, 1), TODAY)) == []


def test_a_passenger_of_another_type_than_its_birth_date_gives_is_told() -> None:
    claimed = Passenger(number=1, given_name="Ada", surname="Lovelace", born=ADULT, type=PassengerType.CHILD)

    found = problems([*passengers(ADULT), claimed])

    assert codes(found) == [("passengers[1].born", "type_differs")]
    assert "adult, not as child" in found[0].message


def test_an_infant_that_turns_2_on_the_way_is_told_to_be_booked_as_a_child() -> None:
    lap = Passenger(
        number=2,
        given_name="Ada",
        surname="Lovelace",
        born=date(2025, 3, 17),
        type=PassengerType.INFANT,
    )

    found = problems([*passengers(ADULT), lap])

    assert codes(found) == [("passengers[1].born", "type_differs")]
    assert "book it as a child" in found[0].message


def test_the_passengers_must_be_those_that_the_offer_was_made_for() -> None:
    found = problems(passengers(ADULT, CHILD), party=Party(adults=2))

    assert codes(found) == [("passengers", "party_differs")]
    assert found[0].message == "The offer is for 2 adults; these passengers are 1 adult, 1 child."


@pytest.mark.parametrize(
    "name",
    ["Ada", "O'Neill", "Jean-Luc", "van der Berg", "Łukasz", "Ñu", "Zoë", "Zoe\u0308", "X", "a" * 60, "D'"],
)
def test_names_in_latin_letters_pass(name: str) -> None:
    person = Passenger(number=1, given_name=name, surname=name, born=ADULT, type=PassengerType.ADULT)

    assert problems([person]) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "name_length"),
        ("a" * 61, "name_length"),
        ("Иван", "name_spelling"),
        ("王", "name_spelling"),
        ("R2D2", "name_spelling"),
        ("Ada\n", "name_spelling"),
        (" Ada", "name_spelling"),
        ("Ada-", "name_spelling"),
        ("--", "name_spelling"),
        ("a\u00d7b", "name_spelling"),
        ("<b>", "name_spelling"),
    ],
)
def test_other_names_are_told_by_their_field(name: str, code: str) -> None:
    person = Passenger(number=1, given_name="Ada", surname=name, born=ADULT, type=PassengerType.ADULT)

    assert codes(problems([person])) == [("passengers[0].surname", code)]


@given(st.text(max_size=70))
def test_any_text_as_a_name_gets_an_answer(name: str) -> None:
    person = Passenger(number=1, given_name=name, surname="Lovelace", born=ADULT, type=PassengerType.ADULT)

    assert all(problem.field == "passengers[0].given_name" for problem in problems([person]))


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_a_party_counts_its_heads_and_seats(adults: int, children: int, infants: int) -> None:
    party = Party(adults=adults, children=children, infants=infants)

    assert sum(count for _, count in party.heads) == party.size
    assert party.size - party.infants == party.seats
    assert party_of(passengers(*[ADULT] * adults, *[CHILD] * children, *[INFANT] * infants)) == party
