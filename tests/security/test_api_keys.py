"""API keys: shown once, kept as a hash, read back or refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.ids import ApiKeyId
from bookingd.security.api_keys import looks_like_api_key, new_api_key, read_api_key
from bookingd.sources import SystemChance
from tests.fakes.sources import SeededChance

KEY_ID = ApiKeyId(UUID("019a0000-0000-7000-8000-000000000001"))
SHOWN, KEPT = new_api_key(KEY_ID, SeededChance())


def test_a_key_that_is_shown_reads_as_what_is_kept() -> None:
    read = read_api_key(SHOWN)

    assert read == KEPT
    assert read.is_kept_as(KEPT.hash)
    assert SHOWN.split("_")[2] not in repr(KEPT)


def test_another_secret_under_the_same_id_is_another_key() -> None:
    other, _ = new_api_key(KEY_ID, SystemChance())

    read = read_api_key(other)

    assert read is not None
    assert read.id == KEY_ID
    assert not read.is_kept_as(KEPT.hash)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bkd_",
        SHOWN.replace("bkd_", "bk_"),
        SHOWN[:-1],
        SHOWN + "0",
        SHOWN.upper(),
        f" {SHOWN}",
        f"{SHOWN}\n",
        SHOWN.replace("_", "-"),
        "\udc80",
    ],
)
def test_what_is_not_spelled_like_one_is_none(text: str) -> None:
    assert read_api_key(text) is None


@given(st.text())
def test_any_text_is_a_key_or_is_not(text: str) -> None:
    if read_api_key(text) is not None:
        assert looks_like_api_key(text)
