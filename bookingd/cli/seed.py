"""`bookingd seed`: a made-up world of flights and hotels to look at and to load, and out with it again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.config import Settings
from bookingd.engine import OWNER
from bookingd.seeding import demonstration, loading
from bookingd.seeding.hotels.world import DEFAULT_HOTELS, MOST_HOTELS
from bookingd.seeding.loading import Seeded, SeedRefused
from bookingd.seeding.world import DEFAULT_DEPARTURES, MOST, Plan
from bookingd.sources import Sources

TENTH = 10  # per cent: how often a log that is no terminal gets a line


@click.command("seed")
@config_option
@click.option(
    "--departures",
    type=click.IntRange(1, MOST),
    default=DEFAULT_DEPARTURES,
    show_default=True,
    help="Total number of departures; more means more days.",
)
@click.option(
    "--hotels",
    type=click.IntRange(0, MOST_HOTELS),
    default=DEFAULT_HOTELS,
    show_default=True,
    help="Number of hotels; fewer are in fewer cities.",
)
@click.option(
    "--from",
    "first_day",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day, as 2026-12-01. [default: today]",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="The same number makes the same world.",
)
@click.option("--remove", is_flag=True, help="Remove the made-up inventory, if nobody has booked of it.")
def command(
    config: Path | None, departures: int, hotels: int, first_day: datetime | None, seed: int, *, remove: bool
) -> None:
    """Fill an empty inventory with a made-up world of flights and hotels, or remove it.

    Airports, airlines, cities and distances are real; flights, hotels, fares, rates, seats and rooms are
    invented. All or nothing: what is interrupted leaves no trace. The database is marked as demonstration,
    and production refuses it. Runs as the owner's role (database.owner_url), beside a running daemon too.
    """
    settings = load(config)
    if settings.production:
        raise click.ClickException('In production nothing is made up (environment is "production").')
    sources = Sources.system()
    try:
        if remove:
            asyncio.run(_remove(settings, sources))
        else:
            day = first_day.date() if first_day else sources.clock.now().date()
            plan = Plan(first_day=day, departures=departures, hotels=hotels, seed=seed)
            asyncio.run(_seed(settings, plan, sources))
    except SeedRefused as error:
        raise click.ClickException(str(error)) from error


async def _seed(settings: Settings, plan: Plan, sources: Sources) -> None:
    async with open_database(settings, role=OWNER) as database, database.session() as connection:
        began = sources.clock.monotonic()
        with _progress() as progress:
            seeded = await demonstration.fill(
                connection, plan=plan, sources=sources, principal=operator(), progress=progress
            )
        click.echo(_summary(seeded, sources.clock.monotonic() - began))


async def _remove(settings: Settings, sources: Sources) -> None:
    async with open_database(settings, role=OWNER) as database, database.session() as connection:
        removed = await demonstration.empty(connection, sources=sources, principal=operator())
    click.echo(
        f"Removed {removed.departures} departures from {removed.first_day} to {removed.last_day},"
        f" and {removed.hotels} hotels."
    )


def _summary(seeded: Seeded, seconds: float) -> str:
    plan = seeded.plan
    return (
        f"{seeded.departures} departures from {plan.first_day} to {plan.last_day}:"
        f" {seeded.flights} flights a day"
        f" of {seeded.airlines} airlines, {seeded.airports} airports;"
        f" {seeded.stays.hotels} hotels in {seeded.stays.cities} cities; in {seconds:.1f} s."
    )


@contextmanager
def _progress() -> Iterator[loading.Progress]:
    """Bars on a terminal, else a line every tenth."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        yield _Bars(bar)


class _Bars:
    """Progress as a bar for each sort of thing."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, whole: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=whole)
        self._bars.update(self._tasks[what], completed=done)


class _Lines:
    """Progress as lines."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def __call__(self, what: str, done: int, whole: int) -> None:
        tenth = done * 100 // whole // TENTH
        if tenth > self._told.get(what, -1):
            self._told[what] = tenth
            click.echo(f"  {done} of {whole} {what}", err=True)
