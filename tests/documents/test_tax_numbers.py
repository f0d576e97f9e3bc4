"""Tax numbers, country by country."""

import pytest

from bookingd.documents.tax_numbers import PREFIXES, BadTaxNumber, tax_number_of

GOOD = {
    "AT": "ATU13585627",
    "BE": "BE0403019261",
    "DE": "DE136695976",
    "EL": "EL094259216",
    "ES": "ESB58378431",
    "FI": "FI20774740",
    "FR": "FR40303265045",
    "IE": "IE6433435F",
    "IT": "IT00743110157",
    "NL": "NL004495445B01",
    "PL": "PL8567346215",
    "SE": "SE123456789701",
}
"""Examples of python-stdnum's documentation, one a country."""


@pytest.mark.parametrize(("prefix", "number"), GOOD.items())
def test_a_number_that_is_well_made_is_kept_without_spaces(prefix: str, number: str) -> None:
    country = "GR" if prefix == "EL" else prefix

    assert tax_number_of(country, f" {number[:4].lower()} {number[4:]} ") == number


@pytest.mark.parametrize("country", sorted(PREFIXES))
def test_every_member_state_looks_at_its_numbers(country: str) -> None:
    with pytest.raises(BadTaxNumber):
        tax_number_of(country, f"{PREFIXES[country]}1")


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("DE", "DE136695977"),
        ("DE", "136695976"),
        ("DE", "ATU13585627"),
        ("GR", "GR094259216"),
        ("DE", "DE"),
        ("CH", "???"),
        ("CH", "1"),
        ("US", "x" * 26),
    ],
)
def test_a_number_that_is_none_is_refused(country: str, number: str) -> None:
    with pytest.raises(BadTaxNumber):
        tax_number_of(country, number)


def test_elsewhere_a_number_is_taken_as_it_is() -> None:
    assert tax_number_of("CH", "che-116.281.710") == "CHE-116.281.710"
