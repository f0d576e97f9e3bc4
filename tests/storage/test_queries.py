"""Every statement of the project, seen by the server that it is written for."""

import re
from pathlib import Path

import pytest

from bookingd.storage.database import Connection
from bookingd.storage.queries import Query, QueryFileError, UnknownQuery, all_queries, parse, query

EVERY = sorted(all_queries().values(), key=lambda known: known.name)

# Time, ids and chance are parameters. `uuidv7` and `uuidv4` are new in PostgreSQL 18.
FORBIDDEN = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid"
    r"|uuidv4|uuidv7)\s*\(|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b"
    r"|'(now|today|tomorrow|yesterday)'",
    re.IGNORECASE,
)


@pytest.mark.parametrize("known", EVERY, ids=lambda known: known.name)
async def test_the_server_accepts_every_statement_from_the_role_that_runs_it(
    known: Query, connection: Connection, owner_connection: Connection
) -> None:
    role = owner_connection if known.for_owner else connection

    await role.prepare(known.sql)


@pytest.mark.parametrize("known", EVERY, ids=lambda known: known.name)
def test_every_statement_says_what_it_is_for(known: Query) -> None:
    assert known.purpose


def test_time_ids_and_chance_are_parameters_in_all_of_sql(checkout: Path) -> None:
    found = {
        (file.name, match.group().lower())
        for file in checkout.joinpath("sql").rglob("*.sql")
        for match in FORBIDDEN.finditer(re.sub(r"--.*", "", file.read_text()))
    }

    assert found == {("ground.sql", "clock_timestamp(")}  # the comparison of the clocks at start


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownQuery, match=r"no statement ground\.clokc.*ground\.clock"):
        query("ground.clokc")


def test_a_statement_is_read_without_its_remarks(tmp_path: Path) -> None:
    file = tmp_path / "hold.sql"
    file.write_text(
        "-- Holds.\n\n-- name: load\n-- The hold $1.\n-- role: owner\nSELECT 1\n-- why\nWHERE $1; -- end\n"
    )

    assert parse(file) == [
        Query(name="hold.load", sql="SELECT 1\nWHERE $1; -- end", purpose="The hold $1.", for_owner=True)
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1;\n-- name: load\nSELECT 2;\n", "before its first"),
        ("-- name: load\n-- Nothing.\n", "no statement below"),
        ("-- name: load!\nSELECT 1;\n", "before its first"),
        ("-- name: load\nSELECT 1;\n-- name: load\nSELECT 2;\n", "two statements"),
    ],
)
def test_a_file_that_is_not_made_right_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "hold.sql"
    file.write_text(text)

    with pytest.raises(QueryFileError, match=complaint):
        parse(file)
