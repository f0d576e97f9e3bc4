"""How many results each choice would leave: the counts beside the filters.

Its one rule: the count behind a value is the number of results that remain when the facet's filter is set to
this value alone, under all other filters. So whoever chooses a value sees as many results as were promised.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bookingd.results.columns import NO_PRICE, Columns, Mask
from bookingd.results.filters import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What is behind a value."""

    value: str
    """As the filter takes it."""
    results: int
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
        yield from (_count(value, 0, NO_PRICE) for value in sorted(chosen.difference(terms.names)))
        if not terms.names:
            return
        if self.alone:
            left = left & (columns.terms_each(self.column) == 1)
        hits, results = left[terms.rows], columns.result_of[terms.rows]
        # A result that has a term twice counts once: by where the rows of a term or of a result begin.
        new = np.ones(len(terms.rows), bool)
        new[1:] = results[1:] != results[:-1]
        new[terms.begins[:-1]] = True
        begins = np.flatnonzero(new)
        found = np.logical_or.reduceat(hits, begins)
        each = np.add.reduceat(found, np.searchsorted(begins, terms.begins[:-1]), dtype=np.int64)
        lowest = np.minimum.reduceat(np.where(hits, columns.prices[terms.rows], NO_PRICE), terms.begins[:-1])
        for number in sorted(range(len(each)), key=lambda one: (-each[one], terms.names[one])):
            yield _count(terms.names[number], int(each[number]), int(lowest[number]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Values that are known beforehand, each with the filter that it means; also the chosen ones."""

    choices: tuple[tuple[str, Filter], ...]

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value, one in self.choices:
            yield _behind(value, columns, left & one.mask(columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class EachNumber:
    """The different numbers of a column, ascending, for a filter `OneOf`; a column of few of them."""

    column: str

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value in _values(columns, self.column, chosen):
            yield _behind(value, columns, left & (columns.numbers[self.column] == value))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpTo:
    """The same for a filter `Range` that sets the most: each value counts what is below it too."""

    column: str

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value in _values(columns, self.column, chosen):
            yield _behind(value, columns, left & (columns.numbers[self.column] <= value))


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """The same for a filter `Minimum`: each value counts what is above it too. Nothing is chosen by 0."""

    column: str

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        for value in _values(columns, self.column, chosen):
            if value > 0:
                yield _behind(value, columns, left & (columns.numbers[self.column] >= value))


def shown(counts: Iterator[Count], chosen: frozenset[str]) -> tuple[Count, ...]:
    """Those with something behind them, and those that are chosen whatever is left of them."""
    return tuple(count for count in counts if count.results or count.value in chosen)


def _values(columns: Columns, column: str, chosen: frozenset[str]) -> list[int]:
    occur = {int(value) for value in np.unique(columns.numbers[column])}
    return sorted(occur | {int(value) for value in chosen})


def _behind(value: int | str, columns: Columns, mask: Mask) -> Count:
    lowest = int(columns.prices[mask].min(initial=NO_PRICE))
    return _count(str(value), columns.count(mask), lowest)


def _count(value: str, results: int, lowest: int) -> Count:
    return Count(value=value, results=results, lowest=None if lowest == NO_PRICE else lowest)
