"""`bookingd seed`: a made-up flight network to look at and to load, and out with it again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.config import Settings
from bookingd.engine import OWNER
from bookingd.seeding import demonstration, loading
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
    config: Path | None, departures: int, first_day: datetime | None, seed: int, *, remove: bool
) -> None:
    """Fill an empty inventory with a made-up flight network, or remove it.

    Airports, airlines and distances are real; flights, fares and seats are invented. All or nothing: what is
    interrupted leaves no trace. The database is marked as demonstration, and production refuses it. Runs as
    the owner's role (database.owner_url), beside a running daemon too.
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
            asyncio.run(_seed(settings, Plan(first_day=day, departures=departures, seed=seed), sources))
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
    click.echo(f"Removed {removed.departures} departures from {removed.first_day} to {removed.last_day}.")


def _summary(seeded: Seeded, seconds: float) -> str:
    plan = seeded.plan
    return (
        f"{seeded.departures} departures from {plan.first_day} to {plan.last_day}:"
        f" {seeded.flights} flights a day"
        f" of {seeded.airlines} airlines, {seeded.airports} airports, in {seconds:.1f} s."
    )


@contextmanager
def _progress() -> Iterator[loading.Progress]:
    """A bar on a terminal, else a line every tenth."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("departures"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("departures", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


class _Lines:
    """Progress as lines."""

    def __init__(self) -> None:
        self._told = -1

    def __call__(self, done: int, whole: int) -> None:
        tenth = done * 100 // whole // TENTH
        if tenth > self._told:
            self._told = tenth
            click.echo(f"  {done} of {whole} departures", err=True)
