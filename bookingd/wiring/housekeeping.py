"""What has to be done now and then, whoever books: partitions ahead of time, old records away, lag told."""

import logging

from bookingd.sources import Sources
from bookingd.storage import outbox
from bookingd.storage.database import Database, ensure_partitions, is_retryable, is_unavailable
from bookingd.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between two looks at the lag."""

KEEP_EVERY = 720
"""Looks between two rounds of keeping: an hour."""


class Housekeeping:
    """A loop of small chores; a round that the database refuses is tried again at the next."""

    def __init__(self, *, database: Database, sources: Sources, metrics: Metrics) -> None:
        self._database = database
        self._sources = sources
        self._metrics = metrics

    async def run(self) -> None:
        """For as long as the daemon lives."""
        looks = 0
        while True:
            looks += 1
            try:
                await self._tell_lag()
                if looks % KEEP_EVERY == 0:
                    await self._keep()
            except Exception as error:
                if not (is_unavailable(error) or is_retryable(error)):
                    raise
                log.warning("housekeeping waits: %s", error)
            await self._sources.clock.sleep(LOOK_EVERY)

    async def _tell_lag(self) -> None:
        now = self._sources.clock.now()
        async with self._database.connection() as connection:
            _, oldest = await outbox.lag(connection, now=now)
        self._metrics.outbox_lag.set((now - oldest).total_seconds() if oldest else 0.0)

    async def _keep(self) -> None:
        async with self._database.connection() as connection:
            await ensure_partitions(connection, clock=self._sources.clock)
