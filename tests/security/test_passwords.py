"""Passwords: any text that is not tried first, kept so that guessing costs, told apart at one price."""

import asyncio
import threading
import unicodedata
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from bookingd.security.passwords import (
    MAX_CHARACTERS,
    MIN_CHARACTERS,
    Cost,
    PasswordHasher,
    TooManyPasswords,
    Verdict,
    common_passwords,
    refusal_of,
)
from bookingd.telemetry.metrics import PasswordMetrics
from tests.fakes.sources import SeededChance

CHEAP = Cost(memory_kib=8, passes=1)
GOOD = "correct horse battery staple"
OK, WRONG = Verdict(ok=True), Verdict(ok=False)


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(chance=SeededChance(), cost=CHEAP)
    yield hasher
    hasher.close()


async def test_a_password_is_right_and_another_is_not(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(GOOD)

    assert await hasher.verify(hashed, GOOD) == OK
    assert await hasher.verify(hashed, GOOD + " ") == WRONG
    assert await hasher.verify(hashed, GOOD.upper()) == WRONG
    assert await hasher.verify(hashed, "") == WRONG


async def test_the_hash_is_argon2id_and_salted(hasher: PasswordHasher) -> None:
    first, second = await hasher.hash(GOOD), await hasher.hash(GOOD)

    assert first.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert first != second
    assert extract_parameters(first) == CHEAP.parameters


def test_the_default_costs_what_asvs_asks_for() -> None:
    assert Cost() == Cost(memory_kib=47_104, passes=1, lanes=1)


@pytest.mark.parametrize(
    "dearer", [Cost(memory_kib=16), Cost(memory_kib=8, passes=2), Cost(memory_kib=16, lanes=2)]
)
async def test_a_hash_at_another_cost_counts_and_is_outdated(hasher: PasswordHasher, dearer: Cost) -> None:
    hashed = await hasher.hash(GOOD)
    later = PasswordHasher(chance=SeededChance(), cost=dearer)

    assert await later.verify(hashed, GOOD) == Verdict(ok=True, outdated=True)
    assert await later.verify(hashed, "something else") == WRONG
    assert await later.verify(await later.hash(GOOD), GOOD) == OK
    later.close()


async def test_nobodys_password_is_never_right_and_is_looked_at_at_the_same_cost(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is verified has the parameters of a real hash, so it takes as long; and off the event loop."""
    looked_at = _spy(monkeypatch)

    verdicts = [await hasher.verify(None, given) for given in ("", GOOD, "\ud800", "x" * 10_000)]

    assert verdicts == [WRONG] * 4
    assert [extract_parameters(hashed.decode()) for hashed, _ in looked_at] == [CHEAP.parameters] * 4


async def test_what_cannot_be_a_password_costs_the_same_as_a_wrong_one(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = await hasher.hash(GOOD)
    looked_at = _spy(monkeypatch)

    assert await hasher.verify(hashed, "\ud800" + GOOD) == WRONG
    assert await hasher.verify(hashed, GOOD * 1000) == WRONG
    assert len(looked_at) == 2


async def test_hashing_happens_in_threads_of_its_own(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = _spy(monkeypatch)

    await hasher.verify(None, GOOD)

    assert [name.startswith("passwords") for _, name in looked_at] == [True]


@given(st.text(max_size=40))
def test_however_a_text_is_composed_it_is_the_same_password(text: str) -> None:
    async def story() -> None:
        hasher = PasswordHasher(chance=SeededChance(), cost=CHEAP)
        password = f"{GOOD}{text}"
        composed, decomposed = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
        if refusal_of(password) is None and len(decomposed) <= MAX_CHARACTERS:
            hashed = await hasher.hash(composed)
            assert await hasher.verify(hashed, decomposed) == OK
        hasher.close()

    asyncio.run(story())


async def test_a_space_is_a_space_on_every_keyboard(hasher: PasswordHasher) -> None:
    assert (
        await hasher.verify(await hasher.hash("correct horse battery"), "correct\u00a0horse\u3000battery")
        == OK
    )


async def test_more_than_can_be_looked_at_in_time_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr("bookingd.security.passwords.verify_secret", lambda *_: goes_on.wait(30))
    metrics = PasswordMetrics(registry := CollectorRegistry())
    hasher = PasswordHasher(chance=SeededChance(), cost=CHEAP, threads=1, waiting=2, metrics=metrics)
    tries = [asyncio.create_task(hasher.verify(None, GOOD)) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(TooManyPasswords):
        await hasher.verify(None, GOOD)

    told = registry.get_sample_value
    assert (told("bookingd_passwords_waiting"), told("bookingd_passwords_turned_away_total")) == (3, 1)
    goes_on.set()
    await asyncio.gather(*tries)
    await hasher.verify(None, GOOD)
    assert told("bookingd_passwords_waiting") == 0
    hasher.close()


async def test_a_password_that_cannot_be_one_is_not_hashed(hasher: PasswordHasher) -> None:
    for impossible in ("\udc80" * 10, "x" * (MAX_CHARACTERS + 1), "bell\x07bell\x07"):
        with pytest.raises(ValueError, match="cannot be one"):
            await hasher.hash(impossible)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x7#kPq2!",
        "пароль-от-дома-у-моря",  # noqa: RUF001 - Cyrillic on purpose
        "山の上の小さな家",
        "🐙🦑🐡🐠🐟🐬🐳🐋",
        "a b c d e f g h",
        "0" * 4 + "-one-two-three-" + "x" * (MAX_CHARACTERS - 19),
        "'; DROP TABLE accounts; --",
    ],
)
def test_any_text_is_a_password(password: str) -> None:
    assert refusal_of(password) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 8"),
        ("x7#kPq2", "at least 8"),
        ("e\u0301" * 7, "at least 8"),
        ("x7#kPq2!" * 33, "at most 256"),
        ("x" * 10_000_000, "at most 256"),
        ("line\nbreak one", "text of"),
        ("nul\0nul nul", "text of"),
        ("\ud800 half a character", "text of"),
        ("password", "tried first"),
        ("PassWord1", "tried first"),
        ("iloveyou!!", "tried first"),
        ("sunshine2026", "tried first"),
        ("12345678", "tried first"),
        ("qwertyuiop", "tried first"),
        ("aaaaaaaaaaaaaaaa", "tried first"),
        ("1212121212121212", "tried first"),
        ("bookingd2026", "your name"),
        ("BookingdBookingd", "your name"),
    ],
)
def test_what_an_enemy_tries_first_is_refused(password: str, why: str) -> None:
    refusal = refusal_of(password)

    assert refusal is not None
    assert why in refusal


@pytest.mark.parametrize(
    "password", ["katarina1987", "Novotny-Katarina", "KATARINA.NOVOTNY", "katarina.novotny@mail.example"]
)
def test_what_others_know_of_its_owner_makes_no_password(password: str) -> None:
    context = ["Katarína Novotný", "Katarina Novotny", "katarina.novotny@mail.example"]

    assert refusal_of(password, context=context) is not None
    assert refusal_of(f"{password} hat drei Katzen", context=context) is None


@given(st.text(max_size=300), st.lists(st.text(max_size=30), max_size=3))
def test_every_text_is_refused_or_can_be_hashed(text: str, context: list[str]) -> None:
    async def story() -> None:
        hasher = PasswordHasher(chance=SeededChance(), cost=CHEAP)
        await hasher.hash(text)
        hasher.close()

    if refusal_of(text, context=context) is None:
        assert len(text) >= MIN_CHARACTERS or len(unicodedata.normalize("NFC", text)) >= MIN_CHARACTERS
        asyncio.run(story())


def test_the_most_common_ones_that_are_long_enough_are_more_than_asvs_asks_for() -> None:
    """3,000 that match the rules, says 6.2.4."""
    assert sum(len(password) >= MIN_CHARACTERS for password in common_passwords()) > 10_000
    assert all(password == password.casefold() for password in common_passwords())


def _spy(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str]]:
    """What is verified from now on, and by which thread."""
    from argon2.low_level import verify_secret  # noqa: PLC0415 - the real one, before it is replaced

    looked_at: list[tuple[bytes, str]] = []

    def spy(hashed: bytes, secret: bytes, kind: object) -> object:
        looked_at.append((hashed, threading.current_thread().name))
        return verify_secret(hashed, secret, kind)  # type: ignore[arg-type]

    monkeypatch.setattr("bookingd.security.passwords.verify_secret", spy)
    return looked_at
