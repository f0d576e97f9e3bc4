"""The floor under bookings and payments: `pgbench` with the least that one leaves behind, on the same server.

Its one rule: tables are made anew before each run, and the log is flushed, so that no run pays for another.
"""

import asyncio
import re
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import asyncpg

from benchmarks.figures import Cpu, Figure
from benchmarks.servers import Servers
from bookingd.engine.binaries import INSTALLATION, PACKAGE

CLIENTS = 8
HERE = Path(__file__).parent


class Least(NamedTuple):
    """What is written, and where."""

    database: str
    tables: Path
    script: Path


BOOKING = Least("booking_floor", HERE / "minimal_booking_tables.sql", HERE / "minimal_booking.sql")
PAYMENT = Least("payment_floor", HERE / "minimal_payment_tables.sql", HERE / "minimal_payment.sql")

_DONE = re.compile(r"number of transactions actually processed: (\d+)")
_RATE = re.compile(r"tps = ([\d.]+) ")
_LATENCY = re.compile(r"latency average = ([\d.]+) ms")


async def measure(servers: Servers, least: Least = BOOKING, *, seconds: float) -> Figure:
    """So many by CLIENTS clients; of the latency pgbench tells the mean. Raises RuntimeError."""
    await _make_tables(servers, least)
    cpu = Cpu(PostgreSQL=servers.pids["PostgreSQL"])
    said = await _pgbench(servers, least, seconds)
    used = cpu.used()
    done, rate, latency = (_found(pattern, said) for pattern in (_DONE, _RATE, _LATENCY))
    return Figure(done=int(done), seconds=done / rate, latencies=[latency / 1000], cpu=used)


async def _pgbench(servers: Servers, least: Least, seconds: float) -> str:
    command = [
        "--no-vacuum",
        f"--file={least.script}",
        f"--client={CLIENTS}",
        f"--time={max(1, round(seconds))}",
    ]
    process = await asyncio.create_subprocess_exec(
        _program(),
        *command,
        servers.dsn(least.database),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"pgbench failed: {complained.decode()}")
    return said.decode()


def _program() -> str:
    """It comes with the embedded server."""
    return str(metadata.distribution(PACKAGE).locate_file(str(INSTALLATION / "bin/pgbench")))


async def _make_tables(servers: Servers, least: Least) -> None:
    connection = await asyncpg.connect(servers.dsn("postgres"))
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{least.database}"')
        await connection.execute(f'CREATE DATABASE "{least.database}"')
    finally:
        await connection.close()
    connection = await asyncpg.connect(servers.dsn(least.database))
    try:
        await connection.execute(least.tables.read_text())
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _found(pattern: re.Pattern[str], said: str) -> float:
    match = pattern.search(said)
    if match is None:
        raise RuntimeError(f"pgbench did not tell what it did:\n{said}")
    return float(match[1])
