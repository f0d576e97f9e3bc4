"""Letting go of the oldest part of the audit trail, so that what is kept can still be verified.

The rule: nothing is dropped before a signed boundary says where the kept chain starts and with which hash
before it. It runs as the owner's role, by an operator's decision; the daemon has no right to it.
"""

from datetime import datetime, timedelta

from bookingd.domain.audit import GENESIS, Checkpoint, CheckpointKind, Straggler
from bookingd.storage import audit, checkpoints
from bookingd.storage.checkpoints import Signer
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

FORGOTTEN = query("audit.forgotten")
LAST_NUMBER_BEFORE = query("audit.last_number_before")
STRAGGLERS = query("audit.stragglers")
DROP_BEFORE = query("audit.drop_before")


SETTLING = timedelta(days=1)
"""How old the newest dropped entry must be: no transaction that could still add one lives as long."""


class CannotClose(Exception):
    """The part cannot be dropped now; says why."""


async def close_partition(
    connection: Connection, *, before: datetime, at: datetime, signer: Signer
) -> Checkpoint | None:
    """Sign a boundary and drop every entry from before `before` (the start of a month in UTC).

    `at` is the present. One transaction, in which the chain is not extended. Returns the boundary, or None
    when there was nothing to drop; the caller publishes it (`checkpoints.publish`). Raises CannotClose, and
    asyncpg's RaiseError when `before` is not the start of a month.
    """
    if before > at - SETTLING:
        raise CannotClose(f"{before:%Y-%m-%d} is less than a day ago: entries from before may still come")
    async with connection.transaction():
        await audit.lock(connection)
        dropped = await _last_dropped(connection, before)
        if dropped is None:
            return None
        ends = await checkpoints.ends(connection)
        boundary = await checkpoints.sign(
            connection,
            signer=signer,
            place=dropped,
            at=at,
            last=ends.last,
            kind=CheckpointKind.BOUNDARY,
            stragglers=await _stragglers(connection, before, dropped[0]),
        )
        await connection.execute(DROP_BEFORE, before)
    return boundary


async def _last_dropped(connection: Connection, before: datetime) -> tuple[int, bytes] | None:
    """Number and hash of the last entry that goes; None when there is none."""
    [waiting] = await connection.fetch(FORGOTTEN, before)
    if waiting["entries"]:
        raise CannotClose(f"{waiting['entries']} entries from before {before:%Y-%m-%d} are not chained yet")
    row = await connection.fetchrow(LAST_NUMBER_BEFORE, before)
    return (row["number"], row["hash"]) if row else None


async def _stragglers(connection: Connection, before: datetime, number: int) -> list[Straggler]:
    return [
        Straggler(number=row["number"], previous=_previous(row["number"], row["previous"]), hash=row["hash"])
        for row in await connection.fetch(STRAGGLERS, before, number)
    ]


def _previous(number: int, known: bytes | None) -> bytes:
    if known is None and number > 1:
        raise CannotClose(f"entry {number} stays, but what it was chained to is gone: verify the trail first")
    return known or GENESIS
