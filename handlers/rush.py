"""What a crowd wants and cannot have: whoever asks is told so at once, and no booking is made to fail.

While that goes on only a few bookings are taken in at a time: those who have got seats want to pay for them.
Its one rule: a refusal is believed for a second only. Then bookings are taken in again, and find out whether
seats have come back; a process that hears of a refusal too late makes bookings that fail.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bookingd.domain.offers import Offer
from bookingd.domain.unsellable import SOLD_OUT, takes, wanted
from bookingd.messages.catalogue import Message
from bookingd.messages.live import Refused
from bookingd.sources import Clock
from handlers.errors import Problem

BELIEVED = 1.0
"""Seconds."""

TURNS = 8
"""Bookings that are taken in at a time in a rush. Measured with 5,000 buyers for 200 seats: with 2 the last
buyer is told later, with any number the last seat is paid for later.
"""

KEPT = 1024
"""Refusals in mind; a crowd wants few things."""


class Rush:
    """Hears of every refusal for want of seats, from any process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: OrderedDict[tuple[int, int], float] = OrderedDict()
        """Seats that were refused and how many, and when that was heard last; the latest is the last."""
        self._turns = asyncio.Semaphore(TURNS)

    def hear(self, notice: Message) -> None:
        """A notice of the bus."""
        if not isinstance(notice, Refused):
            return
        for refusal in notice.refusals:
            if refusal.reason == SOLD_OUT:
                seats = refusal.key, refusal.number
                self._refused[seats] = self._clock.monotonic()
                self._refused.move_to_end(seats)
        while len(self._refused) > KEPT:
            self._refused.popitem(last=False)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Take a booking in within the block: in a rush, when it is one's turn."""
        if not self._refused or self._is_over(next(reversed(self._refused.values()))):
            yield
            return
        async with self._turns:
            yield

    def check(self, offer: Offer) -> None:
        """Raises Problem if the same was refused a moment ago."""
        if not self._refused:
            return
        refused_at = self._refused.get((takes(offer), wanted(offer)))
        if refused_at is not None and not self._is_over(refused_at):
            raise Problem("sold-out", "The last of its seats have just gone to others.")

    def _is_over(self, refused_at: float) -> bool:
        return self._clock.monotonic() - refused_at >= BELIEVED
