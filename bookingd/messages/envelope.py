"""The envelope travels beside its message and never in it: who, when, why, which attempt.

Envelopes go in bundles: what one transaction sends to one place is one bundle of 1 to 64.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from bookingd.domain.ids import MessageId

BUNDLE_LIMIT = 64
"""Envelopes a bundle at most."""

BUNDLE_BYTES = 64 * 1024
"""Bytes a bundle at most, so that one of them never blocks a connection for long."""

SYSTEM = "system"
"""The principal of what nobody asked for: timers, reconciliation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """On whose behalf and because of what something is sent."""

    principal: str
    correlation_id: UUID
    """One user action, from HTTP to the e-mail."""
    causation_id: MessageId | None = None
    """The message whose handling caused this one."""
    trace: str | None = None
    """W3C traceparent, where the client sent one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """All that is known of a message besides what it says."""

    id: MessageId
    name: str
    """The message's name on the wire: `booking.place`."""
    principal: str
    correlation_id: UUID
    causation_id: MessageId | None = None
    sent_at: datetime
    deadline: datetime | None = None
    """After this nobody waits any more: the asker of a query, or we for a release that knows the name."""
    attempt: int = 1
    abandoned: int = 0
    """How often somebody who was given it went away without a word, as far as its bundles were counted; from
    bookingd.actor.isolation.TRUSTED on it is handled apart.
    """
    trace: str | None = None
    body: msgspec.Raw = field(repr=False)
    """The message as JSON. Not in repr: it may hold personal data."""

    def origin(self) -> Origin:
        """The origin of whatever the handling of this sends."""
        return Origin(
            principal=self.principal,
            correlation_id=self.correlation_id,
            causation_id=self.id,
            trace=self.trace,
        )
