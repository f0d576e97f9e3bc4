"""What offers must be to remain.

Its one rule: a filter looks at one offer alone. A result remains when one of its offers passes all of them,
and it is not enough that each of them lets another one through.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bookingd.results.columns import Columns, Mask


class Filter(Protocol):
    """Lets some offers through."""

    @property
    def facet(self) -> str:
        """The facet that it is chosen in: its counts show what other choices there would leave."""
        ...

    def mask(self, columns: Columns) -> Mask:
        """What passes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """Those that have one of the terms at least; where each has one term: those of which it is one."""

    facet: str
    column: str
    names: tuple[str, ...]

    def mask(self, columns: Columns) -> Mask:
        passes = np.zeros(columns.size, bool)
        for name in self.names:
            passes[columns.terms[self.column].of(name)] = True
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneOf:
    """Those that have none of the terms."""

    facet: str
    column: str
    names: tuple[str, ...]

    def mask(self, columns: Columns) -> Mask:
        return ~AnyOf(facet=self.facet, column=self.column, names=self.names).mask(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Those that have every one of the terms, and perhaps others."""

    facet: str
    column: str
    names: tuple[str, ...]

    def mask(self, columns: Columns) -> Mask:
        passes = np.ones(columns.size, bool)
        for name in self.names:
            has = np.zeros(columns.size, bool)
            has[columns.terms[self.column].of(name)] = True
            passes &= has
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Those that have one of the terms at least, and no others."""

    facet: str
    column: str
    names: tuple[str, ...]

    def mask(self, columns: Columns) -> Mask:
        terms = columns.terms[self.column]
        has = np.zeros(columns.size, np.int64)
        for name in set(self.names):
            has[terms.of(name)] += 1
        passes = has > 0
        passes[: len(terms.each)] &= has[: len(terms.each)] == terms.each
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Those whose number is one of these: four or five stars."""

    facet: str
    column: str
    values: tuple[int, ...]

    def mask(self, columns: Columns) -> Mask:
        passes: Mask = np.isin(columns.numbers[self.column], self.values)
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Those whose number is neither below `low` nor above `high`; None leaves that end open."""

    facet: str
    column: str
    low: int | None = None
    high: int | None = None

    def mask(self, columns: Columns) -> Mask:
        numbers = columns.numbers[self.column]
        passes = np.ones(columns.size, bool)
        if self.low is not None:
            passes &= numbers >= self.low
        if self.high is not None:
            passes &= numbers <= self.high
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """Those whose number is so much at least."""

    facet: str
    column: str
    least: int

    def mask(self, columns: Columns) -> Mask:
        passes: Mask = columns.numbers[self.column] >= self.least
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Those of which something is so: whose number is not 0."""

    facet: str
    column: str

    def mask(self, columns: Columns) -> Mask:
        passes: Mask = columns.numbers[self.column] != 0
        return passes
