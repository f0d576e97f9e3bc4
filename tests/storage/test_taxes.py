"""Tax rules from files: what is wrong is named by line and column; what changed gets another version."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bookingd.domain.documents.taxes import EUROPEAN_UNION, Customer, Product, Treatment
from bookingd.storage import taxes
from bookingd.storage.database import Connection
from bookingd.storage.taxes import COLUMNS, BadTaxFile
from tests.fakes.sources import START

HEAD = ",".join(COLUMNS)


def file_of(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "taxes.csv"
    file.write_text("\n".join((HEAD, *lines)) + "\n")
    return file


async def test_the_shipped_rules_tax_everything_that_is_sold_in_the_union(connection: Connection) -> None:
    async with connection.transaction():
        await taxes.add(connection, wanted=taxes.shipped(), now=START)

    book = await taxes.book(connection, countries=EUROPEAN_UNION)

    for country in EUROPEAN_UNION:
        for product in Product:
            for customer in Customer:
                rule = book.rule(country=country, product=product, customer=customer, on=date(2026, 12, 1))
                fee = product is Product.SERVICE_FEE
                if not fee:
                    assert rule.treatment is Treatment.MARGIN_SCHEME
                elif customer is Customer.EU_COMPANY:
                    assert rule.treatment is Treatment.REVERSE_CHARGE
                else:
                    assert 15 <= (rule.percent or 0) <= 27, "Directive 2006/112/EC, article 97: 15 at least"


async def test_what_is_written_twice_is_there_once_and_what_changed_is_a_version(
    connection: Connection, tmp_path: Path
) -> None:
    first = taxes.read_file(file_of(tmp_path, "DE,hotel,anybody,standard,19,2026-01-01,,x"))
    second = taxes.read_file(file_of(tmp_path, "DE,hotel,anybody,standard,7,2026-01-01,2026-12-31,y"))
    async with connection.transaction():
        written = [
            [rule.reference for rule in await taxes.add(connection, wanted=wanted, now=START)]
            for wanted in (first, first, second, second)
        ]

    assert written == [["DE/hotel/anybody/2026-01-01@1"], [], ["DE/hotel/anybody/2026-01-01@2"], []]
    book = await taxes.book(connection, countries=["DE"])
    assert [(rule.percent, rule.version) for rule in book.rules] == [(Decimal(7), 2)]
    assert [one.note for one in await taxes.every_version(connection)] == ["x", "y"]


def test_a_file_may_have_remarks_and_empty_lines(tmp_path: Path) -> None:
    file = file_of(tmp_path, "# a remark", "", 'FI,hotel,anybody,standard,25.5,2024-09-01,,"a, b"')

    (only,) = taxes.read_file(file)

    assert (only.rule.percent, only.note) == (Decimal("25.5"), "a, b")
    assert replace(only.rule, percent=Decimal(24)) != only.rule


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("XX,hotel,anybody,exempt,,2026-01-01,,", "line 2, column country: 'XX' is no country"),
        ("DE,boat,anybody,exempt,,2026-01-01,,", "line 2, column product: 'boat' is none of flight"),
        ("DE,hotel,me,exempt,,2026-01-01,,", "line 2, column customer: 'me' is none of anybody"),
        ("DE,hotel,anybody,free,,2026-01-01,,", "line 2, column treatment: 'free' is none of standard"),
        ("DE,hotel,anybody,standard,x,2026-01-01,,", "line 2, column percent: 'x' is no number"),
        ("DE,hotel,anybody,standard,NaN,2026-01-01,,", "line 2, column percent: 'NaN' is no number"),
        ("DE,hotel,anybody,standard,1.00001,2026-01-01,,", "line 2, column percent: '1.00001' is no"),
        ("DE,hotel,anybody,standard,101,2026-01-01,,", "line 2, column percent: a rate is more than 0"),
        ("DE,hotel,anybody,standard,,2026-01-01,,", "line 2, column percent: a rate belongs to"),
        ("DE,hotel,anybody,outside,,2026-01-01,,", "line 2, column percent: what is no supply"),
        ("DE,hotel,anybody,exempt,,1.1.2026,,", "line 2, column valid_from: '1.1.2026' is no day"),
        ("DE,hotel,anybody,exempt,,2026-01-01,soon,", "line 2, column valid_until: 'soon' is no day"),
        ("DE,hotel", "line 2: 2 columns instead of 8"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(BadTaxFile) as refused:
        taxes.read_file(file_of(tmp_path, line))

    assert str(refused.value).startswith(told)


def test_a_rule_stands_in_a_file_once(tmp_path: Path) -> None:
    line = "DE,hotel,anybody,exempt,,2026-01-01,,"

    with pytest.raises(BadTaxFile, match="line 3: the rule of line 2 once more"):
        taxes.read_file(file_of(tmp_path, line, line))


@pytest.mark.parametrize("content", [b"", b"country;product", b"\xff\xfe"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "taxes.csv"
    file.write_bytes(content)

    with pytest.raises(BadTaxFile):
        taxes.read_file(file)
