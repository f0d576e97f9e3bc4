"""Looks now and then at what only PostgreSQL and the broker know, for Prometheus.

Every process looks, and all see the same: whoever lives tells of what nobody handles any more.
"""

import logging

from bookingd.bus.port import Bus
from bookingd.sources import Clock
from bookingd.storage import attention, dead_letters, outbox
from bookingd.storage.database import Database, is_retryable, is_unavailable
from bookingd.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds; Prometheus asks every 15."""


class Gauges:
    """What waits: in the outbox, in the mailboxes, for an operator."""

    def __init__(self, *, database: Database, bus: Bus, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._blind = False

    async def run(self) -> None:
        """For as long as the daemon lives. While the database is away the gauges keep what they showed."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not (is_unavailable(error) or is_retryable(error)):
                    raise
                self._tell(blind=True, why=error)
            else:
                self._tell(blind=False)
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Set each gauge to what is now."""
        await self._look_at_mailboxes()
        now = self._clock.now()
        async with self._database.connection() as connection:
            due, oldest = await outbox.lag(connection, now=now)
            letters = await dead_letters.counts(connection)
            open_entries = await attention.counts(connection, owner="operator")
        self._metrics.outbox_due.set(due)
        self._metrics.outbox_lag.set((now - oldest).total_seconds() if oldest else 0.0)
        self._metrics.dead_letters.set(sum(pile.letters for pile in letters.values()))
        self._metrics.attention.set(sum(waiting.entries for waiting in open_entries.values()))

    async def _look_at_mailboxes(self) -> None:
        """Nothing rather than old numbers while the broker is away."""
        backlog = await self._bus.backlog()
        waiting, consumers = self._metrics.bus.waiting, self._metrics.bus.consumers
        if not backlog:
            waiting.clear()
            consumers.clear()
        for (actor, lane), held in backlog.items():
            waiting.labels(actor, lane).set(held.messages)
            consumers.labels(actor, lane).set(held.consumers)

    def _tell(self, *, blind: bool, why: Exception | None = None) -> None:
        """Once when the database goes and once when it is back."""
        if blind and not self._blind:
            log.warning("the gauges of what waits stand still: %s", why)
        elif self._blind and not blind:
            log.info("the gauges of what waits move again: the database is back")
        self._blind = blind
