"""A process is sampled where the machine allows it; where it does not, the reason is told and all goes on."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.progress import Progress
from benchmarks.spy import FORBIDDEN, MISSING, Profiles, Spy, Unseen
from tests.conftest import Spawn

BUSY = """
import ctypes
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1))  # PR_SET_PTRACER_ANY: who runs tests may look
def compute():
    return sum(range(1000))
print("ready", flush=True)
while True:
    compute()
"""

REFUSAL = "Permission Denied: Try running again with elevated permissions by going 'sudo env !!'"
"""What py-spy says where ptrace(2) fails."""


@pytest.fixture
def spy() -> Spy:
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    assert program is not None
    return Spy(program)


@pytest.fixture
def busy(spawn: Spawn) -> "Iterator[subprocess.Popen[str]]":
    process = spawn(sys.executable, "-c", BUSY)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()


def quiet() -> Progress:
    return Progress(Console(quiet=True))


async def test_where_a_process_computes_is_seen(
    spy: Spy, busy: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    profile = await spy.watch(busy.pid, lambda: asyncio.sleep(0.3), place=tmp_path)

    assert profile.samples > 10
    assert "<string>: compute" in {share.name for share in profile.functions}


async def test_a_process_that_cannot_be_sampled_is_told_before_the_round_begins(
    spy: Spy, spawn: Spawn, tmp_path: Path
) -> None:
    begun = False

    async def work() -> None:
        nonlocal begun
        begun = True

    stranger = spawn("/bin/sh", "-c", "echo ready; read never", stdin=subprocess.PIPE)
    assert stranger.stdout is not None
    assert stranger.stdout.readline() == "ready\n"
    with pytest.raises(Unseen, match="Failed to find python version") as refused:
        await spy.watch(stranger.pid, work, place=tmp_path)

    assert not begun
    assert "anyhow" not in str(refused.value)


async def test_a_machine_without_py_spy_is_told_how_to_get_it(tmp_path: Path) -> None:
    profiles = await Profiles.ready(quiet(), path=str(tmp_path))

    assert not profiles.possible
    assert profiles.missed == [MISSING]


async def test_who_may_not_trace_processes_is_told_what_helps(tmp_path: Path) -> None:
    program = tmp_path / "py-spy"
    program.write_text(f'#!/bin/sh\necho "{REFUSAL}" >&2\nexit 1\n')
    program.chmod(0o755)

    profiles = await Profiles.ready(quiet(), path=str(tmp_path))

    assert not profiles.possible
    assert profiles.missed == [f"{REFUSAL} {FORBIDDEN}"]
