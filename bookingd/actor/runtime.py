"""Runs one actor: takes bundles from its mailbox, dispatches each message by kind, settles each bundle.

Settling is explicit. Done, retried, refused by the domain and buried letters settle their bundle;
what is cancelled is left for the next process. The loss of the database is no message's fault: its
handling waits, /readyz says so, and goes on by itself.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from bookingd.actor.acting import Actions
from bookingd.actor.backoff import FIRST_EARLY, FIRST_OUTSIDE, backoff
from bookingd.actor.batching import Batcher
from bookingd.actor.kinds import Actor, Decide, Letter
from bookingd.bus.port import Bus, Incoming, IncomingQuery, Subscription
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Lane, UnknownMessage
from bookingd.messages.envelope import Envelope
from bookingd.sources import Sources
from bookingd.storage import attention, dead_letters, inbox
from bookingd.storage.attention import Attention
from bookingd.storage.database import is_retryable, is_unavailable
from bookingd.storage.dead_letters import DeadLetter
from bookingd.storage.transactions import Transactions
from bookingd.telemetry.context import correlation
from bookingd.telemetry.metrics import Metrics

log = logging.getLogger(__name__)
T = TypeVar("T")

UNKNOWN_NAMES = timedelta(hours=1)
"""How long a message of a name that we do not know waits for a newer release to be rolled out."""

PAUSE = 0.5
"""Seconds between two tries while the database is away."""


class Limits:
    """How much an actor does at once."""

    def __init__(self, *, concurrency: int = 8, prefetch: int = 64, batch: int = 64) -> None:
        self.concurrency = concurrency
        self.prefetch = prefetch
        self.batch = batch


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
    ) -> None:
        self.actor = actor
        self.waiting_for_database = False
        self._bus = bus
        self._transactions = transactions
        self._catalogue = catalogue
        self._sources = sources
        self._metrics = metrics
        self._limits = limits
        self._places = asyncio.Semaphore(limits.concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Subscription] = []
        self._desks = {
            decide: Batcher(self._transaction_of(decide), limit=limits.batch)
            for decide in set(actor.deciding.values())
        }
        self._actions = Actions(
            actor=actor.name,
            transactions=transactions,
            sources=sources,
            batch=limits.batch,
            patiently=self.patiently,
        )
        _check_tables(actor)

    async def open(self) -> None:
        """Start consuming."""
        for lane in Lane:
            self._subscriptions.append(
                await self._bus.consume(
                    actor=self.actor.name,
                    lane=lane,
                    prefetch=self._limits.prefetch,
                    receive=self._receive,
                )
            )
        if self.actor.answering:
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
            for desk in self._desks.values():
                tasks.create_task(desk.run(), name=f"{self.actor.name} decides")
            for loop in (*self._actions.loops, *self.actor.loops):
                tasks.create_task(self._supervise(loop), name=f"{self.actor.name} loop")

    async def drain(self, grace: float) -> None:
        """Take nothing new, finish what is in hand within `grace` seconds, leave the rest unsettled."""
        for subscription in self._subscriptions:
            await subscription.close()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=grace)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it; again when the transaction lost a race, and later when the database is away."""
        while True:
            try:
                result = await work()
            except Exception as error:
                if is_retryable(error):
                    continue
                if not is_unavailable(error):
                    raise
                await self._wait_for_database(error)
            else:
                self.waiting_for_database = False
                return result

    async def _wait_for_database(self, error: Exception) -> None:
        if not self.waiting_for_database:
            log.warning("actor %s waits for the database: %s", self.actor.name, error)
        self.waiting_for_database = True
        await self._sources.clock.sleep(PAUSE)

    # Durable messages

    def _receive(self, incoming: Incoming) -> None:
        unsettled = _Unsettled(incoming)
        for envelope in incoming.envelopes:
            self._start(self._handle(envelope, unsettled))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, envelope: Envelope, unsettled: _Unsettled) -> None:
        correlation.set(envelope.correlation_id)
        with self._metrics.in_flight.labels(self.actor.name).track_inprogress():
            try:
                outcome = await self._dispatch(envelope)
            except Exception as error:  # noqa: BLE001 - logged and buried, whatever it is
                outcome = "dead"
                await self._bury(envelope, error)
        self._metrics.messages.labels(self.actor.name, envelope.name, outcome).inc()
        unsettled.one_done()

    async def _dispatch(self, envelope: Envelope) -> str:
        try:
            message = codec.read(envelope, self._catalogue)
        except UnknownMessage:
            return await self._wait_for_release(envelope)
        letter = Letter(envelope=envelope, message=message)
        started = self._sources.clock.monotonic()
        if decide := self.actor.deciding.get(type(message)):
            outcome = await self._desks[decide].submit(letter)
        else:
            async with self._places:
                outcome = await self._actions.act(self.actor.acting[type(message)], letter)
        self._metrics.handling.labels(self.actor.name, envelope.name).observe(
            self._sources.clock.monotonic() - started
        )
        return outcome

    def _transaction_of(self, decide: Decide) -> Callable[[Sequence[Letter]], Awaitable[Sequence[str]]]:
        async def work(letters: Sequence[Letter]) -> Sequence[str]:
            self._metrics.batch.labels(self.actor.name).observe(len(letters))
            return await self.patiently(lambda: self._decide(decide, letters))

        return work

    async def _decide(self, decide: Decide, letters: Sequence[Letter]) -> Sequence[str]:
        """One transaction for all: take them in, decide, put back what came too early."""
        async with self._transactions.begin() as transaction:
            new = await inbox.take(
                transaction.connection,
                actor=self.actor.name,
                envelopes=[letter.envelope for letter in letters],
            )
            fresh = _once_each([letter for letter in letters if letter.envelope.id in new])
            early = await decide(transaction, fresh) if fresh else ()
            if early:
                envelopes = [letter.envelope for letter in early]
                await inbox.put_back(transaction.connection, actor=self.actor.name, envelopes=envelopes)
            for letter in early:
                transaction.send_again(
                    letter.envelope,
                    actor=self.actor.name,
                    lane=transaction.lane_of(letter.envelope),
                    after=backoff(letter.envelope.attempt, first=FIRST_EARLY, chance=self._sources.chance),
                )
        put_back = {letter.envelope.id for letter in early}
        return ["early" if letter.envelope.id in put_back else "done" for letter in letters]

    async def _wait_for_release(self, envelope: Envelope) -> str:
        """Two releases run side by side while an upgrade rolls: a newer one may know the name."""
        if self._sources.clock.now() - envelope.sent_at > UNKNOWN_NAMES:
            raise UnknownMessage(f"no release that runs here knows {envelope.name!r}")

        async def again() -> None:
            async with self._transactions.begin() as transaction:
                after = backoff(envelope.attempt, first=FIRST_OUTSIDE, chance=self._sources.chance)
                transaction.send_again(envelope, actor=self.actor.name, lane=Lane.NORMAL, after=after)

        await self.patiently(again)
        return "retried"

    async def _bury(self, envelope: Envelope, error: Exception) -> None:
        log.error("%s could not handle %s", self.actor.name, envelope.name, exc_info=error)
        letter = DeadLetter(
            id=self._sources.ids.new(),
            actor=self.actor.name,
            envelope=envelope,
            reason=f"{type(error).__name__}: {error}",
            trace="".join(traceback.format_tb(error.__traceback__)),
            died_at=self._sources.clock.now(),
        )
        await self.patiently(lambda: self._keep(letter))

    async def _keep(self, letter: DeadLetter) -> None:
        """Bury it, and tell an operator: whatever it was about may hang now (P6)."""
        async with self._transactions.begin() as transaction:
            connection = transaction.connection
            await inbox.take(connection, actor=letter.actor, envelopes=[letter.envelope])
            await dead_letters.bury(connection, letter=letter)
            await attention.open_entry(connection, entry=self._entry_for(letter))

    def _entry_for(self, letter: DeadLetter) -> Attention:
        return Attention(
            id=self._sources.ids.new(),
            subject_kind="dead_letter",
            subject=letter.id,
            reason="dead_letter",
            detail=f"{letter.actor} could not handle {letter.envelope.name}: {letter.reason}",
            owner="operator",
            opened_at=letter.died_at,
        )

    # Queries

    def _receive_query(self, incoming: IncomingQuery) -> None:
        self._start(self._answer(incoming))

    async def _answer(self, incoming: IncomingQuery) -> None:
        envelope = incoming.envelope
        correlation.set(envelope.correlation_id)
        async with self._places:
            if envelope.deadline is not None and self._sources.clock.now() >= envelope.deadline:
                self._metrics.messages.labels(self.actor.name, envelope.name, "late").inc()
                return
            outcome = "done"
            try:
                answer = self.actor.answering[type(incoming.message)]
                async for part in answer(incoming.message, envelope.origin()):
                    incoming.answer(part)
                incoming.end()
            except Exception:
                outcome = "failed"
                log.exception("%s could not answer %s", self.actor.name, envelope.name)
                incoming.fail()
        self._metrics.messages.labels(self.actor.name, envelope.name, outcome).inc()

    async def _supervise(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run it for good: what fails is logged and started again after a while."""
        failures = 0
        while True:
            try:
                await loop()
            except Exception:
                failures += 1
                log.exception("a loop of actor %s failed", self.actor.name)
                wait = backoff(failures, first=PAUSE, chance=self._sources.chance)
                await self._sources.clock.sleep(wait.total_seconds())
            else:
                return


def _once_each(letters: Sequence[Letter]) -> list[Letter]:
    """A batch may hold the same message twice: the inbox tells them from old ones, not from each other."""
    return list({letter.envelope.id: letter for letter in letters}.values())


def _check_tables(actor: Actor) -> None:
    handled = {*actor.deciding, *actor.acting, *actor.answering}
    if handled != set(actor.accepts):
        wrong = sorted(kind.__name__ for kind in handled ^ set(actor.accepts))
        raise TypeError(f"actor {actor.name}: `accepts` and its tables differ in {', '.join(wrong)}")
