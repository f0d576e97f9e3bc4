"""The relay takes the outbox to the bus: right after a commit, and whatever became due or was left behind.

Its one rule: a row is deleted only when the bus says that it is delivered. It claims in batches, in one
short statement, and sleeps until the earliest due time that it knows, 250 ms at most.
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bookingd.bus.port import Bus
from bookingd.messages.catalogue import Message
from bookingd.sources import Clock
from bookingd.storage import outbox
from bookingd.storage.database import Database, is_retryable, is_unavailable
from bookingd.storage.outbox import Bundle

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
"""How long a claim keeps other relays away; a bundle still in our hands is claimed again, quietly.

What a process that died had claimed waits as long.
"""

NAP = timedelta(seconds=0.25)
"""Between two looks for rows of other processes, at most."""

BREATH = timedelta(seconds=0.01)
"""Between two looks, at least: what becomes due close together is claimed together."""

PATIENCE = timedelta(seconds=0.1)
"""How long a delivered row waits for others to be deleted with it; nobody waits for that."""

BATCH = 500
"""Rows a claim takes at most."""

TIMERS_KNOWN = 10_000
"""Due times kept in mind; what is due besides is found within NAP."""

Work = Callable[[], Awaitable[bool]]


class Relay:
    """Between the outbox and the bus of one process."""

    def __init__(self, *, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._in_hand: set[UUID] = set()
        """Published here and not deleted yet: a claim that meets one of them does not publish it again."""
        self._delivered: list[UUID] = []
        self._timers: list[datetime] = []
        """A heap of due times."""
        self._sooner = asyncio.Event()
        self._something_to_delete = asyncio.Event()
        self._turn = asyncio.Lock()
        """A claim and a deletion take turns: a row that goes while it is claimed would be published again."""
        self._away = False
        self._stopping = asyncio.Event()
        self._settled = asyncio.Event()
        """Nothing is in hand."""

    @property
    def waiting_for_database(self) -> bool:
        """Whether the database is away; known within NAP, since we ask it that often."""
        return self._away

    def claim_until(self) -> datetime | None:
        """Until when rows written now are this process's to publish; None while the broker is away, so that
        whoever reaches it first may publish them.
        """
        return None if self._bus.waiting_for_broker else self._clock.now() + LEASE

    def hand_over(self, bundles: Sequence[Bundle], notices: Sequence[Message]) -> None:
        """What a transaction has committed: publish what is due, remember when the rest is."""
        self._publish([bundle for bundle in bundles if bundle.claimed_until is not None])
        for bundle in bundles:
            if bundle.claimed_until is None:
                self._expect(bundle.due_at)
        self._bus.notify(notices)

    async def run(self) -> None:
        """Claim and delete until stopped; what is left then is there at the next start."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._claim_forever(), name="relay claims")
            tasks.create_task(self._delete_forever(), name="relay deletes")

    async def settle(self, patience: float) -> None:
        """Wait until nothing is in hand, `patience` seconds at most; what is left waits for its lease."""
        if self._in_hand:
            self._settled.clear()
            await _first_of(self._settled.wait(), self._clock.sleep(patience))

    def stop(self) -> None:
        """Finish what is in hand and end `run`."""
        self._stopping.set()
        self._sooner.set()
        self._something_to_delete.set()

    def _publish(self, bundles: Sequence[Bundle]) -> None:
        self._in_hand.update(bundle.id for bundle in bundles)
        self._bus.publish(bundles, self._on_delivered)

    def _on_delivered(self, bundle_id: UUID, gone: bool) -> None:
        if gone:
            self._delivered.append(bundle_id)
            self._something_to_delete.set()
        else:
            self._let_go([bundle_id])

    def _let_go(self, bundles: Sequence[UUID]) -> None:
        self._in_hand.difference_update(bundles)
        if not self._in_hand:
            self._settled.set()

    # Due times

    def _expect(self, due: datetime) -> None:
        if len(self._timers) < TIMERS_KNOWN:
            heapq.heappush(self._timers, due)
            if self._timers[0] is due:
                self._sooner.set()

    async def _nap(self) -> None:
        """Until the earliest due time that is known, also of one that becomes known meanwhile, or NAP."""
        begin = self._clock.now()
        while not self._stopping.is_set():
            earliest = min([begin + NAP, *self._timers[:1]])
            wait = max(earliest, begin + BREATH) - self._clock.now()
            if wait <= timedelta(0):
                return
            self._sooner.clear()
            await _first_of(self._sooner.wait(), self._clock.sleep(wait.total_seconds()))

    # The two loops

    async def _claim_forever(self) -> None:
        while not self._stopping.is_set():
            full = await self._guard(self._claim_once)
            if not full:
                await self._nap()

    async def _claim_once(self) -> bool:
        """Publish what is due; whether there may be more. One statement, which commits by itself.

        While the broker is away nothing is claimed: it is still free when the broker is back.
        """
        now = self._clock.now()
        while self._timers and self._timers[0] <= now:
            heapq.heappop(self._timers)
        if self._bus.waiting_for_broker:
            return False
        async with self._turn:
            async with self._database.connection() as connection:
                claimed = await outbox.claim(connection, now=now, until=now + LEASE, limit=BATCH)
            self._publish([bundle for bundle in claimed if bundle.id not in self._in_hand])
        return len(claimed) == BATCH

    async def _delete_forever(self) -> None:
        while not (self._stopping.is_set() and (self._away or not self._delivered)):
            await self._something_to_delete.wait()
            await _first_of(self._stopping.wait(), self._clock.sleep(PATIENCE.total_seconds()))
            self._something_to_delete.clear()
            if self._delivered:
                await self._guard(self._delete_once)

    async def _delete_once(self) -> bool:
        async with self._turn:
            gone = self._delivered[:]
            async with self._database.connection() as connection:
                await outbox.delete(connection, ids=gone)
            del self._delivered[: len(gone)]
            self._let_go(gone)
        return True

    async def _guard(self, work: Work) -> bool:
        """Do it; while the database is away, wait and say so once."""
        try:
            result = await work()
        except Exception as error:
            if not (is_unavailable(error) or is_retryable(error)):
                raise
            self._tell(away=True, error=error)
            await self._clock.sleep(NAP.total_seconds())
            self._something_to_delete.set()
            return False
        self._tell(away=False)
        return result

    def _tell(self, *, away: bool, error: Exception | None = None) -> None:
        if away and not self._away:
            log.warning("the relay waits for the database: %s", error)
        elif self._away and not away:
            log.info("the relay goes on: the database is back")
        self._away = away


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them is over; the others are given up, also when we are cancelled ourselves."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
