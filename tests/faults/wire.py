"""A wire between the daemon and a server, which a test can cut and mend: the server itself never notices."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True, kw_only=True)
class Wire:
    """Listens on a loopback port and passes everything on, both ways, while it is whole."""

    connect: Callable[[], Awaitable[Ends]]
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @classmethod
    @contextlib.asynccontextmanager
    async def laid(cls, connect: Callable[[], Awaitable[Ends]]) -> AsyncIterator["Wire"]:
        wire = cls(connect=connect)
        await wire.mend()
        try:
            yield wire
        finally:
            await wire.cut()

    async def mend(self) -> None:
        """Listen again, on the same port."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Reset every connection and refuse new ones, as a server does that was stopped."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await self.connect()
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there[1]}
        try:
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        finally:
            self._open -= {writer, there[1]}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def to_postgres(dsn: str) -> Callable[[], Awaitable[Ends]]:
    """How the server of `dsn` is reached: by its socket's directory, or by host and port."""
    parts = urlsplit(dsn)
    given = dict(parse_qsl(parts.query))
    host, port = given.get("host", parts.hostname or ""), int(given.get("port", parts.port or 5432))

    async def connect() -> Ends:
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    return connect


def through(dsn: str, wire: Wire) -> str:
    """The same database and role by way of the wire."""
    parts = urlsplit(dsn)
    user = parts.username or dict(parse_qsl(parts.query)).get("user", "")
    password = f":{parts.password}" if parts.password else ""
    role = dict(parse_qsl(parts.query)).get("role")
    options = "sslmode=disable" + (f"&role={role}" if role else "")
    return f"postgresql://{user}{password}@127.0.0.1:{wire.port}{parts.path}?{options}"
