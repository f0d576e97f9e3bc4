"""Fixtures of the toy bank, for tests/bus, tests/actor and tests/storage."""

import pytest

from bookingd.storage.database import Connection, Database
from tests.toy.actors import TABLES


@pytest.fixture
async def bank_database(database: Database, owner_connection: Connection) -> Database:
    """A database with the toy bank's tables."""
    await owner_connection.execute(TABLES)
    return database
