"""PostgreSQL's programs as children: how they are started, and how their end is awaited."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from bookingd.engine import launch
from bookingd.engine.account import Account


def start(
    command: list[str],
    *,
    place: Path,
    account: Account,
    at_our_death: signal.Signals,
    log: IO[bytes],
    given: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in directory `place` as `account`; it reads `given` and writes to `log`.

    The kernel sends it `at_our_death` when the calling thread ends, so that thread is the main one. A
    session of its own keeps the terminal's Ctrl-C away from it: bookingd wants to drain first.
    """
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(at_our_death))]
    return subprocess.Popen(  # noqa: S603 - every part of the command is ours
        [*launcher, account.argument, *command],
        cwd=place,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        stdin=given or subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


async def end_of(pid: int) -> None:
    """Wait until process `pid`, of whatever parent, has ended. Raises ProcessLookupError if there is none."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def told() -> None:
        loop.remove_reader(handle)
        ended.set_result(None)

    handle = os.pidfd_open(pid)
    loop.add_reader(handle, told)
    try:
        await ended
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def exit_of(process: subprocess.Popen[bytes]) -> int:
    """Wait for our child's exit status. A dead child keeps its number until we ask for the status."""
    if process.poll() is None:
        await end_of(process.pid)
    return process.wait()
