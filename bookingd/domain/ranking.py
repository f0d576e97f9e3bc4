"""What "best" means: one number for a way to travel, made of its price, its time and its connections.

Its one rule: the number depends on nothing but the way itself. So the order of two results is the same in
whatever set they stand, in every currency, and while further suppliers are still answering. The formula and
its reasons are in docs/search.md.
"""

from typing import Any, Protocol

STOPS_THAT_DOUBLE = 10
"""So many connections weigh as much as twice the price: one weighs a tenth of it."""


class Quantity(Protocol):
    """A number, or a column of numbers that is counted with as a whole (an array of floats)."""

    def __mul__(self, other: Any, /) -> Any: ...

    def __radd__(self, other: Any, /) -> Any: ...


def score(*, price: Quantity, minutes: Quantity, stops: Quantity) -> Any:
    """The lower the better: price * sqrt(minutes) * (1 + stops / 10), times ten and squared.

    `price` is the total in minor units, `minutes` from door to door and `stops` the connections, both summed
    over all slices. Squared there is neither a root nor a power in it, nothing that one machine rounds
    otherwise than another; the order is the same. Columns must hold floats: the squares of large prices are
    beyond 64 bits.
    """
    weighed = price * (STOPS_THAT_DOUBLE + stops) * 1.0
    return weighed * weighed * minutes


UNRATED = 60
"""What a hotel without a guest rating counts as, in tenths: a little below the usual."""
RATED_FOR_NOTHING = 180
"""Tenths from which a rating is taken off: 9.0 instead of 6.0 is worth a third more of the price."""


def stay_score(*, price: Quantity, rating: Quantity) -> Any:
    """The lower the better: price * (180 - rating), the rating of guests in tenths (UNRATED without one)."""
    return price * (rating * -1 + RATED_FOR_NOTHING)
