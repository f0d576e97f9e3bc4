"""Takes over from processes that have died: what they were calling for need not wait for its lease to end.

The one rule: nobody is taken for dead at the first look. A living process that has lost its session, as all
have when PostgreSQL was restarted, has it back within a moment.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from bookingd.sources import Clock
from bookingd.storage import processes
from bookingd.storage.database import Database, is_retryable, is_unavailable

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks."""

DEAD_AFTER = timedelta(seconds=4)
"""How long a process has no session before it counts as dead; a lost one is back within a second."""


class Heirs:
    """A loop that every process runs where several share a database."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._missing: Mapping[UUID, datetime] = {}
        """Processes without a session, and since when that has been seen."""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not (is_unavailable(error) or is_retryable(error)):
                    raise
                self._missing = {}  # what was seen before the database went away says nothing
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """See who is missing, and inherit from those who have been for long enough."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            missing = await processes.dead(connection, now=now)
            self._missing = {process: self._missing.get(process, now) for process in missing}
            dead = sorted(process for process, since in self._missing.items() if now - since >= DEAD_AFTER)
            if dead:
                await processes.leave(connection, gone=dead, now=now)
        for process in dead:
            log.warning("process %s is dead: others go on with its work", process)
