"""`bookingd run` on its defaults: PostgreSQL, bus, cache, mail server and gateway all come with it."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bookingd.engine import OWNER, running_dsn
from tests.acceptance.daemon import Daemon, free_port, until
from tests.conftest import Spawn

FEW, ENOUGH = 1000, 40_000
"""Departures: hardly any, where nobody flies; two weeks and some days of them, for `bookingd trip`."""
SOME_HOTELS = 40


@pytest.fixture
def daemon(spawn: Spawn, tmp_path: Path) -> Iterator[Daemon]:
    """On the defaults, but for ports that are free, a directory of its own, and a smaller network."""
    port = free_port()
    made = Daemon(
        directory=tmp_path,
        port=port,
        spawn=spawn,
        settings={
            "server": {"port": port},
            "sandbox": {"port": free_port()},
            "paths": {"var": str(tmp_path / "var")},
            "inventory": {"departures": FEW, "hotels": SOME_HOTELS},
        },
    )
    yield made
    made.tell()


@pytest.fixture
def flying_daemon(daemon: Daemon) -> Daemon:
    """The same, with a network in which one can book."""
    daemon.settings["inventory"] = {"departures": ENOUGH, "hotels": SOME_HOTELS}
    return daemon


def _postgres(daemon: Daemon) -> int:
    """The process number of its PostgreSQL."""
    [file] = (daemon.var / "postgres").rglob("postmaster.pid")
    return int(file.read_text().splitlines()[0])


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


async def _value(daemon: Daemon, question: str) -> object:
    connection = await asyncpg.connect(running_dsn(daemon.var / "postgres", OWNER))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_a_newcomer_starts_it_stops_it_and_finds_everything_again(flying_daemon: Daemon) -> None:
    daemon = flying_daemon
    await daemon.start()
    postgres = _postgres(daemon)
    assert f"ready at {daemon.url}" in daemon.log
    assert await daemon.status_of("/readyz") == 200
    assert await _value(daemon, "SELECT count(*) FROM departures") >= ENOUGH * 0.8  # type: ignore[operator]
    status, told, errors = await daemon.command("trip", "--url", daemon.url, "--json")
    assert status == 0, errors
    assert '"state": "confirmed"' in told

    begin = time.monotonic()
    assert await daemon.stop(signal.SIGINT) == 0
    assert time.monotonic() - begin < 5
    assert not _alive(postgres)
    assert "Traceback" not in daemon.log

    begin = time.monotonic()
    await daemon.start()
    assert time.monotonic() - begin < 8
    assert daemon.log.count("the world is there") == 1
    assert await _value(daemon, "SELECT count(*) FROM bookings WHERE state = 'confirmed'") == 1


async def test_a_kill_leaves_no_server_behind_and_costs_no_data(daemon: Daemon) -> None:
    await daemon.start()
    before, postgres = await _value(daemon, "SELECT seeded_at FROM demo_inventory"), _postgres(daemon)

    await asyncio.to_thread(daemon.kill)

    async def gone() -> bool:
        return not _alive(postgres)

    await until(gone, 10)
    await daemon.start()
    assert await _value(daemon, "SELECT seeded_at FROM demo_inventory") == before


async def test_a_second_one_beside_it_is_turned_away(daemon: Daemon, spawn: Spawn) -> None:
    await daemon.start()
    port, other = free_port(), free_port()
    second = Daemon(
        directory=daemon.directory / "second",
        port=port,
        spawn=spawn,
        settings=daemon.settings | {"server": {"port": port}, "sandbox": {"port": other}},
    )

    second.launch()

    assert await second.ended() == 2
    assert "another bookingd" in second.log
    assert "Traceback" not in second.log
    assert await daemon.status_of("/readyz") == 200


async def test_a_start_that_takes_long_can_be_stopped_at_once(flying_daemon: Daemon) -> None:
    daemon = flying_daemon
    daemon.launch()

    async def seeding() -> bool:
        return "making a world up: 10 %" in daemon.log

    await until(seeding, 40)
    begin = time.monotonic()

    assert await daemon.stop(signal.SIGINT) == 0
    assert time.monotonic() - begin < 4
    assert "Traceback" not in daemon.log
    assert "ready at" not in daemon.log
    assert not list((daemon.var / "postgres").rglob("postmaster.pid"))


@contextlib.contextmanager
def _taken(port: int) -> Iterator[None]:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield


@pytest.mark.parametrize("section", ["server", "sandbox"])
async def test_a_taken_port_is_named_and_nothing_is_left_running(daemon: Daemon, section: str) -> None:
    port = daemon.settings[section]["port"]
    with _taken(port):
        daemon.launch()
        assert await daemon.ended(60) == 2

    assert str(port) in daemon.log
    assert f"{section}.port" in daemon.log
    assert "Traceback" not in daemon.log
    assert not list((daemon.var / "postgres").rglob("postmaster.pid"))


async def test_a_part_of_the_actors_is_refused_before_anything_is_begun(daemon: Daemon) -> None:
    daemon.launch("--actors", "search,booking")

    assert await daemon.ended() == 2
    assert "payment" in daemon.log
    assert "memory://" in daemon.log
    assert not (daemon.var / "postgres").exists()


async def test_an_unknown_actor_is_a_usage_error(daemon: Daemon) -> None:
    daemon.launch("--actors", "search,bookng")

    assert await daemon.ended() == 2
    assert "bookng" in daemon.log


async def test_a_postgresql_that_dies_is_started_again_under_the_daemon(flying_daemon: Daemon) -> None:
    daemon = flying_daemon
    await daemon.start()
    first = _postgres(daemon)

    os.kill(first, signal.SIGKILL)

    async def again() -> bool:
        try:
            return _postgres(daemon) != first and await daemon.status_of("/readyz") == 200
        except (ValueError, IndexError, FileNotFoundError):  # its file goes and comes back, empty at first
            return False

    await until(again, 20)
    status, _, errors = await daemon.command("trip", "--url", daemon.url)
    assert status == 0, errors
    assert await daemon.stop() == 0
    assert "ERROR   bookingd.actor" not in daemon.log
