"""`python -m benchmarks`: measure, and show what was measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import uvloop
from rich.console import Console

from benchmarks import booking, report, search
from benchmarks.machine import Company, Machine
from benchmarks.progress import Progress
from benchmarks.report import Results
from benchmarks.servers import servers
from bookingd.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to measure, and how long."""

    what: str
    seconds: float
    rounds: int
    users: Sequence[int]
    departures: int


def _users(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a list of numbers such as 8,64") from error
    if min(numbers) < 1:
        raise click.BadParameter("one user at least")
    return numbers


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", type=click.Choice(["booking", "search", "all"]), default="all")
@click.option("--seconds", type=click.FloatRange(0.5), default=8.0, show_default=True, help="A measurement.")
@click.option(
    "--rounds", type=click.IntRange(1), default=3, show_default=True, help="Measurements of each side."
)
@click.option(
    "--users", callback=_users, default="8,64", show_default=True, metavar="N,M", help="Who book at once."
)
@click.option(
    "--departures",
    type=click.IntRange(1_000),
    default=Settings().inventory.departures,
    show_default=True,
    help="Size of the flight network.",
)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all figures there as well.")
def main(
    *, what: str, seconds: float, rounds: int, users: tuple[int, ...], departures: int, file: Path | None
) -> None:
    """Measure bookingd beside what it stands on, in turn, on this machine: ratios, not records.

    Everything is started for the run and ends with it. Close other programs; the load average is told.
    """
    console = Console(highlight=False)
    wish = Wish(what=what, seconds=seconds, rounds=rounds, users=users, departures=departures)
    found = uvloop.run(run(wish, console))
    if file is not None:
        file.write_text(json.dumps(found, indent=1) + "\n")
        console.print(f"All figures: {file}")


async def run(wish: Wish, console: Console) -> dict[str, object]:
    """Measure what is wished, show the tables, and give everything as plain values."""
    progress, machine, company = Progress(console), Machine.this(), Company()
    console.print(f"[bold]bookingd benchmarks[/] on {machine}")
    async with servers(departures=wish.departures, say=progress.say) as ready:
        booked: Sequence[booking.Booked] = ()
        cached, uncached = None, None
        if wish.what in {"search", "all"}:
            cached = await search.cached(ready, seconds=wish.seconds, rounds=wish.rounds, progress=progress)
            uncached = await search.uncached(ready, seconds=wish.seconds, progress=progress)
        if wish.what in {"booking", "all"}:
            booked = await booking.measure(
                ready, users=wish.users, seconds=wish.seconds, rounds=wish.rounds, progress=progress
            )
    met = company.report()
    results = Results(booked=booked, cached=cached, uncached=uncached)
    report.show(console, results, met)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {"at": when, "machine": asdict(machine), "company": met, "wish": asdict(wish), **results.plain()}


if __name__ == "__main__":
    main()
