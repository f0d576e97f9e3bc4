"""What is known for a moment of who is behind a session or a key."""

from uuid import UUID

import pytest

from bookingd.domain.ids import AccountId
from handlers import remembered
from handlers.remembered import KNOWN_FOR, Remembered
from tests.fakes.sources import ManualClock

ADA, BOB = (AccountId(UUID(int=number)) for number in (1, 2))


@pytest.fixture
def memory(clock: ManualClock) -> Remembered[str, int]:
    """Two things about Ada, one about Bob, and one about nobody."""
    memory: Remembered[str, int] = Remembered(clock)
    for number, (name, account) in enumerate([("a", ADA), ("b", BOB), ("c", ADA), ("d", None)]):
        memory.keep(name, number, account=account, look=memory.look())
    return memory


def known(memory: Remembered[str, int]) -> dict[str, int | None]:
    return {name: memory.recall(name) for name in "abcd"}


def test_what_was_found_is_known_for_a_moment(memory: Remembered[str, int], clock: ManualClock) -> None:
    clock.advance(KNOWN_FOR - 0.1)
    assert known(memory) == {"a": 0, "b": 1, "c": 2, "d": 3}

    clock.advance(0.1)
    assert set(known(memory).values()) == {None}


def test_a_moment_begins_when_the_look_did(memory: Remembered[str, int], clock: ManualClock) -> None:
    look = memory.look()
    clock.advance(KNOWN_FOR)

    memory.keep("a", 7, account=ADA, look=look)

    assert memory.recall("a") is None


def test_an_account_that_changes_is_forgotten_and_what_was_nobodys_too(
    memory: Remembered[str, int],
) -> None:
    memory.forget(ADA)
    assert known(memory) == {"a": None, "b": 1, "c": None, "d": None}

    memory.forget(ADA)
    assert memory.recall("b") == 1


def test_what_a_look_finds_that_began_before_a_change_is_not_kept(memory: Remembered[str, int]) -> None:
    look = memory.look()
    memory.forget(ADA)

    memory.keep("a", 7, account=ADA, look=look)
    assert memory.recall("a") is None

    memory.keep("a", 8, account=ADA, look=memory.look())
    assert memory.recall("a") == 8


def test_the_oldest_goes_where_there_are_too_many(
    memory: Remembered[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "KEPT", 4)
    memory.keep("a", 9, account=ADA, look=memory.look())

    memory.keep("e", 5, account=BOB, look=memory.look())

    assert known(memory) == {"a": 9, "b": None, "c": 2, "d": 3}
    memory.forget(BOB)
    assert memory.recall("e") is None
