"""Notices: something may have changed, look. They may get lost; the tables hold the truth."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from bookingd.domain.booking.state import BookingState
from bookingd.domain.ids import AccountId, BookingId, Reference
from bookingd.domain.unsellable import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An event of a timeline, as the table has it."""

    sequence: int
    name: str
    state: BookingState
    details: msgspec.Raw
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """What an account may do, or where it is signed in, is different now."""

    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingTakenOver:
    """A booking belongs to an account that it did not belong to: whoever watches it may not be allowed to."""

    booking_id: BookingId
    reference: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Suppliers have just refused this: whoever asks for the same hears the same, and it is not offered."""

    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMoved:
    """A booking's timeline has grown to `sequence`."""

    booking_id: BookingId
    reference: Reference
    sequence: int
    state: BookingState
    reason: str | None = None
    """Why it is over, if it did not come about."""
    steps: tuple[Step, ...] = ()
    """By which it has grown, so that whoever has seen all before them need not read."""
