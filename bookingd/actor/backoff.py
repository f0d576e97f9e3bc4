"""How long to wait before the next attempt: doubling, bounded, with jitter so that a crowd disperses."""

from datetime import timedelta

from bookingd.sources import Chance

FIRST_EARLY = 0.05
"""Seconds: what must come first is usually being written at this moment."""

FIRST_OUTSIDE = 0.5
FIRST_RACE = 0.005
"""Seconds: who won the race is about to commit."""

LAST = 300.0
"""Seconds: five minutes between looks at a supplier that stays away."""


def backoff(attempt: int, *, first: float, chance: Chance) -> timedelta:
    """The wait after attempt number `attempt` (from 1): half fixed, half drawn."""
    whole = min(LAST, first * 2.0 ** min(attempt - 1, 30))
    return timedelta(seconds=whole * (0.5 + chance.random() / 2))
