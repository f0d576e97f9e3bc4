"""Signed tokens: what is not ours, not for this, or too old is InvalidToken and nothing else."""

import base64
import hmac
import json
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bookingd.tokens import InvalidToken, Purpose, Token, TokenSigner
from tests.fakes.sources import START

SIGNER = TokenSigner(b"k" * 32)
NEW, OLD = b"n" * 32, b"o" * 32
TOMORROW = START + timedelta(days=1)
SUBJECT = "0199-booking"
PROOF = UUID("019a0000-0000-7000-8000-000000000001")


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


@given(st.text() | st.text(alphabet="bgalvrecsk.0123456789-_=", max_size=60))
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


def test_a_key_is_replaced_and_nobody_is_signed_out() -> None:
    before = TokenSigner(OLD).sign(Purpose.ACCESS, "session", expires_at=TOMORROW)
    code = TokenSigner(OLD).code(Purpose.BOOKING_ACCESS, PROOF)
    both = TokenSigner(NEW, OLD)

    assert both.read(before, Purpose.ACCESS, now=START).subject == "session"
    assert both.is_code(code, Purpose.BOOKING_ACCESS, PROOF)


def test_the_first_key_signs() -> None:
    token = TokenSigner(NEW, OLD).sign(Purpose.ACCESS, "session", expires_at=TOMORROW)

    assert token == TokenSigner(NEW).sign(Purpose.ACCESS, "session", expires_at=TOMORROW)
    with pytest.raises(InvalidToken, match="signature"):
        TokenSigner(OLD).read(token, Purpose.ACCESS, now=START)


def test_a_key_that_was_taken_away_counts_no_longer() -> None:
    before = TokenSigner(OLD).sign(Purpose.ACCESS, "session", expires_at=TOMORROW)
    code = TokenSigner(OLD).code(Purpose.BOOKING_ACCESS, PROOF)

    with pytest.raises(InvalidToken, match="signature"):
        TokenSigner(NEW).read(before, Purpose.ACCESS, now=START)
    assert not TokenSigner(NEW).is_code(code, Purpose.BOOKING_ACCESS, PROOF)


def test_each_purpose_has_its_own_letter() -> None:
    """A shared one would let a link in a mail open a session."""
    assert all(len(purpose) == 1 and purpose.isascii() for purpose in Purpose)
    assert len(Purpose.__members__) == len(Purpose)


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose != Purpose.ACCESS])
def test_nothing_else_is_an_access_token(purpose: Purpose) -> None:
    with pytest.raises(InvalidToken, match="something else"):
        SIGNER.read(token(purpose), Purpose.ACCESS, now=START)


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256", "typ": "JWT"}, {"alg": "RS256"}])
@pytest.mark.parametrize("key", [b"", b"k" * 32])
def test_a_token_that_names_its_own_algorithm_is_refused(header: dict[str, str], key: bytes) -> None:
    """Also one that is signed with our very key: there is no algorithm to choose, and so none to confuse."""
    said = {"sub": "session", "exp": 4_000_000_000}
    body = ".".join(_base64(json.dumps(part).encode()) for part in (header, said))
    signature = _base64(hmac.digest(key, body.encode(), "sha256")) if key else ""

    with pytest.raises(InvalidToken):
        SIGNER.read(f"{body}.{signature}", Purpose.ACCESS, now=START)


def test_a_refresh_tokens_successor_is_always_the_same_and_nobody_elses() -> None:
    token = b"t" * 32

    assert SIGNER.successor(token) == SIGNER.successor(token) == TokenSigner(b"k" * 32, OLD).successor(token)
    assert len({SIGNER.successor(token), SIGNER.successor(b"u" * 32), TokenSigner(NEW).successor(token)}) == 3
    assert len(SIGNER.successor(token)) == 32


def test_a_code_has_its_digits_also_where_it_begins_with_zeros() -> None:
    codes = [SIGNER.code(Purpose.BOOKING_ACCESS, UUID(int=number)) for number in range(200)]

    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert any(code.startswith("0") for code in codes)
    assert len(set(codes)) > 190


def test_a_code_is_good_for_its_proof_and_purpose_alone() -> None:
    code = SIGNER.code(Purpose.BOOKING_ACCESS, PROOF)

    assert SIGNER.is_code(code, Purpose.BOOKING_ACCESS, PROOF)
    assert not SIGNER.is_code(code, Purpose.EMAIL_CHANGE, PROOF)
    assert not SIGNER.is_code(code, Purpose.BOOKING_ACCESS, UUID(int=PROOF.int + 1))


@pytest.mark.parametrize(
    "given",
    ["", "12345", "1234567", "\u0661\u0662\u0663\u0664\u0665\u0666", "\udc80", "-00001", "9" * 100_000],
)
def test_what_is_no_code_is_not_the_code(given: str) -> None:
    assert not SIGNER.is_code(given, Purpose.BOOKING_ACCESS, PROOF)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
