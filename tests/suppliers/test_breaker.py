"""When a supplier is left alone, and when it is asked again."""

import pytest

from bookingd.outcomes import Unavailable
from bookingd.suppliers.breaker import LONGEST_WISH, Breaker, Paused, State
from tests.fakes.sources import ManualClock

AWAY = Unavailable("nobody there")


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker("acme", failures=3, seconds=30, clock=clock)


def state(breaker: Breaker) -> State:
    """By a call, so that no type checker takes it for settled."""
    return breaker.state


def fail(breaker: Breaker, times: int = 1, why: Exception = AWAY) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(), why)


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert state(breaker) is State.CLOSED

    fail(breaker)

    assert state(breaker) is State.OPEN
    with pytest.raises(Paused) as paused:
        breaker.admit()
    assert paused.value.retry_after == 30


def test_an_answer_between_them_begins_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.answered(breaker.admit())
    fail(breaker, 2)

    assert state(breaker) is State.CLOSED


def test_after_the_pause_one_tries_it_for_all(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker, 3)
    clock.advance(30)
    assert state(breaker) is State.HALF_OPEN

    probe = breaker.admit()

    with pytest.raises(Paused):
        breaker.admit()
    breaker.answered(probe)
    assert state(breaker) is State.CLOSED
    assert not breaker.admit().probe


def test_a_probe_that_fails_begins_the_pause_anew(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker, 3)
    clock.advance(30)
    fail(breaker)

    assert state(breaker) is State.OPEN
    clock.advance(29)
    with pytest.raises(Paused):
        breaker.admit()
    clock.advance(1)
    assert breaker.admit().probe


def test_a_probe_that_nobody_waited_for_is_made_again(breaker: Breaker, clock: ManualClock) -> None:
    fail(breaker, 3)
    clock.advance(30)
    breaker.left(breaker.admit())

    assert breaker.admit().probe


def test_calls_that_began_before_change_nothing_during_the_pause(
    breaker: Breaker, clock: ManualClock
) -> None:
    early = [breaker.admit() for _ in range(3)]
    fail(breaker, 3)
    clock.advance(20)

    breaker.answered(early[0])
    breaker.failed(early[1], AWAY)
    breaker.left(early[2])

    assert state(breaker) is State.OPEN
    clock.advance(10)
    assert state(breaker) is State.HALF_OPEN


@pytest.mark.parametrize(("wish", "left_alone"), [(7.0, 7.0), (86_400.0, LONGEST_WISH)])
def test_a_supplier_is_left_alone_for_as_long_as_it_asks(
    breaker: Breaker, clock: ManualClock, wish: float, left_alone: float
) -> None:
    fail(breaker, why=Unavailable("too many requests", retry_after=wish))

    assert state(breaker) is State.OPEN
    clock.advance(left_alone - 1)
    assert state(breaker) is State.OPEN
    clock.advance(1)
    assert state(breaker) is State.HALF_OPEN
