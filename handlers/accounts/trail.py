"""What happens to accounts, as the audit trail has it: who, what, to which account; never a secret."""

from collections.abc import Mapping
from uuid import UUID

from bookingd.domain.audit import AuditEntry, Plain, Subject, seal
from bookingd.domain.ids import AccountId
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage.transactions import Transaction

UNKNOWN = "unknown"
"""Stands for the account where an address has none: what is written takes as long."""


def record(
    transaction: Transaction,
    sources: Sources,
    origin: Origin,
    *,
    account: AccountId | None,
    action: str,
    details: Mapping[str, Plain] | None = None,
    personal: Mapping[str, Plain] | None = None,
) -> None:
    """Write it down; `personal` is kept apart, where it can be erased."""
    transaction.audit(
        AuditEntry(
            id=sources.ids.new(),
            at=transaction.now,
            principal=origin.principal,
            action=action,
            subject=Subject.of("account", UUID(str(account)) if account else UNKNOWN),
            correlation_id=origin.correlation_id,
            details=details or {},
            personal=seal(personal or {}, sources.chance.token),
        )
    )
