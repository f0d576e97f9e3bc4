"""`bookingd documents`: whether all receipts, invoices and credit notes are there, as they were issued."""

import asyncio
from pathlib import Path

import click

from bookingd.cli.database import open_database
from bookingd.cli.options import config_option, load
from bookingd.cli.screen import print_json
from bookingd.config import Settings
from bookingd.storage import documents
from bookingd.storage.documents import Gap


@click.group("documents")
def command() -> None:
    """Receipts, invoices and credit notes."""


@command.command("verify")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def verify(*, config: Path | None, as_json: bool) -> None:
    """Look whether each series is numbered from 1 without a gap, and each document as it was issued.

    \b
    Exit status:
      0  all is as it should be
      1  a number is missing or a document was changed; or the database could not be had
    """
    gaps, changed = asyncio.run(_look(load(config)))
    if as_json:
        print_json({"gaps": [_sentence(gap) for gap in gaps], "changed": changed})
    else:
        for told in (*map(_sentence, gaps), *(f"{name} was changed after it was issued" for name in changed)):
            click.echo(told)
        if not gaps and not changed:
            click.echo("Every series is without a gap, and every document as it was issued.")
    if gaps or changed:
        raise click.exceptions.Exit(1)


async def _look(settings: Settings) -> tuple[list[Gap], list[str]]:
    async with open_database(settings) as database, database.connection() as connection:
        return await documents.gaps(connection), await documents.changed(connection)


def _sentence(gap: Gap) -> str:
    counted = f"{gap.documents} documents, the highest number is {gap.highest}"
    return f"{gap.series} was numbered up to {gap.last}, and has {counted}"
