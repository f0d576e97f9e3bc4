"""`bookingd seed`: a made-up flight network to look at and to load, and out with it again."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bookingd.cli.database import open_database
from bookingd.cli.operators import deed
from bookingd.cli.options import config_option, load
from bookingd.config import Settings
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.engine import OWNER
from bookingd.seeding import loading
from bookingd.seeding.loading import Seeded, SeedRefused
from bookingd.seeding.world import DEFAULT_DEPARTURES, MOST, Plan
from bookingd.sources import Sources
from bookingd.storage import audit
from bookingd.storage.prices import seed_rules

DEMO = Subject.of("inventory", "demo")

TENTH = 10  # per cent: how often a log that is no terminal gets a line


@click.command("seed")
@config_option
@click.option(
    "--departures",
    type=click.IntRange(1, MOST),
    default=DEFAULT_DEPARTURES,
    show_default=True,
    help="About how many flights on a day, all together: more of them are more days rather than more choice.",
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
            async with connection.transaction():
                now = sources.clock.now()
                seeded = await loading.seed(connection, plan=plan, now=now, progress=progress)
                rules = await seed_rules(connection, now)
                await audit.record(connection, _seeding(sources, seeded, rules))
        click.echo(_summary(seeded, sources.clock.monotonic() - began))


def _seeding(sources: Sources, seeded: Seeded, rules: Sequence[str]) -> list[AuditEntry]:
    """What was done: the inventory, and the price rules that were not there before (P11)."""
    plan = seeded.plan
    days: dict[str, Plain] = {"first_day": plan.first_day.isoformat(), "last_day": plan.last_day.isoformat()}
    made = {"seed": plan.seed, "departures": seeded.departures, **days}
    entries = [deed(sources, "inventory.seeded", DEMO, made)]
    return entries + [
        deed(sources, "prices.rule_written", Subject.of("price_rule", rule), {"from": "seed"})
        for rule in rules
    ]


async def _remove(settings: Settings, sources: Sources) -> None:
    async with (
        open_database(settings, role=OWNER) as database,
        database.session() as connection,
        connection.transaction(),
    ):
        removed = await loading.remove(connection)
        told = {"seed": removed.seed, "departures": removed.departures}
        await audit.record(connection, [deed(sources, "inventory.removed", DEMO, told)])
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
