"""Every word of every name, found by how it begins, also when what was typed is a letter or two off.

Its one rule: what is asked costs little whatever is asked. The words that begin as typed are a slice of the
sorted list; for those that nearly do, words that share no pair of letters with it at about the same place are
left out before any distance is computed.
"""

import sys
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

ONE_EDIT_FROM, TWO_EDITS_FROM = 4, 7
"""Letters: shorter words would become others by an edit (Rom, Lom)."""

PAIRS = 12
"""Pairs of letters of a word that are looked at."""

BEHIND = chr(sys.maxunicode)
"""Stands behind whatever a word goes on with."""

Ids = npt.NDArray[np.int32]


def edits(word: str) -> int:
    """How many letters may be wrong, missing, too many, or in each other's place."""
    return (len(word) >= ONE_EDIT_FROM) + (len(word) >= TWO_EDITS_FROM)


def enough(typed: str) -> int:
    """Pairs of letters that a word has to share with what was typed.

    Two of seven letters, though two spoilt ones could leave one: else thousands of words had to be measured.
    """
    return max(edits(typed), min(len(typed), PAIRS) - 3 * edits(typed))


class Vocabulary:
    """Words by their position in the alphabet."""

    def __init__(self, words: Sequence[str]) -> None:
        """`words` are sorted and distinct."""
        self._words = words
        self._starts, self._having = _pairs_of(words)

    def beginning(self, prefix: str) -> tuple[int, int]:
        """The words from the first to before the second position begin so; the whole word leads them."""
        return bisect_left(self._words, prefix), bisect_left(self._words, prefix + BEHIND)

    def has(self, word: str, position: int) -> bool:
        """Whether that word stands there."""
        return position < len(self._words) and self._words[position] == word

    def near(self, typed: str) -> tuple[Ids, npt.NDArray[np.uint8]]:
        """The words that begin nearly as typed, with the edits that it takes: the fewest, one at least."""
        most = edits(typed)
        if most == 0:
            return np.empty(0, np.int32), np.empty(0, np.uint8)
        return self._measured(typed, self._sharing(typed, most), most)

    def _sharing(self, typed: str, most: int) -> Ids:
        """Words that share enough pairs of letters with what was typed for `most` edits to be enough.

        An edit spoils three pairs at most (where two letters changed places), and moves those behind it by
        one place.
        """
        pairs = _pairs([typed])[0]
        shifted = np.concatenate([pairs + shift for shift in range(-most, most + 1)])
        first = np.searchsorted(self._starts, shifted, "left")
        last = np.searchsorted(self._starts, shifted, "right")
        found = [self._having[a:b] for a, b in zip(first, last, strict=True) if a < b]
        if not found:
            return np.empty(0, np.int32)
        shared = np.bincount(np.concatenate(found), minlength=len(self._words))
        return np.flatnonzero(shared >= enough(typed)).astype(np.int32)

    def _measured(self, typed: str, candidates: Ids, most: int) -> tuple[Ids, npt.NDArray[np.uint8]]:
        """Those candidates of which some beginning is at most so many edits away."""
        length = len(typed)
        # A beginning that is a few letters longer or shorter differs by as many edits more from one as long.
        rough = self._distances(typed, candidates, length, 2 * most)
        candidates = candidates[rough <= 2 * most]
        lengths = range(max(1, length - most), length + most + 1)
        each = [self._distances(typed, candidates, cut, most) for cut in lengths]
        fewest = np.minimum.reduce(each) if len(candidates) else np.empty(0, np.uint8)
        near = (fewest >= 1) & (fewest <= most)
        return candidates[near], fewest[near]

    def _distances(self, typed: str, candidates: Ids, cut: int, most: int) -> npt.NDArray[np.uint8]:
        """Edits from what was typed to each candidate's first `cut` letters; `most` + 1 stands for more."""
        words = self._words
        beginnings = [words[number][:cut] for number in candidates.tolist()]
        found: npt.NDArray[np.uint8] = process.cdist(
            [typed], beginnings, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8
        )[0]
        return found


_FIRST = 0x110000
"""Stands before a word: more than any letter."""


def _pairs(words: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each pair of letters and the place where it stands, a row a word; -1 behind its end.

    Numbers of the same pair at neighbouring places follow each other.
    """
    cut = np.array(words, dtype=f"U{PAIRS}")
    letters = cut.view(np.uint32).reshape(len(words), PAIRS).astype(np.int64)
    before = np.concatenate([np.full((len(words), 1), _FIRST, np.int64), letters[:, :-1]], axis=1)
    # Room between two pairs, so that a place before the first one is not another pair's.
    numbers = ((before << 21) | letters) * (3 * PAIRS) + PAIRS + np.arange(PAIRS)
    return np.where(letters > 0, numbers, -1)


def _pairs_of(words: Sequence[str]) -> tuple[npt.NDArray[np.int64], Ids]:
    """Every pair at its place, sorted, and beside it the word that has it."""
    if not words:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    pairs = _pairs(words)
    owners = np.broadcast_to(np.arange(len(words), dtype=np.int32)[:, np.newaxis], pairs.shape)
    there = pairs >= 0
    numbers, owners = pairs[there], owners[there]
    order = np.argsort(numbers, kind="stable")
    return numbers[order], owners[order]
