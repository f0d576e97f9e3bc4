"""What a start that cannot succeed says and how it ends, against real servers."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner

from bookingd.cli import cli
from bookingd.sources import SystemClock
from bookingd.storage import exclusive, migrations
from bookingd.storage.migrations import Migration
from tests.acceptance.daemon import ENVIRONMENT, as_toml, free_port
from tests.conftest import Spawn
from tests.servers.rabbitmq import Broker


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither the log of a command that runs in this process, nor its umask, nor a daemon that is ready."""
    monkeypatch.setattr("bookingd.cli.run.logging_as", lambda *_: nullcontext())
    monkeypatch.setattr("bookingd.cli.run._tell_ready", _stop)
    monkeypatch.setattr(exclusive, "PATIENCE_MS", 50)
    before = os.umask(0o022)
    yield
    os.umask(before)


def _stop(_: object) -> None:
    raise AssertionError("it has started, though it should have been refused")


class Place:
    """A directory with a configuration, where `bookingd run` is tried."""

    def __init__(self, directory: Path, spawn: Spawn, dsn: str) -> None:
        self._directory = directory
        self._spawn = spawn
        self._settings: dict[str, dict[str, Any]] = {
            "server": {"port": free_port(), "drain_seconds": 2},
            "database": {"url": dsn, "pool_minimum": 1, "pool_maximum": 4},
            "paths": {"var": str(directory / "var")},
            "sandbox": {"port": 0},
            "inventory": {"demo": False},
        }

    def refused(self, *arguments: str, status: int = 2, **sections: dict[str, Any]) -> str:
        """What a start says on standard error that ends with `status`."""
        command = ["run", "--config", str(self._configure(sections)), *arguments]
        result = CliRunner().invoke(cli, command, prog_name="bookingd")
        assert result.exit_code == status, result.output
        return result.stderr

    @contextlib.contextmanager
    def running(self, **sections: dict[str, Any]) -> Iterator[None]:
        """A daemon that is ready, in a process of its own, until the end of the block."""
        process = self._spawn(
            sys.executable,
            *("-m", "bookingd", "run", "--config", self._configure(sections)),
            stderr=subprocess.STDOUT,
            cwd=self._directory,
            env=ENVIRONMENT,
        )
        assert process.stdout is not None
        said: list[str] = []
        while not said or not said[-1].startswith("bookingd: ready"):
            said.append(process.stdout.readline())
            assert said[-1], "".join(said)
        yield
        process.terminate()
        last_words, _ = process.communicate(timeout=30)
        assert process.returncode == 0, last_words

    def _configure(self, sections: dict[str, dict[str, Any]]) -> Path:
        self._directory.mkdir(exist_ok=True)
        settings = {**self._settings}
        for section, values in sections.items():
            settings[section] = settings.get(section, {}) | values
        file = self._directory / "bookingd.toml"
        file.write_text(as_toml(settings))
        return file


@pytest.fixture
def place(tmp_path: Path, spawn: Spawn, database_dsn: str) -> Place:
    """In memory, on the test's database."""
    return Place(tmp_path / "house", spawn, database_dsn)


@pytest.fixture
def another(tmp_path: Path, spawn: Spawn, database_dsn: str) -> Place:
    """A second one on the same database."""
    return Place(tmp_path / "another", spawn, database_dsn)


# The broker


def test_a_wrong_password_for_the_broker(place: Place, broker: Broker) -> None:
    said = place.refused(bus={"url": re.sub(r"//[^@]*@", "//tester:hunter2@", broker.url)})

    assert "refuses the user 'tester' or its password" in said
    assert "See bus.url (amqp://tester:***@" in said
    assert "hunter2" not in said


def test_a_virtual_host_that_is_not_there(place: Place, broker: Broker) -> None:
    said = place.refused(bus={"url": f"{broker.url}_elsewhere"})

    assert f"has no virtual host '{broker.virtual_host}_elsewhere'" in said
    assert "See bus.url" in said


def test_a_broker_that_is_away_may_come_back(place: Place) -> None:
    said = place.refused(status=1, bus={"url": f"amqp://127.0.0.1:{free_port()}/"})

    assert "cannot be reached" in said
    assert "See bus.url" in said


def test_a_certificate_for_the_broker_that_is_not_there(place: Place, broker: Broker) -> None:
    url = broker.url.replace("amqp://", "amqps://") + "?cafile=/nowhere/mq.pem"

    said = place.refused(bus={"url": url})

    assert "a certificate or key for RabbitMQ is not there" in said
    assert "cafile=/nowhere/mq.pem" in said


# Beside whom


def test_nobody_is_beside_one_in_memory(place: Place, another: Place, broker: Broker) -> None:
    with place.running():
        in_memory = another.refused()
        over_rabbitmq = another.refused(bus={"url": broker.url})

    assert (
        "another bookingd uses this database, and messages over memory:// reach one process only" in in_memory
    )
    assert "stop that one first" in in_memory
    assert "another bookingd uses this database over memory://" in over_rabbitmq
    assert "bus.url" in over_rabbitmq


def test_none_in_memory_is_beside_one_over_rabbitmq(place: Place, another: Place, broker: Broker) -> None:
    with place.running(bus={"url": broker.url}):
        said = another.refused()

    assert "another bookingd uses this database over RabbitMQ" in said
    assert "bus.url" in said


# Who does what


def test_an_unknown_actor(place: Place) -> None:
    in_file = place.refused(actors={"run": ["search", "bokking"]})
    by_flag = place.refused("--actors", "search,bokking")

    assert (
        "'bokking' is none of auth, search.flights, search.hotels, booking, payment, notify, audit" in in_file
    )
    assert (
        "bokking: there are auth, search.flights, search.hotels, booking, payment, notify, audit" in by_flag
    )
    for said in (in_file, by_flag):
        assert "did you mean 'booking'?" in said


def test_a_part_of_the_actors_in_memory(place: Place) -> None:
    in_file = place.refused(actors={"run": ["search"]})
    by_flag = place.refused("--actors", "search")

    for said in (in_file, by_flag):
        assert "leaves out auth, booking, payment, notify, audit, and over memory:// no other process" in said
        assert "bus.url = 'amqp://" in said
    assert "Command line:" in by_flag


def test_neither_actors_nor_http(place: Place) -> None:
    said = place.refused(
        "--no-http",
        *("--actors", ""),
        bus={"url": "amqp://127.0.0.1/"},
        sandbox={"start": False, "port": 8, "mail_port": 9},
    )

    assert "names no actor, and server.enabled is false: there is nothing to do" in said


# Where


@contextlib.contextmanager
def held(port: int, *, shared: bool) -> Iterator[None]:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield


@pytest.mark.parametrize(("theirs", "ours"), [(False, False), (True, False), (False, True)])
def test_a_port_that_is_not_shared_by_both(place: Place, *, theirs: bool, ours: bool) -> None:
    port = free_port()

    with held(port, shared=theirs):
        said = place.refused(server={"port": port, "reuse_port": ours})

    assert f"127.0.0.1:{port} cannot be listened on" in said
    assert "set server.port to another one" in said
    assert "server.reuse_port = true" in said


def test_a_port_that_both_share(place: Place, another: Place, broker: Broker) -> None:
    server, bus = {"port": free_port(), "reuse_port": True}, {"url": broker.url}

    with place.running(server=server, bus=bus), another.running(server=server, bus=bus):
        pass


def test_a_port_of_the_mail_catcher_that_is_taken(place: Place) -> None:
    port = free_port()

    with held(port, shared=False):
        said = place.refused(sandbox={"mail_port": port})

    assert f"port {port} is taken" in said
    assert "sandbox.mail_port" in said


# On what


@pytest.fixture
async def newer(owner_dsn: str) -> None:
    """The test's database has a step that this release does not know."""
    later = Migration(number=9001, phase="pre", name="later", sql="SELECT 1")
    owner = await asyncpg.connect(owner_dsn)
    await migrations.migrate(owner, clock=SystemClock(), migrations=[*migrations.load(), later])
    await owner.execute("UPDATE applied_migrations SET applied_by = '7.0' WHERE number = 9001")
    await owner.close()


@pytest.mark.usefixtures("newer")
def test_an_older_release_on_a_newer_schema(place: Place) -> None:
    said = place.refused()

    assert "the database has 9001_pre_later.sql, which this bookingd" in said
    assert "run bookingd 7.0, which migrated it, or a later release" in said
