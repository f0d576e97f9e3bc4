"""The daemon works as its unit confines it: embedded PostgreSQL, event loop, HTTP and all."""

import errno
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.daemon import Daemon, free_port
from tests.conftest import Spawn
from tests.systemd import confined
from tests.systemd.test_units import UNITS

UNIT = UNITS / "bookingd.service"
ATTEMPTS = """
import ctypes, errno, mmap, os, socket
from contextlib import suppress

def refused(name, attempt):
    try:
        attempt()
    except OSError as error:
        print(name, errno.errorcode[error.errno])
    else:
        print(name, "allowed")

def called(number, *arguments):
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "syscall")

refused("writable code", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC))
refused("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
refused("chroot", lambda: os.chroot("/"))
refused("mount", lambda: called(165, 0, 0, 0, 0, 0))
refused("internet", lambda: socket.socket().close())
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short, since PostgreSQL's socket goes into a directory of its own, and reachable for `nobody`."""
    made = Path(tempfile.mkdtemp(prefix="bookingd-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def daemon(spawn: Spawn, directory: Path) -> Iterator[Daemon]:
    port = free_port()

    def as_the_unit_says(*command: str | Path, **options: Any) -> "subprocess.Popen[str]":
        return spawn(sys.executable, confined.__file__, UNIT, *command, **options)

    made = Daemon(
        directory=directory,
        port=port,
        spawn=as_the_unit_says,
        settings={
            "server": {"port": port},
            "sandbox": {"port": free_port()},
            "paths": {"var": str(directory / "var")},
            "inventory": {"departures": 1000, "hotels": 20},
        },
    )
    yield made
    made.tell()


async def test_the_whole_house_runs_as_confined_as_its_unit_says(daemon: Daemon) -> None:
    await daemon.start()

    assert daemon.process is not None
    said = _status(daemon.process.pid)
    assert (said["NoNewPrivs"], said["Seccomp"], said["CapEff"]) == ("1", "2", f"{0:016x}")
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.log


def test_the_confinement_of_the_tests_confines() -> None:
    done = subprocess.run(
        [sys.executable, confined.__file__, UNIT, sys.executable, "-c", ATTEMPTS],
        capture_output=True,
        text=True,
        check=True,
    )

    assert dict(line.rsplit(" ", 1) for line in done.stdout.splitlines()) == {
        "writable code": errno.errorcode[errno.EPERM],
        "netlink": errno.errorcode[errno.EAFNOSUPPORT],
        "chroot": errno.errorcode[errno.EPERM],
        "mount": errno.errorcode[errno.EPERM],
        "internet": "allowed",
    }


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
