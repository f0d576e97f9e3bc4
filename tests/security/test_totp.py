"""TOTP: the codes of RFC 6238, each taken once and not long after its time."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.security.totp import (
    PERIOD,
    code_at,
    new_secret,
    provisioning_uri,
    spelled,
    step_at,
    step_of,
)
from tests.fakes.sources import START, SeededChance

RFC_SECRET = b"12345678901234567890"
SECRET = new_secret(SeededChance())
NOW = step_at(START)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B has eight digits; apps show the last six."""
    assert code_at(RFC_SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == code[-6:]


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_code_counts_a_step_before_and_after_its_own(off: int) -> None:
    assert step_of(code_at(SECRET, NOW + off), SECRET, now=START, after=0) == NOW + off


@pytest.mark.parametrize("off", [-2, 2, -10_000])
def test_a_code_of_another_time_does_not(off: int) -> None:
    assert step_of(code_at(SECRET, NOW + off), SECRET, now=START, after=0) is None


def test_a_code_is_taken_once() -> None:
    code = code_at(SECRET, NOW)

    taken = step_of(code, SECRET, now=START, after=0)

    assert taken is not None
    assert step_of(code, SECRET, now=START + timedelta(seconds=PERIOD), after=taken) is None
    assert step_of(code_at(SECRET, NOW - 1), SECRET, now=START, after=taken) is None
    assert step_of(code_at(SECRET, NOW + 1), SECRET, now=START, after=taken) == NOW + 1


def test_another_secret_has_other_codes() -> None:
    assert step_of(code_at(RFC_SECRET, NOW), SECRET, now=START, after=0) is None


def test_spaces_do_not_matter() -> None:
    code = code_at(SECRET, NOW)

    assert step_of(f" {code[:3]} {code[3:]}\n", SECRET, now=START, after=0) == NOW


@given(st.text(max_size=12))
def test_garbage_is_no_code(text: str) -> None:
    if step_of(text, SECRET, now=START, after=0) is not None:
        assert len("".join(text.split())) == 6


@pytest.mark.parametrize(
    "digits", ["\u0661\u0662\u0663\u0664\u0665\u0666", "12345\u00b2", "-12345", "\udc80" * 6]
)
def test_other_digits_are_no_code(digits: str) -> None:
    assert step_of(digits, SECRET, now=START, after=0) is None


def test_an_app_is_told_all_it_needs() -> None:
    uri = provisioning_uri(SECRET, address="anna+x@mail.example", issuer="Reisebüro & Söhne: Köln")

    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Reisebüro & Söhne: Köln:anna+x@mail.example"
    assert parse_qs(parts.query) == {
        "secret": [spelled(SECRET)],
        "issuer": ["Reisebüro & Söhne: Köln"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


def test_a_secret_has_160_bits_and_no_padding() -> None:
    assert len(SECRET) == 20
    assert len(spelled(SECRET)) == 32
    assert "=" not in spelled(SECRET)
