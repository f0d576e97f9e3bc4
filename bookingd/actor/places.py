"""How much an actor does at once: so many places, given first to what completes a journey."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bookingd.messages.catalogue import Lane

RANKS = {lane: rank for rank, lane in enumerate(Lane)}
"""Who goes first: the lanes in the order of the catalogue."""


class Places:
    """A semaphore that lets the most urgent in first, and those alike in the order of their arrival."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @asynccontextmanager
    async def one(self, lane: Lane) -> AsyncIterator[None]:
        """A place until the end of the block."""
        await self._take(RANKS[lane])
        try:
            yield
        finally:
            self._give()

    async def _take(self, rank: int) -> None:
        if self._free > 0:
            self._free -= 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrivals), called))
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():  # the place came at the same moment: it is somebody else's now
                self._give()
            raise

    def _give(self) -> None:
        """From hand to hand, so that nobody comes between."""
        while self._waiting:
            _, _, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._free += 1
