"""Nothing that a test run starts outlives it, whatever becomes of the run."""

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Spawn
from tests.servers import rabbitmq, redis
from tests.servers.process import ServerError

RUN = """
import sys
from pathlib import Path
from typing import Any
from tests.servers.{module} import {server}
server = {server}(Path(sys.argv[1]))
server.launch()
server.wait_ready()
print("ready", flush=True)
sys.stdin.read()
"""


def _using(directory: Path) -> list[int]:
    """The processes whose working directory is this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = (process / "cwd").readlink()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if where == directory:
            found.append(int(process.name))
    return found


@pytest.mark.parametrize(
    ("module", "server"),
    [pytest.param("rabbitmq", "Node", marks=pytest.mark.full), ("redis", "RedisServer")],
)
def test_a_server_ends_with_the_run_that_is_killed(
    spawn: Spawn, tmp_path: Path, checkout: Path, module: str, server: str
) -> None:
    program = RUN.format(module=module, server=server)
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


@pytest.mark.parametrize(("module", "package"), [(rabbitmq, "rabbitmq-server"), (redis, "redis-server")])
def test_a_missing_server_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, module: Any, package: str
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(rabbitmq, "PLACES", ("/nowhere",))

    with pytest.raises(ServerError, match=f"sudo apt-get install {package}"):
        module.find_server()
