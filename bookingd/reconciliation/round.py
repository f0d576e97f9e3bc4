"""Compares once a day, in whichever process has the turn."""

import logging
from datetime import timedelta

from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.reconciliation.reconciler import LAG, Reconciler
from bookingd.sources import Sources
from bookingd.storage import reconciliation as storage
from bookingd.storage.database import is_retryable, is_unavailable
from bookingd.storage.transactions import Transactions

log = logging.getLogger(__name__)

LOOK_EVERY = 900.0
"""Seconds between two looks whether it is time."""

EVERY = timedelta(days=1)

LEASE = timedelta(hours=2)
"""Longer than any comparison: who dies at it is followed by another."""

BACK = timedelta(days=3)
"""How far it looks back: each day is compared three times, also what a gateway enters late."""


class ReconciliationRound:
    """The daemon's loop."""

    def __init__(self, *, reconciler: Reconciler, transactions: Transactions, sources: Sources) -> None:
        self._reconciler = reconciler
        self._transactions = transactions
        self._sources = sources

    async def run(self) -> None:
        """For as long as the daemon lives."""
        while True:
            await self._sources.clock.sleep(LOOK_EVERY)
            try:
                await self.keep()
            except Exception as error:
                if not (is_unavailable(error) or is_retryable(error)):
                    raise
                log.warning("comparing with the gateways waits: %s", error)

    async def keep(self) -> bool:
        """Compare, if it is time and nobody else does; whether that was so."""
        now = self._sources.clock.now()
        async with self._transactions.without() as connection:
            ours = await storage.take_turn(connection, now=now, until=now + LEASE, ended_before=now - EVERY)
        if not ours:
            return False
        until = now - LAG
        comparison = await self._reconciler.compare(since=until - BACK, until=until)
        report = comparison.report
        origin = Origin(principal=SYSTEM, correlation_id=self._sources.ids.new())
        async with self._transactions.begin() as transaction:
            await self._reconciler.record(transaction, comparison, origin)
            await storage.finish(
                transaction.connection,
                now=transaction.now,
                since=report.since,
                until=report.until,
                findings=report.counts,
                unasked=report.unasked,
            )
        log.info(
            "compared with %s: %d findings", ", ".join(report.compared) or "nobody", len(report.findings)
        )
        return True
