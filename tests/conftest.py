"""What every test stands on: a real PostgreSQL, and time, ids and chance in the test's hand.

One server a run, which dies with it; the schema is migrated once into a template, and each test gets a
database copied from that. With BOOKINGD_TEST_DATABASE_URL (a superuser's) a server of your own is used.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import pytest

from bookingd.engine import DAEMON, OWNER, SUPERUSER, Engine
from bookingd.sources import SystemClock
from bookingd.storage import migrations
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server: `url` is the administrator's, and other roles are taken on through it."""

    url: str
    prefix: str

    def dsn(self, database: str, role: str | None = None) -> str:
        parts = urlsplit(self.url)
        given = [*parse_qsl(parts.query), *([("role", role)] if role else [])]
        return urlunsplit(parts._replace(path=f"/{database}", query=urlencode(given)))

    @property
    def template(self) -> str:
        return f"{self.prefix}_template"


async def _administer(server: Server, *statements: str) -> None:
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _make_roles(server: Server) -> None:
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        for role in (OWNER, DAEMON):
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f'CREATE ROLE "{role}" LOGIN')
    finally:
        await connection.close()


async def _make_template(server: Server) -> None:
    await _administer(server, f'CREATE DATABASE "{server.template}" OWNER "{OWNER}"')
    connection = await asyncpg.connect(server.dsn(server.template, OWNER))
    try:
        await migrations.migrate(connection, clock=SystemClock())
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The run's server with its migrated template; in a loop of its own, for it outlives those of the tests."""
    loop = asyncio.new_event_loop()

    def do(work: Coroutine[Any, Any, T]) -> T:
        return loop.run_until_complete(work)

    engine = None
    try:
        url = os.environ.get("BOOKINGD_TEST_DATABASE_URL")
        if not url:
            engine = Engine(tmp_path_factory.mktemp("postgres") / "engine", durable=False)
            do(engine.start())
            url = engine.dsn(SUPERUSER, "postgres")
        server = Server(url=url, prefix=f"bookingd_test_{os.getpid()}")
        do(_make_roles(server))
        do(_make_template(server))
        yield server
        do(_administer(server, f'DROP DATABASE "{server.template}"'))
    finally:
        if engine is not None:
            do(engine.stop())
        loop.close()


_numbers = itertools.count(1)


@pytest.fixture
async def database_name(_server: Server) -> AsyncIterator[str]:
    """A fresh, migrated, empty database."""
    name = f"{_server.prefix}_{next(_numbers)}"
    await _administer(_server, f'CREATE DATABASE "{name}" TEMPLATE "{_server.template}" OWNER "{OWNER}"')
    yield name
    await _administer(_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_dsn(_server: Server, database_name: str) -> str:
    """Where the daemon's role finds the test's database; another process may use it too."""
    return _server.dsn(database_name, DAEMON)


@pytest.fixture
def owner_dsn(_server: Server, database_name: str) -> str:
    """Where the owner's role finds the test's database."""
    return _server.dsn(database_name, OWNER)


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A fresh, migrated, empty database, opened as the daemon opens it."""
    opened = await Database.open(dsn=database_dsn, minimum=1, maximum=10, application_name="tests")
    yield opened
    await opened.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """A connection of the daemon's role to the test's database."""
    async with database.connection() as opened:
        yield opened


@pytest.fixture
async def owner_connection(owner_dsn: str) -> AsyncIterator[Connection]:
    """A connection of the owner's role to the test's database."""
    opened = await asyncpg.connect(owner_dsn)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ids() -> SequentialIds:
    return SequentialIds()


@pytest.fixture
def chance() -> SeededChance:
    return SeededChance()


@pytest.fixture
def checkout() -> Path:
    """The root of the source tree."""
    return Path(__file__).parent.parent
