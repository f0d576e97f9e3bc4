"""What a follower takes from notices, and when it must look."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Raw

from bookingd.domain.booking.state import BookingState
from bookingd.domain.ids import BookingId, Reference
from bookingd.messages.live import BookingMoved, Step
from handlers.following import HEARD_AT_MOST, Following

BOOKING = BookingId(UUID("019ab000-0000-7000-8000-000000000001"))


def following(told: int) -> Following:
    return Following(
        topic="booking:KV7Q2M",
        booking_id=BOOKING,
        reference=Reference("KV7Q2M"),
        shown="",
        told=told,
        news=asyncio.Event(),
    )


def notice(*numbers: int, sequence: int = 0) -> BookingMoved:
    state, at = BookingState.PENDING, datetime(2026, 11, 22, tzinfo=UTC)
    steps = [
        Step(sequence=number, name="test.moved", state=state, details=Raw(b"{}"), at=at) for number in numbers
    ]
    return BookingMoved(
        booking_id=BOOKING,
        reference=Reference("KV7Q2M"),
        sequence=sequence or numbers[-1],
        state=state,
        steps=tuple(steps),
    )


def told(follower: Following) -> list[int]:
    numbers = []
    while step := follower.next():
        follower.told = step.sequence
        numbers.append(step.sequence)
    return numbers


def test_steps_in_a_row_are_told() -> None:
    follower = following(told=3)

    follower.hear(notice(4, 5))
    follower.hear(notice(6))

    assert (told(follower), follower.behind) == ([4, 5, 6], False)


def test_what_was_told_or_heard_is_not_taken_again() -> None:
    follower = following(told=3)
    follower.hear(notice(4))

    follower.hear(notice(2, 3))
    follower.hear(notice(3, 4, 5))

    assert (told(follower), follower.behind) == ([4, 5], False)


def test_a_gap_means_a_look() -> None:
    follower = following(told=3)

    follower.hear(notice(5))

    assert (told(follower), follower.behind) == ([], True)


def test_a_notice_without_its_steps_means_a_look() -> None:
    follower = following(told=3)

    follower.hear(notice(sequence=4))

    assert follower.behind


def test_what_the_table_has_told_meanwhile_is_not_told_again() -> None:
    follower = following(told=3)
    follower.hear(notice(4, 5))

    follower.told = 4

    assert told(follower) == [5]


def test_a_client_that_takes_nothing_costs_little_memory() -> None:
    follower = following(told=0)

    for number in range(1, HEARD_AT_MOST * 3):
        follower.hear(notice(number))

    assert (told(follower), follower.behind) == ([], True)
