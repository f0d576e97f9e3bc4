"""Which user action the code at hand works for, so that every log line can say so."""

from contextvars import ContextVar
from uuid import UUID

correlation: ContextVar[UUID | None] = ContextVar("correlation", default=None)
"""The correlation id of the message or request being handled; None in the house's own work."""
