"""What a decision says: the booking as it is now, what is to be sent, and when to look again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.booking.plans import PlanTerms
from bookingd.domain.booking.state import Booking


class Verdict(StrEnum):
    """What became of the message."""

    ADVANCED = "advanced"
    IGNORED = "ignored"
    """Late or repeated: nothing changed."""
    EARLY = "early"
    """Something else must come first: deliver it again a little later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Send `message` at `due`."""

    due: datetime
    message: BookingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to one message."""

    booking: Booking
    verdict: Verdict = Verdict.ADVANCED
    messages: tuple[BookingMessage, ...] = ()
    timers: tuple[Timer, ...] = ()

    def after(self, messages: Iterable[BookingMessage], timers: Iterable[Timer] = ()) -> "Decision":
        """This, with messages and timers that come before its own."""
        return replace(self, messages=(*messages, *self.messages), timers=(*timers, *self.timers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The agency's times, and the time that it is."""

    now: datetime
    hold: timedelta
    """How long a hold lasts."""
    payment_extension: timedelta
    """How much time is left at least once the traveller has started to pay."""
    repayment: timedelta
    """How long another payment is waited for when a ticketed booking's money could not be taken."""
    patience: Mapping[str, timedelta] = field(default_factory=dict)
    """How long money by a slow gateway (`transfer`) is waited for once the traveller has chosen it."""
    renewal: timedelta = timedelta(hours=12)
    """How long before a gateway lets go of what it holds it is asked to hold it for longer."""
    plans: PlanTerms = field(default_factory=PlanTerms)
