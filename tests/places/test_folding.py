"""What spellings have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.places.folding import fold, spellings, words


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ZÜRICH", "zurich"),
        ("Straße", "strasse"),
        ("Tromsø", "tromso"),
        ("Łódź", "lodz"),
        ("Đà Nẵng", "da nang"),
        ("İstanbul", "istanbul"),
        ("Αθήνα", "αθηνα"),
        ("Королёв", "королев"),
        ("القاهِرة", "القاهرة"),
        ("東京", "東京"),
        ("پورت\u200cلند", "پورتلند"),
        ("ガトウィック", "ガトウィック"),
        ("ＴＯＫＹＯ", "tokyo"),  # noqa: RUF001 - letters of full width
    ],
)
def test_case_and_accents_are_left_away(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("name", "typed"),
    [("München", "muenchen"), ("Ålborg", "aalborg"), ("Tromsø", "tromsoe"), ("Malmö", "malmo")],
)
def test_umlauts_are_found_written_out_and_without_dots(name: str, typed: str) -> None:
    assert typed in list(spellings(name))


@given(name=st.text())
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(name=st.text())
def test_what_has_no_umlauts_has_one_spelling(name: str) -> None:
    assert len(list(spellings(name))) == 1 + bool(set(name.casefold()) & set("äöüøå"))


@pytest.mark.parametrize(
    ("folded", "parts"),
    [
        ("koln/bonn", ["koln", "bonn"]),
        ("sao paulo–guarulhos", ["sao", "paulo", "guarulhos"]),  # noqa: RUF001 - a dash between towns
        ("l’aquila", ["laquila"]),  # noqa: RUF001 - as typographers set it
        ("chicago o'hare", ["chicago", "ohare"]),
        ("パリ・オルリー", ["パリ", "オルリー"]),
        ("st. john's (nl)", ["st", "johns", "nl"]),
        ("ประเทศไทย", ["ประเทศไทย"]),
        ("... !", []),
    ],
)
def test_a_name_is_taken_apart_at_what_is_no_letter(folded: str, parts: list[str]) -> None:
    assert words(folded) == parts
