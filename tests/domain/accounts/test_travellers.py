"""Which travellers can be saved: those who can be booked with, and no others."""

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from babel import Locale

from bookingd.domain.accounts.travellers import (
    DocumentType,
    Loyalty,
    TravelDocument,
    TravellerData,
    check,
    compact,
    masked,
    tidy,
)
from bookingd.domain.countries import COUNTRIES, ISO_3166

TODAY = date(2026, 11, 22)
PASSPORT = TravelDocument(
    type=DocumentType.PASSPORT,
    number="C01X00T47",
    issuing_country="DE",
    nationality="DE",
    expires_on=date(2030, 1, 1),
)
OLGA = TravellerData(name="Ольга Иванова", given_name="Olga", surname="Ivanova", born=date(1985, 3, 7))


def problems(**changes: Any) -> list[tuple[str, str]]:
    data = replace(OLGA, **changes)
    return [(one.field, one.code) for one in check(data, today=TODAY, new=data.documents)]


@pytest.mark.parametrize(
    "name",
    [
        "Ольга Иванова",
        "李小龍",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "क्षितिज",
        "\u02bbAukai",
        "O\u2019Neill-Smith Jr.",
        "アンナ\u30fbマリア",
        "Ærøskøbing",
        "न\u200dम",
    ],
)
def test_a_name_is_written_as_its_owner_writes_it(name: str) -> None:
    assert problems(name=name) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "name_length"),
        ("a" * 121, "name_length"),
        ("Olga\nBcc: all", "name_spelling"),
        ("Olga\x00", "name_spelling"),
        ("Olga \u202eavonavI", "name_spelling"),
        ("Olga 2", "name_spelling"),
        ("<b>Olga</b>", "name_spelling"),
        ("\u0301lga", "name_spelling"),
        ("-Olga", "name_spelling"),
        ("Olga \U0001f600", "name_spelling"),
    ],
)
def test_what_is_no_name_is_refused(name: str, code: str) -> None:
    assert problems(name=name) == [("name", code)]


@pytest.mark.parametrize(
    "letter", ["\u043e", "\u0430", "\u03bf", "\uff2f", "\U0001d40e", "0", "\u200b", "\x07"]
)
def test_what_only_looks_latin_is_no_latin_spelling(letter: str) -> None:
    """Cyrillic, Greek, full width and mathematical letters, digits, and what cannot be seen."""
    assert problems(given_name=f"{letter}lga") == [("given_name", "name_spelling")]


@pytest.mark.parametrize("name", ["Müller-Łukasz", "D'Angelo", "van der Meer", "Þór"])
def test_the_latin_letters_of_passports_are_taken(name: str) -> None:
    assert problems(surname=unicodedata.normalize("NFC", name)) == []


@pytest.mark.parametrize(
    ("born", "code"), [(date(2026, 11, 23), "born_in_future"), (date(1899, 12, 31), "born_too_early")]
)
def test_nobody_is_born_tomorrow_or_in_another_age(born: date, code: str) -> None:
    assert problems(born=born) == [("born", code)]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"number": "C0"}, "number", "document_number"),
        ({"number": "C01X-00T47"}, "number", "document_number"),
        ({"number": "\u042101X00T47"}, "number", "document_number"),
        ({"number": "C" * 21}, "number", "document_number"),
        ({"issuing_country": "QQ"}, "issuing_country", "country"),
        ({"issuing_country": "EU"}, "issuing_country", "country"),
        ({"nationality": "ZZ"}, "nationality", "country"),
        ({"nationality": None}, "nationality", "required"),
        ({"expires_on": date(2026, 11, 21)}, "expires_on", "document_over"),
    ],
)
def test_a_document_is_as_it_is_printed(changes: dict[str, Any], field: str, code: str) -> None:
    assert problems(documents=(replace(PASSPORT, **changes),)) == [(f"documents[0].{field}", code)]


def test_who_has_no_nationality_has_a_refugees_document() -> None:
    document = replace(PASSPORT, type=DocumentType.REFUGEE_DOCUMENT, nationality=None)

    assert problems(documents=(document,)) == []


def test_a_document_that_ended_since_it_was_saved_is_in_nobodys_way() -> None:
    ended = replace(PASSPORT, expires_on=date(2026, 1, 1))

    assert check(replace(OLGA, documents=(ended,)), today=TODAY, new=[]) == []


def test_what_stands_there_twice_is_refused() -> None:
    number = Loyalty(programme="LH", number="99222")

    found = problems(documents=(PASSPORT, PASSPORT), loyalty=(number, number))

    assert found == [("documents[1].number", "repeated"), ("loyalty[1].programme", "repeated")]


@pytest.mark.parametrize(
    ("loyalty", "field"),
    [
        (Loyalty(programme="L-", number="99222"), "programme"),
        (Loyalty(programme="lh", number="99222"), "programme"),
        (Loyalty(programme="LH", number="99!22"), "number"),
        (Loyalty(programme="LH", number="992"), "number"),
    ],
)
def test_a_programme_is_an_airlines(loyalty: Loyalty, field: str) -> None:
    assert [found for found, _ in problems(loyalty=(loyalty,))] == [f"loyalty[0].{field}"]


@pytest.mark.parametrize(
    ("number", "shown"), [("C01X00T47", "******T47"), ("12345", "****5"), ("123", "**3"), ("12", "**")]
)
def test_of_a_number_the_end_is_shown_and_never_more_than_a_third(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_what_nobody_means_is_tidied() -> None:
    assert tidy("  Anna   Maria ") == "Anna Maria"
    assert tidy("Zoe\u0308") == "Zo\u00eb"
    assert compact("c01x 00t-47") == "C01X00T47"
    assert compact("\u0131t") == "\u0131t"


def test_the_countries_are_those_that_people_know() -> None:
    assert len(ISO_3166) == 249
    assert {code: Locale("en").territories[code] for code in COUNTRIES}.keys() == COUNTRIES


def test_no_number_or_birth_date_is_in_what_a_log_would_show() -> None:
    shown = repr(replace(OLGA, documents=(PASSPORT,), loyalty=(Loyalty(programme="LH", number="99222"),)))

    assert not any(secret in shown for secret in ("C01X00T47", "99222", "1985", "Olga", "Ольга"))
