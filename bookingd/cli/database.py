"""The database of a command: the daemon's own while that runs, or one that lives as long as the command.

The one rule: whatever keeps a command from its database is told as a sentence with what to do, and exit 1.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import click

from bookingd.config import Settings
from bookingd.engine import DAEMON, OWNER, Engine, EngineError, running_dsn
from bookingd.storage.database import Database, DatabaseUnavailable, is_unavailable


@asynccontextmanager
async def open_database(
    settings: Settings, *, role: str = DAEMON, running_only: bool = False
) -> AsyncIterator[Database]:
    """The configured database, opened as `role` (DAEMON or OWNER of bookingd.engine).

    Embedded: the server of the daemon that runs on these settings; without one, its data are served for
    the time of the block, unless `running_only` forbids that. Otherwise the server of `database.url`, for
    the owner that of `owner_url`. Raises click.ClickException when the database cannot be had or has no
    schema yet.
    """
    try:
        async with _dsn(settings, role, running_only) as dsn, _opened(dsn) as database:
            yield database
    except EngineError as error:
        raise click.ClickException(str(error)) from error
    except DatabaseUnavailable as error:
        raise click.ClickException(f"{error}. See database.url: bookingd check-config --print") from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise click.ClickException(f"The database is not migrated ({error}): bookingd migrate") from error
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise click.ClickException(f"PostgreSQL refuses us: {error}. See [database].") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not is_unavailable(error):
            raise
        raise click.ClickException(f"PostgreSQL went away: {error}") from error


def engine_directory(settings: Settings) -> Path:
    """Where the embedded PostgreSQL keeps its data."""
    return settings.paths.var / "postgres"


@asynccontextmanager
async def _dsn(settings: Settings, role: str, running_only: bool) -> AsyncIterator[str]:
    if not settings.database.embedded:
        yield _configured(settings, role)
        return
    directory = engine_directory(settings)
    running = running_dsn(directory, role) if running_only else _running(directory, role)
    if running is not None:
        yield running
        return
    async with Engine(directory) as engine:
        yield engine.dsn(role)


def _configured(settings: Settings, role: str) -> str:
    if role != OWNER:
        return settings.database.url.reveal()
    if settings.database.owner_url is None:
        raise click.ClickException("This needs the owner's role: set database.owner_url.")
    return settings.database.owner_url.reveal()


def _running(directory: Path, role: str) -> str | None:
    """Where a running server is found, or None; Engine tells by itself what else is wrong."""
    try:
        return running_dsn(directory, role)
    except EngineError:
        return None


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[Database]:
    database = await Database.open(dsn=dsn, minimum=1, maximum=2, application_name="bookingd command")
    try:
        yield database
    finally:
        await database.close()
