"""Bars of prices: round, few, and every result in one of them."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bookingd.results.histogram import MOST_BARS, Bar, prices_of


@given(lowest=st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_every_result_stands_in_one_bar(lowest: list[int]) -> None:
    prices = prices_of(np.array(lowest))

    assert (prices.least, prices.most) == (min(lowest), max(lowest))
    assert 1 <= len(prices.bars) <= MOST_BARS
    for bar in prices.bars:
        assert bar.results == sum(bar.low <= price < bar.high for price in lowest)
    assert sum(bar.results for bar in prices.bars) == len(lowest)


@given(lowest=st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_bars_are_equally_wide_and_their_edges_round(lowest: list[int]) -> None:
    bars = prices_of(np.array(lowest)).bars

    (width,) = {bar.high - bar.low for bar in bars}
    assert str(width).rstrip("0") in {"1", "2", "5"}
    assert all(bar.low % width == 0 for bar in bars)
    assert all(one.high == other.low for one, other in pairwise(bars))
    assert bars[0].results > 0
    assert bars[-1].results > 0


def test_equal_prices_make_one_bar_that_is_not_a_hair() -> None:
    assert prices_of(np.array([12_345, 12_345])).bars == (Bar(low=12_200, high=12_400, results=2),)


def test_without_results_there_is_no_price() -> None:
    prices = prices_of(np.array([], np.int64))

    assert (prices.least, prices.most, prices.bars) == (None, None, ())
