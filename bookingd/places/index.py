"""The places, found by what somebody types: a code, the beginning of a name or of its words, or nearly that.

Its one rule: nothing is looked at one by one. What is typed narrows sorted lists down to slices, and all
places get their scores (`scoring.py`) in a few operations on arrays.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from bookingd.places.entries import Described, Entry, Kind
from bookingd.places.folding import fold, spellings, words
from bookingd.places.lookup import Names, Scores, Words, few, highest, spelled
from bookingd.places.scoring import CODE, FAME, MISTAKEN, NAME_OF_ITS_CITY, OWN, SURE, WORD_OF_ITS_CITY, WORDS

FEW = 5
"""Fewer places than this, and what is spelled nearly so is looked for too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A place that was found; `by` is the name that fits, where that is another one than we show."""

    entry: Entry
    by: str | None = None


class Index:
    """All places as they were when it was built; nothing in it changes."""

    def __init__(self, places: Iterable[Described]) -> None:
        described = sorted(places, key=_best_known_first)
        self._entries = [one.entry for one in described]
        self._kinds = {kind: np.array([one.kind is kind for one in self._entries], bool) for kind in Kind}
        self._codes = _by_code(self._entries)
        names = list(spelled(described))
        self._names, self._words = Names(names, len(described)), Words(names, len(described))
        self._city = _cities_of(self._entries)
        self._by_name = _shares(self._entries, NAME_OF_ITS_CITY)
        self._by_word = _shares(self._entries, WORD_OF_ITS_CITY)
        fame = np.array([one.fame for one in self._entries], np.float32)
        # Of two that fit alike the first one wins, whatever way of sorting is used.
        self._fame = fame * np.float32(FAME) - np.arange(len(described), dtype=np.float32) * np.float32(1e-6)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, typed: str, *, kinds: Collection[Kind], limit: int) -> list[Match]:
        """The places of these kinds (one at least) that fit best, `limit` at most.

        Of nothing typed, the best known ones; of what has no letter, none.
        """
        if not typed.strip():
            return self._best_known(kinds, limit)
        wanted = np.logical_or.reduce([self._kinds[kind] for kind in kinds])
        forms = [" ".join(words(spelling)) for spelling in spellings(typed)]
        if not forms[0]:
            return []
        best = _best(self._scores(forms, wanted), self._fame, limit)
        names = self._names.beginning(forms[0], best)
        found = [self._entries[number] for number in best]
        return [
            Match(entry=entry, by=_found_by(typed, forms[0], entry, names.get(number, [])))
            for number, entry in zip(best, found, strict=True)
        ]

    def _best_known(self, kinds: Collection[Kind], limit: int) -> list[Match]:
        """Airports only where no cities are wanted, which name theirs."""
        shown = set(kinds) - ({Kind.AIRPORT} if Kind.CITY in kinds else set())
        found = (entry for entry in self._entries if entry.kind in shown)
        return [Match(entry=entry) for entry in islice(found, limit)]

    def _scores(self, forms: Sequence[str], wanted: npt.NDArray[np.bool_]) -> Scores:
        """How well each place that is wanted fits, in the spelling that fits it best."""
        exact = highest([self._exactly(form) for form in forms]) * wanted
        if np.count_nonzero(exact) >= FEW or exact.max(initial=0.0) >= SURE:
            return exact
        return highest([exact, *(self._nearly(form) * wanted for form in forms)])

    def _exactly(self, form: str) -> Scores:
        names = self._names.scores(form)
        by_word = self._all_of([self._word(word) for word in dict.fromkeys(form.split())])
        scores = highest([names, names[self._city] * self._by_name, by_word])
        scores[self._codes.get(form, [])] += np.float32(CODE)
        return scores

    def _nearly(self, form: str) -> Scores:
        """With mistakes in the words that nothing has; where something has each of them, in all."""
        parts = {word: self._word(word) for word in form.split()}
        wrong = [word for word, scores in parts.items() if not scores.any()] or list(parts)
        each = [
            highest([scores, self._near(word)]) if word in wrong else scores for word, scores in parts.items()
        ]
        scores = self._all_of(each)
        scores[scores > 0] -= np.float32(MISTAKEN)
        return scores

    def _word(self, word: str) -> Scores:
        return self._with_cities(self._words.scores(word))

    def _near(self, word: str) -> Scores:
        return self._with_cities(self._words.near_scores(word))

    def _with_cities(self, scores: Scores) -> Scores:
        """What fits a city fits its airports and hotels too, in part."""
        return highest([scores, scores[self._city] * self._by_word])

    def _all_of(self, each: Sequence[Scores]) -> Scores:
        """Of the places that every word fits, and one of them as their own: the mean."""
        every = np.minimum.reduce(each) > 0
        own = highest(each) >= OWN
        mean: Scores = np.add.reduce(each) * np.float32(WORDS / len(each)) * (every & own)
        return mean


def _found_by(typed: str, form: str, entry: Entry, names: Sequence[str]) -> str | None:
    """The name that a place was found by, spelled as typed if one is; None where ours has it."""
    ours = " ".join(words(fold(entry.name)))
    if not names or few(form) or f" {form}" in f" {ours}":
        return None
    same = typed.strip().casefold()
    by = next((name for name in names if name.casefold() == same), names[0])
    return None if by == entry.name else by


def _best(scores: Scores, fame: Scores, limit: int) -> list[int]:
    """The positions of the best scores, the best first."""
    found = np.flatnonzero(scores > 0)
    total = scores[found] + fame[found]
    if len(found) > limit:
        first = np.argpartition(-total, limit - 1)[:limit]
        found, total = found[first], total[first]
    best: list[int] = found[np.lexsort((found, -total))].tolist()
    return best


def _best_known_first(place: Described) -> tuple[float, bool, str, str]:
    entry = place.entry
    return -entry.fame, entry.kind is not Kind.CITY, entry.code, entry.id


def _by_code(entries: Sequence[Entry]) -> Mapping[str, list[int]]:
    codes: dict[str, list[int]] = {}
    for number, one in enumerate(entries):
        if one.code:
            codes.setdefault(one.code.lower(), []).append(number)
    return codes


def _cities_of(entries: Sequence[Entry]) -> npt.NDArray[np.int32]:
    """For each place the position of its city; its own where it has none."""
    cities = {one.code: number for number, one in enumerate(entries) if one.kind is Kind.CITY}
    return np.array([cities.get(one.city_code, number) for number, one in enumerate(entries)], np.int32)


def _shares(entries: Sequence[Entry], share: Mapping[Kind, float]) -> Scores:
    return np.array([share.get(one.kind, 0.0) for one in entries], np.float32)
