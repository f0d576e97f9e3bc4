"""What of a status needs a person.

The one rule: what mends itself is not told. A process that starts or stops, a queue that is being emptied and
a process that was killed and has been replaced are no problems.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bookingd.cli.screen import span
from bookingd.cli.status.reading import Status
from bookingd.storage.processes import Seen

SLOW = timedelta(seconds=60)
"""Age from which on what is due and not done is stuck: a slow vendor alone takes half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that needs a person."""

    code: str
    """Stable, for programs."""
    says: str
    """A sentence, with what to do where that is known."""


def problems(status: Status) -> list[Problem]:
    """The worst first."""
    return [*_processes(status), *_queues(status), *_lags(status), *_lists(status)]


def place(seen: Seen) -> str:
    """How a process is named: host and pid."""
    return f"{seen.process.host}:{seen.process.pid}"


def _processes(status: Status) -> Iterator[Problem]:
    if not status.alive:
        yield _no_daemon(status)
        return
    if status.unmanned:
        yield Problem(code="actor_not_run", says=f"Nobody runs {', '.join(status.unmanned)}.")
    for seen in status.processes:
        if status.is_silent(seen) and not status.is_replaced(seen):
            silent = span(status.at - seen.seen_at)
            yield Problem(
                code="process_silent",
                says=f"{place(seen)} is silent for {silent}: killed, stuck, or cut off from the database.",
            )
    for seen in status.alive:
        waits = seen.report.waiting if seen.report else {}
        for part, why in waits.items():
            if part != "daemon":
                yield Problem(code=f"{part}_away", says=f"{place(seen)}, {part}: {why}.")


def _no_daemon(status: Status) -> Problem:
    if not status.processes:
        return Problem(code="no_daemon", says="No daemon runs: bookingd run (or make run).")
    last = max(status.processes, key=lambda seen: seen.seen_at)
    heard = f"{place(last)} was heard {span(status.at - last.seen_at)} ago"
    return Problem(code="no_daemon", says=f"No daemon runs; the last one, {heard}.")


def _queues(status: Status) -> Iterator[Problem]:
    for queue in status.queues:
        if queue.consumers == 0 and status.running(queue.actor):
            yield Problem(
                code="queue_without_consumer",
                says=f"Nobody consumes queue {queue.actor}.{queue.lane}, though {queue.actor} runs:"
                " restart its process.",
            )


def _lags(status: Status) -> Iterator[Problem]:
    oldest = status.outbox.oldest
    if oldest and status.at - oldest > SLOW:
        yield Problem(
            code="outbox_late",
            says=f"Messages are due and not handled for {span(status.at - oldest)}: {status.outbox.due:,}.",
        )
    if status.unchained > SLOW:
        yield Problem(
            code="audit_late",
            says=f"The audit trail is not being chained for {span(status.unchained)}: does audit run?",
        )


def _lists(status: Status) -> Iterator[Problem]:
    if status.rates_age is not None and status.rates_age > status.rates_age_limit:
        says = (
            f"Exchange rates are {status.rates_age} business days old: nothing is sold in other currencies."
        )
        yield Problem(code="rates_too_old", says=f"{says} Import newer ones: bookingd rates import.")
    letters = sum(pile.letters for pile in status.letters.values())
    if letters:
        what = "1 dead letter waits" if letters == 1 else f"{letters:,} dead letters wait"
        yield Problem(code="dead_letters", says=f"{what}: bookingd dead-letters list.")
    others = sum(open_.entries for reason, open_ in status.attention.items() if reason != "dead_letter")
    if others:
        what = "1 matter waits" if others == 1 else f"{others:,} matters wait"
        yield Problem(code="attention", says=f"{what} for an operator: table attention.")
