"""A mail server that takes everything and keeps nothing, so that the daemon alone pays for its mail.

    python -m benchmarks.mail_sink

Its one rule: it says its port in a line when it listens, and offers no extension of SMTP.
"""

import asyncio
from typing import cast

import uvloop

END_OF_MAIL = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One client, command by command (RFC 5321); without PIPELINING a client waits for each answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._say(b"220 sink")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = END_OF_MAIL if self._in_mail else b"\r\n"
        while end in self._buffer:
            said, _, self._buffer = self._buffer.partition(end)
            self._answer(said[:4].upper())
            end = END_OF_MAIL if self._in_mail else b"\r\n"

    def _answer(self, verb: bytes) -> None:
        if self._in_mail or verb != b"DATA":
            self._in_mail = False
            self._say(b"221 bye" if verb == b"QUIT" else b"250 good")
        else:
            self._in_mail = True
            self._say(b"354 go on")

    def _say(self, line: bytes) -> None:
        assert self._transport is not None
        self._transport.write(line + b"\r\n")


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
