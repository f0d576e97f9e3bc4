"""The daemon and whoever started it: what systemd hears, and how it leaves when it is told to."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.acceptance.daemon import Daemon, free_port, until
from tests.conftest import Spawn
from tests.fakes.service_manager import Ear, listening


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    with listening(str(tmp_path / "notify")) as made:
        yield made


@pytest.fixture
def daemon(spawn: Spawn, tmp_path: Path, database_dsn: str) -> Iterator[Daemon]:
    """As systemd would start it, on the test's database."""
    port = free_port()

    def as_systemd(*command: str | Path, **options: Any) -> Any:
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        return spawn(*command, **options | {"env": {**options["env"], **told}})

    made = Daemon(
        directory=tmp_path,
        port=port,
        spawn=as_systemd,
        settings={
            "server": {"port": port, "drain_seconds": 5},
            "database": {"url": database_dsn, "pool_minimum": 1, "pool_maximum": 4},
            "paths": {"var": str(tmp_path / "var")},
            "sandbox": {"port": free_port()},
            "inventory": {"demo": False},
        },
    )
    yield made
    made.tell()


async def test_systemd_hears_when_it_is_ready_that_it_lives_and_when_it_goes(
    daemon: Daemon, ear: Ear
) -> None:
    async with ear.collecting() as begun:
        await daemon.start()
    lived = [await asyncio.wait_for(ear.next(), 5) for _ in range(3)]
    async with ear.collecting() as ended:
        assert await daemon.stop() == 0

    assert [told.splitlines()[0] for told in begun if told.startswith("READY")] == ["READY=1"]
    assert begun[0] == "EXTEND_TIMEOUT_USEC=30000000"
    assert lived == ["WATCHDOG=1"] * 3
    assert any(told.startswith("STOPPING=1\n") for told in ended)


async def test_the_embedded_server_hears_nothing_of_it(daemon: Daemon, ear: Ear) -> None:
    daemon.settings["database"] = {"url": "embedded"}
    async with ear.collecting() as begun:
        await daemon.start()

    assert any("STATUS=making a PostgreSQL database" in told for told in begun)
    assert "NOTIFY_SOCKET" not in _environment_of_postgres(daemon)
    assert await daemon.stop() == 0


async def test_told_to_stop_it_steps_aside_first(daemon: Daemon) -> None:
    daemon.settings["server"]["lame_duck_seconds"] = 1
    await daemon.start()
    assert daemon.process is not None

    daemon.process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(5):
        await until(lambda: _answers(daemon, "/readyz", 503))
        assert await daemon.status_of("/healthz") == 200
        assert await daemon.ended() == 0
    assert "Traceback" not in daemon.log


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_told_twice_it_leaves_at_once(daemon: Daemon, second: signal.Signals) -> None:
    daemon.settings["server"]["lame_duck_seconds"] = 600
    await daemon.start()
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGTERM)
    # As timeout(1) does it: the process, and then its group.
    daemon.process.send_signal(second)
    await until(lambda: _answers(daemon, "/readyz", 503))
    await asyncio.sleep(0.6)
    assert daemon.process.poll() is None

    assert await daemon.stop(second, within=3) == -second

    assert f"{second.name} once more: leaving at once" in daemon.log
    del daemon.settings["server"]["lame_duck_seconds"]
    await daemon.start()


async def test_a_request_in_hand_is_answered_and_a_new_one_finds_nobody(daemon: Daemon) -> None:
    await daemon.start()
    assert daemon.process is not None
    async with aiohttp.ClientSession(daemon.url) as session:
        half = await asyncio.open_connection("127.0.0.1", daemon.port)
        half[1].write(b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        half[1].write(b"Content-Length: 2\r\n\r\n{")
        async with session.get("/healthz") as alive:
            assert alive.status == 200

        daemon.process.send_signal(signal.SIGTERM)
        await until(lambda: _answers(daemon, "/healthz", None))
        half[1].write(b"}")

        assert (await half[0].read()).startswith(b"HTTP/1.1 ")
        half[1].close()
    assert await daemon.ended() == 0


def _environment_of_postgres(daemon: Daemon) -> str:
    [postmaster] = (daemon.var / "postgres").rglob("postmaster.pid")
    return Path(f"/proc/{postmaster.read_text().splitlines()[0]}/environ").read_text()


async def _answers(daemon: Daemon, path: str, status: int | None) -> bool:
    return await daemon.status_of(path) == status
