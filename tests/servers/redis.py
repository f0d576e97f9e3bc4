"""A private Redis without persistence: it starts in some 20 ms, so every test has one of its own.

The rule: what a stopped one knew is gone, as after the loss of a cache's host.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.servers.process import Port, ServerError, last_words, start

PACKAGE = "redis-server"
READY_WITHIN = 30.0  # seconds


def find_server() -> str:
    """The program. Raises ServerError: not installed."""
    if found := shutil.which("redis-server"):
        return found
    raise ServerError(f"Redis is missing. Install it: sudo apt-get install {PACKAGE}")


class RedisServer:
    """A Redis on a port that stays its own while it is down; `options` are lines of its configuration.

    `{port}` in a line is its port.
    """

    def __init__(self, directory: Path, *options: str, sentinel: bool = False) -> None:
        self._directory = directory
        self._options = options
        self._sentinel = sentinel
        self._port = Port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self._port.number

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        """The file with all that it had to say."""
        return self._directory / "redis.log"

    def launch(self) -> None:
        """Start it; `wait_ready` returns when it answers. Only from the main thread."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._configuration().write_text("\n".join(self._settings()) + "\n")
        with self.log.open("ab") as log:
            self._process = start(
                find_server(),
                self._configuration(),
                *(["--sentinel"] if self._sentinel else []),
                cwd=self._directory,
                stdout=log,
                stderr=log,
                process_group=0,  # an interrupt at the terminal is for the test run
            )

    def wait_ready(self) -> None:
        """Return when it takes connections. Raises ServerError with its last words."""
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.005)
            else:
                return
        raise ServerError(f"Redis did not start:\n{last_words(self.log)}")

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it and wait for its end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End it and take its port away."""
        self.end(signal.SIGKILL)
        self._port.close()

    async def stop(self) -> None:
        """Stop it: connections are closed, its port refuses, what it kept is gone."""
        await asyncio.to_thread(self.end)

    async def start(self) -> None:
        """Start it again, empty, at the same URL."""
        self.launch()
        await asyncio.to_thread(self.wait_ready)

    def freeze(self) -> None:
        """Let it stand still with its connections open, as on a host that hangs; `thaw` ends it."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def _configuration(self) -> Path:
        return self._directory / "redis.conf"

    def _settings(self) -> list[str]:
        common = [f"port {self.port}", "bind 127.0.0.1", f"dir {self._directory}"]
        forgetful = [] if self._sentinel else ['save ""', "appendonly no"]
        return [*common, *forgetful, *(line.format(port=self.port) for line in self._options)]
