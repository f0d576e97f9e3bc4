"""How prices are spread: few bars with round edges."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from bookingd.results.columns import Numbers

MOST_BARS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Results whose lowest price is at least `low` and below `high`, in minor units."""

    low: int
    high: int
    results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The lowest prices of results, in minor units; without results there is neither end."""

    least: int | None
    most: int | None
    bars: tuple[Bar, ...]
    """Side by side, empty ones too; MOST_BARS at most."""


def prices_of(lowest: Numbers) -> Prices:
    """Of the lowest price of each result."""
    if not len(lowest):
        return Prices(least=None, most=None, bars=())
    least, most = int(lowest.min()), int(lowest.max())
    width = _width(least, most)
    begin = least // width
    bars = most // width - begin + 1
    counts = np.bincount(lowest.astype(np.int64) // width - begin, minlength=bars)
    return Prices(least=least, most=most, bars=tuple(_bars(begin * width, width, counts.tolist())))


def _width(least: int, most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20 ... of which MOST_BARS reach; at least a hundredth of `most`."""
    for width in _round_numbers():
        if most // width - least // width < MOST_BARS and width * 100 >= most:
            return width
    raise AssertionError("round numbers never end")


def _round_numbers() -> Iterator[int]:
    for power in count():
        yield from (factor * 10**power for factor in (1, 2, 5))


def _bars(begin: int, width: int, counts: list[int]) -> Iterator[Bar]:
    for number, results in enumerate(counts):
        low = begin + number * width
        yield Bar(low=low, high=low + width, results=results)
