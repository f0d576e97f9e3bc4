"""What is known of the installation at one moment, all of it read from PostgreSQL.

The one rule: nothing is asked of the processes or of the broker. What they say stands in table `processes`,
so that the command works from any host, and tells of a process that answers nobody any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookingd.cli.running import SILENT_AFTER
from bookingd.config import ACTORS, Settings
from bookingd.domain.exchange import age_of
from bookingd.storage import attention, audit, dead_letters, outbox, processes, rates
from bookingd.storage.attention import Waiting
from bookingd.storage.database import Connection
from bookingd.storage.dead_letters import Pile
from bookingd.storage.processes import Queue, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What is due and not delivered, and what is to be sent later."""

    due: int
    oldest: datetime | None
    timers: int
    next_timer: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The installation as it is."""

    at: datetime
    server: str
    """PostgreSQL's version."""
    processes: Sequence[Seen]
    outbox: Outbox
    unchained: timedelta
    """How long the oldest audit entry has waited for its place in the chain."""
    letters: Mapping[str, Pile]
    """Actor -> its dead letters."""
    attention: Mapping[str, Waiting]
    """Reason -> what waits for an operator."""
    rates_age: int | None = None
    """Business days since the newest exchange rates; None: there are none, or nothing is exchanged."""
    rates_age_limit: int = 0
    """How old they may be."""

    @property
    def alive(self) -> list[Seen]:
        return [seen for seen in self.processes if not self.is_silent(seen)]

    def is_silent(self, seen: Seen) -> bool:
        """Whether nothing was heard of it for three beats."""
        return self.at - seen.seen_at > SILENT_AFTER

    def is_replaced(self, silent: Seen) -> bool:
        """Whether one that does the same was started on its host since: it was killed, and that is over."""
        return any(
            _role(seen) == _role(silent) and seen.process.started_at >= silent.seen_at for seen in self.alive
        )

    def running(self, actor: str) -> list[Seen]:
        """The living processes in which the actor runs."""
        return [seen for seen in self.alive if actor in seen.process.actors]

    @property
    def unmanned(self) -> list[str]:
        """Actors that nobody runs."""
        return [actor for actor in ACTORS if not self.running(actor)]

    @property
    def queues(self) -> Sequence[Queue]:
        """As the last ready process that could count them did; empty where none could."""
        for seen in sorted(self.alive, key=lambda one: one.seen_at, reverse=True):
            if seen.report and seen.report.ready and seen.report.queues:
                return seen.report.queues
        return ()


async def read(connection: Connection, *, settings: Settings, now: datetime) -> Status:
    """Everything, in a handful of short statements."""
    due, oldest = await outbox.lag(connection, now=now)
    timers, next_timer = await outbox.timers(connection, now=now)
    version = connection.get_server_version()
    return Status(
        at=now,
        server=f"{version.major}.{version.minor}",
        processes=await processes.all_of_them(connection),
        outbox=Outbox(due=due, oldest=oldest, timers=timers, next_timer=next_timer),
        unchained=await audit.oldest_unchained_age(connection, now),
        letters=await dead_letters.counts(connection),
        attention=await attention.counts(connection, owner="operator"),
        rates_age=await _rates_age(connection, settings, now.date()),
        rates_age_limit=settings.exchange.maximum_age_business_days,
    )


async def _rates_age(connection: Connection, settings: Settings, today: date) -> int | None:
    if not settings.exchanges:
        return None
    newest = await rates.current_day(connection, today=today, made_up=not settings.production)
    return None if newest is None else age_of(newest, today)


def _role(seen: Seen) -> tuple[str, frozenset[str], str | None]:
    return seen.process.host, frozenset(seen.process.actors), seen.process.http_address
