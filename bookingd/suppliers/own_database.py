"""Asking our own database as one asks any supplier."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bookingd.outcomes import Unavailable
from bookingd.storage.database import Connection, Database, is_unavailable


@asynccontextmanager
async def asking(database: Database, what: str) -> AsyncIterator[Connection]:
    """A connection, on which nothing is begun that could be lost. `what` is asked: own flights, own hotels.

    Raises Unavailable where the database is away.
    """
    try:
        async with database.connection() as connection:
            yield connection
    except Exception as error:
        if is_unavailable(error):
            raise Unavailable(f"{what} cannot be asked: {error}") from error
        raise
