"""What is left of a set: filtered, counted, sorted and cut into pages.

Its one rule: it is a pure function of the set and of what was chosen; nobody is asked, nothing is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bookingd.results.columns import Columns, Mask, Rows
from bookingd.results.cursors import Place
from bookingd.results.facets import Count, Facet, shown
from bookingd.results.filters import Filter


class Sieve:
    """Offers under filters: under all, or under all but those of one facet."""

    def __init__(self, columns: Columns, filters: Sequence[Filter]) -> None:
        self._columns = columns
        self._masks: dict[str, Mask] = {}
        for one in filters:
            mask = one.mask(columns)
            known = self._masks.get(one.facet)
            self._masks[one.facet] = mask if known is None else known & mask
        self._refusals = np.zeros(columns.size, np.int16)
        for mask in self._masks.values():
            self._refusals += ~mask

    @cached_property
    def left(self) -> Mask:
        """What passes all filters."""
        passes: Mask = self._refusals == 0
        return passes

    def without(self, facet: str) -> Mask:
        """What passes all filters but those of the facet."""
        own = self._masks.get(facet)
        if own is None:
            return self.left
        passes: Mask = self._refusals == ~own
        return passes

    def counts(self, facet: Facet, *, name: str, chosen: frozenset[str]) -> tuple[Count, ...]:
        """The values of the facet of that name; those that are `chosen` are always among them."""
        return shown(facet.counts(self._columns, self.without(name), chosen), chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What remains of a journey's or a hotel's offers: the leading one, and the others, cheapest first."""

    row: int
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some results, and the place of the last one of them where there are more."""

    results: tuple[Result, ...]
    next: Place | None


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Results in an order: of each the offer that comes first in it, and so leads."""

    columns: Columns
    by: str
    left: Mask
    rows: Rows
    """The leading offers, in order."""

    @property
    def count(self) -> int:
        """Results."""
        return len(self.rows)

    def page(self, *, limit: int, after: Place | None) -> Page:
        """The `limit` results behind `after`."""
        begin = 0 if after is None else self._behind(after)
        rows = [int(row) for row in self.rows[begin : begin + limit]]
        more = begin + limit < self.count
        return Page(
            results=tuple(self._result(row) for row in rows), next=self.place(rows[-1]) if more else None
        )

    def place(self, row: int) -> Place:
        """Where an offer stands in the order, wherever it stands in the set."""
        columns = self.columns
        mark = columns.result_marks[columns.result_of[row]]
        return columns.numbers[self.by][row].item(), int(columns.prices[row]), int(mark)

    def _behind(self, after: Place) -> int:
        """How many of the results stand at `after` or before it, found by halves."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.place(int(self.rows[middle])) <= after:
                low = middle + 1
            else:
                high = middle
        return low

    def _result(self, row: int) -> Result:
        number = self.columns.result_of[row]
        begin, end = self.columns.begins[number], self.columns.begins[number + 1]
        others = begin + np.flatnonzero(self.left[begin:end])
        cheapest = others[np.lexsort((self.columns.marks[others], self.columns.prices[others]))]
        return Result(row=row, others=tuple(int(other) for other in cheapest if other != row))


def in_order(columns: Columns, left: Mask, *, by: str) -> Sorted:
    """The results of which something is left, sorted by a column."""
    ordered = columns.order(by)
    ordered = ordered[left[ordered]]
    results = columns.result_of[ordered]
    first = np.empty(columns.results, np.int64)
    # Of several writes to one place the last one stays: backwards, that is each result's first offer.
    first[results[::-1]] = np.arange(len(ordered))[::-1]
    leads = first[results] == np.arange(len(ordered))
    return Sorted(columns=columns, by=by, left=left, rows=ordered[leads])


def all_counts(
    sieve: Sieve, facets: Mapping[str, Facet], chosen: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Count, ...]]:
    """The counts of every facet."""
    none = frozenset[str]()
    return {
        name: sieve.counts(facet, name=name, chosen=chosen.get(name, none)) for name, facet in facets.items()
    }
