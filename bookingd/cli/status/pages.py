"""How a status is printed: a page for eyes, one object for programs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from bookingd.cli.screen import facts, listing, part, shown, span, stamp
from bookingd.cli.status.judging import Problem, place
from bookingd.cli.status.reading import Status
from bookingd.config import ACTORS
from bookingd.messages.catalogue import Lane
from bookingd.storage.processes import Queue, Seen

A_MOMENT = timedelta(seconds=1)
"""The chainer's own pace: younger entries are about to get their place."""

GOOD, BAD, FAINT = "green", "red", "dim"


def page(status: Status, found: Sequence[Problem]) -> RenderableType:
    """What runs where, what waits, and the verdict last."""
    return Group(
        part("Processes", _processes(status)),
        part("Actors", _actors(status)),
        part("What waits", _waiting(status)),
        *_verdict(found),
    )


def _processes(status: Status) -> RenderableType:
    if not status.processes:
        return Text("none")
    table = listing("Process", "State", "Up", "Version", "HTTP", "Actors")
    for seen in status.processes:
        process = seen.process
        table.add_row(
            shown(place(seen)),
            _state(status, seen),
            Text(span(status.at - process.started_at)),
            shown(process.version),
            shown(process.http_address or "-"),
            shown("all" if set(process.actors) >= set(ACTORS) else ", ".join(process.actors) or "none"),
            style=FAINT if status.is_silent(seen) else "",
        )
    return table


def _state(status: Status, seen: Seen) -> Text:
    if status.is_silent(seen):
        silent = f"silent for {span(status.at - seen.seen_at)}"
        return Text(f"{silent}, replaced") if status.is_replaced(seen) else Text(silent, style=BAD)
    if seen.report is None:
        return Text("alive")
    if seen.report.ready:
        return Text("ready", style=GOOD)
    daemon = seen.report.waiting.get("daemon")
    waits = [what for what in seen.report.waiting if what != "daemon"]
    return Text(daemon or f"waits for {', '.join(waits)}", style="yellow")


def _actors(status: Status) -> RenderableType:
    table = listing("Actor", "In flight>", *(f"{lane.title()}>" for lane in Lane), "Runs in")
    queues = {(queue.actor, queue.lane): queue for queue in status.queues}
    for actor in ACTORS:
        running = status.running(actor)
        table.add_row(
            Text(actor),
            Text(str(_in_flight(actor, running)) if running else "-"),
            *(_queue(queues.get((actor, lane))) for lane in Lane),
            shown(", ".join(map(place, running))) if running else Text("nobody", style=BAD),
        )
    return table


def _in_flight(actor: str, running: Sequence[Seen]) -> int:
    return sum(seen.report.in_flight.get(actor, 0) for seen in running if seen.report)


def _queue(queue: Queue | None) -> Text:
    """How many wait; with a mark where nobody takes them."""
    if queue is None:
        return Text("-")
    if queue.consumers == 0:
        return Text(f"{queue.messages:,} !", style=BAD)
    return Text(f"{queue.messages:,}")


def _waiting(status: Status) -> RenderableType:
    rows = [
        ("outbox", _outbox(status)),
        ("audit trail", _audit(status)),
        ("dead letters", _letters(status) or "none"),
        ("for operators", _attention(status) or "nothing"),
        ("PostgreSQL", f"{status.server}, reachable"),
    ]
    return facts(rows)


def _outbox(status: Status) -> str:
    box = status.outbox
    due = f"{box.due:,} due"
    if box.oldest:
        due += f", the oldest for {span(status.at - box.oldest)}"
    timers = f"{box.timers:,} timers" if box.timers != 1 else "1 timer"
    if box.next_timer:
        timers += f", the next in {span(box.next_timer - status.at)}"
    return f"{due}; {timers}"


def _audit(status: Status) -> str:
    if status.unchained < A_MOMENT:
        return "chained to its end"
    return f"an entry waits for its place in the chain for {span(status.unchained)}"


def _letters(status: Status) -> str:
    if not status.letters:
        return ""
    count = sum(pile.letters for pile in status.letters.values())
    oldest = min(pile.oldest for pile in status.letters.values())
    by_actor = ", ".join(f"{actor} {pile.letters:,}" for actor, pile in status.letters.items())
    return f"{count:,}, the oldest {span(status.at - oldest)} ago: {by_actor}"


def _attention(status: Status) -> str:
    return "\n".join(
        f"{open_.entries:,} {reason}, the oldest {span(status.at - open_.oldest)} ago"
        for reason, open_ in status.attention.items()
    )


def _verdict(found: Sequence[Problem]) -> Sequence[RenderableType]:
    if not found:
        return [Text("All well.", style=f"{GOOD} bold")]
    bullets = (Padding(shown(f"- {problem.says}"), (0, 0, 0, 2)) for problem in found)
    return [Text("Needs a person:", style=f"{BAD} bold"), *bullets]


def data(status: Status, found: Sequence[Problem]) -> dict[str, Any]:
    """The same for programs. Fields are only added to it; docs/operations.md tells them."""
    return {
        "at": stamp(status.at),
        "well": not found,
        "problems": [{"code": problem.code, "says": problem.says} for problem in found],
        "database": {"reachable": True, "server_version": status.server},
        "processes": [_process_data(status, seen) for seen in status.processes],
        "actors": [
            {
                "name": actor,
                "processes": [str(seen.process.id) for seen in status.running(actor)],
                "in_flight": _in_flight(actor, status.running(actor)),
            }
            for actor in ACTORS
        ],
        "queues": [
            {
                "actor": queue.actor,
                "lane": queue.lane,
                "messages": queue.messages,
                "consumers": queue.consumers,
            }
            for queue in status.queues
        ],
        "outbox": {
            "due": status.outbox.due,
            "oldest_due_at": stamp(status.outbox.oldest),
            "timers": status.outbox.timers,
            "next_timer_at": stamp(status.outbox.next_timer),
        },
        "audit": {"oldest_unchained_seconds": status.unchained.total_seconds()},
        "dead_letters": _piles(
            {actor: (pile.letters, stamp(pile.oldest)) for actor, pile in status.letters.items()}, "actor"
        ),
        "attention": _piles(
            {reason: (one.entries, stamp(one.oldest)) for reason, one in status.attention.items()}, "reason"
        ),
    }


def unreadable(says: str, *, at: str | None) -> dict[str, Any]:
    """What programs get where nothing could be read."""
    problem = {"code": "unreadable", "says": says}
    return {"at": at, "well": False, "problems": [problem], "database": {"reachable": False}}


def _process_data(status: Status, seen: Seen) -> dict[str, Any]:
    process, report = seen.process, seen.report
    return {
        "id": str(process.id),
        "host": process.host,
        "pid": process.pid,
        "version": process.version,
        "actors": list(process.actors),
        "http_address": process.http_address,
        "started_at": stamp(process.started_at),
        "seen_at": stamp(seen.seen_at),
        "alive": not status.is_silent(seen),
        "replaced": status.is_silent(seen) and status.is_replaced(seen),
        "ready": report.ready if report and not status.is_silent(seen) else None,
        "waiting": dict(report.waiting) if report else {},
        "in_flight": dict(report.in_flight) if report else {},
        "loop_lag_seconds": report.loop_lag if report else None,
    }


def _piles(piles: Mapping[str, tuple[int, str | None]], by: str) -> list[dict[str, Any]]:
    return [{by: name, "count": count, "oldest_at": oldest} for name, (count, oldest) in piles.items()]
