"""Two processes serve HTTP at one port and are restarted one after the other, while clients come and go."""

import asyncio
import http.client
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.daemon import Daemon, free_port, until
from tests.conftest import Spawn
from tests.servers.rabbitmq import Broker

CLIENTS = 6


@pytest.fixture
def pair(spawn: Spawn, tmp_path: Path, database_dsn: str, broker: Broker) -> Iterator[list[Daemon]]:
    """Two that run no actor, each with a listener of its own beside the port that they share."""
    port, sandbox = free_port(), free_port()
    made = [
        Daemon(
            directory=tmp_path / f"http-{number}",
            port=port,
            spawn=spawn,
            settings={
                "server": {"port": port, "reuse_port": True, "drain_seconds": 5},
                "metrics": {"port": free_port()},
                "actors": {"run": []},
                "database": {"url": database_dsn, "pool_minimum": 1, "pool_maximum": 4},
                "bus": {"url": broker.url},
                "paths": {"var": str(tmp_path / "var")},
                "sandbox": {"port": sandbox, "mail_port": free_port(), "start": number == 1},
                "inventory": {"demo": False},
            },
        )
        for number in (1, 2)
    ]
    yield made
    for daemon in made:
        daemon.tell()


def _begin_a_session(port: int) -> str:
    """What became of a new client's first request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/v1/sessions", '{"kind":"guest"}', {"Content-Type": "application/json"})
        return str(connection.getresponse().status)
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


async def _ready(daemon: Daemon) -> bool:
    """By its own listener: the port would answer for either of them."""
    status, _, _ = await daemon.command("ready", "--config", str(daemon.config))
    return status == 0


@pytest.mark.full
async def test_they_are_restarted_one_after_the_other_and_no_client_notices(pair: list[Daemon]) -> None:
    for daemon in pair:
        daemon.launch()
        await until(lambda daemon=daemon: _ready(daemon), 40)  # type: ignore[misc]
    answers: Counter[str] = Counter()
    enough = asyncio.Event()

    async def come_and_go() -> None:
        while not enough.is_set():
            answers[await asyncio.to_thread(_begin_a_session, pair[0].port)] += 1

    clients = [asyncio.create_task(come_and_go()) for _ in range(CLIENTS)]
    for daemon in pair:
        assert await daemon.stop() == 0
        daemon.launch()
        await until(lambda daemon=daemon: _ready(daemon), 40)  # type: ignore[misc]
    enough.set()
    await asyncio.gather(*clients)

    assert set(answers) == {"201"}, answers
    assert answers["201"] > 100
