"""Looks now and then at what only PostgreSQL and the broker know, for Prometheus.

Every process looks, and all see the same: whoever lives tells of what nobody handles any more.
"""

import logging
import math
from datetime import date, datetime

from bookingd.bus.port import Bus
from bookingd.config import Settings
from bookingd.domain.exchange import age_of
from bookingd.sources import Clock
from bookingd.storage import attention, dead_letters, disputes, outbox, rates, reconciliation
from bookingd.storage.database import Connection, Database, is_retryable, is_unavailable
from bookingd.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds; Prometheus asks every 15."""


class Gauges:
    """What waits: in the outbox, in the mailboxes, for an operator; and how old exchange rates are."""

    def __init__(
        self, *, database: Database, bus: Bus, clock: Clock, metrics: Metrics, settings: Settings
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._blind = False
        self._rates_are_old = False

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
            compared = await reconciliation.last(connection)
            disputed = await disputes.open_now(connection)
            newest = await self._newest_rates(connection)
        self._metrics.outbox_due.set(due)
        self._metrics.outbox_lag.set((now - oldest).total_seconds() if oldest else 0.0)
        self._tell_rates(newest)
        self._metrics.dead_letters.set(sum(pile.letters for pile in letters.values()))
        self._metrics.attention.set(sum(waiting.entries for waiting in open_entries.values()))
        self._tell_of_money(compared, disputed, now)

    async def _newest_rates(self, connection: Connection) -> date | None:
        if not self._settings.exchanges:
            return None
        made_up = not self._settings.production
        return await rates.current_day(connection, today=self._clock.now().date(), made_up=made_up)

    def _tell_rates(self, newest: date | None) -> None:
        """Their age, and once when they become too old to be sold at, and when they are not any more."""
        limit = self._settings.exchange.maximum_age_business_days
        age = math.nan if newest is None else age_of(newest, self._clock.now().date())
        self._metrics.exchange.age.set(age)
        self._metrics.exchange.limit.set(limit)
        old = age > limit
        if old and not self._rates_are_old:
            log.error(
                "the newest exchange rates are of %s, %d business days old: nothing is sold in other"
                " currencies than the supplier's. Import newer ones: bookingd rates import",
                newest,
                age,
            )
        elif self._rates_are_old and not old:
            log.info("there are exchange rates of %s: other currencies are sold in again", newest)
        self._rates_are_old = old

    def _tell_of_money(self, compared: reconciliation.Last, disputed: disputes.Open, now: datetime) -> None:
        ended = compared.finished_at
        self._metrics.reconciliation_age.set((now - ended).total_seconds() if ended else 0.0)
        self._metrics.reconciliation_unasked.set(len(compared.unasked))
        self._metrics.reconciliation_findings.clear()
        for kind, findings in compared.findings.items():
            self._metrics.reconciliation_findings.labels(kind).set(findings)
        self._metrics.disputes_open.set(disputed.disputes)
        due = disputed.respond_by
        self._metrics.dispute_answer_due.set(due.timestamp() if due else 0.0)

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
