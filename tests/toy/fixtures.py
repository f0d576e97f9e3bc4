"""Fixtures of the toy bank, for tests/bus, tests/actor and tests/storage."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from bookingd.sources import Sources
from bookingd.storage.database import Connection, Database
from tests.conftest import Spawn
from tests.toy.actors import TABLES
from tests.toy.courier import FakeCourier, application
from tests.toy.house import House

Daemon = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
async def bank_database(database: Database, owner_connection: Connection) -> Database:
    """A database with the toy bank's tables."""
    await owner_connection.execute(TABLES)
    return database


@pytest.fixture
def courier() -> FakeCourier:
    """The outside service lives here and outlives every daemon."""
    return FakeCourier()


@pytest.fixture
async def courier_url(courier: FakeCourier) -> AsyncIterator[str]:
    runner = web.AppRunner(application(courier), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def client(bank_database: Database) -> House:
    """Writes commands into the outbox, as the command line does, and looks at what came of them."""
    house = House(bank_database, sources=Sources.system(), actors=())
    house.transactions._outlet = None
    return house


@pytest.fixture
def daemon(database_dsn: str, courier_url: str, spawn: Spawn, checkout: Path) -> Daemon:
    """Starts the toy daemon, which dies where it is told to."""

    def start(*options: str) -> "subprocess.Popen[str]":
        return spawn(
            sys.executable, "-m", "tests.toy.daemon", database_dsn, courier_url, *options, cwd=checkout
        )

    return start
