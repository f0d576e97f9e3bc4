"""Recovery codes: unguessable, readable, and kept as hashes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.security.recovery import ALPHABET, CODES, hash_of, new_codes
from bookingd.sources import SystemChance
from tests.fakes.sources import SeededChance

CODE = new_codes(SeededChance())[0]


def test_a_set_has_ten_codes_of_120_bits() -> None:
    codes = new_codes(SystemChance())

    assert len(set(codes)) == CODES == 10
    assert all(re.fullmatch(rf"([{ALPHABET}]{{4}}-){{5}}[{ALPHABET}]{{4}}", code) for code in codes)
    assert len(ALPHABET) == 32


@pytest.mark.parametrize(
    "typed",
    [CODE.lower(), CODE.replace("-", ""), CODE.replace("-", " "), f"  {CODE}  ", CODE.replace("-", "–")],  # noqa: RUF001
)
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert hash_of(typed) == hash_of(CODE)


def test_letters_that_look_like_digits_are_read_as_these() -> None:
    assert hash_of("0000-1111-1111-AAAA-BBBB-CCCC") == hash_of("OOoo-IIii-LLll-AAAA-BBBB-CCCC")


def test_other_codes_have_other_hashes() -> None:
    hashes = {hash_of(code) for code in new_codes(SystemChance())}

    assert len(hashes) == CODES
    assert all(hashed is not None and len(hashed) == 32 for hashed in hashes)


@pytest.mark.parametrize(
    "typed", ["", "AAAA", CODE[:-1], CODE + "A", "U" * 24, "\udc80" * 24, "é" * 24, "A" * 10**7]
)
def test_what_cannot_be_a_code_has_no_hash(typed: str) -> None:
    assert hash_of(typed) is None


@given(st.text())
def test_any_text_is_a_code_or_is_not(text: str) -> None:
    hash_of(text)
