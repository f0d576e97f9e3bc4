"""The kinds of handler that an actor's table can hold.

Deciding: one transaction, no outside I/O, in batches. Acting: exactly one outside effect and no booking
logic, under an intent. Answering: a query, nothing durable.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from bookingd.messages.envelope import Envelope, Origin
from bookingd.storage.intents import Intent, IntentKey
from bookingd.storage.transactions import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message with its envelope, as a handler gets it."""

    envelope: Envelope
    message: Any

    @property
    def origin(self) -> Origin:
        """The origin of what its handling sends."""
        return self.envelope.origin()


Decide: TypeAlias = Callable[[Transaction, Sequence[Letter]], Awaitable[Sequence[Letter]]]
"""Handle a batch in the transaction; returns the letters that came too early and must come again."""


class Ended(NamedTuple):
    """A letter and what came of the effect that it asked for."""

    letter: Letter
    outcome: Any
    """A result, or a Refused."""


Record: TypeAlias = Callable[[Transaction, Sequence[Ended]], Awaitable[None]]
"""Write down what effects came to, in the transaction, and send what follows from each. No two of a batch are
about the same effect.
"""


def each(record: Callable[[Transaction, Letter, Any], Awaitable[None]]) -> Record:
    """Write down one after the other: for what is rare, or must see what the one before has written."""

    async def all_of_them(transaction: Transaction, ended: Sequence[Ended]) -> None:
        for letter, outcome in ended:
            await record(transaction, letter, outcome)

    return all_of_them


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """One outside effect. The runtime opens the intent, calls, and records; see `Runtime`."""

    key: Callable[[Any], IntentKey]
    """What makes the effect the same effect."""
    perform: Callable[[Any, Intent], Awaitable[Any]]
    """Call the other side. Raises the errors of bookingd.outcomes."""
    look_up: Callable[[Any, Intent], Awaitable[Any | None]]
    """What came of an earlier call; None when it surely did not take effect and may be made again."""
    record: Record
    subject_kind: str = "booking"
    """What the key's subject is, for the operators' list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A look at the outside that changes nothing there, and so needs no intent: it may be repeated."""

    key: Callable[[Any], IntentKey]
    """What is looked at, for the operators' list."""
    read: Callable[[Any], Awaitable[Any]]
    """Look. Raises the errors of bookingd.outcomes."""
    record: Record
    """Write down what was seen. A look that was refused, or was given up after some attempts, gives its error
    instead; and several of a batch may have looked at the same thing.
    """
    subject_kind: str = "booking"
    """As above."""


Answer: TypeAlias = Callable[[Any, Origin], AsyncIterator[Any]]
"""Yield the parts of the answer."""


class Actor(Protocol):
    """An actor: what it is called, what it accepts, and its table."""

    name: ClassVar[str]
    accepts: ClassVar[tuple[type, ...]]
    """Every message type that it handles: the same types as in the tables below."""

    @property
    def deciding(self) -> Mapping[type, Decide]:
        """Types that are decided upon; types with the same function share batches."""
        ...

    @property
    def acting(self) -> Mapping[type, Acting | Reading]:
        """Types that cause an outside effect, or look outside."""
        ...

    @property
    def answering(self) -> Mapping[type, Answer]:
        """Query types."""
        ...

    @property
    def loops(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Work that goes on beside the mailbox; each is started again if it fails."""
        ...
