"""Names and words as sorted lists, and how well the places fit that have what begins as typed."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bookingd.places.entries import Described, Role
from bookingd.places.folding import spellings, words
from bookingd.places.scoring import BEGINS, COMPLETE, EDIT, FEW_LETTERS, WHOLE, WHOLE_WORD, WORD
from bookingd.places.vocabulary import BEHIND, Vocabulary

Scores = npt.NDArray[np.float32]
"""One for each place; 0 where nothing fits."""

MOST_NEAR = 64
"""Words that a mistake is tried with: the nearest."""


class Spelled(NamedTuple):
    """A name of the place with that number, by its words in one of its spellings."""

    owner: int
    name: str
    role: Role
    words: tuple[str, ...]


def spelled(described: Sequence[Described]) -> Iterator[Spelled]:
    """Every name of every place in every spelling; names of countries are taken apart once."""
    known: dict[str, list[tuple[str, ...]]] = {}
    for owner, place in enumerate(described):
        for name, role in place.names:
            forms = known.get(name) or [tuple(words(spelling)) for spelling in spellings(name)]
            if role is Role.COUNTRY:
                known[name] = forms
            for form in forms:
                yield Spelled(owner, name, role, form)


def highest(each: Sequence[Scores]) -> Scores:
    """The best of several scores (one at least), place by place."""
    found: Scores = np.maximum.reduce(each)
    return found


def few(typed: str) -> bool:
    """Whether so little was typed that only the names count that we show."""
    return len(typed) <= FEW_LETTERS and typed.isascii()


def lone(typed: str) -> bool:
    """Whether it is a single letter, and no ideograph: not even as a whole that is a name somewhere else."""
    return len(typed) == 1 and typed.isascii()


class Names:
    """Every name of every place as a whole."""

    def __init__(self, names: Sequence[Spelled], size: int) -> None:
        """`size` is the number of places."""
        whole = ((form, name) for name in names if name.role in WHOLE for form in _forms(name))
        rows = sorted(whole, key=lambda row: row[0])
        self._texts = [form for form, _ in rows]
        self._owners = np.array([name.owner for _, name in rows], np.int32)
        self._lengths = np.array([len(form) for form, _ in rows], np.float32)
        self._whole = np.array([WHOLE[name.role] for _, name in rows], np.float32)
        self._begins = np.array([BEGINS[name.role] for _, name in rows], np.float32)
        self._ours = np.array([name.role is Role.NAME for _, name in rows], bool)
        self._shown = [name.name for _, name in rows]
        self._size = size

    def scores(self, typed: str) -> Scores:
        """Of the places with a name that is, or begins with, what was typed (words in their one form)."""
        found = np.zeros(self._size, np.float32)
        first, last = self._beginning(typed)
        worth = self._begins[first:last] + np.float32(COMPLETE * len(typed)) / self._lengths[first:last]
        if few(typed):
            worth *= self._ours[first:last]
        np.maximum.at(found, self._owners[first:last], worth)
        whole = bisect_right(self._texts, typed, first, last)
        worth = self._whole[first:whole] * (self._ours[first:whole] | (not lone(typed)))
        np.maximum.at(found, self._owners[first:whole], worth)
        return found

    def beginning(self, typed: str, owners: Sequence[int]) -> dict[int, list[str]]:
        """The names of these places that begin as typed, whole ones first."""
        first, last = self._beginning(typed)
        found: dict[int, list[str]] = defaultdict(list)
        there = np.flatnonzero(np.isin(self._owners[first:last], np.array(owners, np.int32)))
        for row in (there + first).tolist():
            found[int(self._owners[row])].append(self._shown[row])
        return found

    def _beginning(self, typed: str) -> tuple[int, int]:
        return bisect_left(self._texts, typed), bisect_left(self._texts, typed + BEHIND)


def _forms(name: Spelled) -> Iterator[str]:
    """The words in their one form; of what we show also without spaces, as some type it."""
    yield " ".join(name.words)
    if name.role is Role.NAME and len(name.words) > 1:
        yield "".join(name.words)


class Words:
    """The words of all names."""

    def __init__(self, names: Sequence[Spelled], size: int) -> None:
        worth: dict[str, dict[int, float]] = {}
        for name in names:
            for word in name.words:
                owners = worth.setdefault(word, {})
                owners[name.owner] = max(owners.get(name.owner, 0.0), WORD[name.role])
        known = sorted(worth)
        self._vocabulary = Vocabulary(known)
        self._lengths = [len(word) for word in known]
        self._starts = np.cumsum([0, *(len(worth[word]) for word in known)]).tolist()
        self._owners = np.array([owner for word in known for owner in worth[word]], np.int32)
        self._worth = np.array([value for word in known for value in worth[word].values()], np.float32)
        self._size = size

    def scores(self, word: str) -> Scores:
        """Of the places with a word that is, or begins with, this one."""
        found = np.zeros(self._size, np.float32)
        first, last = self._vocabulary.beginning(word)
        begin, end = self._starts[first], self._starts[last]
        worth = self._worth[begin:end]
        if few(word):
            worth = worth * (worth >= np.float32(WORD[Role.NAME]))
        np.maximum.at(found, self._owners[begin:end], worth)
        if self._vocabulary.has(word, first) and not lone(word):
            self._add(found, first, factor=1.0, more=WHOLE_WORD)
        return found

    def near_scores(self, word: str) -> Scores:
        """Of the places with a word that nearly begins so."""
        found = np.zeros(self._size, np.float32)
        near, edits = self._vocabulary.near(word)
        for each in np.argsort(edits, kind="stable")[:MOST_NEAR].tolist():
            number, distance = int(near[each]), int(edits[each])
            whole = self._lengths[number] - len(word) <= distance
            self._add(found, number, factor=1 - EDIT * distance, more=WHOLE_WORD * whole)
        return found

    def _add(self, found: Scores, number: int, *, factor: float, more: float) -> None:
        """What the places with that word have of it, at least."""
        begin, end = self._starts[number], self._starts[number + 1]
        worth = self._worth[begin:end] * np.float32(factor) + np.float32(more)
        np.maximum.at(found, self._owners[begin:end], worth)
