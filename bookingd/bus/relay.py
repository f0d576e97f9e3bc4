"""The relay takes the outbox to the bus: right after a commit, and whatever became due or was left behind.

Its one rule: a row is deleted only when the bus says that it is delivered. It claims in batches, in one
short statement, and sleeps until the earliest due time that it knows, 250 ms at most.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from bookingd.bus.port import Bus
from bookingd.messages.catalogue import Message
from bookingd.sources import Clock
from bookingd.storage import outbox
from bookingd.storage.database import Database, is_retryable, is_unavailable
from bookingd.storage.outbox import Bundle

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""How long a claim keeps other relays away; a bundle still in our hands is claimed again, quietly."""

NAP = 0.25
"""Seconds between two looks for rows of other processes, at most."""

BATCH = 500
"""Rows a claim takes at most."""


Work = Callable[[], Awaitable[bool]]


class Relay:
    """Between the outbox and the bus of one process."""

    def __init__(self, *, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._in_hand: set[UUID] = set()
        self._delivered: list[UUID] = []
        self._next_due: datetime | None = None
        self._wake = asyncio.Event()
        self._something_to_delete = asyncio.Event()
        self._stopping = False

    def claim_until(self) -> datetime:
        """Until when rows written now are this process's to publish."""
        return self._clock.now() + LEASE

    def hand_over(self, bundles: Sequence[Bundle], notices: Sequence[Message]) -> None:
        """What a transaction has committed: publish what is due, remember when the rest is."""
        due = [bundle for bundle in bundles if bundle.claimed_until is not None]
        self._publish(due)
        for bundle in bundles:
            if bundle.claimed_until is None:
                self._expect(bundle.due_at)
        self._bus.notify(notices)

    async def run(self) -> None:
        """Claim and delete until stopped; what is left then is there at the next start."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._claim_forever(), name="relay claims")
            tasks.create_task(self._delete_forever(), name="relay deletes")

    def stop(self) -> None:
        """Finish what is in hand and end `run`."""
        self._stopping = True
        self._wake.set()
        self._something_to_delete.set()

    def _publish(self, bundles: Sequence[Bundle]) -> None:
        self._in_hand.update(bundle.id for bundle in bundles)
        self._bus.publish(bundles, self._on_delivered)

    def _on_delivered(self, bundle_id: UUID, gone: bool) -> None:
        self._in_hand.discard(bundle_id)
        if gone:
            self._delivered.append(bundle_id)
            self._something_to_delete.set()

    def _expect(self, due: datetime) -> None:
        if self._next_due is None or due < self._next_due:
            self._next_due = due
            self._wake.set()

    async def _claim_forever(self) -> None:
        while not self._stopping:
            full = await self._guard(self._claim_once)
            if not full:
                await self._nap()

    async def _claim_once(self) -> bool:
        now = self._clock.now()
        self._next_due = None
        async with self._database.transaction() as connection:
            claimed = await outbox.claim(connection, now=now, until=now + LEASE, limit=BATCH)
        self._publish([bundle for bundle in claimed if bundle.id not in self._in_hand])
        return len(claimed) == BATCH

    async def _nap(self) -> None:
        """Until the earliest due time that is known, a word from a transaction, or NAP."""
        seconds = NAP
        if self._next_due is not None:
            seconds = min(NAP, max(0.0, (self._next_due - self._clock.now()).total_seconds()))
        self._wake.clear()
        waits = {
            asyncio.ensure_future(self._wake.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        }
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for waiting in pending:
            waiting.cancel()

    async def _delete_forever(self) -> None:
        while not (self._stopping and not self._delivered):
            await self._something_to_delete.wait()
            self._something_to_delete.clear()
            await self._guard(self._delete_once)

    async def _delete_once(self) -> bool:
        gone, self._delivered = self._delivered, []
        if not gone:
            return False
        try:
            async with self._database.transaction() as connection:
                await outbox.delete(connection, ids=gone)
        except BaseException:
            self._delivered += gone
            raise
        return True

    async def _guard(self, work: Work) -> bool:
        """Do it; while the database is away, wait and say so once a time."""
        try:
            return await work()
        except Exception as error:
            if not (is_unavailable(error) or is_retryable(error)):
                raise
            log.warning("the relay waits for the database: %s", error)
            await self._clock.sleep(NAP)
            self._something_to_delete.set()
            return False
