"""What an account wants to hear of, and how.

The one rule: whoever sends asks `wants` first. What a booking and the safety of an account need is told by
mail whatever was chosen: nobody can be kept from hearing that a flight is gone, or a password changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Topic(StrEnum):
    """What a message can be about."""

    BOOKINGS = "bookings"
    """What became of a booking: confirmed, failed, called off, a changed price that waits for an answer."""
    SECURITY = "security"
    """What touches the account itself: sign-ins, passwords, factors, addresses."""
    PAYMENT_REMINDERS = "payment_reminders"
    """That a booking waits for its payment, before it is given up."""
    SCHEDULE_CHANGES = "schedule_changes"
    """That a flight leaves at another time."""
    PRICE_ALERTS = "price_alerts"
    """What somebody asked to be told of prices."""
    NEWS = "news"
    """Offers and news of the agency: only by consent (Directive 2002/58/EC, 13)."""


class Channel(StrEnum):
    """How somebody can be reached."""

    EMAIL = "email"
    SMS = "sms"


ALWAYS = frozenset({Topic.BOOKINGS, Topic.SECURITY})
"""Told by mail whatever was chosen."""

BY_MAIL = frozenset({Channel.EMAIL})

UNLESS_CHOSEN: Mapping[Topic, frozenset[Channel]] = MappingProxyType(
    {topic: frozenset() if topic is Topic.NEWS else BY_MAIL for topic in Topic}
)
"""How an account is told that has chosen nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What was chosen. A topic that did not exist then is told as if nothing had been chosen."""

    channels: Mapping[Topic, frozenset[Channel]] = field(default_factory=lambda: UNLESS_CHOSEN)
    sms_number: str | None = field(default=None, repr=False)
    """E.164: `+4930123456`."""
    news_since: datetime | None = None
    """When consent to news was given; None: it is not."""

    def wants(self, topic: Topic, channel: Channel) -> bool:
        """Whether a message about that is to be sent that way."""
        if topic in ALWAYS and channel is Channel.EMAIL:
            return True
        if topic is Topic.NEWS and self.news_since is None:
            return False
        if channel is Channel.SMS and self.sms_number is None:
            return False
        return channel in self.channels.get(topic, UNLESS_CHOSEN[topic])


def chosen(
    channels: Mapping[Topic, frozenset[Channel]],
    *,
    sms_number: str | None,
    former: Preferences,
    now: datetime,
) -> Preferences:
    """What holds from now on. Consent to news keeps its time as long as it lasts."""
    kept = {topic: channels.get(topic, UNLESS_CHOSEN[topic]) for topic in Topic}
    news_since = (former.news_since or now) if kept[Topic.NEWS] else None
    return Preferences(channels=kept, sms_number=sms_number, news_since=news_since)
