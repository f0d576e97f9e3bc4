"""A timeline as one client follows it: told from what notices bring, and read where they left a gap.

Its one rule: only the step right behind the last one is told from a notice; anything else means that the
table has to be read.
"""

import asyncio
from collections import deque

from bookingd.domain.ids import BookingId, Reference
from bookingd.messages.live import BookingMoved, Step

HEARD_AT_MOST = 32
"""Steps kept for a client that is slow; beyond that the table keeps them."""


class Following:
    """One timeline, how far it has been told, and what was heard of it since."""

    def __init__(
        self,
        *,
        topic: str,
        booking_id: BookingId,
        reference: Reference,
        shown: str,
        told: int,
        news: asyncio.Event,
    ) -> None:
        """`shown` is the token that opened it, if one did; `news` is set whenever there is more to tell."""
        self.topic = topic
        self.booking_id = booking_id
        self.reference = reference
        self.shown = shown
        self.told = told
        """The sequence number of the last event that the client has been sent."""
        self.behind = False
        """Whether only the table knows what comes next."""
        self._news = news
        self._heard: deque[Step] = deque()

    def hear(self, moved: BookingMoved) -> None:
        """A notice: it may be old, repeated, or come after a lost one."""
        expected = self._expected
        if self.behind or moved.sequence < expected:
            return
        self._heard.extend(step for step in moved.steps if step.sequence >= expected)
        if not self._whole(expected, moved.sequence):
            self.look()
        self._news.set()

    def look(self) -> None:
        """Whatever was heard, the table is to be read."""
        self._heard.clear()
        self.behind = True
        self._news.set()

    def next(self) -> Step | None:
        """The step that comes next, if it was heard."""
        while self._heard:
            step = self._heard.popleft()
            if step.sequence > self.told:  # the table may have told it meanwhile
                return step
        return None

    @property
    def _expected(self) -> int:
        return (self._heard[-1].sequence if self._heard else self.told) + 1

    def _whole(self, expected: int, last: int) -> bool:
        """Whether all steps from `expected` to `last` have just been heard, and none too many are kept."""
        wanted = range(expected, last + 1)
        new = [step.sequence for step in self._heard if step.sequence >= expected]
        return new == list(wanted) and len(self._heard) <= HEARD_AT_MOST
