"""Several rooms together: the cheapest ways, and never more rooms of a type than there are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.storage.hotels import Rate
from bookingd.suppliers import own_stays_combining
from bookingd.suppliers.own_stays_combining import cheapest_ways, net
from bookingd.suppliers.own_stays_pricing import times_left


def rate(room: int, price: int, *, number: int = 0, left: int = 9) -> Rate:
    return Rate(
        hotel=1, room_number=number, plan=1, room=room, rooms_left=left, release_days=0, nights=(price,)
    )


def types(way: Sequence[Rate]) -> list[int]:
    return [one.room for one in way]


def test_rooms_for_equal_guests_are_not_swapped() -> None:
    both = [rate(1, 100), rate(2, 150)]

    ways = cheapest_ways([both, both], most=9).found

    assert [types(way) for way in ways] == [[1, 1], [1, 2], [2, 2]]


def test_each_guest_stays_in_the_room_that_fits() -> None:
    couple, family = [rate(1, 100), rate(2, 150)], [rate(2, 180, number=1)]

    assert [types(way) for way in cheapest_ways([couple, family, couple], most=9).found] == [
        [1, 2, 1],
        [1, 2, 2],
        [2, 2, 2],
    ]


def test_what_is_left_goes_round_once() -> None:
    both = [rate(1, 100, left=1), rate(2, 150, left=1)]

    assert [types(way) for way in cheapest_ways([both, both], most=9).found] == [[1, 2]]
    assert cheapest_ways([both, both, both], most=9).found == []


def test_a_room_that_nobody_sells_leaves_no_way() -> None:
    assert cheapest_ways([[rate(1, 100)], []], most=9).found == []


def test_nine_rooms_that_all_differ_end_soon() -> None:
    options = [[rate(kind, 100 + kind * number, number=number) for kind in range(8)] for number in range(9)]

    ways = cheapest_ways(options, most=6)

    assert (len(ways.found), ways.tried_all) == (6, True)
    assert types(ways.found[0]) == [0] * 9


def test_where_there_is_no_room_for_all_nobody_tries_long() -> None:
    """Seven may choose, and the last two want the same last room: that is seen without trying all ways."""
    many = [[rate(kind, 100 + kind * number, number=number) for kind in range(6)] for number in range(7)]
    last = [[rate(9, 100, number=number, left=1)] for number in (7, 8)]

    assert cheapest_ways([*many, *last], most=6) == ([], True)


def test_somebody_makes_room_for_whom_nothing_else_fits() -> None:
    either, only = [rate(1, 100, left=1), rate(2, 150, left=1)], [rate(1, 90, number=1, left=1)]

    assert [types(way) for way in cheapest_ways([either, only], most=6).found] == [[2, 1]]


def test_whoever_gives_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_stays_combining, "MOST_STEPS", 8)
    options = [[rate(kind, 100 + kind * number, number=number) for kind in range(3)] for number in range(3)]

    ways = cheapest_ways(options, most=6)

    assert 1 <= len(ways.found) < 6
    assert not ways.tried_all


@st.composite
def hotels(draw: st.DrawFn) -> tuple[list[list[Rate]], Mapping[int, int]]:
    left = {kind: draw(st.integers(1, 3)) for kind in range(1, draw(st.integers(1, 4)) + 1)}
    kinds = [
        [
            rate(kind, draw(st.integers(0, 20)), number=number, left=left[kind])
            for kind in draw(st.sets(st.sampled_from(sorted(left))))
        ]
        for number in range(draw(st.integers(1, 3)))
    ]
    return [draw(st.sampled_from(kinds)) for _ in range(draw(st.integers(1, 4)))], left


@given(hotel=hotels(), most=st.integers(1, 12))
def test_the_cheapest_ways_are_those_of_trying_all(
    hotel: tuple[list[list[Rate]], Mapping[int, int]], most: int
) -> None:
    options, left = hotel

    ways = cheapest_ways(options, most=most).found

    def possible(way: tuple[Rate, ...]) -> bool:
        return all(count <= left[kind] for kind, count in Counter(types(way)).items())

    def alike(way: Sequence[Rate]) -> tuple[tuple[int, int], ...]:
        return tuple(sorted((one.room_number, one.room) for one in way))

    every = {alike(way): net(way) for way in product(*options) if possible(way)}
    assert [net(way) for way in ways] == sorted(every.values())[:most]
    assert len({alike(way) for way in ways}) == len(ways)
    assert all(one in some for way in ways for one, some in zip(way, options, strict=True))
    assert all(times_left(way) >= 1 for way in ways)
