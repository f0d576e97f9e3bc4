"""What the code at hand works for, so that every log line can say so."""

from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID


class Handling(NamedTuple):
    """A message in the hands of an actor."""

    actor: str
    message: str
    """Its name, as `booking.place`."""


correlation: ContextVar[UUID | None] = ContextVar("correlation", default=None)
"""The correlation id of the message or request being handled; None in the house's own work."""

handling: ContextVar[Handling | None] = ContextVar("handling", default=None)
"""The message being handled; None outside of actors, and where many are decided together."""


def begin_handling(correlation_id: UUID, *, actor: str, message: str) -> None:
    """From here on, this task handles a message of that name for that user action."""
    correlation.set(correlation_id)
    handling.set(Handling(actor, message))
