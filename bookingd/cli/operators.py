"""Who runs a command, as the audit trail names them."""

import os
import pwd
from collections.abc import Mapping
from uuid import UUID

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.sources import Sources


def operator() -> str:
    """`operator:<os user>`: whom the kernel knows us as, not what an environment variable says."""
    user = os.getuid()
    try:
        return f"operator:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"operator:{user}"


def deed(sources: Sources, action: str, subject: Subject, details: Mapping[str, Plain]) -> AuditEntry:
    """What the operator did, by a command that is a user action of its own."""
    entry_id: UUID = sources.ids.new()
    return AuditEntry(
        id=entry_id,
        at=sources.clock.now(),
        principal=operator(),
        action=action,
        subject=subject,
        correlation_id=entry_id,
        details=details,
    )
