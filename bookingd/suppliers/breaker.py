"""Leaves a supplier alone that does not answer: asking it again and again helps neither side.

The one rule: what failed often enough in a row is not asked for a while; then one caller tries it for all,
and either everybody may ask again or the pause begins anew.
"""

import logging
import math
from dataclasses import dataclass
from enum import IntEnum

from bookingd.outcomes import Unavailable
from bookingd.sources import Clock

log = logging.getLogger(__name__)

LONGEST_WISH = 300.0
"""Seconds for which a supplier may ask to be left alone (Retry-After); more is a mistake of its own."""


class State(IntEnum):
    """As it is told to Prometheus."""

    CLOSED = 0
    """Everybody may ask."""
    HALF_OPEN = 1
    """The pause is over, and one caller may try, or is trying."""
    OPEN = 2
    """Nobody asks."""


class Paused(Unavailable):
    """The supplier is left alone for a while."""


@dataclass(frozen=True, slots=True)
class Try:
    """A call that was let through; `probe` if the others wait for how it ends."""

    probe: bool


class Breaker:
    """Lets calls of one supplier through, or not."""

    def __init__(self, supplier: str, *, failures: int, seconds: float, clock: Clock) -> None:
        """`supplier` is what the log calls it; it is left alone for `seconds` after `failures` in a row."""
        self._supplier = supplier
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._open_until = -math.inf
        self._probing = False

    @property
    def state(self) -> State:
        """As it is now."""
        if self._failures < self._most:
            return State.CLOSED
        return State.OPEN if self._clock.monotonic() < self._open_until else State.HALF_OPEN

    def admit(self) -> Try:
        """Let a call through. Raises Paused."""
        state = self.state
        if state is State.OPEN or self._probing:
            left = max(0.0, self._open_until - self._clock.monotonic())
            raise Paused(f"{self._supplier} is left alone for another {left:.0f} s", retry_after=left)
        self._probing = state is State.HALF_OPEN
        return Try(probe=self._probing)

    def answered(self, call: Try) -> None:
        """The supplier was there; what it said does not matter."""
        if self.state is not State.CLOSED and not call.probe:
            return  # it was asked before the others failed
        if call.probe:
            self._probing = False
            log.warning("supplier %s answers again", self._supplier)
        self._failures = 0

    def failed(self, call: Try, why: Exception) -> None:
        """The supplier was not there, or too late; with `retry_after` it said itself for how long."""
        wish = why.retry_after if isinstance(why, Unavailable) else None
        if call.probe:
            self._probing = False
        elif self.state is not State.CLOSED:
            return
        self._failures = self._most if wish or call.probe else self._failures + 1
        if self._failures >= self._most:
            self._pause(min(wish or self._seconds, LONGEST_WISH), why, again=call.probe)

    def left(self, call: Try) -> None:
        """Whoever asked did not wait for the answer: nothing is known."""
        if call.probe:
            self._probing = False

    def _pause(self, seconds: float, why: Exception, *, again: bool) -> None:
        self._open_until = self._clock.monotonic() + seconds
        level = logging.INFO if again else logging.WARNING
        log.log(level, "supplier %s is left alone for %g s: %s", self._supplier, seconds, why)
