"""What may kill its process is handled apart, announced in the database first; a killer is found and buried.

A message whose bundle was given out four times in vain is isolated. It is handled beside others still, but
by itself (decided in a transaction of its own), after the database was told of it. At first one such message
at a time, and one more beside it for each that survives. If the process dies, the announcements that stand
say what it was handling. They make suspects, not culprits: whoever kills a process from outside hits whatever
is announced at that moment. So a suspect

- is put aside for a while that grows with its deaths, so that a series of kills does not find it again;
- is tried behind everything else that waits here, and alone: nothing else is handled in this process;
- is cleared by surviving, and buried only when its process died a third time, twice of them alone with it.

That this ends: a message that kills its process does so in each delivery, so its bundle is counted up to
where it is isolated, with whatever was in the same hands. From then on each death is written down for what
was announced. The others get through their handling once and are gone, or were announced beside the killer,
and get through when they are tried alone. The killer is announced alone in the end, and every restart after
that counts against it. So k killers that are there together cost 3 + 3k restarts at most, and no innocent
message is lost to them, nor to kills from outside that do not strike within three trials of the same message,
half a minute and a minute apart.

The count of deliveries is the transport's, and begins anew when a message is put aside; so the envelope
keeps it (`abandoned`) until the message was tried and survived.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TypeAlias

from bookingd.actor.acting import LEASE
from bookingd.actor.backoff import backoff
from bookingd.actor.patience import Patience
from bookingd.actor.places import Company, Places
from bookingd.messages.catalogue import Lane
from bookingd.messages.envelope import Envelope
from bookingd.sources import Sources
from bookingd.storage import announcements
from bookingd.storage.announcements import Announcement
from bookingd.storage.transactions import Transactions

log = logging.getLogger(__name__)

TRUSTED = 3
"""Deliveries in vain after which a message is isolated: a crash or a lost connection is not its fault."""

DEATHS = 3
"""Processes that may die while they handle a message; then it is buried."""

FIRST_ASIDE = 60.0
"""Seconds, of which half are drawn: longer than an operator or a supervisor takes for some kills in a row."""

PARTING = 3.0
"""Seconds to take back an announcement, also while the database is away and we are told to go."""

Work: TypeAlias = Callable[[], Awaitable[str]]
Room: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]


class KilledItsProcess(Exception):
    """A message that took its process with it, again and again."""


def is_suspicious(envelope: Envelope) -> bool:
    """Whether it has to be handled in isolation."""
    return envelope.abandoned >= TRUSTED


class Isolation:
    """Where one actor of this process handles what may kill it."""

    def __init__(
        self,
        *,
        actor: str,
        transactions: Transactions,
        sources: Sources,
        patiently: Patience,
        company: Company,
        most: int,
    ) -> None:
        self._actor = actor
        self._transactions = transactions
        self._sources = sources
        self._patiently = patiently
        self._company = company
        self._process = sources.ids.new()
        self._trials = Places(1)
        self._may_grow = most - 1

    async def handle(self, envelope: Envelope, lane: Lane, work: Work, *, room: Room) -> str:
        """Do the work when it is its turn, a first trial in `room`; what became of it, for the metrics.

        Raises KilledItsProcess, and what the work raises.
        """
        async with (
            self._trials.one(lane, behind=envelope.deaths),
            self._company.alone() if envelope.deaths else room(),
        ):
            return await self._try(envelope, lane, work)

    async def _try(self, envelope: Envelope, lane: Lane, work: Work) -> str:
        try:
            standing = await self._patiently(lambda: self._announce(envelope))
            if standing.process != self._process:
                return await self._patiently(lambda: self._put_aside(envelope, lane, standing))
            outcome = await work()
        finally:
            await self._take_back(envelope)
        self._grow()
        return outcome

    def _grow(self) -> None:
        """Somebody survived: one more may be tried beside the others."""
        if self._may_grow:
            self._may_grow -= 1
            self._trials.add()

    async def _announce(self, envelope: Envelope) -> Announcement:
        async with self._transactions.begin() as transaction:
            return await announcements.announce(
                transaction.connection,
                actor=self._actor,
                message=envelope.id,
                process=self._process,
                now=transaction.now,
                lapses_at=transaction.now + LEASE,
            )

    async def _put_aside(self, envelope: Envelope, lane: Lane, standing: Announcement) -> str:
        """Another process announced it: leave it to that one, or, if it is gone, count a death."""
        async with self._transactions.begin() as transaction:
            left = standing.lapses_at - transaction.now
            if left.total_seconds() > 0:
                transaction.put_back(envelope, actor=self._actor, lane=lane, after=left)
                return "retried"
            await announcements.take_back(
                transaction.connection, actor=self._actor, message=envelope.id, process=standing.process
            )
            suspect = replace(envelope, deaths=envelope.deaths + 1)
            if suspect.deaths < DEATHS:
                after = backoff(suspect.deaths, first=FIRST_ASIDE, chance=self._sources.chance)
                transaction.put_back(suspect, actor=self._actor, lane=lane, after=after)
        log.warning("a process died while %s handled %s (%s)", self._actor, envelope.name, envelope.id)
        if suspect.deaths == DEATHS:
            raise KilledItsProcess(f"its process died {DEATHS} times while handling it")
        return "suspected"

    async def _take_back(self, envelope: Envelope) -> None:
        """Also when we are told to go; if it cannot be said, the next process takes us for dead, once."""
        try:
            async with asyncio.timeout(PARTING):
                await self._patiently(lambda: self._take_back_once(envelope))
        except TimeoutError:
            log.warning("%s could not take back that it handles %s", self._actor, envelope.id)

    async def _take_back_once(self, envelope: Envelope) -> None:
        async with self._transactions.begin() as transaction:
            await announcements.take_back(
                transaction.connection, actor=self._actor, message=envelope.id, process=self._process
            )
