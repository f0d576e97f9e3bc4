"""Mistakes in a request cost no more than they are worth: one body is judged while everybody else waits."""

import pytest
from marshmallow import Schema
from yarl import URL

from handlers.accounts.account_requests import NewSession
from handlers.accounts.traveller_requests import NewTraveller
from handlers.errors import Problem
from handlers.fields import MOST_TOLD, Choices, Codes, Repeated, Request, Text, TrueOrFalse, load, load_query
from handlers.requests import NewBooking, schema


@pytest.mark.parametrize(
    ("of", "field"), [(NewBooking, "passengers"), (NewTraveller, "documents"), (NewTraveller, "loyalty")]
)
def test_of_a_list_that_is_too_long_no_entry_is_looked_at(of: type[Schema], field: str) -> None:
    with pytest.raises(Problem) as refused:
        load(schema(of), {field: [{}] * 80_000})

    told = [(one.field, one.code) for one in refused.value.errors if one.field.startswith(field)]
    assert told == [(field, "length")]


def test_of_very_many_mistakes_the_first_are_told() -> None:
    with pytest.raises(Problem) as refused:
        load(schema(NewSession), {f"passwrd{number:05}": 1 for number in range(10_000)})

    assert len(refused.value.errors) == MOST_TOLD
    assert {one.code for one in refused.value.errors} <= {"unknown", "required"}
    assert len(refused.value.detail) < 100 * MOST_TOLD


class Asked(Request):
    airlines = Codes("[A-Z0-9]{2}", example="LH", most=3)
    departure = Repeated(Text(longest=20), most=2)
    refundable = TrueOrFalse()
    kinds = Choices(["city", "hotel"])


def wrong(query: str) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as refused:
        load_query(schema(Asked), URL(f"/?{query}").query)
    return [(one.field, one.code) for one in refused.value.errors]


def test_a_list_in_a_query_string_is_parted_by_commas_or_repeated() -> None:
    found = load_query(
        schema(Asked),
        URL("/?airlines=lh, ua,LH&departure=b&departure=a&refundable=true&kinds=hotel, city,hotel").query,
    )

    assert found == {
        "airlines": ("LH", "UA"),
        "departure": ["b", "a"],
        "refundable": True,
        "kinds": ("hotel", "city"),
    }


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("airlines=LH&airlines=UA", [("airlines", "repeated")]),
        ("airlines=", [("airlines", "code")]),
        ("kinds=", [("kinds", "choice")]),
        ("kinds=city,planet", [("kinds", "choice")]),
        ("airlines=LH,", [("airlines", "code")]),
        ("airlines=LUFTHANSA", [("airlines", "code")]),
        ("airlines=AA,BB,CC,DD", [("airlines", "length")]),
        ("departure=a&departure=b&departure=c", [("departure", "length")]),
        (f"departure=a&departure={'b' * 30}", [("departure[1]", "length")]),
        ("refundable=1", [("refundable", "type")]),
        ("refundable=", [("refundable", "type")]),
    ],
)
def test_a_list_that_is_none_is_refused(query: str, told: list[tuple[str, str]]) -> None:
    assert wrong(query) == told
