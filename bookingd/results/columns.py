"""Offers as columns: what they are filtered, sorted and counted by, one entry an offer.

Its one rule: the offers of a result stand side by side, so that a question about results is one about the
beginnings of their parts. A row is an offer's place in the columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
"""Yes or no, an entry a row."""
Rows: TypeAlias = NDArray[np.int64]
"""Places of offers, or where they begin."""
Numbers: TypeAlias = NDArray[np.int64] | NDArray[np.float64]
Marks: TypeAlias = NDArray[np.uint64]

PRICE = "price"
"""The one column that every set has: an offer's total in minor units of the set's currency."""

NO_PRICE = np.iinfo(np.int64).max
"""Above every price; of what has none."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Which of some terms (airlines, amenities) each offer has, by term.

    The rows of term n are `rows[begins[n]:begins[n + 1]]`, ascending; each term has one at least.
    """

    names: tuple[str, ...]
    """Each once, in the order of the alphabet."""
    begins: Rows
    """One more than there are names."""
    rows: Rows

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each term."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def term_of(self) -> Rows:
        """The number of the term at each of the `rows`."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.begins))

    @cached_property
    def each(self) -> Rows:
        """How many terms each row has; of rows behind the last that has one there is no entry."""
        return np.bincount(self.rows)

    def of(self, name: str) -> Rows:
        """The rows that have the term; none of a term that nobody has."""
        number = self.numbers.get(name)
        if number is None:
            return self.rows[:0]
        return self.rows[self.begins[number] : self.begins[number + 1]]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a set."""

    begins: Rows
    """The first row of each result, and behind the last one the number of rows."""
    result_marks: Marks
    """What tells results apart that are alike otherwise: the same for the same result in a later search."""
    marks: Marks
    """The same of each offer."""
    numbers: Mapping[str, Numbers]
    terms: Mapping[str, Terms] = field(default_factory=dict)
    _orders: dict[str, Rows] = field(default_factory=dict, init=False, repr=False, compare=False)
    _different: dict[str, tuple[int, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def size(self) -> int:
        """Offers."""
        return len(self.marks)

    @property
    def results(self) -> int:
        """Results."""
        return len(self.result_marks)

    @property
    def prices(self) -> Numbers:
        """The total of each offer."""
        return self.numbers[PRICE]

    @cached_property
    def result_of(self) -> Rows:
        """The number of the result that each offer belongs to."""
        return np.repeat(np.arange(self.results), np.diff(self.begins))

    def count(self, mask: Mask) -> int:
        """Results of which an offer is in the mask."""
        return int(np.count_nonzero(changes(self.result_of[places(mask)])))

    def lowest_prices(self, mask: Mask) -> Numbers:
        """Of each result of which an offer is in the mask, the lowest price of those."""
        rows = places(mask)
        begins = places(changes(self.result_of[rows]))
        lowest: Numbers = np.minimum.reduceat(self.prices[rows], begins) if len(rows) else self.prices[:0]
        return lowest

    def different(self, name: str) -> tuple[int, ...]:
        """The numbers that occur in a column, ascending."""
        if (known := self._different.get(name)) is None:
            known = self._different[name] = tuple(np.unique(self.numbers[name]).tolist())
        return known

    def order(self, name: str) -> Rows:
        """The rows by a column, least first; equal ones by price, then by what they are, never by chance."""
        if (known := self._orders.get(name)) is None:
            by = (self.marks, self.result_marks[self.result_of], self.prices, self.numbers[name])
            known = self._orders[name] = np.lexsort(by)
        return known


def places(mask: Mask) -> Rows:
    """Where a mask says yes."""
    return mask.nonzero()[0]


def changes(*numbers: Rows) -> Mask:
    """Where something new begins in columns beside each other: at the first entry, and where one differs."""
    new = np.ones(len(numbers[0]), bool)
    if len(new):
        np.not_equal(numbers[0][1:], numbers[0][:-1], out=new[1:])
        for column in numbers[1:]:
            new[1:] |= column[1:] != column[:-1]
    return new
