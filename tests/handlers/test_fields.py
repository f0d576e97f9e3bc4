"""Mistakes in a request cost no more than they are worth: one body is judged while everybody else waits."""

import pytest
from marshmallow import Schema

from handlers.accounts.account_requests import NewSession
from handlers.accounts.traveller_requests import NewTraveller
from handlers.errors import Problem
from handlers.fields import MOST_TOLD, load
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
