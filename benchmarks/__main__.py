"""`python -m benchmarks`: measure, and show what was measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import uvloop
from rich.console import Console

from benchmarks import (
    booking,
    contest,
    fanout,
    inventory,
    paying,
    places,
    refining,
    report,
    search,
    sign_ins,
    spine,
    webhooks,
)
from benchmarks.machine import Company, Machine
from benchmarks.progress import Progress
from benchmarks.report import Results
from benchmarks.servers import TOPOLOGIES, Servers, place_for_spine, servers
from benchmarks.spy import Profiles
from bookingd.config import Settings

PARTS = (
    "booking",
    "contest",
    "fanout",
    "inventory",
    "payments",
    "places",
    "refining",
    "search",
    "sign-ins",
    "spine",
    "all",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to measure, and how long."""

    what: str
    seconds: float
    rounds: int
    users: Sequence[int]
    departures: int
    hotels: int
    sizes: Sequence[int]
    topologies: Sequence[str]
    buyers: int
    seats: int
    waiting: int
    profile: bool

    def includes(self, part: str) -> bool:
        return self.what in {part, "all"}


def _numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a list of numbers such as 8,64") from error
    if min(numbers) < 1:
        raise click.BadParameter("1 at least")
    return numbers


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "what",
    type=click.Choice(PARTS),
    default="all",
)
@click.option("--seconds", type=click.FloatRange(0.5), default=8.0, show_default=True, help="A measurement.")
@click.option(
    "--rounds", type=click.IntRange(1), default=3, show_default=True, help="Measurements of each side."
)
@click.option(
    "--users", callback=_numbers, default="8,64", show_default=True, metavar="N,M", help="Who book at once."
)
@click.option(
    "--departures",
    type=click.IntRange(1_000),
    default=Settings().inventory.departures,
    show_default=True,
    help="Size of the flight network.",
)
@click.option(
    "--hotels",
    type=click.IntRange(0),
    default=Settings().inventory.hotels,
    show_default=True,
    help="Among which places are looked up.",
)
@click.option(
    "--sizes",
    callback=_numbers,
    default="10000,100000,1000000",
    show_default=True,
    metavar="N,M",
    help="Departures of the inventories that are searched.",
)
@click.option(
    "--topology",
    "topologies",
    type=click.Choice(list(TOPOLOGIES)),
    multiple=True,
    default=("rabbitmq", "split"),
    show_default=True,
    help="How the daemon is laid out for bookings and the contest; may be given again.",
)
@click.option("--buyers", type=click.IntRange(1), default=5000, show_default=True, help="In the contest.")
@click.option("--seats", type=click.IntRange(1), default=200, show_default=True, help="In the contest.")
@click.option(
    "--waiting",
    type=click.IntRange(0),
    default=50_000,
    show_default=True,
    help="Events that wait to be applied while more are taken.",
)
@click.option(
    "--profile",
    is_flag=True,
    help="Bookings, payments and the contest once more, under py-spy: where the time goes.",
)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all figures there as well.")
def main(
    *,
    what: str,
    seconds: float,
    rounds: int,
    users: tuple[int, ...],
    departures: int,
    hotels: int,
    sizes: tuple[int, ...],
    topologies: tuple[str, ...],
    buyers: int,
    seats: int,
    waiting: int,
    profile: bool,
    file: Path | None,
) -> None:
    """Measure bookingd beside what it stands on, in turn, on this machine: ratios, not records.

    Everything is started for the run and ends with it. Close other programs; the load average is told.
    """
    if profile and what in {"fanout", "inventory", "places", "refining", "search", "sign-ins", "spine"}:
        raise click.BadParameter(
            f"{what} has no profile; bookings, payments and the contest do", param_hint="--profile"
        )
    console = Console(highlight=False)
    wish = Wish(
        what=what,
        seconds=seconds,
        rounds=rounds,
        users=users,
        departures=departures,
        hotels=hotels,
        sizes=sizes,
        topologies=topologies,
        buyers=buyers,
        seats=seats,
        waiting=waiting,
        profile=profile,
    )
    found = uvloop.run(run(wish, console))
    if file is not None:
        file.write_text(json.dumps(found, indent=1) + "\n")
        console.print(f"All figures: {file}")


async def run(wish: Wish, console: Console) -> dict[str, object]:
    """Measure what is wished, show the tables, and give everything as plain values."""
    progress, machine, company = Progress(console), Machine.this(), Company()
    console.print(f"[bold]bookingd benchmarks[/] on {machine}")
    profiles = await Profiles.ready(progress) if wish.profile else None
    results = Results(profiles=profiles)
    if wish.includes("search") or wish.includes("places"):
        await _search(wish, results, progress)
    if wish.includes("fanout"):
        await _fanout(wish, results, progress)
    if wish.includes("inventory"):
        results.inventories = await inventory.measure(
            sizes=wish.sizes, seconds=wish.seconds, rounds=wish.rounds, progress=progress
        )
    if wish.includes("refining"):
        results.refining = await refining.measure(seconds=wish.seconds, rounds=wish.rounds, progress=progress)
    if wish.includes("sign-ins"):
        await _sign_ins(wish, results, progress)
    for topology in wish.topologies:
        await _in(topology, wish, results, progress)
    if wish.includes("spine"):
        async with place_for_spine(say=progress.say) as place:
            rounds = spine.Rounds(seconds=wish.seconds, number=wish.rounds, progress=progress)
            results.compared += await spine.measure(place, rounds)
    met = company.report()
    report.show(console, results, met)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {"at": when, "machine": asdict(machine), "company": met, "wish": asdict(wish), **results.plain()}


async def _search(wish: Wish, results: Results, progress: Progress) -> None:
    """Searches and what helps to fill them in: on the same servers, since they leave nothing behind."""
    hotels = wish.hotels if wish.includes("places") else 0
    async with servers(
        topology="memory", departures=wish.departures, hotels=hotels, say=progress.say
    ) as ready:
        if wish.includes("search"):
            results.cached = await search.cached(
                ready, seconds=wish.seconds, rounds=wish.rounds, progress=progress
            )
            results.uncached = await search.uncached(ready, seconds=wish.seconds, progress=progress)
        if wish.includes("places"):
            results.looked_up = await places.measure(
                ready, seconds=wish.seconds, rounds=wish.rounds, progress=progress
            )


async def _fanout(wish: Wish, results: Results, progress: Progress) -> None:
    """Two processes, so that equal searches meet in Redis and not in one of them."""
    async with servers(
        topology="twins", departures=wish.departures, say=progress.say, pretended=fanout.PRETENDED
    ) as ready:
        results.fanout = await fanout.measure(
            ready, seconds=wish.seconds, rounds=wish.rounds, progress=progress
        )


async def _sign_ins(wish: Wish, results: Results, progress: Progress) -> None:
    async with servers(topology="memory", departures=wish.departures, say=progress.say) as ready:
        results.sign_ins = await sign_ins.measure(
            ready, seconds=wish.seconds, rounds=wish.rounds, progress=progress
        )


async def _in(topology: str, wish: Wish, results: Results, progress: Progress) -> None:
    """What depends on how the daemon is laid out."""
    if wish.includes("booking") or wish.includes("contest"):
        await _bookings(wish, topology, results, progress)
    if wish.includes("payments"):
        await _payments(wish, topology, results, progress)


async def _payments(wish: Wish, topology: str, results: Results, progress: Progress) -> None:
    """Payments first: what waits beside webhooks is there until the end."""
    async with servers(topology=topology, departures=wish.departures, say=progress.say, paypal=True) as ready:
        results.paid += await paying.measure(
            ready,
            topology=topology,
            users=max(wish.users),
            seconds=wish.seconds,
            rounds=wish.rounds,
            progress=progress,
            profiles=results.profiles,
        )
        results.taken += await webhooks.measure(
            ready,
            topology=topology,
            waiting=wish.waiting,
            seconds=wish.seconds,
            rounds=wish.rounds,
            progress=progress,
        )


async def _bookings(wish: Wish, topology: str, results: Results, progress: Progress) -> None:
    """The contest first: it counts all bookings that there are."""
    async with servers(topology=topology, departures=wish.departures, say=progress.say) as ready:
        if wish.includes("contest"):
            results.contests.append(await _contest(ready, wish, topology, progress))
        if wish.includes("booking"):
            results.booked += await booking.measure(
                ready,
                topology=topology,
                users=wish.users,
                seconds=wish.seconds,
                rounds=wish.rounds,
                progress=progress,
                profiles=results.profiles,
            )
    if wish.includes("contest") and results.profiles and results.profiles.possible:
        await _profile_contest(wish, results.contests[-1], results.profiles, progress)


async def _contest(ready: Servers, wish: Wish, topology: str, progress: Progress) -> contest.Contest:
    return await contest.measure(
        ready, topology=topology, buyers=wish.buyers, seats=wish.seats, progress=progress
    )


async def _profile_contest(
    wish: Wish, before: contest.Contest, profiles: Profiles, progress: Progress
) -> None:
    """On servers of its own: a sale counts all bookings that there are."""
    topology = before.topology
    async with servers(topology=topology, departures=wish.departures, say=progress.say) as ready:
        await profiles.add(
            ready,
            partial(_contest, ready, wish, topology, Progress(Console(quiet=True))),
            what=f"{wish.buyers:,} buyers for {wish.seats} seats",
            topology=topology,
            cpu=before.cpu,
            seconds=contest.ABOUT,
        )


if __name__ == "__main__":
    main()
