"""What a stand-in does by itself when its time has come: authorisations expire, webhooks are sent again.

The one rule: there is one task that waits, however many things are due one day.
"""

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bookingd.sources import Clock


class Agenda:
    """Calls `act(what)` at or after the time that was noted for it, within the loop that runs it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[tuple[datetime, int, Callable[[str], None], str]] = []
        self._count = 0
        self._earlier = asyncio.Event()

    def note(self, when: datetime, act: Callable[[str], None], what: str) -> None:
        """Have `act(what)` called at `when`."""
        self._count += 1
        heapq.heappush(self._entries, (when, self._count, act, what))
        if self._entries[0][1] == self._count:
            self._earlier.set()

    def look_again(self) -> None:
        """The clock was put forward."""
        self._earlier.set()

    async def run(self) -> None:
        """Work through the entries until cancelled."""
        while True:
            self._earlier.clear()
            while self._entries and self._entries[0][0] <= self._clock.now():
                _, _, act, what = heapq.heappop(self._entries)
                act(what)
            await self._wait()

    async def _wait(self) -> None:
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._earlier.wait())]
        if self._entries:
            seconds = (self._entries[0][0] - self._clock.now()).total_seconds()
            waits.append(asyncio.ensure_future(self._clock.sleep(max(seconds, 0.001))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
