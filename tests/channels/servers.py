"""Mail servers for the tests: aiosmtpd on a real socket, with what a test wants to go wrong."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Received:
    """What one mail looked like when it arrived."""

    sender: str
    recipient: str
    octets: bytes
    options: list[str]

    @property
    def mail(self) -> EmailMessage:
        mail = message_from_bytes(self.octets, policy=default)
        assert isinstance(mail, EmailMessage)
        return mail


@dataclass
class Handler:
    """Answers as it is told; `script` holds one answer a mail, `drop` hangs up instead."""

    mails: list[Received] = field(default_factory=list)
    connections: int = 0
    sender_answer: str | None = None
    recipient_answer: str | None = None
    script: list[str] = field(default_factory=list)
    protocols: list[SMTP] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.arrived.set()
        content: Any = envelope.original_content
        self.mails.append(
            Received(str(envelope.mail_from), envelope.rcpt_tos[0], content, envelope.mail_options)
        )
        answer = self.script.pop(0) if self.script else "250 2.0.0 queued as 4711"
        if answer in {"drop", "hang"}:
            if answer == "drop":
                self.hang_up()
            await asyncio.get_running_loop().create_future()
        return answer

    def hang_up(self) -> None:
        for protocol in self.protocols:
            if protocol.transport is not None:
                protocol.transport.abort()  # type: ignore[attr-defined]

    def login(self, *arguments: Any) -> AuthResult:
        data: LoginPassword = arguments[-1]
        self.logins.append(f"{data.login.decode()}:{data.password.decode()}")
        return AuthResult(success=data.password == b"p@ss word", handled=False)


@asynccontextmanager
async def smtp_server(
    handler: Handler, *, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """The port on which `handler` listens; `tls` is TLS from the first octet."""
    loop = asyncio.get_running_loop()

    def connected() -> SMTP:
        handler.connections += 1
        settings: dict[str, Any] = {"hostname": "mx.test", "enable_SMTPUTF8": True} | options
        handler.protocols.append(SMTP(handler, loop=loop, **settings))
        return handler.protocols[-1]

    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        handler.hang_up()
        await server.wait_closed()


@asynccontextmanager
async def bare_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
) -> AsyncIterator[int]:
    """A port on which `talk` says what it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def self_signed(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server for 127.0.0.1, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cafile=str(path))
    return server, client
