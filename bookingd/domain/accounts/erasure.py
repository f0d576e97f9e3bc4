"""When an account can be forgotten: when nobody travels on what it booked any more, and no money is owed.

The one rule: an erasure never strands a journey or a refund. Until then its owner is told which bookings
those are.
"""

from datetime import datetime
from enum import StrEnum

from bookingd.domain.booking.state import (
    FINAL,
    OPEN_PAYMENTS,
    OVER,
    Booking,
    BookingState,
    PaymentState,
    RefundState,
)
from bookingd.domain.money import Money

MOVING = OPEN_PAYMENTS | {PaymentState.CAPTURING, PaymentState.VOIDING, PaymentState.REFUNDING}
"""Payments whose money has not come to rest."""


class Hindrance(StrEnum):
    """Why a booking keeps its account."""

    AHEAD = "ahead"
    """Its trip is not over."""
    UNDER_WAY = "under_way"
    """It is not known yet what becomes of it."""
    MONEY = "money"
    """Something is still to be paid or given back."""


def hindrance(booking: Booking, *, refund_pending: bool, now: datetime) -> Hindrance | None:
    """What keeps the account from being erased; None where the booking is of the past."""
    if booking.state not in FINAL:
        return Hindrance.UNDER_WAY
    states = {payment.state for payment in booking.payments}
    if refund_pending or states & MOVING or _is_owed(booking):
        return Hindrance.MONEY
    if booking.state is BookingState.CONFIRMED and _arrives(booking) > now:
        return Hindrance.AHEAD
    return None


def _is_owed(booking: Booking) -> bool:
    """Whether its traveller owes us something, or we owe them."""
    kept = booking.kept or Money.zero(booking.currency)
    failed = any(one.state is RefundState.FAILED for payment in booking.payments for one in payment.refunds)
    return failed or booking.has_open_balance or (booking.state in OVER and booking.captured > kept)


def _arrives(booking: Booking) -> datetime:
    return max(part.arrives_at for item in booking.items for part in item.offer.itinerary.slices)
