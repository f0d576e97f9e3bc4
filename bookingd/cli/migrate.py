"""`bookingd migrate`: bring the schema to this version."""

import asyncio
from pathlib import Path
from typing import Literal, TypeAlias

import click

from bookingd.cli.database import open_database
from bookingd.cli.options import config_option, load
from bookingd.config import Settings
from bookingd.engine import OWNER
from bookingd.sources import SystemClock
from bookingd.storage import migrations
from bookingd.storage.migrations import MigrationError

Phase: TypeAlias = Literal["all", "pre", "post"]


@click.command()
@config_option
@click.option(
    "--phase",
    type=click.Choice(["all", "pre", "post"]),
    default="all",
    show_default=True,
    help="pre: safe while the old version still runs; post: only after it has gone.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
def command(config: Path | None, phase: Phase, dry_run: bool) -> None:
    """Bring the database's schema to this version.

    Runs as the owner's role (database.owner_url). Each step is one transaction; what is done stays done.
    """
    try:
        asyncio.run(_migrate(load(config), phase, dry_run=dry_run))
    except MigrationError as error:
        raise click.ClickException(str(error)) from error


async def _migrate(settings: Settings, phase: Phase, *, dry_run: bool) -> None:
    async with open_database(settings, role=OWNER) as database, database.session() as connection:
        waiting = await migrations.pending(connection)
        if dry_run or not waiting:
            _tell([migration.file for migration in waiting])
            return
        await migrations.migrate(
            connection,
            clock=SystemClock(),
            phase=phase,
            progress=lambda migration: click.echo(f"  {migration.file}"),
        )
    click.echo("The database is at this version.")


def _tell(waiting: list[str]) -> None:
    if not waiting:
        click.echo("Nothing to do: the database is at this version.")
    for file in waiting:
        click.echo(f"  would apply {file}")
