"""Child processes of a run. None of them outlives it, however it ends."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bookingd.engine import launch

STOP_WITHIN = 30.0
"""Seconds that a process gets to end in order."""


@asynccontextmanager
async def child(
    *command: str | Path, log: Path, program: str = sys.executable
) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """`PROGRAM COMMAND`, with what it says on standard error in `log`; killed by the kernel if we are."""
    process = _start([program, *(str(part) for part in command)], log)
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, STOP_WITHIN)
        process.kill()
        process.communicate()


def _start(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    """From the main thread: the kernel kills it when the thread ends that started it."""
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(signal.SIGKILL)), "-"]
    with log.open("wb") as opened:
        return subprocess.Popen([*launcher, *command], stdout=subprocess.PIPE, stderr=opened)


async def first_line(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """What it says when it listens. Raises RuntimeError, with its log, when it ends without."""
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    if not line:
        raise RuntimeError(f"{log.stem} did not start:\n{await asyncio.to_thread(log.read_text)}")
    return line.decode().strip()
