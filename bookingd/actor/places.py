"""How much an actor does at once: so many places, given first to what completes a journey.

And who may be beside whom: all actors of a process are one company, which makes room for one alone.
"""

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
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @asynccontextmanager
    async def one(self, lane: Lane, *, behind: int = 0) -> AsyncIterator[None]:
        """A place until the end of the block; whoever stands further `behind` waits for all others."""
        await self._take(behind, RANKS[lane])
        try:
            yield
        finally:
            self._give()

    def add(self) -> None:
        """One place more, from now on."""
        self._give()

    async def _take(self, behind: int, rank: int) -> None:
        if self._free > 0:
            self._free -= 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (behind, rank, next(self._arrivals), called))
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():  # the place came at the same moment: it is somebody else's now
                self._give()
            raise

    def _give(self) -> None:
        """From hand to hand, so that nobody comes between."""
        while self._waiting:
            *_, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._free += 1


class Company:
    """Everything that handles durable messages in this process: many beside each other, or one alone.

    `async with company` is to be one of many. Whoever is in it waits for no place and for nobody else's
    handling, or whoever wants to be alone would wait for ever.
    """

    def __init__(self) -> None:
        self._present = 0
        self._alone = asyncio.Lock()
        self._empty = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()

    async def __aenter__(self) -> None:
        while not self._open.is_set():
            await self._open.wait()
        self._present += 1

    async def __aexit__(self, *_: object) -> None:
        self._present -= 1
        if not self._present:
            self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Let nobody in, wait until all have left, and have the process for oneself until the block ends."""
        async with self._alone:
            self._open.clear()
            try:
                while self._present:
                    self._empty.clear()
                    await self._empty.wait()
                yield
            finally:
                self._open.set()
