"""The command: read, judge, print, and end with a status that a program can act upon."""

import asyncio
import sys
from pathlib import Path

import click

from bookingd.cli.database import open_database
from bookingd.cli.options import config_option, load
from bookingd.cli.screen import print_json, put, stamp
from bookingd.cli.status.judging import problems
from bookingd.cli.status.pages import data, page, unreadable
from bookingd.cli.status.reading import Status, read
from bookingd.config import Settings
from bookingd.sources import Clock, SystemClock


class CannotRead(click.ClickException):
    """Nothing can be said about the installation. Exit status 2: that is not "not well"."""

    exit_code = 2


@click.command("status")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path | None, *, as_json: bool) -> None:
    """Tell how this installation is: what runs where, what waits, and what needs a person.

    Reads PostgreSQL and nothing else, so it works on any host that reaches the database, beside running
    daemons and without them. A process is silent when it was not heard for 15 seconds. On the embedded
    defaults it works while the daemon runs.

    \b
    Exit status:
      0  all well
      1  something needs a person; what it is stands last
      2  cannot tell: wrong usage or configuration, or the database cannot be read
    """
    settings, clock = load(config), SystemClock()
    try:
        status = asyncio.run(_read(settings, clock))
    except click.ClickException as error:
        if as_json:
            print_json(unreadable(error.message, at=stamp(clock.now())))
        raise CannotRead(error.message) from error
    found = problems(status)
    if as_json:
        print_json(data(status, found))
    else:
        put(page(status, found))
    sys.exit(1 if found else 0)


async def _read(settings: Settings, clock: Clock) -> Status:
    async with open_database(settings, running_only=True) as database, database.connection() as connection:
        return await read(connection, settings=settings, now=clock.now())
