"""The processes of this installation as they tell of themselves: to be looked at, and to be inherited from.

The one rule: a row alone decides nothing. A process is dead when PostgreSQL knows its session no more
(bookingd.storage.exclusive); what it was doing is then free for others before its leases end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from bookingd.messages import codec
from bookingd.storage.database import Connection
from bookingd.storage.exclusive import living
from bookingd.storage.queries import query

BEAT = query("processes.beat")
LEAVE = query("processes.leave")
AT_WORK = query("processes.at_work")
RELEASE_INTENTS = query("processes.release_intents")
RELEASE_ANNOUNCEMENTS = query("processes.release_announcements")
ALL = query("processes.all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process as it was started."""

    id: UUID
    host: str
    pid: int
    version: str
    actors: tuple[str, ...]
    """Those that run there."""
    http_address: str | None
    """`host:port`; None where it serves no HTTP."""
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits for an actor in one lane, over all processes."""

    actor: str
    lane: str
    messages: int
    """Bundles that no consumer has been given yet."""
    consumers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a process is. It only grows: a new field has a default, so that two releases read each other."""

    waiting: Mapping[str, str] = field(default_factory=dict)
    """What is not well -> what it waits for; empty when the process is ready."""
    in_flight: Mapping[str, int] = field(default_factory=dict)
    """Actor -> messages delivered to it here and not settled."""
    queues: tuple[Queue, ...] = ()
    """As the transport counts them; none while it is away."""
    loop_lag: float | None = None
    """Seconds by which the event loop was late of late; None where nobody measures it."""

    @property
    def ready(self) -> bool:
        return not self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A process with its last word."""

    process: Process
    seen_at: datetime
    report: Report | None
    """None where this release cannot read it."""


async def beat(
    connection: Connection, *, process: Process, report: Report, now: datetime, forget_before: datetime
) -> None:
    """Write what the process says now; rows that were last seen before `forget_before` go."""
    await connection.execute(
        BEAT,
        process.id,
        process.host,
        process.pid,
        process.version,
        process.actors,
        process.http_address,
        process.started_at,
        now,
        codec.encode(report).decode(),
        forget_before,
    )


async def leave(connection: Connection, *, gone: Sequence[UUID], now: datetime) -> None:
    """These processes have stopped, or are dead: others may go on with what they did."""
    await connection.execute(RELEASE_INTENTS, gone, now)
    await connection.execute(RELEASE_ANNOUNCEMENTS, gone, now)
    await connection.execute(LEAVE, gone)


async def dead(connection: Connection, *, now: datetime) -> set[UUID]:
    """Those that at this moment have no session, also if one has just lost it.

    Also one that holds something and has no row: it died before its first word, or came back from being taken
    for dead and died before its next.
    """
    known = [row["id"] for row in await connection.fetch(AT_WORK, now)]
    return set(known) - await living(connection, processes=known)


async def all_of_them(connection: Connection) -> list[Seen]:
    """Every process that has not stopped as it should, the longest running first."""
    return [_seen(row) for row in await connection.fetch(ALL)]


def _seen(row: asyncpg.Record) -> Seen:
    process = Process(
        id=row["id"],
        host=row["host"],
        pid=row["pid"],
        version=row["version"],
        actors=tuple(row["actors"]),
        http_address=row["http_address"],
        started_at=row["started_at"],
    )
    return Seen(process=process, seen_at=row["seen_at"], report=_report(row["report"]))


def _report(text: str) -> Report | None:
    try:
        report: Report = codec.decode(text, Report)
    except codec.Unreadable:
        return None
    return report
