"""Standing in line for something of which there is little; a line that is full takes nobody."""

import asyncio
from types import TracebackType


class LineFull(Exception):
    """Too many wait already; there is room again in a moment."""


class Line:
    """An asynchronous context for `places` at once, for which `waiting` more may wait. Raises LineFull."""

    def __init__(self, places: int, *, waiting: int) -> None:
        self._turn = asyncio.Semaphore(places)
        self._most = places + waiting
        self.length = 0
        """Who is in, and who waits."""

    @property
    def full(self) -> bool:
        """Whether the next one would be turned away."""
        return self.length >= self._most

    async def __aenter__(self) -> None:
        if self.full:
            raise LineFull("too many wait already")
        self.length += 1
        try:
            await self._turn.acquire()
        except BaseException:
            self.length -= 1
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turn.release()
        self.length -= 1
