"""What `bookingd ready` says and how it exits, asked of a listener that speaks as the daemon does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bookingd.cli import cli
from bookingd.config import Metrics as Where
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.listener import serve_watch
from handlers.health import Watch
from tests.acceptance.daemon import as_toml, free_port

Listening = Callable[[Mapping[str, str | None]], Awaitable[int]]


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    """`await listening(parts)` answers with these parts at the port that it returns."""
    async with AsyncExitStack() as stack:

        async def listen(parts: Mapping[str, str | None]) -> int:
            where = Where(port=free_port())
            await serve_watch(Watch(metrics=Metrics(), readiness=lambda: parts), where, stack=stack)
            return where.port

        yield listen


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def _ready(directory: Path, *arguments: str, **sections: dict[str, object]) -> Result:
    file = directory / "bookingd.toml"
    file.write_text(as_toml(sections))
    command = ["ready", "--config", str(file), *arguments]
    return await asyncio.to_thread(CliRunner().invoke, cli, command, prog_name="bookingd")


async def test_a_ready_daemon_is_status_0(listening: Listening, tmp_path: Path) -> None:
    port = await listening({"daemon": None, "database": None})

    result = await _ready(tmp_path, metrics={"port": port})

    assert (result.exit_code, result.stdout) == (0, "ready\n")


async def test_one_that_waits_is_status_1_and_says_for_what(listening: Listening, tmp_path: Path) -> None:
    port = await listening({"daemon": None, "database": "waiting for it: booking"})

    result = await _ready(tmp_path, server={"port": port})

    assert result.exit_code == 1
    assert result.stderr == "Error: not ready: database waiting for it: booking\n"


async def test_its_own_listener_is_asked_before_the_port_that_it_may_share(
    listening: Listening, tmp_path: Path
) -> None:
    others = await listening({"daemon": None})
    own = await listening({"daemon": "starting or stopping"})

    result = await _ready(tmp_path, server={"port": others}, metrics={"port": own})

    assert result.exit_code == 1


async def test_where_nobody_answers_is_told(tmp_path: Path) -> None:
    result = await _ready(tmp_path, server={"port": free_port()})

    assert result.exit_code == 1
    assert "nobody at http://127.0.0.1:" in result.stderr


async def test_one_that_takes_too_long_is_not_waited_for(mute: int, tmp_path: Path) -> None:
    result = await _ready(tmp_path, "--timeout", "0.2", server={"port": mute})

    assert (result.exit_code, "timed out" in result.stderr) == (1, True)


async def test_a_daemon_that_answers_nobody_is_a_usage_error(tmp_path: Path) -> None:
    result = await _ready(tmp_path, server={"enabled": False})

    assert result.exit_code == 2
    assert "metrics.port" in result.stderr
