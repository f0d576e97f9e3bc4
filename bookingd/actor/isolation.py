"""What may kill its process is handled apart, written down before that; a killer is found and buried.

A message is isolated when its bundle was given out four times in vain, when somebody is gone who was calling
outside for it, or when something is known of it already. It is handled beside others still, but by itself
(decided in a transaction of its own), and the database is told before. At first one such message at a time,
and one more beside it for each that survives. When a process dies, the records that stand say what it was
handling. They make suspects, not culprits: whoever kills a process from outside hits whatever is handled at
that moment. So a suspect

- is put aside for a while that grows with its deaths, so that some kills in a row do not find it again;
- is tried behind all else that is isolated here, and alone: nothing else is handled in this process;
- is cleared by surviving, and buried only when a third process died, two of them alone with it.

That this ends: a message that kills its process does so at each delivery, so its bundle is counted up to
where it is isolated, with whatever was in the same hands. From then on every death is written down for
whatever was handled apart. Neighbours get through at once, or when they are tried alone, and are gone. The
killer never gets through, so all deaths that follow are its own. k killers that are there at once cost 3 + 3k
restarts; more only where copies of them are about, or other processes that do not know of them yet. No
innocent message is lost to killers, nor to kills from outside, unless those strike within three trials of
it, of which the second comes after ten seconds or more, and the third after twenty or more.

The record is kept by the message's id, since a death just behind its publishing leaves a copy of it in the
outbox. The count of deliveries is the transport's and begins anew when a message is put aside, so the
envelope keeps that one (`abandoned`) for processes that know nothing of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from bookingd.actor.acting import BUSY, LEASE
from bookingd.actor.backoff import backoff
from bookingd.actor.burying import Burying
from bookingd.actor.patience import Patience
from bookingd.actor.places import Company, Places
from bookingd.domain.ids import MessageId
from bookingd.messages.catalogue import Lane
from bookingd.messages.envelope import Envelope
from bookingd.sources import Sources
from bookingd.storage import announcements
from bookingd.storage.announcements import Record
from bookingd.storage.transactions import Transactions

log = logging.getLogger(__name__)

TRUSTED = 3
"""Deliveries in vain after which a message is isolated: a crash or a lost connection is not its fault."""

DEATHS = 3
"""Processes that may die while they handle a message; then it is buried."""

FIRST_ASIDE = 20.0
"""Seconds, of which half are drawn: longer than an operator or a supervisor takes for some kills in a row."""

LOOK_AGAIN = timedelta(seconds=5)
"""How long to wait before looking again whether a message is still handled elsewhere, at most."""

LET_PASS = 1.0
"""Seconds that a suspect waits for others which came with it, as at a start, to go first."""

PARTING = 3.0
"""Seconds to say that a message is not handled any more, while the database is away and we are told to go."""

Work: TypeAlias = Callable[[], Awaitable[str]]
Room: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]


class KilledItsProcess(Exception):
    """A message that took its process with it, again and again."""


class Isolation:
    """Where one actor of this process handles what may kill it."""

    def __init__(
        self,
        *,
        actor: str,
        transactions: Transactions,
        sources: Sources,
        patiently: Patience,
        burying: Burying,
        company: Company,
        process: UUID,
        most: int,
    ) -> None:
        """`most` messages are handled beside each other here in the end."""
        self._actor = actor
        self._transactions = transactions
        self._sources = sources
        self._patiently = patiently
        self._burying = burying
        self._company = company
        self._process = process
        self._deaths: dict[MessageId, int] = {}
        """Of each message that is handled here, as far as this process knows."""
        self._trials = Places(1)
        self._may_grow = most - 1

    async def open(self) -> None:
        """Learn of what former processes have left."""

        async def learn() -> dict[MessageId, int]:
            async with self._transactions.begin() as transaction:
                return await announcements.deaths(transaction.connection, actor=self._actor)

        self._deaths = await self._patiently(learn)

    def is_for(self, envelope: Envelope) -> bool:
        """Whether the message has to be handled here."""
        return envelope.abandoned >= TRUSTED or envelope.id in self._deaths

    async def handle(self, envelope: Envelope, lane: Lane, work: Work, *, room: Room) -> str:
        """Do the work when it is its turn, a first trial in `room`; what became of it, for the metrics."""
        deaths = self._deaths.setdefault(envelope.id, 0)
        if deaths:
            await self._sources.clock.sleep(LET_PASS)
        async with (
            self._trials.one(lane, behind=deaths),
            self._company.alone() if deaths else room(),
        ):
            return await self._try(envelope, lane, work, believed=deaths)

    async def _try(self, envelope: Envelope, lane: Lane, work: Work, *, believed: int) -> str:
        outcome = BUSY
        try:
            record = await self._patiently(lambda: self._announce(envelope, lane, believed))
            if record.deaths == DEATHS:
                return await self._bury(envelope)
            if record.process != self._process:
                return BUSY if record.process else "suspected"
            outcome = await work()
        except Exception:
            outcome = "failed"
            raise
        finally:
            await self._part(envelope.id, survived=outcome != BUSY)
        return outcome

    async def _announce(self, envelope: Envelope, lane: Lane, believed: int) -> Record:
        """Write down that it is handled here now, or what else there is to know; what is known now.

        What is not for us now comes again when it may be.
        """
        async with self._transactions.begin() as transaction:
            connection, now = transaction.connection, transaction.now
            met = await announcements.meet(connection, actor=self._actor, message=envelope.id, now=now)
            record = self._after_meeting(met, now, believed)
            await announcements.write(connection, actor=self._actor, message=envelope.id, record=record)
            if record.process != self._process and record.deaths < DEATHS:
                after = max(timedelta(), record.lapses_at - now)
                if record.process:
                    after = min(after, LOOK_AGAIN)
                transaction.put_back(_marked(envelope), actor=self._actor, lane=lane, after=after)
        if record.deaths > met.deaths:
            log.warning("a process died while %s handled %s %s", self._actor, envelope.name, envelope.id)
        self._deaths[envelope.id] = record.deaths
        return record

    def _after_meeting(self, met: Record, now: datetime, believed: int) -> Record:
        """Ours from now on; or still another's, or still aside; or put aside, as whoever had it is dead.

        One that proves to be more suspect than we `believed` is left for the moment: it has to be alone.
        """
        mine = Record(process=self._process, deaths=met.deaths, lapses_at=now + LEASE)
        if met.process == self._process:
            return mine
        if met.lapses_at > now:
            return met
        if met.process is None:
            return mine if met.deaths <= believed else met
        aside = backoff(met.deaths + 1, first=FIRST_ASIDE, chance=self._sources.chance)
        return Record(process=None, deaths=met.deaths + 1, lapses_at=now + aside)

    async def _bury(self, envelope: Envelope) -> str:
        reason = KilledItsProcess(f"its process died {DEATHS} times while handling it")
        await self._burying.bury(_marked(envelope), reason)
        await self._patiently(lambda: self._forget(envelope.id))
        return "dead"

    async def _part(self, message: MessageId, *, survived: bool) -> None:
        """Also when we are told to go; if it cannot be said, we are taken for dead, once."""
        try:
            async with asyncio.timeout(PARTING):
                await self._patiently(lambda: self._forget(message) if survived else self._let_go(message))
        except TimeoutError:
            log.warning("%s could not write that it does not handle %s any more", self._actor, message)
        if survived:
            self._grow()

    def _grow(self) -> None:
        """One more may be tried beside the others."""
        if self._may_grow:
            self._may_grow -= 1
            self._trials.add()

    async def _forget(self, message: MessageId) -> None:
        async with self._transactions.begin() as transaction:
            await announcements.forget(transaction.connection, actor=self._actor, message=message)
        self._deaths.pop(message, None)

    async def _let_go(self, message: MessageId) -> None:
        async with self._transactions.begin() as transaction:
            await announcements.let_go(
                transaction.connection,
                actor=self._actor,
                message=message,
                process=self._process,
                now=transaction.now,
            )


def _marked(envelope: Envelope) -> Envelope:
    """As whoever gets it next has to see it: to be handled apart."""
    return replace(envelope, abandoned=max(envelope.abandoned, TRUSTED))
