"""What staff do and look at, as the audit trail has it (P11)."""

from collections.abc import Mapping

from aiohttp import web

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.storage.transactions import Transaction
from handlers.gate import who_of
from handlers.middlewares import CORRELATION
from handlers.parts import PARTS


def write_down(
    request: web.Request,
    transaction: Transaction,
    action: str,
    subject: Subject,
    details: Mapping[str, Plain],
) -> None:
    """Write it down in the transaction that does it: who asks, what, of what."""
    transaction.audit(
        AuditEntry(
            id=request.app[PARTS].sources.ids.new(),
            at=transaction.now,
            principal=who_of(request).acting,
            action=action,
            subject=subject,
            correlation_id=request[CORRELATION],
            details=details,
        )
    )
