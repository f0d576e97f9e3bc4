"""This process tells that it is there and how it is, for `bookingd status`.

Its one rule: nobody waits for it. While the database is away it says nothing, and at a clean stop it tries
only for a moment to take its row away; a row that stays grows old and is seen to be old.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Protocol

from bookingd import __version__
from bookingd.bus.port import Backlog, Mailbox
from bookingd.config import Settings
from bookingd.sources import Clock, Sources
from bookingd.storage import processes
from bookingd.storage.database import Database, is_retryable, is_unavailable
from bookingd.storage.processes import Process, Queue, Report
from bookingd.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

BEAT_EVERY = 5.0
"""Seconds between two words of a process; `bookingd status` counts three of these as silence."""

SECOND_BEAT = 1.0
"""Seconds after the first word, which a start says before it is ready."""

FORGOTTEN_AFTER = timedelta(days=1)
"""How long the row of a process that was killed is kept: long enough to be asked about."""

BROKER_ANSWERS = 2.0
"""Seconds that a word waits for the broker to count; one that hangs must not make us look silent."""

GOODBYE = 1.0
"""Seconds that a stop spends at most on taking the row away."""

Readiness = Callable[[], Mapping[str, str | None]]


class Mailboxes(Protocol):
    """Who knows what waits: the bus."""

    def backlog(self) -> Coroutine[Any, Any, Mapping[Mailbox, Backlog]]: ...


def this_process(settings: Settings, sources: Sources) -> Process:
    """The process that asks, which starts now."""
    server = settings.server
    return Process(
        id=sources.ids.new(),
        host=socket.gethostname(),
        pid=os.getpid(),
        version=__version__,
        actors=tuple(settings.actors.run),
        http_address=f"{server.host}:{server.port}" if server.enabled else None,
        started_at=sources.clock.now(),
    )


class Presence:
    """The row of one process in table `processes`."""

    def __init__(
        self,
        *,
        process: Process,
        database: Database,
        clock: Clock,
        readiness: Readiness,
        mailboxes: Mailboxes,
        metrics: Metrics,
    ) -> None:
        self._process = process
        self._database = database
        self._clock = clock
        self._readiness = readiness
        self._mailboxes = mailboxes
        self._metrics = metrics
        self._silent = False
        self._counting: asyncio.Task[Mapping[Mailbox, Backlog]] | None = None
        self._lag_before = (0.0, 0.0)
        """Sum and count of the event loop's delays at the last word."""

    async def run(self) -> None:
        """Until it is cancelled, which is how a daemon stops."""
        pause = SECOND_BEAT
        try:
            while True:
                await self._beat_if_possible()
                await self._clock.sleep(pause)
                pause = BEAT_EVERY
        finally:
            if self._counting is not None:
                self._counting.cancel()
            await self._leave_if_possible()

    async def beat(self) -> None:
        """Say how the process is now."""
        report = await self._report()
        now = self._clock.now()
        async with self._database.connection() as connection:
            await processes.beat(
                connection,
                process=self._process,
                report=report,
                now=now,
                forget_before=now - FORGOTTEN_AFTER,
            )

    async def _report(self) -> Report:
        return Report(
            waiting={part: why for part, why in self._readiness().items() if why},
            in_flight={actor: self._in_flight(actor) for actor in self._process.actors},
            queues=await self._queues(),
            loop_lag=self._loop_lag(),
        )

    async def _queues(self) -> tuple[Queue, ...]:
        """None while the broker does not answer; it is not asked again before it has."""
        if self._counting is None:
            self._counting = asyncio.create_task(self._mailboxes.backlog(), name="count the mailboxes")
        done, _ = await asyncio.wait([self._counting], timeout=BROKER_ANSWERS)
        if not done:
            return ()
        counted, self._counting = self._counting.result(), None
        return tuple(
            Queue(actor=box.actor, lane=box.lane, messages=held.messages, consumers=held.consumers)
            for box, held in sorted(counted.items())
        )

    def _in_flight(self, actor: str) -> int:
        return int(self._sample("bookingd_messages_in_flight", {"actor": actor}))

    def _loop_lag(self) -> float | None:
        """The mean since the last word; None where nobody has measured it since then."""
        name = "bookingd_event_loop_lag_seconds"
        now = self._sample(f"{name}_sum"), self._sample(f"{name}_count")
        delay, measured = now[0] - self._lag_before[0], now[1] - self._lag_before[1]
        self._lag_before = now
        return delay / measured if measured else None

    def _sample(self, name: str, labels: dict[str, str] | None = None) -> float:
        return self._metrics.registry.get_sample_value(name, labels) or 0.0

    async def _beat_if_possible(self) -> None:
        try:
            await self.beat()
        except Exception as error:
            if not (is_unavailable(error) or is_retryable(error)):
                raise
            self._tell(silent=True, error=error)
        else:
            self._tell(silent=False)

    def _tell(self, *, silent: bool, error: Exception | None = None) -> None:
        if silent and not self._silent:
            log.warning("nobody hears that this process is there: %s", error)
        elif self._silent and not silent:
            log.info("this process is heard again: the database is back")
        self._silent = silent

    async def _leave_if_possible(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                try:
                    async with self._database.connection() as connection:
                        gone = [self._process.id]
                        await processes.leave(connection, gone=gone, now=self._clock.now())
                except Exception as error:
                    if not (is_unavailable(error) or is_retryable(error)):
                        raise
                    log.info("this process leaves without a word: %s", error)
