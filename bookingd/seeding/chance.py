"""Chance that never surprises: a number for a seed and the parts of a thing's name, always the same.

Not a random source (that is bookingd.sources.Chance): the same world must come out in every run and release.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")

_MASK = (1 << 64) - 1


def draw(seed: int, *parts: int) -> int:
    """A number of 64 bits for `parts`; neighbours have nothing in common (the mixer of splitmix64)."""
    state = seed & _MASK
    for part in parts:
        state = (state + part * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def between(low: float, high: float, drawn: int) -> float:
    """`drawn` as a number from `low` to below `high`."""
    return low + (high - low) * (drawn >> 11) / 2**53


def name_number(name: str) -> int:
    """A short name (a code of letters and digits) as a number, to be drawn for."""
    return int.from_bytes(name.encode(), "big")


class Die:
    """Chance for one thing: what is drawn under a name is always the same, whatever else is drawn."""

    def __init__(self, seed: int, *parts: int) -> None:
        self._own = draw(seed, *parts)

    def again(self, turn: int) -> "Die":
        """Other chance for the same thing, where the first one would not do."""
        return Die(self._own, turn)

    def number(self, name: str) -> int:
        """64 bits."""
        return draw(self._own, _named(name))

    def share(self, name: str) -> float:
        """0 to below 1."""
        return between(0.0, 1.0, self.number(name))

    def between(self, low: float, high: float, name: str) -> float:
        """From `low` to below `high`."""
        return between(low, high, self.number(name))

    def whole(self, low: int, high: int, name: str) -> int:
        """From `low` to `high`, both possible."""
        return low + self.number(name) % (high - low + 1)

    def pick(self, among: Sequence[Item], name: str) -> Item:
        """One of them, each as likely."""
        return among[self.number(name) % len(among)]

    def weighted(self, among: Mapping[Item, float], name: str) -> Item:
        """One of them by its weight."""
        left = self.share(name) * sum(among.values())
        for item, weight in among.items():
            left -= weight
            if left < 0:
                return item
        return list(among)[-1]

    def bell(self, name: str) -> float:
        """About -3 to 3, mostly near 0: the sum of twelve draws less six, as a normal distribution."""
        return sum(between(0.0, 1.0, draw(self._own, _named(name), turn)) for turn in range(12)) - 6.0


@cache
def _named(name: str) -> int:
    return name_number(name)
