"""A mail server that delivers nothing and keeps everything, to look at.

Its one rule: a mail that is answered 250 is on disk. Each is one .eml file whose name sorts by time; files
are the whole state, so a restart finds them again. It can be told to misbehave, by `misbehave`, by
configuration, or by a tag in the recipient's address: anna+refuse@example.org.
"""

import asyncio
import logging
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import default
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from bookingd.sources import Clock, Ids

NAME = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{32}\.eml")
"""20261122T120000000000Z, then a number of its own."""

_STAMP = "%Y%m%dT%H%M%S%fZ"
_TAG = re.compile(r"[^@]*\+([a-z_]+)@")


class Fault(StrEnum):
    """A way to misbehave."""

    REFUSE = "refuse"
    """550 to the recipient."""
    GREYLIST = "greylist"
    """451 to the recipient."""
    DROP = "drop"
    """Keep the mail, and close the connection instead of answering: the sender cannot know."""
    SLOW = "slow"
    """Answer the mail only after a while."""


_ONCE = frozenset({Fault.GREYLIST, Fault.DROP})
"""By tag these happen to the first attempt only, so that a sender can be seen to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """One mail as it lies there; recipients are those of the envelope."""

    name: str
    """The file's name."""
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    repeats: int
    """How many mails with the same Message-ID came before it."""


class MailCatcher:
    """An SMTP server on `host`:`port` (0: any free one) of the running event loop.

        catcher = MailCatcher(var / "mail", clock=clock, ids=ids)
        async with catcher.serving():
            ...

    `slow_seconds` is how long Fault.SLOW takes.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Clock,
        ids: Ids,
        host: str = "127.0.0.1",
        port: int = 0,
        misbehave: Iterable[Fault] = (),
        slow_seconds: float = 5.0,
    ) -> None:
        self.directory = directory
        self.host = host
        self.port = port
        self._clock = clock
        self._ids = ids
        self._always = frozenset(misbehave)
        self._slow_seconds = slow_seconds
        self._next: list[Fault] = []
        self._seen: set[tuple[Fault, str]] = set()

    def misbehave(self, *faults: Fault) -> None:
        """Each of these happens to one of the next mails, in this order."""
        self._next.extend(faults)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["MailCatcher"]:
        """Listen; `port` is the real one then. Raises OSError when the port is taken."""
        await asyncio.to_thread(_prepare, self.directory)
        # aiosmtpd logs every command at INFO, addresses included.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        protocols: list[SMTP] = []

        def connected() -> SMTP:
            protocols.append(SMTP(self, hostname="mail.sandbox", enable_SMTPUTF8=True, loop=loop))
            return protocols[-1]

        server = await loop.create_server(connected, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for protocol in protocols:
                if protocol.transport is not None:
                    protocol.transport.close()
            await server.wait_closed()

    # aiosmtpd's hooks: their names and arguments are its own.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        """Take every recipient, unless told otherwise."""
        match self._fault(address, Fault.REFUSE, Fault.GREYLIST):
            case Fault.REFUSE:
                return "550 5.1.1 no such mailbox here"
            case Fault.GREYLIST:
                return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 will be kept"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: SmtpEnvelope
    ) -> str:
        """Keep the mail, then answer."""
        name = await self._keep(envelope)
        match self._fault(envelope.rcpt_tos[0], Fault.DROP, Fault.SLOW):
            case Fault.DROP:
                await self._hang_up(server)
            case Fault.SLOW:
                await self._clock.sleep(self._slow_seconds)
        return f"250 2.0.0 kept as {name}"

    def _fault(self, address: str, *possible: Fault) -> Fault | None:
        """The fault that is due now, of those possible at this point of the conversation."""
        if self._next and self._next[0] in possible:
            return self._next.pop(0)
        tag = _TAG.match(address)
        for fault in possible:
            if fault in self._always:
                return fault
            if tag and tag[1] == fault and (fault, address) not in self._seen:
                if fault in _ONCE:
                    self._seen.add((fault, address))
                return fault
        return None

    async def _hang_up(self, server: SMTP) -> None:
        """Reset the connection; aiosmtpd then cancels this very conversation."""
        cast("asyncio.WriteTransport", server.transport).abort()
        await asyncio.get_running_loop().create_future()

    async def _keep(self, envelope: SmtpEnvelope) -> str:
        name = f"{self._clock.now().strftime(_STAMP)}-{self._ids.new().hex}.eml"
        content: Any = envelope.original_content
        trace = [("X-Envelope-From", str(envelope.mail_from))]
        trace += [("X-Envelope-To", recipient) for recipient in envelope.rcpt_tos]
        octets = (
            b"".join(f"{header}: {value}\r\n".encode(errors="surrogateescape") for header, value in trace)
            + content
        )
        await asyncio.to_thread(_write, self.directory / name, octets)
        return name


async def list_mail(directory: Path) -> list[CaughtMail]:
    """Every mail that was kept there, oldest first."""
    return await asyncio.to_thread(_list, directory)


async def read_mail(directory: Path, name: str) -> EmailMessage | None:
    """The mail of that name; None where there is none, or where the name is none that we give."""
    if not NAME.fullmatch(name):
        return None
    return await asyncio.to_thread(_read, directory / name)


async def read_source(directory: Path, name: str) -> bytes | None:
    """The octets of that mail, with the envelope's addresses on top; None where there is none."""
    if not NAME.fullmatch(name):
        return None
    return await asyncio.to_thread(_octets, directory / name)


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for unfinished in directory.glob("*.part"):
        unfinished.unlink()


def _write(path: Path, octets: bytes) -> None:
    """All of it or nothing, and there after a crash too."""
    descriptor, part = tempfile.mkstemp(suffix=".part", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    Path(part).rename(path)


def _list(directory: Path) -> list[CaughtMail]:
    parser = BytesHeaderParser(policy=default)
    count: dict[str, int] = {}
    found = []
    for path in sorted(path for path in directory.glob("*.eml") if NAME.fullmatch(path.name)):
        with path.open("rb") as file:
            headers = parser.parse(file)
        message_id = str(headers.get("Message-ID", "")).strip()
        before = count.get(message_id, 0)
        count[message_id] = before + 1
        found.append(
            CaughtMail(
                name=path.name,
                received_at=datetime.strptime(path.name.partition("-")[0], _STAMP).replace(tzinfo=UTC),
                sender=str(headers.get("X-Envelope-From", "")),
                recipients=tuple(str(to) for to in headers.get_all("X-Envelope-To", [])),
                subject=str(headers.get("Subject", "")),
                message_id=message_id,
                repeats=before if message_id else 0,
            )
        )
    return found


def _octets(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _read(path: Path) -> EmailMessage | None:
    octets = _octets(path)
    if octets is None:
        return None
    return BytesParser(EmailMessage, policy=default).parsebytes(octets)
