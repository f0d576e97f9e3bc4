"""Queries to actors of the same process: no broker between, and the same mailbox, limits and deadline."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from bookingd.bus.answers import Answers, Sealer
from bookingd.bus.port import QueryTimeout, ReceiveQuery
from bookingd.messages.catalogue import Message
from bookingd.messages.envelope import Envelope, Origin


class LocalQueries:
    """The actors of this process that answer, and the way to them."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._counters: dict[str, Counter] = {}

    def serve(self, *, actor: str, backlog: int, receive: ReceiveQuery) -> "Counter":
        """Have an actor answer here; with `backlog` queries unanswered, new ones wait at the asker."""
        counter = Counter(actor, asyncio.Semaphore(backlog), receive, self._counters)
        self._counters[actor] = counter
        return counter

    def answers_for(self, actor: str | None) -> bool:
        """Whether the actor answers here."""
        return actor in self._counters

    async def ask(self, actor: str, query: Message, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        """See Bus.ask; the actor has to answer here."""
        counter = self._counters[actor]
        envelope = self._sealer.seal(query, origin, timeout)
        asked = _Query(envelope, query, Answers(envelope.name, timeout))
        place = counter.place_for(origin)
        try:
            async with asyncio.timeout(timeout):
                await place.acquire()
        except TimeoutError as error:
            raise asked.answers.late() from error
        try:
            counter.receive(asked)
            async for part in asked.answers.heard():
                yield part
        except QueryTimeout:
            asked.stay()
            raise
        finally:
            asked.leave()
            place.release()


@dataclass(frozen=True, slots=True)
class _Query:
    """A query in its actor's mailbox, with the way back to its asker."""

    envelope: Envelope
    message: Message
    answers: Answers
    _told: list[Callable[[], object]] = field(default_factory=list)
    """Who wants to know that the asker has gone; nobody once there is nothing more to come."""

    def answer(self, part: Any) -> None:
        self.answers.part(part)

    def end(self) -> None:
        self._told.clear()
        self.answers.end()

    def fail(self) -> None:
        self._told.clear()
        self.answers.fail()

    def when_left(self, tell: Callable[[], object]) -> None:
        self._told.append(tell)

    def stay(self) -> None:
        """The asker goes at the deadline, which ends the answering by itself."""
        self._told.clear()

    def leave(self) -> None:
        """The asker goes."""
        while self._told:
            self._told.pop()()


@dataclass(slots=True)
class Counter:
    """An actor that answers queries, and how many askers may be in it."""

    actor: str
    places: asyncio.Semaphore
    receive: ReceiveQuery
    counters: "dict[str, Counter]"

    def place_for(self, origin: Origin) -> asyncio.Semaphore:
        """One of the places; a handler that asks has one of its own already, or A -> B -> A would wait."""
        return self.places if origin.causation_id is None else asyncio.Semaphore(1)

    async def close(self) -> None:
        """Answer nobody any more."""
        if self.counters.get(self.actor) is self:
            del self.counters[self.actor]
