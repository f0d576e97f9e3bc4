"""The commands: which letters, what to do with each, how it ended."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from bookingd.actor.dead_letter_office import CannotReplay, DeadLetterOffice, replayable
from bookingd.cli.database import open_database
from bookingd.cli.dead_letters.pages import Outcome, letter_data, letter_page, list_page, outcomes_page
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.cli.running import somebody_runs
from bookingd.cli.screen import print_json, put
from bookingd.config import ACTORS, Settings
from bookingd.messages.catalogue import CATALOGUE
from bookingd.sources import Sources
from bookingd.storage import dead_letters
from bookingd.storage.database import Connection, Database
from bookingd.storage.dead_letters import DeadLetterNotFound, KeptLetter
from bookingd.storage.transactions import Transactions

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which letters a command is about."""

    ids: Sequence[UUID]
    all: bool
    actor: str | None
    name: str | None

    def __post_init__(self) -> None:
        """Raises click.UsageError: nothing is done to a letter that nobody has chosen."""
        if self.all and self.ids:
            raise click.UsageError("Give the letters' ids or --all, not both.")
        if not self.all and not self.ids:
            raise click.UsageError("Which letters? Give their ids, or --all (with --actor, --message).")
        if self.ids and (self.actor or self.name):
            raise click.UsageError("--actor and --message choose among --all; ids are chosen already.")

    async def find(self, connection: Connection) -> Sequence[UUID]:
        """Their ids, the oldest first where all were asked for; ids that were given once each."""
        if not self.all:
            return list(dict.fromkeys(self.ids))
        return await dead_letters.ids(connection, actor=self.actor, name=self.name)


@click.group("dead-letters")
def command() -> None:
    """Messages that could not be handled: look, replay, or give them up.

    A message ends here when its handling failed by an error that nobody foresaw, when it killed its process
    again and again, or when the broker gave it up. It counts as handled from then on, and whatever it was
    about may stand still.
    """


def _filters(of: Command) -> Command:
    actor = click.option("--actor", metavar="NAME", help="Only letters of this actor.")
    name = click.option("--message", "name", metavar="NAME", help="Only this message, as booking.place.")
    return actor(name(of))


def _changing(of: Command) -> Command:
    """What replay and drop share."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
        click.option("--dry-run", is_flag=True, help="Show what would happen, and do nothing."),
        click.option(
            "--all", "everything", is_flag=True, help="All letters, or those that the filters leave."
        ),
        click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID),
    ):
        of = option(of)
    return config_option(_filters(of))


@command.command("list")
@config_option
@_filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_command(
    *, config: Path | None, actor: str | None, name: str | None, limit: int, as_json: bool
) -> None:
    """The newest dead letters."""

    async def read(settings: Settings) -> tuple[list[KeptLetter], int]:
        async with open_database(settings) as database, database.connection() as connection:
            found = await dead_letters.newest(connection, limit=limit, actor=actor, name=name)
            return found, len(await dead_letters.ids(connection, actor=actor, name=name))

    letters, count = asyncio.run(read(load(config)))
    if as_json:
        print_json({"count": count, "letters": [letter_data(letter) for letter in letters]})
    else:
        put(list_page(letters, count=count, now=Sources.system().clock.now()))


@command.command("show", short_help="One dead letter whole.")
@click.argument("letter_id", metavar="ID", type=click.UUID)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def show(letter_id: UUID, *, config: Path | None, as_json: bool) -> None:
    """One dead letter whole: the message, the reason, and where in the code it failed.

    The message may hold personal data: that you have read it is written into the audit trail.

    \b
    Exit status:
      0  shown
      1  could not be read
      2  wrong usage; there is no such letter
    """

    async def read(settings: Settings) -> KeptLetter:
        async with _office(settings) as (_, office):
            return await office.open(letter_id)

    try:
        letter = asyncio.run(read(load(config)))
    except DeadLetterNotFound as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        print_json(letter_data(letter, whole=True))
    else:
        put(letter_page(letter))


@command.command("replay")
@_changing
def replay(
    *,
    config: Path | None,
    ids: tuple[UUID, ...],
    everything: bool,
    actor: str | None,
    name: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Have letters handled anew, as if they had just been sent.

    Each leaves the list and goes to its actor once; the audit trail names you. A running daemon takes it up
    within a second; if it fails again it comes back as a new letter. Harmless to repeat: of two operators
    who replay the same letter one does, and the other is told that it is gone.

    \b
    Exit status:
      0  all of them are on their way
      1  some are not; the reason stands behind each
      2  wrong usage
    """
    chosen = Chosen(ids=ids, all=everything, actor=actor, name=name)

    async def deal(settings: Settings) -> list[Outcome]:
        async with _office(settings) as (database, office):
            async with database.connection() as connection:
                wanted = await chosen.find(connection)
                heard = await somebody_runs(connection, now=Sources.system().clock.now())
            ended = [await _replay(office, database, letter_id, dry_run=dry_run) for letter_id in wanted]
            if not heard and not dry_run and any(outcome.done for outcome in ended):
                click.echo("No daemon runs: they are handled when one is started.", err=True)
            return ended

    _tell(asyncio.run(deal(load(config))), dry_run=dry_run, as_json=as_json)


async def _replay(office: DeadLetterOffice, database: Database, letter_id: UUID, *, dry_run: bool) -> Outcome:
    try:
        if dry_run:
            async with database.connection() as connection:
                letter = await dead_letters.load(connection, letter_id=letter_id)
            replayable(letter, actors=office.actors)
        else:
            letter = await office.replay(letter_id)
    except DeadLetterNotFound:
        return Outcome(id=letter_id, became="gone")
    except CannotReplay as error:
        return Outcome(id=letter_id, became="refused", why=str(error))
    return Outcome(id=letter_id, became="replayed", letter=letter)


@command.command("drop")
@_changing
@click.option(
    "--reason",
    required=True,
    metavar="TEXT",
    help="Why; it stands in the audit trail for ever, so name no traveller.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(
    *,
    config: Path | None,
    ids: tuple[UUID, ...],
    everything: bool,
    actor: str | None,
    name: str | None,
    dry_run: bool,
    as_json: bool,
    reason: str,
    yes: bool,
) -> None:
    """Give letters up: their messages will never be handled.

    Look first (show) what each was about, and bring that to its end in another way.

    \b
    Exit status:
      0  all of them are gone
      1  some are not; the reason stands behind each. Also when you said no
      2  wrong usage
    """
    chosen = Chosen(ids=ids, all=everything, actor=actor, name=name)
    if not reason.strip():
        raise click.UsageError("--reason is empty.")

    async def deal(settings: Settings) -> list[Outcome]:
        async with _office(settings) as (database, office):
            async with database.connection() as connection:
                wanted = await chosen.find(connection)
            if wanted and not yes and not dry_run:
                many = "1 dead letter" if len(wanted) == 1 else f"{len(wanted)} dead letters"
                click.confirm(f"Drop {many}? What they ask for will never be done.", abort=True, err=True)
            return [
                await _drop(office, database, letter_id, reason=reason, dry_run=dry_run)
                for letter_id in wanted
            ]

    _tell(asyncio.run(deal(load(config))), dry_run=dry_run, as_json=as_json)


async def _drop(
    office: DeadLetterOffice, database: Database, letter_id: UUID, *, reason: str, dry_run: bool
) -> Outcome:
    try:
        if dry_run:
            async with database.connection() as connection:
                letter = await dead_letters.load(connection, letter_id=letter_id)
        else:
            letter = await office.drop(letter_id, reason=reason)
    except DeadLetterNotFound:
        return Outcome(id=letter_id, became="gone")
    return Outcome(id=letter_id, became="dropped", letter=letter)


@asynccontextmanager
async def _office(settings: Settings) -> AsyncIterator[tuple[Database, DeadLetterOffice]]:
    sources = Sources.system()
    async with open_database(settings) as database:
        transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
        yield (
            database,
            DeadLetterOffice(transactions=transactions, ids=sources.ids, actors=ACTORS, principal=operator()),
        )


def _tell(outcomes: Sequence[Outcome], *, dry_run: bool, as_json: bool) -> None:
    """Print how it ended, and exit 1 if something was not done."""
    if as_json:
        print_json({"dry_run": dry_run, "letters": [outcome.data() for outcome in outcomes]})
    else:
        put(outcomes_page(outcomes, dry_run=dry_run))
    if not all(outcome.done for outcome in outcomes):
        sys.exit(1)
