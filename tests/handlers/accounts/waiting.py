"""Waiting until requests stand in each other's way, which makes a race the same every time."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bookingd.storage.database import Database

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def until_waiting(database: Database, tasks: Sequence[asyncio.Task[Any]]) -> None:
    """So many wait for a lock as there are tasks; or one has ended, and waits for nothing."""
    async with database.connection() as connection:
        while await connection.fetchval(WAITING) < len(tasks):
            if any(task.done() for task in tasks):
                return
            await asyncio.sleep(0.01)
