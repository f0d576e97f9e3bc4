"""Queries: answered in time or not at all, so whoever asks never waits for longer than it said."""

import asyncio
import logging
from collections.abc import Callable

from bookingd.actor.kinds import Actor
from bookingd.actor.places import Places
from bookingd.bus.port import IncomingQuery
from bookingd.messages.catalogue import Lane
from bookingd.messages.envelope import Envelope
from bookingd.sources import Clock
from bookingd.telemetry.context import begin_handling

log = logging.getLogger(__name__)


class Answers:
    """Answers the queries of one actor, in the places that it has for calls outside too."""

    def __init__(
        self, *, actor: Actor, places: Places, clock: Clock, count: Callable[[str, str], None]
    ) -> None:
        """`count` is told the name of each query and what became of it."""
        self._actor = actor.name
        self._answering = dict(actor.answering)
        self._places = places
        self._clock = clock
        self._count = count

    def __bool__(self) -> bool:
        """Whether the actor answers anything."""
        return bool(self._answering)

    async def answer_in_turn(self, incoming: IncomingQuery) -> None:
        """A handler that asks has a place already: its query takes none, or A -> B -> A would wait.

        A task by itself, which ends when the asker goes away: nobody is asked for what nobody waits for.
        """
        envelope = incoming.envelope
        if (task := asyncio.current_task()) is not None:
            incoming.when_left(task.cancel)
        begin_handling(envelope.correlation_id, actor=self._actor, message=envelope.name)
        if envelope.causation_id is not None:
            outcome = await self._answer(incoming)
        else:
            async with self._places.one(Lane.NORMAL):
                outcome = await self._answer(incoming)
        self._count(envelope.name, outcome)

    async def _answer(self, incoming: IncomingQuery) -> str:
        """Answer before the deadline; nobody listens after it."""
        envelope = incoming.envelope
        left = self._left_for(envelope)
        if left is not None and left <= 0:
            return "late"
        limit = asyncio.timeout(left)
        try:
            async with limit:
                answer = self._answering[type(incoming.message)]
                async for part in answer(incoming.message, envelope.origin()):
                    incoming.answer(part)
        except Exception:
            if limit.expired():
                log.warning("%s did not answer %s in time", self._actor, envelope.name)
                return "late"
            log.exception("%s could not answer %s", self._actor, envelope.name)
            incoming.fail()
            return "failed"
        incoming.end()
        return "done"

    def _left_for(self, envelope: Envelope) -> float | None:
        """Seconds until the deadline; None where there is none."""
        if envelope.deadline is None:
            return None
        return (envelope.deadline - self._clock.now()).total_seconds()
