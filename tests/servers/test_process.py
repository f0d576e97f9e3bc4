"""Nothing that a test run starts outlives it, whatever becomes of the run."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Spawn

RUN = """
import sys
from pathlib import Path
from tests.servers.{module} import {server}
server = {server}(Path(sys.argv[1]))
server.launch()
server.wait_ready()
{then}
print("ready", flush=True)
sys.stdin.read()
"""


SEES_TO_EPMD = "server.ask('rabbit_nodes_common:ensure_epmd()')"
"""What a RabbitMQ does every minute."""


def _using(directory: Path) -> list[int]:
    """The processes that work in this directory, or have it in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            at_home = (process / "cwd").readlink() == directory
            told = str(directory).encode() in (process / "environ").read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if at_home or told:
            found.append(int(process.name))
    return found


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(RUN.format(module="rabbitmq", server="Node", then=SEES_TO_EPMD), marks=pytest.mark.full),
        RUN.format(module="redis", server="RedisServer", then=""),
    ],
    ids=["rabbitmq", "redis"],
)
def test_a_server_ends_with_the_run_that_is_killed(
    spawn: Spawn, tmp_path: Path, checkout: Path, program: str
) -> None:
    run = spawn(sys.executable, "-c", program, tmp_path / "it", stdin=subprocess.PIPE, cwd=checkout)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    watched = [os.pidfd_open(pid) for pid in _using(tmp_path / "it")]
    assert watched

    run.kill()

    for pidfd in watched:
        with os.fdopen(pidfd) as ended:
            assert _ended(ended.fileno())
    assert _using(tmp_path / "it") == []


def _ended(pidfd: int, within: float = 10.0) -> bool:
    """Whether the process has ended in time."""
    ready, _, _ = select.select([pidfd], [], [], within)
    return bool(ready)
