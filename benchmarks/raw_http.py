"""A load generator for one fixed GET: keep-alive connections that parse no more than they must.

It costs a fraction of what an HTTP library costs, so that on two cores the server is what is measured. And
it never sleeps while it measures: whoever sends to a process that sleeps pays for waking it, which would be
the slower of two servers only.
"""

import asyncio
import time
from typing import cast
from urllib.parse import urlsplit

from benchmarks.figures import Cpu, Figure

END_OF_HEAD = b"\r\n\r\n"


class _Connection(asyncio.Protocol):
    """Sends the request again as soon as it is answered."""

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self._request = request
        self._latencies = latencies
        self._buffer = b""
        self._wanted = 0
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._closing = False
        self.failed: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without being its subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._wanted:
            self._read_head()
        if self._wanted and len(self._buffer) >= self._wanted:
            self._latencies.append(time.perf_counter() - self._sent_at)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self.failed = self.failed or f"nothing more: {exc or 'it closed the connection'}"

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def _read_head(self) -> None:
        head, found, _ = self._buffer.partition(END_OF_HEAD)
        if not found:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed = head.partition(b"\r\n")[0].decode()
            self.close()
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        self._wanted = len(head) + len(END_OF_HEAD) + int(length)

    def _send(self) -> None:
        assert self._transport is not None
        if self._closing:
            return
        self._buffer, self._wanted = b"", 0
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


async def measure(url: str, *, connections: int, seconds: float, server: int) -> Figure:
    """Ask for `url` over `connections` connections at once; `server` is the process that answers.

    Raises RuntimeError for any answer but 200, and for a lost connection.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    opened = [
        (await loop.create_connection(lambda: _Connection(request, latencies), host, port))[1]
        for _ in range(connections)
    ]
    latencies.clear()
    cpu, started = Cpu(server=server), time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:  # noqa: ASYNC110 - it must not sleep
        await asyncio.sleep(0)
    used = cpu.used()
    done = len(latencies)
    for connection in opened:
        connection.close()
    if failed := [connection.failed for connection in opened if connection.failed]:
        raise RuntimeError(f"{url} answered {failed[0]}")
    return Figure(done=done, seconds=elapsed, latencies=latencies[:done], cpu=used)
