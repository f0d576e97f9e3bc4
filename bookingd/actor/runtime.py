"""Runs one actor: takes bundles from its mailbox, dispatches each message by kind, settles each bundle.

Settling is explicit. Done, retried, refused by the domain and buried letters settle their bundle;
what is cancelled is left for the next process. The loss of the database is no message's fault: its
handling waits, /readyz says so, and goes on by itself.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from bookingd.actor.acting import ORPHANED, Actions
from bookingd.actor.answering import Answers
from bookingd.actor.backoff import FIRST_OUTSIDE, backoff
from bookingd.actor.burying import Burying
from bookingd.actor.deciding import Decisions
from bookingd.actor.isolation import Isolation
from bookingd.actor.kinds import Actor, Letter
from bookingd.actor.patience import PAUSE, Patience
from bookingd.actor.places import RANKS, Company, Places
from bookingd.bus.port import Bus, Incoming, IncomingQuery, Subscription
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Lane, UnknownMessage
from bookingd.messages.envelope import Envelope
from bookingd.sources import Sources
from bookingd.storage.database import is_unavailable
from bookingd.storage.transactions import Transactions
from bookingd.telemetry.context import begin_handling
from bookingd.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

UNKNOWN_NAMES = timedelta(hours=1)
"""How long a message of a name that we do not know waits for a newer release to be rolled out."""

HEALTHY = 300.0
"""Seconds after which a loop that failed before counts as well again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an actor does at once."""

    concurrency: int = 8
    """Outside calls and queries under way."""
    prefetch: int = 64
    """Unsettled bundles a lane."""
    batch: int = 64
    """Messages a transaction."""


class _Unsettled:
    """A bundle that settles when the last of its envelopes has been dealt with."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._left = len(incoming.envelopes)

    def one_done(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._incoming.settle()


class Runtime:
    """One actor's life in this process."""

    def __init__(
        self,
        *,
        actor: Actor,
        bus: Bus,
        transactions: Transactions,
        catalogue: Catalogue,
        sources: Sources,
        metrics: Metrics,
        limits: Limits,
        company: Company,
        process: UUID,
    ) -> None:
        """`company` and `process`, by whose id what it was doing is known when it has died, are one for all
        actors of a process.
        """
        _check_tables(actor)
        self.actor = actor
        self.patiently = Patience(actor=actor.name, sources=sources)
        self._bus = bus
        self._transactions = transactions
        self._catalogue = catalogue
        self._sources = sources
        self._in_flight = metrics.in_flight.labels(actor.name)
        self._outcomes = cache(partial(metrics.messages.labels, actor.name))  # by message and outcome
        self._durations = cache(partial(metrics.handling.labels, actor.name))  # by message
        self._limits = limits
        self._deciding = dict(actor.deciding)
        self._acting = dict(actor.acting)
        self._places = Places(limits.concurrency)
        self._company = company
        self._answers = Answers(actor=actor, places=self._places, clock=sources.clock, count=self._count)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Subscription] = []
        self._decisions = Decisions(
            actor=actor.name,
            functions=set(self._deciding.values()),
            transactions=transactions,
            sources=sources,
            metrics=metrics,
            batch=limits.batch,
            patiently=self.patiently,
        )
        self._actions = Actions(
            actor=actor.name,
            transactions=transactions,
            sources=sources,
            batch=limits.batch,
            patiently=self.patiently,
            process=process,
        )
        self._burying = Burying(
            actor=actor.name, transactions=transactions, sources=sources, patiently=self.patiently
        )
        self._isolation = Isolation(
            actor=actor.name,
            transactions=transactions,
            sources=sources,
            patiently=self.patiently,
            burying=self._burying,
            company=company,
            process=process,
            most=limits.concurrency,
        )

    @property
    def waiting_for_database(self) -> bool:
        """Whether work stands still because the database is away; /readyz says so."""
        return self.patiently.waiting_for_database

    async def open(self) -> None:
        """Start consuming."""
        await self._isolation.open()
        for lane in Lane:
            self._subscriptions.append(
                await self._bus.consume(
                    actor=self.actor.name,
                    lane=lane,
                    prefetch=self._limits.prefetch,
                    receive=partial(self._receive, lane),
                )
            )
        if self._answers:
            self._subscriptions.append(
                await self._bus.serve(
                    actor=self.actor.name,
                    backlog=self._limits.prefetch,
                    receive=self._receive_query,
                )
            )

    async def run(self) -> None:
        """The loops beside the mailbox, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for loop in (*self._decisions.loops, *self._actions.loops, *self.actor.loops):
                tasks.create_task(self._supervise(loop), name=f"{self.actor.name} loop")

    async def drain(self, grace: float) -> None:
        """Take nothing new, finish what is in hand within `grace` seconds, leave the rest unsettled.

        `run` has to be running meanwhile.
        """
        for subscription in self._subscriptions:
            await subscription.close()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=grace)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _count(self, message: str, outcome: str) -> None:
        self._outcomes(message, outcome).inc()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """What could not even be buried stays unsettled, and is told."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.critical("actor %s leaves a message unsettled", self.actor.name, exc_info=error)

    # Durable messages

    def _receive(self, lane: Lane, incoming: Incoming) -> None:
        unsettled = _Unsettled(incoming)
        envelopes = incoming.envelopes
        if in_vain := incoming.deliveries - 1:
            envelopes = [replace(one, abandoned=one.abandoned + in_vain) for one in envelopes]
        for envelope in envelopes:
            self._start(self._handle(envelope, lane, unsettled))

    async def _handle(self, envelope: Envelope, lane: Lane, unsettled: _Unsettled) -> None:
        begin_handling(envelope.correlation_id, actor=self.actor.name, message=envelope.name)
        with self._in_flight.track_inprogress():
            try:
                outcome = await self._dispatch(envelope, lane)
            except Exception as error:  # noqa: BLE001 - logged and buried, whatever it is
                outcome = "dead"
                await self._burying.bury(envelope, error)
        self._count(envelope.name, outcome)
        log.info("%s handled %s: %s", self.actor.name, envelope.name, outcome)
        unsettled.one_done()

    async def _dispatch(self, envelope: Envelope, lane: Lane) -> str:
        try:
            message = codec.read(envelope, self._catalogue)
        except UnknownMessage:
            return await self._wait_for_release(envelope)
        letter = Letter(envelope=envelope, message=message)
        room = partial(self._room, lane, acting=type(message) in self._acting)
        started = self._sources.clock.monotonic()
        outcome = ORPHANED
        if not self._isolation.is_for(envelope):
            async with room():
                outcome = await self._carry_out(letter, lane)
        if outcome is ORPHANED:
            work = partial(self._carry_out, letter, lane, alone=True)
            outcome = await self._isolation.handle(envelope, lane, work, room=room)
        self._durations(envelope.name).observe(self._sources.clock.monotonic() - started)
        return outcome

    @asynccontextmanager
    async def _room(self, lane: Lane, *, acting: bool) -> AsyncIterator[None]:
        """Beside others, with a place for whoever calls outside. The place comes first: see Company."""
        if acting:
            async with self._places.one(lane), self._company:
                yield
        else:
            async with self._company:
                yield

    async def _carry_out(self, letter: Letter, lane: Lane, *, alone: bool = False) -> str:
        kind = type(letter.message)
        if decide := self._deciding.get(kind):
            return await self._decisions.decide(decide, letter, rank=RANKS[lane], alone=alone)
        return await self._actions.act(self._acting[kind], letter, alone=alone)

    async def _wait_for_release(self, envelope: Envelope) -> str:
        """Two releases run side by side while an upgrade rolls: a newer one may know the name.

        The hour begins when the name is first met: the message may be an old timer.
        """
        now = self._sources.clock.now()
        known_by = envelope.deadline or now + UNKNOWN_NAMES
        if now >= known_by:
            raise UnknownMessage(f"no release that runs here knows {envelope.name!r}")

        async def again() -> None:
            async with self._transactions.begin() as transaction:
                after = backoff(envelope.attempt, first=FIRST_OUTSIDE, chance=self._sources.chance)
                waiting = replace(envelope, deadline=known_by)
                transaction.send_again(waiting, actor=self.actor.name, lane=Lane.NORMAL, after=after)

        await self.patiently(again)
        return "retried"

    # Queries

    def _receive_query(self, incoming: IncomingQuery) -> None:
        self._start(self._answers.answer_in_turn(incoming))

    # Loops

    async def _supervise(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run it for good: what fails is logged and started again after a while."""
        failures = 0
        while True:
            started = self._sources.clock.monotonic()
            try:
                await loop()
            except Exception as error:  # noqa: BLE001 - told, and tried again
                well = self._sources.clock.monotonic() - started > HEALTHY
                failures = 1 if well else failures + 1
                await self._sources.clock.sleep(self._pause_after(error, failures))
            else:
                return

    def _pause_after(self, error: Exception, failures: int) -> float:
        """Tell of the failure; the loss of the database is told once, and is over when it is over."""
        if is_unavailable(error):
            if failures == 1:
                log.warning("a loop of actor %s waits for the database: %s", self.actor.name, error)
            return PAUSE
        log.error("a loop of actor %s failed", self.actor.name, exc_info=error)
        return backoff(failures, first=PAUSE, chance=self._sources.chance).total_seconds()


def _check_tables(actor: Actor) -> None:
    handled = {*actor.deciding, *actor.acting, *actor.answering}
    if handled != set(actor.accepts):
        wrong = sorted(kind.__name__ for kind in handled ^ set(actor.accepts))
        raise TypeError(f"actor {actor.name}: `accepts` and its tables differ in {', '.join(wrong)}")
