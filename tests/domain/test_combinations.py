"""The cheapest journeys come first and none is missing, compared with making them all."""

from datetime import timedelta
from itertools import islice, pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.combinations import (
    DIRECT_SHARE,
    Journey,
    changing_at_most,
    cheapest,
    choose,
    follows,
    with_each,
)
from bookingd.domain.connections import Way
from tests.fakes.sources import START

HOUR = timedelta(hours=1)


def way(number: int, *, leaves: int = 0, hours: int = 1, base: int = 100, ends: str = "FRAJFK") -> Way:
    """A direct way, with a connection where `number` is even, two in every fourth; `leaves` in hours."""
    connections = (number % 2 == 0) + (number % 4 == 0)
    return Way(
        departures=tuple(number + 1000 * leg for leg in range(connections + 1)),
        origin=ends[:3],
        destination=ends[3:],
        departs_at=START + leaves * HOUR,
        arrives_at=START + (leaves + hours) * HOUR,
        base=base,
    )


def base(journey: Journey) -> int:
    return sum(one.base for one in journey)


def all_of(slices: list[list[Way]]) -> list[Journey]:
    return [
        journey
        for journey in product(*slices)
        if all(follows(one, other) for one, other in pairwise(journey))
    ]


@st.composite
def some_slices(draw: st.DrawFn) -> list[list[Way]]:
    numbers = iter(range(1, 1000))
    return [
        [
            way(
                next(numbers),
                leaves=draw(st.integers(0, 12)) + 6 * part,
                base=draw(st.integers(1, 9)),
                ends=draw(st.sampled_from(["FRAJFK", "JFKFRA", "FRALAX"])),
            )
            for _ in range(draw(st.integers(0, 5)))
        ]
        for part in range(draw(st.integers(1, 5)))
    ]


@given(slices=some_slices())
def test_they_come_by_price_and_all_of_them(slices: list[list[Way]]) -> None:
    found = list(cheapest(slices))
    assert [base(journey) for journey in found] == sorted(base(journey) for journey in found)
    assert len(set(found)) == len(found)
    assert set(found) == set(all_of(slices))


@given(slices=some_slices())
def test_every_way_is_in_the_cheapest_journey_that_has_it(slices: list[list[Way]]) -> None:
    everything = all_of(slices)
    found = with_each(slices)
    assert set(found) <= set(everything)
    for ways in slices:
        for one in ways:
            with_it = [base(journey) for journey in everything if one in journey]
            assert min((base(journey) for journey in found if one in journey), default=None) == min(
                with_it, default=None
            )


@given(slices=some_slices(), most=st.integers(1, 40))
def test_what_is_chosen_is_bounded_and_says_so(slices: list[list[Way]], most: int) -> None:
    everything = all_of(slices)
    chosen, complete = choose(slices, most=most)
    assert len(chosen) == len(set(chosen)) == min(most, len(everything))
    assert set(chosen) <= set(everything)
    assert complete == (len(everything) <= most)


@given(slices=some_slices(), most=st.integers(4, 40))
def test_where_there_are_too_many_a_quarter_is_for_direct_ones(slices: list[list[Way]], most: int) -> None:
    direct = [journey for journey in all_of(slices) if not any(one.connections for one in journey)]
    chosen, _ = choose(slices, most=most)
    kept = [journey for journey in chosen if not any(one.connections for one in journey)]
    assert len(kept) >= min(most // DIRECT_SHARE, len(direct))
    assert min(map(base, kept), default=None) == min(map(base, direct), default=None)


@given(slices=some_slices(), most=st.integers(4, 40), stops=st.integers(0, 1))
def test_the_cheapest_that_change_planes_seldom_are_there_whatever_else_is(
    slices: list[list[Way]], most: int, stops: int
) -> None:
    """What is chosen of them does not depend on ways with more connections."""
    chosen, complete = choose(slices, most=most)

    plain = list(islice(cheapest(changing_at_most(stops, slices)), most // DIRECT_SHARE))
    assert complete or set(plain) <= set(chosen)


def test_the_cheapest_of_six_slices_of_a_hundred_ways_cost_no_million_million() -> None:
    slices = [
        [way(100 * part + number, leaves=24 * part, base=100 + number * 7 % 91) for number in range(1, 101)]
        for part in range(6)
    ]
    chosen, complete = choose(slices, most=200)
    assert not complete
    assert base(min(chosen, key=base)) == sum(min(one.base for one in ways) for ways in slices)
    assert {one for journey in chosen for one in journey} > {ways[0] for ways in slices}


def test_one_needs_an_hour_between_slices_and_three_where_the_next_begins_elsewhere() -> None:
    lands = way(1, hours=2)
    assert follows(lands, way(2, leaves=3, ends="JFKFRA"))
    assert not follows(lands, way(2, leaves=2, ends="JFKFRA"))
    assert follows(lands, way(2, leaves=5, ends="EWRFRA"))
    assert not follows(lands, way(2, leaves=4, ends="EWRFRA"))


def test_nothing_leads_through_a_slice_without_ways() -> None:
    assert choose([[way(1)], [], [way(2, leaves=9)]], most=5) == ([], True)
