"""config/split as it is shipped: a process each, two of some, over real servers, with the least rights."""

import asyncio
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from bookingd.config.reading import embedded_file
from tests.acceptance.conftest import Ground
from tests.acceptance.daemon import ENVIRONMENT, free_port, until
from tests.conftest import Spawn
from tests.servers.rabbitmq import OwnBroker
from tests.world import make_world

TWICE = ("booking", "http", "audit", "payment")
"""Kinds of which there is a second process, by a link to its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Copies of the files, and the environment that leads them to the test's servers."""

    directory: Path
    environment: dict[str, str]
    spawn: Spawn

    @property
    def names(self) -> list[str]:
        return sorted(file.stem for file in self.directory.glob("*.toml") if file.stem != "common")

    @property
    def url(self) -> str:
        return self.environment["BOOKINGD_PUBLIC_URL"]

    def start(self, name: str) -> "subprocess.Popen[str]":
        """Its metrics are at a port of the test's."""
        environment = self.environment | {"BOOKINGD_METRICS__PORT": str(free_port())}
        with (self.directory / f"{name}.log").open("w") as log:
            return self._bookingd("run", "--config", f"{name}.toml", stdout=log, env=environment)

    async def command(self, *arguments: str) -> str:
        """What the command says, which has to succeed."""
        process = self._bookingd(*arguments)
        said, _ = await asyncio.to_thread(process.communicate, timeout=90)
        assert process.returncode == 0, said + self.told()
        return said

    async def ready(self) -> bool:
        logs = [(self.directory / f"{name}.log").read_text() for name in self.names]
        return all("bookingd: ready" in log for log in logs)

    def told(self) -> str:
        """The ends of all logs, for the report of a failure."""
        logs = [self.directory / f"{name}.log" for name in self.names]
        return "\n".join(f"--- {log.stem}\n{log.read_text()[-1500:]}" for log in logs if log.exists())

    def _bookingd(self, *arguments: str, **options: object) -> "subprocess.Popen[str]":
        command = (sys.executable, "-m", "bookingd", *arguments)
        usual = {"cwd": self.directory, "env": self.environment, "stderr": subprocess.STDOUT}
        return self.spawn(*command, **(usual | options))


@pytest.fixture
async def installation(
    tmp_path: Path, spawn: Spawn, ground: Ground, own_broker: OwnBroker, redis_url: str
) -> Installation:
    """Whose user of the broker may do what operations.md lets it do, and no more."""
    await _restrict(own_broker)
    await make_world(ground.owner_dsn, 100)
    directory = tmp_path / "split"
    shutil.copytree(embedded_file().with_name("split"), directory)
    for kind in TWICE:
        (directory / f"{kind}-2.toml").symlink_to(f"{kind}.toml")
    port = free_port()
    settings = {
        "DATABASE__URL": ground.dsn,
        "DATABASE__POOL_MAXIMUM": "4",
        "BUS__URL": own_broker.url,
        "CACHE__URL": redis_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SERVER__PORT": str(port),
        "SANDBOX__PORT": str(free_port()),
        "SANDBOX__MAIL_PORT": str(free_port()),
    }
    environment = {**ENVIRONMENT, **{f"BOOKINGD_{name}": value for name, value in settings.items()}}
    return Installation(directory=directory, environment=environment, spawn=spawn)


async def _restrict(broker: OwnBroker) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    rights = re.search(r"set_permissions -p bookingd bookingd \\\n\s+'(.*)' '(.*)' '(.*)'", page)
    assert rights is not None
    configure, write, read = (f'<<"{right}">>'.replace("\\", "\\\\") for right in rights.groups())
    await broker.ask(
        f'ok = rabbit_auth_backend_internal:set_permissions(<<"tester">>, <<"{broker.virtual_host}">>,'
        f' {configure}, {write}, {read}, <<"tester">>)'
    )


@pytest.mark.full
@pytest.mark.may_block
async def test_trips_are_booked_by_a_process_an_actor(installation: Installation, ground: Ground) -> None:
    told = await installation.command("check-config", "--topology", ".")
    assert "The 13 processes in . fit together." in told
    assert "booking.toml and booking-2.toml have the same metrics.port" in told

    processes = [installation.start(name) for name in installation.names]
    try:
        await until(installation.ready, 90, every=0.2)
        trips = [installation.command("trip", "--url", installation.url) for _ in range(4)]
        for told in await asyncio.gather(*trips):
            assert "confirmed" in told
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
    ends = [await asyncio.to_thread(process.wait, 40) for process in processes]

    assert ends == [0] * len(processes), installation.told()
    assert "Traceback" not in installation.told()
    assert len(list((installation.directory / "var" / "mail").glob("*.eml"))) == 4
    connection = await asyncpg.connect(ground.dsn)
    assert await connection.fetchval("SELECT count(*) FROM bookings WHERE state = 'confirmed'") == 4
    assert await connection.fetchval("SELECT count(*) FROM dead_letters") == 0
    await connection.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{installation.url}/healthz")
