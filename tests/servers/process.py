"""What every private server needs: a process that dies with the run, a port that stays its own, its words.

The rule: nothing that a run starts outlives it, also when the run is killed with -9.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bookingd.engine import launch

LAST_WORDS = 4000  # characters of a log: enough for the report of a server that did not start


class ServerError(Exception):
    """A server of the tests is missing, did not start, or answered with an error."""


def start(*command: str | Path, **options: Any) -> "subprocess.Popen[Any]":
    """Start a process that the kernel kills when this one ends.

    Only from the main thread: the kernel ties the wish to the thread that expressed it.
    """
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(signal.SIGKILL)), "-"]
    return subprocess.Popen([*launcher, *map(str, command)], **options)


def last_words(*logs: Path) -> str:
    """The end of what a server has written, to be read by whoever looks for the reason of its end."""
    return "\n".join(log.read_text(errors="replace")[-LAST_WORDS:] for log in logs if log.exists())


class Port:
    """A free TCP port of 127.0.0.1 that stays ours while its server is down.

    The socket is bound and never listens, so that the server may bind beside it (both with SO_REUSEADDR),
    and no client that tries to connect meanwhile is given this very port for its own end.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
