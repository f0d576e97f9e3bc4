"""`bookingd run`: the daemon."""

import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import click
import uvloop

from bookingd import __version__
from bookingd.cli.options import config_option, load
from bookingd.config import ACTORS, ActorName, Settings, ensure_development_keys
from bookingd.engine import EngineError
from bookingd.lifecycle import live, stop_on_signals
from bookingd.sources import Sources
from bookingd.storage.database import ClockSkew, DatabaseUnavailable
from bookingd.storage.exclusive import AlreadyRunning
from bookingd.storage.migrations import MigrationError
from bookingd.telemetry import logging as telemetry
from bookingd.wiring.house import House, build
from bookingd.wiring.refusals import CannotStart

log = logging.getLogger(__name__)


class CannotRun(click.ClickException):
    """The daemon cannot run as it is configured; nothing was started. Exit status 2."""

    exit_code = 2


@click.command()
@config_option
@click.option(
    "--actors",
    metavar="A,B",
    help="Run these actors only. [default: actors.run of the configuration]",
)
@click.option("--no-http", is_flag=True, help="Serve no HTTP: actors only.")
def command(config: Path | None, actors: str | None, no_http: bool) -> None:
    """Start the daemon, and what it needs on the embedded defaults.

    Ctrl-C or SIGTERM stops it: it finishes what it has begun and leaves the rest for the next start.
    """
    sources = Sources.system()
    settings = ensure_development_keys(load(config), sources.chance)
    if actors is not None:
        settings = replace(settings, actors=replace(settings.actors, run=_chosen(actors)))
    telemetry.configure(level=settings.log.level, style=settings.log.format)
    try:
        uvloop.run(_run(settings, sources, http=not no_http))
    except* (CannotStart, AlreadyRunning, MigrationError, ClockSkew, EngineError) as errors:
        raise CannotRun(_first(errors)) from errors
    except* (DatabaseUnavailable, asyncpg.PostgresConnectionError) as errors:
        raise CannotRun(f"PostgreSQL cannot be reached: {_first(errors)}") from errors


async def _run(settings: Settings, sources: Sources, *, http: bool) -> None:
    log.info("bookingd %s, configuration %s", __version__, settings.file)
    with stop_on_signals() as stop:
        async with AsyncExitStack() as stack:
            house = await build(settings, sources, stack=stack, http=http, say=_say)
            await live(house, stop=stop, ready=lambda: _tell_ready(house))
    _say("stopped")


def _tell_ready(house: House) -> None:
    """Where to go; for a person, so on standard output and without a time stamp."""
    if house.application is None:
        _say(f"ready: actors {', '.join(house.settings.actors.run)}")
        return
    _say(f"ready at {house.settings.public_url}")
    _say(f"   API description   {house.settings.public_url}/docs")
    if house.stand_ins.mail_page:
        _say(f"   caught mail       {house.stand_ins.mail_page}")
    _say("   a first booking   bookingd trip   (in another terminal; Ctrl-C here stops everything)")


def _chosen(actors: str) -> tuple[ActorName, ...]:
    named = [name.strip() for name in actors.split(",") if name.strip()]
    chosen = tuple(name for name in ACTORS if name in named)
    unknown = [name for name in named if name not in ACTORS]
    if unknown or not chosen:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'none'}: there are {', '.join(ACTORS)}", param_hint="--actors"
        )
    return chosen


def _first(errors: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def _say(text: str) -> None:
    click.echo(f"bookingd: {text}")
