"""Every SQL statement by its name, read from sql/queries/<noun>.sql.

Its one rule: a name is looked up when a module is imported, so that a misspelt one stops the start and
not a traveller:

    LOAD = query("booking.load")
    row = await connection.fetchrow(LOAD, booking_id)

A file holds statements of this shape; positions ($1, $2) are told in the remark. The line `-- role: owner`
marks a statement that only the owner's role may run.

    -- name: load
    -- The booking $1, locked until the end of the transaction.
    SELECT ... FROM bookings WHERE id = $1 FOR UPDATE;
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bookingd import data

_NAME = re.compile(r"^-- name: *(?P<name>[a-z][a-z0-9_]*) *$", re.MULTILINE)
_OWNER = re.compile(r"^-- role: *owner *$", re.MULTILINE)
_REMARK = re.compile(r"^\s*--")


class UnknownQuery(LookupError):
    """No file in sql/queries has a statement of that name."""


class QueryFileError(Exception):
    """A file in sql/queries is not made as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One statement: `name` is noun.name, `sql` the text without the lines of remarks."""

    name: str
    sql: str
    purpose: str
    for_owner: bool


def query(name: str) -> str:
    """The SQL text of `name` ("booking.load"). Raises UnknownQuery with the names that are close."""
    try:
        return all_queries()[name].sql
    except KeyError:
        noun = name.partition(".")[0]
        there = ", ".join(known for known in all_queries() if known.startswith(f"{noun}.")) or "none"
        raise UnknownQuery(f"sql/queries has no statement {name}; of {noun} it has: {there}") from None


@cache
def all_queries() -> Mapping[str, Query]:
    """Every statement of the installation by its name."""
    files = sorted(data.path("sql/queries").glob("*.sql"))
    return {read.name: read for file in files for read in parse(file)}


def parse(file: Path) -> list[Query]:
    """The statements of one file. Raises QueryFileError for one without a name of its own or without text."""
    head, *parts = _NAME.split(file.read_text())
    if _without_remarks(head):
        raise QueryFileError(f"{file} has a statement before its first `-- name:` line")
    names = parts[::2]
    for name in names:
        if names.count(name) > 1:
            raise QueryFileError(f"{file} has two statements named {name}")
    return [_query(file, name, text) for name, text in zip(names, parts[1::2], strict=True)]


def _query(file: Path, name: str, text: str) -> Query:
    sql = _without_remarks(text).removesuffix(";").rstrip()
    if not sql:
        raise QueryFileError(f"{file} has no statement below `-- name: {name}`")
    return Query(
        name=f"{file.stem}.{name}", sql=sql, purpose=_purpose(text), for_owner=bool(_OWNER.search(text))
    )


def _purpose(text: str) -> str:
    """The remark above the statement, in one line."""
    lines = itertools.takewhile(_REMARK.match, text.strip().splitlines())
    return " ".join(_REMARK.sub("", line).strip() for line in lines if not _OWNER.match(line))


def _without_remarks(text: str) -> str:
    """`text` less the lines that are remarks and nothing else; the server need not read them."""
    return "\n".join(line for line in text.splitlines() if line.strip() and not _REMARK.match(line)).strip()
