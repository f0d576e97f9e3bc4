"""What a transport must keep, whichever it is; the contract suite in tests/bus holds each one to it.

Durable messages come from the outbox in bundles and are delivered at least once. Queries are answered
or time out. Notices are lost without regret.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from bookingd.messages.catalogue import Lane, Message
from bookingd.messages.envelope import Envelope, Origin
from bookingd.storage.outbox import Bundle


class QueryTimeout(TimeoutError):
    """Nobody answered a query before its deadline."""


class QueryFailed(Exception):
    """The actor that was asked could not answer; the reason is in its own log."""


class BrokerRefused(Exception):
    """The broker will not have us until somebody changes something; the text says what."""


class BrokerUnavailable(Exception):
    """The broker cannot be reached now; another try may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Who subscribes to what, over all actors of the house, also those that run elsewhere.

    Every process declares the whole of it before it publishes, so that no event is lost because its
    subscriber never ran.
    """

    subscribers: Mapping[str, frozenset[str]]
    """Event name -> the actors that want it."""
    actors: frozenset[str]
    """All actors."""


class Mailbox(NamedTuple):
    """Where an actor's bundles of one lane wait."""

    actor: str
    lane: Lane


class Backlog(NamedTuple):
    """What a mailbox holds, and who empties it."""

    messages: int
    """Bundles that no consumer has been given yet."""
    consumers: int
    """Over all processes."""


class Incoming(Protocol):
    """A bundle as it reaches a consumer."""

    @property
    def envelopes(self) -> Sequence[Envelope]:
        """1 to 64 of them."""
        ...

    @property
    def deliveries(self) -> int:
        """How often it was given to a consumer, this time included: 1 when it is new.

        A higher number means that somebody who had it went away without settling it.
        """
        ...

    def settle(self) -> None:
        """All of them are dealt with. Without this call the bundle is delivered again some day."""
        ...


class IncomingQuery(Protocol):
    """A query as it reaches its actor."""

    @property
    def envelope(self) -> Envelope:
        """With the deadline after which nobody listens any more."""
        ...

    @property
    def message(self) -> Message:
        """The query itself."""
        ...

    def answer(self, part: Any) -> None:
        """Send a part of the answer."""
        ...

    def end(self) -> None:
        """All parts are sent."""
        ...

    def fail(self) -> None:
        """There will be no answer."""
        ...

    def when_left(self, tell: Callable[[], object]) -> None:
        """Have `tell` called when the asker goes away before the end. From another process nobody hears of
        that: there the deadline ends it.
        """
        ...


Receive = Callable[[Incoming], None]
ReceiveQuery = Callable[[IncomingQuery], None]
ReceiveNotice = Callable[[Message], None]
Delivered = Callable[[UUID, bool], None]
"""Called once a bundle: True when its outbox row may go, False when it must be published again."""


class Subscription(Protocol):
    """A consumer's place; closing it stops new deliveries, what was delivered stays to be settled."""

    async def close(self) -> None:
        """Deliver nothing more here."""
        ...


class Bus(Protocol):
    """A transport."""

    @property
    def waiting_for_broker(self) -> bool:
        """Whether messages stand still because the broker is away."""
        ...

    async def open(self) -> None:
        """Connect and declare the topology. Raises BrokerRefused, BrokerUnavailable."""
        ...

    async def close(self) -> None:
        """Disconnect; what is not settled is delivered again another time."""
        ...

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        """Send bundles on their way and return; `delivered` is called for each when its fate is known."""
        ...

    async def consume(self, *, actor: str, lane: Lane, prefetch: int, receive: Receive) -> Subscription:
        """Deliver an actor's bundles of a lane; at most `prefetch` of them are unsettled at a time."""
        ...

    async def serve(self, *, actor: str, backlog: int, receive: ReceiveQuery) -> Subscription:
        """Deliver an actor's queries; with `backlog` of them unanswered, new ones wait at the asker."""
        ...

    def ask(self, query: Message, *, origin: Origin, timeout: float) -> AsyncIterator[Any]:
        """The parts of the answer as they come, at least one. Raises QueryTimeout, QueryFailed."""
        ...

    async def backlog(self) -> Mapping[Mailbox, Backlog]:
        """What waits in each mailbox of the house; nothing while the broker is away."""
        ...

    def notify(self, notices: Sequence[Message]) -> None:
        """Tell every process, if it hears."""
        ...

    def watch(self, receive: ReceiveNotice) -> Callable[[], None]:
        """Hear notices until the function that is returned is called."""
        ...


async def ask_once(bus: Bus, query: Message, *, origin: Origin, timeout: float) -> Any:
    """The whole answer of a query that is answered in one part."""
    answer: Any = None
    async for part in bus.ask(query, origin=origin, timeout=timeout):
        answer = part
    return answer
