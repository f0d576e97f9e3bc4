"""How long a request may take, for all requests together.

A timer for each request costs more than an answer from the cache does, so a few times within the limit all
open requests are looked at, and those that were there too often are given up.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

LOOKS = 8
"""Looks within the limit: a request is given up between once and one and an eighth of it."""


class TimeLimit:
    """Gives up what takes too long."""

    def __init__(self, seconds: float) -> None:
        self._every = seconds / LOOKS
        self._look = 0
        self._timer: asyncio.TimerHandle | None = None
        self._since: dict[asyncio.Task[Any], int] = {}
        self._given_up: set[asyncio.Task[Any]] = set()

    async def hold(self, work: Awaitable[T]) -> T:
        """What the work gives, within the limit. Raises TimeoutError. Once a task at a time."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit needs a task")
        self._since[task] = self._look
        try:
            return await work
        except asyncio.CancelledError as error:
            if task in self._given_up and task.uncancel() == 0:
                raise TimeoutError from error
            raise
        finally:
            del self._since[task]
            self._given_up.discard(task)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look at what is open, within the block."""
        self._look_later()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every, self._look_now)

    def _look_now(self) -> None:
        self._look_later()
        self._look += 1
        for task, since in self._since.items():
            if self._look - since > LOOKS and task not in self._given_up:
                self._given_up.add(task)
                task.cancel()
