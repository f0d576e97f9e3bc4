"""`bookingd run`: the daemon.

Its exit status is for whoever restarts it: 2 where another try is of no use before a person has changed
something, 1 where it may be.
"""

import logging
import os
import shlex
import shutil
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import click
import uvloop

from bookingd import __version__
from bookingd.cli.failures import first
from bookingd.cli.options import config_option, load
from bookingd.config import (
    ACTORS,
    ActorName,
    ConfigErrors,
    Problem,
    Settings,
    embedded_file,
    ensure_development_keys,
)
from bookingd.config.parsing import named, nearest
from bookingd.config.rules import Breach, breaches
from bookingd.engine import EngineError
from bookingd.lifecycle import CLOSING, PartFailed, Stopped, given_up_when, live, stop_on_signals
from bookingd.service_manager import ServiceManager
from bookingd.sources import Sources
from bookingd.storage.database import ClockSkew, DatabaseUnavailable, is_unavailable
from bookingd.storage.exclusive import AlreadyRunning
from bookingd.storage.migrations import MigrationError
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.house import House, build
from bookingd.wiring.logs import logging_as
from bookingd.wiring.refusals import CannotStart, NotNow

log = logging.getLogger(__name__)

REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # role and password, and what pg_hba.conf says
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,
)
"""What PostgreSQL, or our way to it, will say again until somebody changes something."""


class CannotRun(click.ClickException):
    """The daemon cannot run as it is configured, or where it is. Exit status 2."""

    exit_code = 2


@click.command(
    epilog="""
\b
Exit status:
  0  stopped as it was told to, also while it was still starting
  1  failed, and may well succeed when it is started again: PostgreSQL is
     away, or RabbitMQ, or a part of the daemon failed; the reason is on
     standard error
  2  cannot run as it stands: wrong usage or configuration, a role, password,
     database or virtual host that PostgreSQL or RabbitMQ refuses, a taken
     port, another daemon on the same data, migrations that are missing or
     unknown, clocks that are apart
"""
)
@config_option
@click.option(
    "--actors",
    metavar="A,B",
    help="Run these actors only; '' for none, HTTP alone. [default: actors.run of the configuration]",
)
@click.option(
    "--no-http",
    is_flag=True,
    help="Serve no HTTP: actors only. [default: server.enabled of the configuration]",
)
def command(config: Path | None, actors: str | None, no_http: bool) -> None:
    """Start the daemon, and what it needs on the embedded defaults.

    Ctrl-C or SIGTERM stops it, whatever it is doing: it finishes the requests and messages in hand
    (server.drain_seconds) and leaves the rest for the next start. A second Ctrl-C or SIGTERM meanwhile
    ends it at once.
    """
    os.umask(0o077)  # what is made under paths.var holds keys, addresses and payments
    sources = Sources.system()
    settings = _changed(load(config), actors=actors, no_http=no_http)
    metrics = Metrics()
    with logging_as(settings, metrics.log):
        try:
            settings = ensure_development_keys(settings, sources.chance)
            uvloop.run(_run(settings, sources, metrics))
        except Exception as error:
            told = _told(settings, first(error))
            if told is None:
                raise
            raise told from error


def _changed(settings: Settings, *, actors: str | None, no_http: bool) -> Settings:
    """The settings with what the flags say over them; they keep the rules of the configuration too."""
    if actors is not None:
        settings = replace(settings, actors=replace(settings.actors, run=_chosen(actors)))
    if no_http:
        settings = replace(settings, server=replace(settings.server, enabled=False))
    if broken := [_by_flags(breach) for breach in breaches(settings)]:
        raise ConfigErrors(broken)
    return settings


def _by_flags(breach: Breach) -> Problem:
    return Problem(
        place="Command line", key=".".join(breach.path), complaint=breach.complaint, hint=breach.hint
    )


def _told(settings: Settings, error: BaseException) -> Exception | None:
    """How the command ends after `error`; None for what nobody foresaw, whose traceback is wanted."""
    if isinstance(error, PartFailed):
        log.critical("%s", error, exc_info=error.__cause__)
        return click.exceptions.Exit(1)
    if isinstance(error, CannotStart | AlreadyRunning | MigrationError | ClockSkew | EngineError):
        return CannotRun(str(error))
    if isinstance(error, REFUSALS):
        return CannotRun(_refused(settings, error))
    if isinstance(error, DatabaseUnavailable | NotNow):
        return click.ClickException(str(error))
    if isinstance(error, ConnectionError | TimeoutError) or is_unavailable(error):
        return click.ClickException(f"PostgreSQL cannot be reached: {str(error) or type(error).__name__}")
    if isinstance(error, OSError) and error.filename:
        return CannotRun(f"{error.filename}: {error.strerror}. See paths.var ({settings.paths.var})")
    return None


async def _run(settings: Settings, sources: Sources, metrics: Metrics) -> None:
    log.info("bookingd %s, configuration %s", __version__, settings.file)
    manager = ServiceManager.of_this_process()

    def progress(text: str) -> None:
        _say(text)
        manager.doing(text)

    with stop_on_signals(sources.clock) as stop:
        async with manager.kept_informed(sources.clock), AsyncExitStack() as stack:
            try:
                async with given_up_when(stop):
                    house = await build(settings, sources, metrics=metrics, stack=stack, say=progress)
            except Stopped:
                manager.stopping(within=CLOSING)
                _say("stopping before it was ready")
            else:
                await live(house, stop=stop, ready=lambda: _tell_ready(house), manager=manager)
    _say("stopped")


def _refused(settings: Settings, error: BaseException) -> str:
    where = settings.spelling_of("database", "url")
    return f"PostgreSQL refuses us: {error}. See {where} ({settings.database.url})"


def _tell_ready(house: House) -> None:
    """Where to go; for a person, so on standard output and without a time stamp."""
    settings = house.settings
    if house.application is None:
        _say(f"ready: actors {', '.join(settings.actors.run) or 'none'}")
        return
    _say(f"ready at {settings.public_url}")
    _say(f"   API description   {settings.public_url}/docs")
    if house.stand_ins.mail_page:
        _say(f"   caught mail       {house.stand_ins.mail_page}")
    if not settings.production:
        trip = trip_command(settings, started_as=sys.argv[0])
        _say(f"   a first booking   {trip}   (in another terminal; Ctrl-C here stops everything)")


def trip_command(settings: Settings, *, started_as: str) -> str:
    """How another shell in the same directory books a first trip here, whatever this one has exported."""
    words = [*_ourselves(started_as), "trip"]
    decisive = ("public_url", "server.host", "server.port")
    if any(settings.given.get(name, "").startswith("BOOKINGD_") for name in decisive):
        words += ["--url", settings.public_url]
    elif settings.file is not None and settings.file != embedded_file():
        words += ["--config", str(settings.file)]
    return shlex.join(words)


def _ourselves(started_as: str) -> list[str]:
    """The command for a shell in the same directory: by its bare name if that is found, else by its path."""
    program = Path(started_as).absolute()
    if program.name == "__main__.py":
        return [sys.executable, "-m", "bookingd"]
    found = shutil.which(program.name)
    if found is not None and Path(found).absolute() == program:
        return [program.name]
    here = Path.cwd()
    return [str(program.relative_to(here)) if program.is_relative_to(here) else str(program)]


def _chosen(actors: str) -> tuple[ActorName, ...]:
    given = [name.strip() for name in actors.split(",") if name.strip()]
    if unknown := [name for name in given if not named(ACTORS, name)]:
        raise click.BadParameter(
            f"{', '.join(unknown)}: there are {', '.join(ACTORS)}"
            + "".join(f"; {hint}" for name in unknown if (hint := nearest(ACTORS, name))),
            param_hint="--actors",
        )
    meant = {actor for name in given for actor in named(ACTORS, name)}
    return tuple(name for name in ACTORS if name in meant)


def _say(text: str) -> None:
    click.echo(f"bookingd: {text}")
