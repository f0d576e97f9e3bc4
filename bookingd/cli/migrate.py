"""`bookingd migrate`: bring the schema to this version."""

import asyncio
from collections.abc import Sequence
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
@click.option("--dry-run", is_flag=True, help="Show what this phase would do, and do nothing.")
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
        chosen = migrations.choose(await migrations.pending(connection), phase)
        if dry_run:
            for migration in chosen:
                click.echo(f"  would apply {migration.file}")
        elif chosen:
            await migrations.migrate(
                connection,
                clock=SystemClock(),
                phase=phase,
                progress=lambda migration: click.echo(f"  {migration.file}"),
            )
        waiting = await migrations.pending(connection)
    click.echo(_summary([migration.file for migration in waiting], chosen=len(chosen), dry_run=dry_run))


def _summary(waiting: Sequence[str], *, chosen: int, dry_run: bool) -> str:
    """What there is left to do: `waiting` are the steps that the database lacks now."""
    if dry_run:
        left = waiting[chosen:]
        begin = f"{chosen} to apply" if chosen else "Nothing to do"
    else:
        left = waiting
        begin = f"{chosen} applied" if chosen else "Nothing to do"
    if not waiting:
        return f"{begin}: the database is at this version."
    if not left:
        return f"{begin}."
    return f"{begin}; still waiting for another phase: {', '.join(left)}"
