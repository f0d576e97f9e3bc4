"""HTTP/1.1 as a load generator needs it: keep-alive connections that read no more than they must.

An HTTP library takes three times as long, on the cores that the servers under test have to do with as well.
The one rule: requests look as a library sends them, so that the server has the same to do.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

END_OF_HEAD = b"\r\n\r\n"
LINE_END = b"\r\n"

USUAL = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "bookingd-benchmarks"}
"""What every client sends besides."""


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes


class Wire:
    """Up to `connections` connections to one server; who finds none free waits for one."""

    def __init__(self, url: str, *, connections: int, timeout: float) -> None:
        """A request may take `timeout` seconds from when it is sent."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._usual = _lines({"Host": parts.netloc, **USUAL})
        self._places = asyncio.Semaphore(connections)
        self._timeout = timeout
        self._free: list[_Connection] = []

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """One request and its answer. Raises ConnectionError, TimeoutError."""
        length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
        start = f"{method} {path} HTTP/1.1\r\n".encode()
        request = b"".join((start, self._usual, _lines(headers), length, LINE_END, body or b""))
        async with self._places, asyncio.timeout(self._timeout):
            connection = await self._connection()
            answer = await connection.ask(request)
            if connection.kept:
                self._free.append(connection)
        return answer

    def close(self) -> None:
        """Hang up on everything that is kept."""
        while self._free:
            self._free.pop().close()

    async def _connection(self) -> "_Connection":
        while self._free:
            connection = self._free.pop()
            if connection.kept:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection


def _lines(headers: Mapping[str, str]) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode()


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._asking: asyncio.Future[Answer] | None = None
        self._buffer = b""
        self._status = self._begin = self._end = 0
        self.kept = False
        """Whether another request can be sent."""

    async def ask(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._buffer, self._end = b"", 0
        self._asking = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(request)
            return await self._asking
        except BaseException:
            self.close()  # whatever comes now answers what nobody waits for
            raise

    def close(self) -> None:
        self.kept = False
        if self._transport is not None:
            self._transport.close()

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without being its subclass
        self.kept = True

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._end:
            self._read_head()
        if self._end and len(self._buffer) >= self._end and self._asking and not self._asking.done():
            self._asking.set_result(Answer(self._status, self._buffer[self._begin : self._end]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"nothing more: {exc or 'it closed the connection'}")

    def _read_head(self) -> None:
        head, found, _ = self._buffer.partition(END_OF_HEAD)
        if not found:
            return
        told = head.lower()
        _, sized, rest = told.partition(b"\r\ncontent-length:")
        if not sized:
            self._fail("an answer without a length")
            return
        self.kept = self.kept and b"\r\nconnection: close" not in told
        self._status = int(head[9:12])
        self._begin = len(head) + len(END_OF_HEAD)
        self._end = self._begin + int(rest.partition(LINE_END)[0])

    def _fail(self, why: str) -> None:
        self.kept = False
        if self._asking and not self._asking.done():
            self._asking.set_exception(ConnectionError(why))
