"""Tax rules, as they are and as they were, and the files that they come in.

The one rule: rows are added and never changed, so that every document's rule can be found again.
"""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import asyncpg

from bookingd import data
from bookingd.domain.countries import ISO_3166
from bookingd.domain.documents.taxes import Customer, Product, TaxBook, TaxRule, Treatment
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ALL = query("taxes.all")
LAST_OF = query("taxes.last_of")
LOCK = query("taxes.lock")
ADD = query("taxes.add")

SHIPPED = "config/taxes/eu-2026.csv"
"""Standard rates of the member states and how travel is mostly taxed there; below `bookingd.data`."""

WRITING = 0x7461786573  # "taxes": whoever writes rules holds it, until the transaction ends

COLUMNS = ("country", "product", "customer", "treatment", "percent", "valid_from", "valid_until", "note")


class BadTaxFile(ValueError):
    """A file is none of tax rules; the message says in which line and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A rule, and where it stands in the law."""

    rule: TaxRule
    note: str


async def book(connection: Connection, *, countries: Collection[str]) -> TaxBook:
    """The rules of those countries."""
    return TaxBook([one.rule for one in map(_noted, await connection.fetch(LAST_OF, list(countries)))])


async def every_version(connection: Connection) -> list[Noted]:
    """All that there are and were."""
    return [_noted(row) for row in await connection.fetch(ALL)]


async def news(connection: Connection, *, wanted: Iterable[Noted]) -> list[Noted]:
    """Those that are new, or differ from their last version, under the version that they would get."""
    last = {one.rule.key: one for one in await every_version(connection)}
    found = [_next_version(one, last.get(one.rule.key)) for one in wanted]
    return [one for one in found if one is not None]


async def add(connection: Connection, *, wanted: Iterable[Noted], now: datetime) -> list[TaxRule]:
    """Write them, in a transaction; with the versions that they got."""
    await connection.execute(LOCK, WRITING)
    written = await news(connection, wanted=wanted)
    rules = [one.rule for one in written]
    await connection.execute(
        ADD,
        [rule.country for rule in rules],
        [rule.product for rule in rules],
        [rule.customer for rule in rules],
        [rule.valid_from for rule in rules],
        [rule.valid_until for rule in rules],
        [rule.treatment for rule in rules],
        [rule.percent for rule in rules],
        [rule.version for rule in rules],
        [one.note for one in written],
        now,
    )
    return rules


def shipped() -> list[Noted]:
    """The rules that bookingd ships."""
    return read_file(data.path(SHIPPED))


def read_file(file: Path) -> list[Noted]:
    """The rules in a file: CSV in UTF-8 with the columns COLUMNS, and remarks in lines that begin with #.

    Raises BadTaxFile.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadTaxFile(f"{file} is not UTF-8") from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    rows = list(csv.reader(line for _, line in numbered))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise BadTaxFile(f"{file} does not begin with the columns {','.join(COLUMNS)}")
    found = [_read(row, number) for row, (number, _) in zip(rows[1:], numbered[1:], strict=True)]
    _check_once_each(found, [number for number, _ in numbered[1:]])
    return found


def _check_once_each(found: Sequence[Noted], numbers: Sequence[int]) -> None:
    first: dict[object, int] = {}
    for one, number in zip(found, numbers, strict=True):
        if (earlier := first.setdefault(one.rule.key, number)) != number:
            raise BadTaxFile(f"line {number}: the rule of line {earlier} once more")


def _read(row: Sequence[str], number: int) -> Noted:
    if len(row) != len(COLUMNS):
        raise BadTaxFile(f"line {number}: {len(row)} columns instead of {len(COLUMNS)}")
    cells = dict(zip(COLUMNS, map(str.strip, row), strict=True))
    at = _Place(number, cells)
    try:
        rule = TaxRule(
            country=at.country(),
            product=at.one_of("product", Product),
            customer=at.one_of("customer", Customer),
            treatment=at.one_of("treatment", Treatment),
            percent=at.percent(),
            valid_from=at.day("valid_from"),
            valid_until=at.day("valid_until") if cells["valid_until"] else None,
        )
    except BadTaxFile:
        raise
    except ValueError as error:
        raise BadTaxFile(f"line {number}, column percent: {error}") from error
    return Noted(rule=rule, note=cells["note"])


class _Place:
    """A line, which says where it is wrong."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self._number = number
        self._cells = cells

    def wrong(self, column: str, told: str) -> BadTaxFile:
        return BadTaxFile(f"line {self._number}, column {column}: {self._cells[column]!r} {told}")

    def country(self) -> str:
        if self._cells["country"] not in ISO_3166:
            raise self.wrong("country", "is no country (ISO 3166-1, two capitals)")
        return self._cells["country"]

    def one_of(self, column: str, kind: Any) -> Any:
        try:
            return kind(self._cells[column])
        except ValueError as error:
            raise self.wrong(column, f"is none of {', '.join(kind)}") from error

    def percent(self) -> Decimal | None:
        if not self._cells["percent"]:
            return None
        try:
            given = Decimal(self._cells["percent"])
        except InvalidOperation as error:
            raise self.wrong("percent", "is no number") from error
        exponent = given.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -4:
            raise self.wrong("percent", "is no number of at most four decimals")
        return given

    def day(self, column: str) -> date:
        try:
            return date.fromisoformat(self._cells[column])
        except ValueError as error:
            raise self.wrong(column, "is no day (2026-12-31)") from error


def _next_version(wanted: Noted, last: Noted | None) -> Noted | None:
    """None where it is as it was."""
    if last is None:
        return wanted
    version = replace(wanted.rule, version=last.rule.version)
    if version == last.rule:
        return None
    return replace(wanted, rule=replace(version, version=last.rule.version + 1))


def _noted(row: asyncpg.Record) -> Noted:
    percent: Decimal | None = row["percent"]
    rule = TaxRule(
        country=row["country"],
        product=Product(row["product"]),
        customer=Customer(row["customer"]),
        treatment=Treatment(row["treatment"]),
        percent=None if percent is None else percent.normalize(),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        version=row["version"],
    )
    return Noted(rule=rule, note=row["note"])
