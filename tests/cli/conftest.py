"""A command as an operator runs it, on the test's database."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.storage.database import Connection

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_dsn: str, tmp_path: Path) -> Run:
    """`run("status", "--json")`, in a thread: a command runs an event loop of its own."""
    env = {
        "BOOKINGD_DATABASE__URL": database_dsn,
        "BOOKINGD_PATHS__VAR": str(tmp_path),
        "BOOKINGD_CONFIG": None,
        "COLUMNS": "80",
    }

    async def invoke(*arguments: str, says: str = "", **changed: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, cli, arguments, env=env | changed, input=says, prog_name="bookingd"
        )

    return invoke


async def trail(connection: Connection) -> list[Mapping[str, Any]]:
    """Everything in the audit trail, in the order in which it was written."""
    rows = await connection.fetch("SELECT canonical::text AS told FROM audit_entries ORDER BY at, id")
    return [json.loads(row["told"]) for row in rows]
