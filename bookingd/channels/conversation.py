"""What is said on a connection to a mail server once it stands: commands, and the answers in their order.

The library opens connections (TLS, EHLO, login); from then on this talks, since the library waits for each
answer before it says the next command. Its one rule: where the server has PIPELINING (RFC 2920) commands go
together, and each answer is still read; one that nobody waits for makes the connection unfit to be kept.
"""

import asyncio
from collections import deque
from typing import cast

from aiosmtplib import SMTP, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

YES = frozenset({250, 251})
"""Done; or taken for somebody who has moved (RFC 5321, 4.3.2)."""

LONGEST_ANSWER = 64 * 1024
"""Octets; RFC 5321 allows 512 a line, and nobody needs a hundred lines to agree."""

UNREADABLE = -1
"""The code of an answer that begins with none."""


class Conversation(asyncio.Protocol):
    """The rest of a connection that `smtp` has opened."""

    def __init__(self, smtp: SMTP) -> None:
        if smtp.transport is None:
            raise SMTPServerDisconnected("the connection was lost")
        self._smtp = smtp
        self._transport = cast(asyncio.Transport, smtp.transport)
        self._together = smtp.supports_extension("pipelining")
        self._unsaid: deque[bytes] = deque()
        self._received = b""
        self._lines: list[bytes] = []
        """Of an answer that goes on."""
        self._answers: deque[SMTPResponse] = deque()
        self._asking: asyncio.Future[None] | None = None
        self._transport.set_protocol(self)

    @property
    def sound(self) -> bool:
        """Whether it can be gone on with."""
        return not (self._transport.is_closing() or self._received or self._lines or self._answers)

    def offers(self, extension: str) -> bool:
        """Whether the server has said that it knows the extension."""
        return self._smtp.supports_extension(extension)

    def close(self) -> None:
        """Hang up."""
        self._smtp.close()

    def say(self, *commands: bytes) -> None:
        """Commands, each of which is answered."""
        lines = [command + b"\r\n" for command in commands]
        if self._together:
            self.send(b"".join(lines))
        else:
            self._unsaid.extend(lines)

    def send(self, octets: bytes) -> None:
        """Octets as they are. Raises SMTPServerDisconnected."""
        if self._transport.is_closing():
            raise SMTPServerDisconnected("the connection was lost")
        self._transport.write(octets)

    async def answer(self, *, hoped_for: frozenset[int] = YES) -> SMTPResponse:
        """The next answer. Raises SMTPServerDisconnected; SMTPResponseException for one not hoped for."""
        if self._unsaid:
            self.send(self._unsaid.popleft())
        while not self._answers:
            if self._transport.is_closing():
                raise SMTPServerDisconnected("the connection was lost")
            self._asking = asyncio.get_running_loop().create_future()
            await self._asking
        answer = self._answers.popleft()
        if answer.code not in hoped_for:
            raise SMTPResponseException(answer.code, answer.message)
        return answer

    # What the transport tells

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._lines.append(line.rstrip(b"\r"))
            if line[3:4] != b"-":
                self._answers.append(_read(self._lines))
                self._lines = []
        if len(self._received) + sum(map(len, self._lines)) > LONGEST_ANSWER:
            self._transport.abort()
        if self._answers:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wake()

    def _wake(self) -> None:
        if self._asking and not self._asking.done():
            self._asking.set_result(None)


def _read(lines: list[bytes]) -> SMTPResponse:
    """An answer of one or more lines."""
    code = lines[-1][:3]
    words = b"\n".join(line[4:].strip() for line in lines)
    return SMTPResponse(int(code) if code.isdigit() else UNREADABLE, words.decode(errors="surrogateescape"))
