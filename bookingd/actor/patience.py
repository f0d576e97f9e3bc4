"""Work on the database that is not given up: a lost race is run again, a lost database is waited for."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bookingd.actor.backoff import FIRST_RACE, backoff
from bookingd.sources import Sources
from bookingd.storage.database import is_retryable, is_unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

PAUSE = 0.5
"""Seconds between two tries while the database is away, and the longest wait after a lost race."""


class Patience:
    """Does an actor's work on the database until it is done or fails by its own fault."""

    def __init__(self, *, actor: str, sources: Sources) -> None:
        self.waiting_for_database = False
        self._actor = actor
        self._sources = sources

    async def __call__(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of the work, in the end. It is done as a whole again, so it is one transaction."""
        races = 0
        while True:
            try:
                result = await work()
            except Exception as error:
                if is_retryable(error):
                    races += 1
                    await self._step_back(races)
                elif is_unavailable(error):
                    await self._wait_for_database(error)
                else:
                    raise
            else:
                self._tell(waiting=False)
                return result

    async def _step_back(self, races: int) -> None:
        wait = backoff(races, first=FIRST_RACE, chance=self._sources.chance).total_seconds()
        await self._sources.clock.sleep(min(PAUSE, wait))

    async def _wait_for_database(self, error: Exception) -> None:
        self._tell(waiting=True, error=error)
        await self._sources.clock.sleep(PAUSE)

    def _tell(self, *, waiting: bool, error: Exception | None = None) -> None:
        if waiting and not self.waiting_for_database:
            log.warning("actor %s waits for the database: %s", self._actor, error)
        elif self.waiting_for_database and not waiting:
            log.info("actor %s goes on: the database is back", self._actor)
        self.waiting_for_database = waiting
