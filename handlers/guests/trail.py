"""What is done to get at a booking, as the audit trail has it; never an address, a code or a token."""

from collections.abc import Mapping

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.ids import BookingId
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage.transactions import Transaction

UNKNOWN = "unknown"
"""Stands for the booking where a reference has none: what is written takes as long."""


def note(
    transaction: Transaction,
    sources: Sources,
    origin: Origin,
    *,
    booking_id: BookingId | None,
    action: str,
    details: Mapping[str, Plain] | None = None,
) -> None:
    """Write it down."""
    transaction.audit(
        AuditEntry(
            id=sources.ids.new(),
            at=transaction.now,
            principal=origin.principal,
            action=action,
            subject=Subject.of("booking", booking_id or UNKNOWN),
            correlation_id=origin.correlation_id,
            details=details or {},
        )
    )
