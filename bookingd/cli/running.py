"""Whether a daemon runs: which processes have been heard of late."""

from datetime import datetime, timedelta

from bookingd.storage import processes
from bookingd.storage.database import Connection

SILENT_AFTER = timedelta(seconds=15)
"""Three words that did not come: a process speaks every five seconds."""


async def somebody_runs(connection: Connection, *, now: datetime) -> bool:
    """Whether any process of this installation was heard within SILENT_AFTER."""
    return any(now - seen.seen_at <= SILENT_AFTER for seen in await processes.all_of_them(connection))
