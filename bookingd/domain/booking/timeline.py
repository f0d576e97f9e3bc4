"""What a timeline says of a transition: ids, reasons and amounts, nothing personal and no secret."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.money import Money

UNTOLD = frozenset({"booking_id", "offer", "payment_method", "return_url", "action_url"})
"""Fields that are told elsewhere, too long, or somebody's secret."""


def details(message: BookingMessage) -> dict[str, str | int | list[str]]:
    """The message's fields as plain values; what is not known is left out."""
    told = (field.name for field in fields(message) if field.name not in UNTOLD)
    values = ((name, getattr(message, name)) for name in told)
    return {name: _plain(value) for name, value in values if value is not None}


def _plain(value: object) -> str | int | list[str]:
    match value:
        case int():
            return value
        case UUID() | Money() | str():
            return str(value)
        case datetime():
            return value.isoformat()
        case tuple():
            return [str(part) for part in value]
    raise TypeError(f"a timeline cannot tell {type(value).__name__}")
