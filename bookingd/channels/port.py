"""What bookingd wants of a channel to its travellers, and what every adapter must keep.

A call ends in one of four ways: a delivery, or one of bookingd.outcomes: Refused (this message will never
be taken: final), Unavailable (nothing was taken: try again, after `retry_after` seconds where given) or
UnknownOutcome (it may have been taken). SMTP knows no look-up, so an unknown outcome is closed in favour
of delivery: the same message is sent again under the same key, carries the same Message-ID, and is
counted (P5).
"""

from dataclasses import dataclass, field
from typing import Protocol

from bookingd.domain.ids import IntentId


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail as it was written; who sends it, when, and under which Message-ID is the channel's affair.

    What it says is kept out of `repr`, since it tells who travels where.
    """

    recipient: str = field(repr=False)
    """The bare address, `anna@example.org`; internationalised ones are fine."""
    recipient_name: str = field(default="", repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str = "en"
    """RFC 5646 tag of what it is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The provider has taken the message."""

    message_id: str
    """The Message-ID it carries, with its angle brackets; the same at every repeat of one key."""
    receipt: str
    """The provider's own words, often with its queue id; for operators."""


class Channel(Protocol):
    """A way to tell a traveller something."""

    @property
    def name(self) -> str:
        """As in the table of notifications: `email`."""
        ...

    def message_id(self, key: IntentId) -> str:
        """The Message-ID that a message sent under `key` carries, known before it is sent."""
        ...

    async def send(self, message: OutgoingMail, *, key: IntentId) -> Delivery:
        """Hand the message to the provider. Raises Refused, Unavailable or UnknownOutcome."""
        ...
