"""Canonical bytes, commitments and checkpoints: the same today and in ten years."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.audit import (
    GENESIS,
    AuditEntry,
    Checkpoint,
    CheckpointKind,
    Personal,
    SignedCheckpoint,
    Straggler,
    Subject,
    UnfitForAudit,
    UnreadableCheckpoint,
    canonical,
    chain_hash,
    parse_checkpoint,
    seal,
)
from tests.fakes.sources import START, SeededChance

ENTRY = AuditEntry(
    id=UUID("01936b2e-7c00-7000-8000-000000000001"),
    at=datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC),
    principal="guest:01936b2e-7c00-7000-8000-00000000000a",
    action="booking.confirmed",
    subject=Subject(kind="booking", id="01936b2e-7c00-7000-8000-00000000000b"),
    correlation_id=UUID("01936b2e-7c00-7000-8000-00000000000c"),
    details={"reference": "KX7P4M", "total": 12345, "currency": "EUR", "items": ["flight"], "late": False},
    personal={"email": Personal(value="zoë@example.org", salt=bytes(range(32)))},
)

CHECKPOINT = SignedCheckpoint(
    checkpoint=Checkpoint(
        sequence=2,
        kind=CheckpointKind.BOUNDARY,
        number=900,
        hash=b"\x01" * 32,
        at=START,
        previous=b"\x02" * 32,
        public_key=b"\x03" * 32,
        stragglers=(Straggler(number=899, previous=b"\x04" * 32, hash=b"\x05" * 32),),
    ),
    signature=b"\x06" * 64,
)

plain: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127, min_codepoint=1)), inner)
    ),
    max_leaves=20,
)


def test_an_entry_has_exactly_these_bytes_for_ever() -> None:
    commitment = hashlib.sha256(bytes(range(32)) + '"zoë@example.org"'.encode()).hexdigest()

    assert ENTRY.canonical().decode() == (
        '{"action":"booking.confirmed","at":"2026-11-22T12:00:00.000005Z",'
        '"correlation_id":"01936b2e-7c00-7000-8000-00000000000c",'
        '"details":{"currency":"EUR","items":["flight"],"late":false,"reference":"KX7P4M","total":12345},'
        '"format":1,"id":"01936b2e-7c00-7000-8000-000000000001",'
        f'"personal":{{"email":"{commitment}"}},'
        '"principal":"guest:01936b2e-7c00-7000-8000-00000000000a",'
        '"subject":{"id":"01936b2e-7c00-7000-8000-00000000000b","kind":"booking"}}'
    )


def test_an_entry_holds_no_personal_value_and_no_salt() -> None:
    written = ENTRY.canonical()

    assert b"example.org" not in written
    assert bytes(range(32)).hex().encode() not in written


def test_the_same_time_in_another_zone_gives_the_same_bytes() -> None:
    elsewhere = ENTRY.at.astimezone(timezone(timedelta(hours=9)))

    assert replace(ENTRY, at=elsewhere).canonical() == ENTRY.canonical()


def test_the_same_value_under_another_salt_is_another_commitment(chance: SeededChance) -> None:
    first, second = seal({"email": "a@b.c"}, chance.token), seal({"email": "a@b.c"}, chance.token)

    assert first["email"].commitment != second["email"].commitment


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Personal(value="a@b.c", salt=b"salt")


@given(plain)
def test_canonical_bytes_read_back_as_what_was_written(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(st.characters(max_codepoint=127, min_codepoint=1)), st.integers(0, 9)))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))

    assert canonical(turned) == canonical(value)


def test_any_mapping_and_any_sequence_will_do() -> None:
    assert canonical(MappingProxyType({"a": (1, 2)})) == b'{"a":[1,2]}'


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"price": 12.5}, r"value\.price: a float"),
        ({"at": START}, r"value\.at: a datetime"),
        ({"raw": b"x"}, r"value\.raw: a bytes"),
        ({"list": [1, {"deep": object()}]}, r"value\.list\[1\]\.deep: a object"),
        (2**53, "too large"),
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        ({1: 2}, "no ASCII key"),
        ({"é": 2}, "no ASCII key"),
    ],
)
def test_what_has_no_canonical_bytes_is_refused_by_its_place(value: Any, complaint: str) -> None:
    with pytest.raises(UnfitForAudit, match=complaint):
        canonical(value)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(UnfitForAudit, match="without a zone"):
        replace(ENTRY, at=ENTRY.at.replace(tzinfo=None)).canonical()


def test_a_hash_binds_the_bytes_and_all_that_came_before() -> None:
    assert chain_hash(GENESIS, b"one") == hashlib.sha256(bytes(32) + b"one").digest()
    assert chain_hash(b"\x01" * 32, b"one") != chain_hash(GENESIS, b"one")


def test_a_subject_reads_as_kind_and_id() -> None:
    assert str(Subject.of("booking", ENTRY.id)) == f"booking/{ENTRY.id}"


def test_a_checkpoint_survives_its_line() -> None:
    assert parse_checkpoint(CHECKPOINT.line()) == CHECKPOINT


def test_the_signature_is_no_part_of_what_is_signed() -> None:
    assert replace(CHECKPOINT, signature=b"").checkpoint.body() == CHECKPOINT.checkpoint.body()
    assert b"signature" not in CHECKPOINT.checkpoint.body()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        CHECKPOINT.line()[:100],
        CHECKPOINT.line().replace('"boundary"', '"edge"'),
        CHECKPOINT.line().replace('"number":900', '"number": 900'),
        CHECKPOINT.line().replace('"number":900', '"number":900,"number":901'),
        CHECKPOINT.line().replace('"number":900', '"more":1,"number":900'),
    ],
)
def test_what_is_not_exactly_a_checkpoint_is_none(line: str) -> None:
    with pytest.raises(UnreadableCheckpoint):
        parse_checkpoint(line)
