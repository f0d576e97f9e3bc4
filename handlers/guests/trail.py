"""What is done to get at a booking, as the audit trail has it; never an address, a code or a token."""

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage.transactions import Transaction

UNKNOWN = "unknown"
"""Stands for the booking where a reference has none: what is written takes as long."""


def note(
    transaction: Transaction,
    sources: Sources,
    origin: Origin,
    subject: Subject,
    action: str,
    **details: Plain,
) -> None:
    """Write it down."""
    transaction.audit(
        AuditEntry(
            id=sources.ids.new(),
            at=transaction.now,
            principal=origin.principal,
            action=action,
            subject=subject,
            correlation_id=origin.correlation_id,
            details=details,
        )
    )
