"""How many results each choice would leave: the counts beside the filters.

Its one rule: the count behind a value is the number of results that remain when the facet's filter is set to
this value alone, under all other filters; where a filter takes all of its values, to this one besides them.
So whoever chooses a value sees as many results as were promised.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bookingd.results.columns import NO_PRICE, Columns, Mask, Numbers, Rows, changes, places
from bookingd.results.filters import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What is behind a value."""

    value: str
    """As the filter takes it."""
    results: int
    occurs: int
    """Results in which it occurs at all: more than `results` where the filter asks for it alone."""
    lowest: int | None
    """The price of the cheapest offer behind it; None where there is none."""


class Facet(Protocol):
    """Values to choose from."""

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        """Of each value that occurs in the set or is chosen, of the offers that other filters leave."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EachTerm:
    """The terms of a column, the most frequent first.

    With `alone` a value counts where no other term stands beside it: for a filter `Only`; else wherever it
    occurs: for `AnyOf` and `AllOf`.
    """

    column: str
    alone: bool = False

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        terms = columns.terms[self.column]
        yield from (_count(value, 0, 0, NO_PRICE) for value in sorted(chosen.difference(terms.names)))
        if not terms.names:
            return
        occurs, lowest = self._each(columns, left[terms.rows])
        each = occurs
        if self.alone:
            each, lowest = self._each(columns, left[terms.rows] & (terms.each[terms.rows] == 1))
        for number in np.lexsort((-occurs, -each)):
            yield _count(terms.names[number], int(each[number]), int(occurs[number]), int(lowest[number]))

    def _each(self, columns: Columns, hits: Mask) -> tuple[Rows, Numbers]:
        """Of each term the results and the lowest price, among those of its rows that count.

        The rows of a term ascend, so those of a result stand side by side: it counts once, with the first.
        """
        terms, number = columns.terms[self.column], len(columns.terms[self.column].names)
        at = places(hits)
        rows, of = terms.rows[at], terms.term_of[at]
        each = np.bincount(of[changes(of, columns.result_of[rows])], minlength=number)
        lowest = np.full(number, NO_PRICE)
        if len(at):
            begins = places(changes(of))
            lowest[of[begins]] = np.minimum.reduceat(columns.prices[rows], begins)
        return each, lowest


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Values that are known beforehand, each with the filter that it means; also the chosen ones."""

    choices: tuple[tuple[str, Filter], ...]

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value, one in self.choices:
            yield behind(value, columns, left & one.mask(columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class EachNumber:
    """The different numbers of a column, ascending, for a filter `OneOf`; a column of few of them."""

    column: str

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value in _values(columns, self.column, chosen):
            yield behind(value, columns, left & (columns.numbers[self.column] == value))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpTo:
    """The same for a filter `Range` that sets the most: each value counts what is below it too."""

    column: str

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value in _values(columns, self.column, chosen):
            yield behind(value, columns, left & (columns.numbers[self.column] <= value))


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """The same for a filter `Minimum`: each value counts what is above it too. Nothing is chosen by 0."""

    column: str

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value in _values(columns, self.column, chosen):
            if value > 0:
                yield behind(value, columns, left & (columns.numbers[self.column] >= value))


def shown(counts: Iterator[Count], chosen: frozenset[str]) -> tuple[Count, ...]:
    """Those with something behind them, and those that are chosen whatever is left of them."""
    return tuple(count for count in counts if count.occurs or count.value in chosen)


def behind(value: int | str, columns: Columns, mask: Mask) -> Count:
    """The count of a value that leaves the offers of the mask."""
    lowest = int(columns.prices[mask].min(initial=NO_PRICE))
    results = columns.count(mask)
    return _count(str(value), results, results, lowest)


def _values(columns: Columns, column: str, chosen: frozenset[str]) -> list[int]:
    return sorted({*columns.different(column), *map(int, chosen)})


def _count(value: str, results: int, occurs: int, lowest: int) -> Count:
    return Count(value=value, results=results, occurs=occurs, lowest=None if lowest == NO_PRICE else lowest)
