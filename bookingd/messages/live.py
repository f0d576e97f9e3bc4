"""Notices: something may have changed, look. They may get lost; the tables hold the truth."""

from dataclasses import dataclass

from bookingd.domain.booking.state import BookingState
from bookingd.domain.ids import BookingId, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMoved:
    """A booking's timeline has grown to `sequence`."""

    booking_id: BookingId
    reference: Reference
    sequence: int
    state: BookingState
