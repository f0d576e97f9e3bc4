"""Chance that falls the same way for the same recipe, in every process and release."""

from collections.abc import Sequence
from typing import TypeVar

from bookingd.seeding.chance import between, draw, name_number

T = TypeVar("T")


class Dice:
    """Throws that follow from a number and a name: another name, other throws."""

    def __init__(self, number: int, name: str) -> None:
        self._seed = draw(number, name_number(name))
        self._throws = 0

    def between(self, low: float, high: float) -> float:
        """From `low` to below `high`."""
        return between(low, high, self._throw())

    def whole(self, low: int, high: int) -> int:
        """From `low` to `high`, both of them too."""
        return low + self._throw() % (high - low + 1)

    def one_of(self, choices: Sequence[T]) -> T:
        """Each is as likely."""
        return choices[self._throw() % len(choices)]

    def falls(self, share: float) -> bool:
        """True in that share (0 to 1) of all throws."""
        return between(0, 1, self._throw()) < share

    def _throw(self) -> int:
        self._throws += 1
        return draw(self._seed, self._throws)
