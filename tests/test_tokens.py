"""Signed tokens: what is not ours, not for this, or too old is InvalidToken and nothing else."""

import base64
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bookingd.tokens import InvalidToken, Purpose, Token, TokenSigner
from tests.fakes.sources import START

SIGNER = TokenSigner(b"k" * 32)
TOMORROW = START + timedelta(days=1)
SUBJECT = "0199-booking"


def token(purpose: Purpose = Purpose.BOOKING, subject: str = SUBJECT) -> str:
    return SIGNER.sign(purpose, subject, expires_at=TOMORROW)


def test_a_token_says_what_was_signed() -> None:
    assert SIGNER.read(token(), Purpose.BOOKING, now=START) == Token(
        purpose=Purpose.BOOKING, subject=SUBJECT, expires_at=TOMORROW
    )


def test_the_same_token_can_be_made_again() -> None:
    assert token() == token()


@pytest.mark.parametrize("purpose", [Purpose.GUEST, Purpose.LINK])
def test_a_token_is_good_for_one_purpose(purpose: Purpose) -> None:
    with pytest.raises(InvalidToken, match="something else"):
        SIGNER.read(token(), purpose, now=START)


def test_a_token_ends_at_its_moment() -> None:
    SIGNER.read(token(), Purpose.BOOKING, now=TOMORROW - timedelta(microseconds=1))
    with pytest.raises(InvalidToken, match="too old"):
        SIGNER.read(token(), Purpose.BOOKING, now=TOMORROW)


def test_another_key_makes_other_tokens() -> None:
    with pytest.raises(InvalidToken, match="signature"):
        TokenSigner(b"x" * 32).read(token(), Purpose.BOOKING, now=START)


@given(st.integers(0, len(token()) - 1), st.characters())
def test_a_token_with_one_character_changed_is_refused(place: int, other: str) -> None:
    """Also the last ones: the signature has no spare bits in its spelling."""
    forged = token()[:place] + other + token()[place + 1 :]
    if forged != token():
        with pytest.raises(InvalidToken):
            SIGNER.read(forged, Purpose.BOOKING, now=START)


@given(st.text() | st.text(alphabet="bgl.0123456789abcdef-_=", max_size=60))
@example("")
@example(".")
@example("...")
@example("b.x.0.")
@example("\udc80")
@example("b.\ud800.1.x")
@example("é" * 40)
@example("b" * 100_000)
@example("b\0.x.1.y")
def test_garbage_is_invalid_and_nothing_else(garbage: str) -> None:
    with pytest.raises(InvalidToken):
        SIGNER.read(garbage, Purpose.BOOKING, now=START)


@pytest.mark.parametrize("subject", ["", "a.b", "é", "\udc80"])
def test_a_subject_that_could_not_be_read_back_is_not_signed(subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        token(subject=subject)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenSigner(b"k" * 31)


def test_the_signature_has_192_bits() -> None:
    signature = token().rpartition(".")[2]
    assert len(base64.urlsafe_b64decode(signature)) == 24
