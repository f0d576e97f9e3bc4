"""Sealed fields: they open where they belong, with a key that is there, and unchanged; or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.security.keyring import CannotOpen, Keyring
from tests.fakes.sources import SeededChance

OLD, NEW = f"2026-01:{'0f' * 32}", f"2026-11:{'A0' * 32}"
PLACE = "travellers.sealed/019a0000-0000-7000-8000-000000000001"


def keyring(*lines: str) -> Keyring:
    return Keyring.parse("\n".join(lines or (OLD,)), chance=SeededChance())


@given(st.binary(max_size=2000), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_was_sealed_opens_at_its_place(plain: bytes, place: str) -> None:
    ring = keyring()

    assert ring.open(ring.seal(plain, place=place), place=place) == plain


def test_it_tells_nothing_and_is_never_twice_the_same() -> None:
    ring = keyring()
    first, second = (ring.seal(b"1987-03-14", place=PLACE) for _ in range(2))

    assert first != second
    assert b"1987" not in first


def test_it_does_not_open_in_another_row() -> None:
    ring = keyring()
    sealed = ring.seal(b"1987-03-14", place=PLACE)

    with pytest.raises(CannotOpen, match="not sealed for here"):
        ring.open(sealed, place=PLACE[:-1] + "2")


def test_one_key_replaces_another() -> None:
    before = keyring(OLD).seal(b"plain", place=PLACE)
    both = keyring(NEW, OLD)

    after = both.seal(both.open(before, place=PLACE), place=PLACE)

    assert not both.is_current(before)
    assert both.is_current(after)
    assert keyring(NEW).open(after, place=PLACE) == b"plain"
    with pytest.raises(CannotOpen, match="no key b'2026-01'"):
        keyring(NEW).open(before, place=PLACE)


def test_a_key_of_the_same_id_that_is_another_opens_nothing() -> None:
    sealed = keyring(OLD).seal(b"plain", place=PLACE)

    with pytest.raises(CannotOpen, match="changed since"):
        keyring(f"2026-01:{'1f' * 32}").open(sealed, place=PLACE)


@given(st.data())
def test_a_single_bit_changed_is_seen(data: st.DataObject) -> None:
    ring = keyring(OLD, NEW)
    sealed = bytearray(ring.seal(b"plain", place=PLACE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CannotOpen):
        ring.open(bytes(sealed), place=PLACE)


@given(st.binary(max_size=80))
def test_garbage_does_not_open_and_nothing_else(garbage: bytes) -> None:
    with pytest.raises(CannotOpen):
        keyring().open(garbage, place=PLACE)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no key"),
        ("\n \n", "no key"),
        ("f" * 64, "line 1 is not an id, a colon and 64 hex digits"),
        (f"{OLD}\nnew:{'f' * 63}", "line 2 is not"),
        (f"new:{'g' * 64}", "line 1 is not"),
        (f"ä:{'f' * 64}", "line 1 is not"),
        (f"{OLD}\n\n{OLD}", "line 3 has the id of an earlier one, 2026-01"),
    ],
)
def test_a_file_of_keys_that_is_wrong_is_told_without_a_key(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        keyring(text) if text else Keyring.parse("", chance=SeededChance())

    assert "0f0f" not in str(refused.value)


def test_spaces_around_a_line_do_not_matter() -> None:
    assert keyring(f"  {NEW}\r", "", OLD).is_current(keyring(NEW).seal(b"", place=PLACE))
