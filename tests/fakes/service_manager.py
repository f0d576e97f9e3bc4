"""A service manager's ear: the datagram socket at which systemd would listen."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Ear:
    """The socket that a service manager listens at."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(address.replace("@", "\0", 1))

    def heard(self) -> list[str]:
        """All that has come since the last call."""
        told = []
        while True:
            try:
                told.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return told

    async def next(self) -> str:
        """The next message; waits for it."""
        return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()

    @asynccontextmanager
    async def collecting(self) -> AsyncIterator[list[str]]:
        """All that comes during the block: the kernel keeps ten messages, and lets the next sender wait."""
        told: list[str] = []

        async def collect() -> None:
            while True:
                told.append(await self.next())

        collector = asyncio.create_task(collect())
        try:
            yield told
        finally:
            collector.cancel()
            await asyncio.gather(collector, return_exceptions=True)
            told.extend(self.heard())

    def close(self) -> None:
        self._socket.close()


@contextmanager
def listening(address: str) -> Iterator[Ear]:
    ear = Ear(address)
    try:
        yield ear
    finally:
        ear.close()
