"""Hosts of pictures, as suppliers have them, and worse: real servers on loopback, and names for them."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import AF_INET, AddressFamily

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bookingd.pictures.guard import Address, is_public

NAME = "pictures.test"
HERE = ipaddress.ip_address("127.0.0.1")

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """Leads each name to its addresses, by turns to each of several answers, and remembers who asked."""

    def __init__(self, known: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._known = {name: list(answers) for name, answers in known.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self._known:
            raise OSError("Name or service not known")
        answers = self._known[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=AF_INET, proto=0, flags=0)
            for one in addresses
        ]

    async def close(self) -> None:
        pass


def public_or_here(address: Address) -> bool:
    """As in earnest, but for the one address on which the test's own server listens."""
    return address == HERE or is_public(address)


class Host:
    """A server that answers with what a test says, and counts."""

    def __init__(self) -> None:
        self.answer: Answerer = gone
        self.requests: list[web.Request] = []
        self.port = 0

    @asynccontextmanager
    async def serving(self, *, tls: ssl.SSLContext | None = None) -> AsyncIterator["Host"]:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        server = TestServer(application, scheme="https" if tls else "http", host="127.0.0.1")
        await server.start_server(ssl=tls)
        self.port = server.port or 0
        yield self
        await server.close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.answer(request)


async def gone(request: web.Request) -> web.Response:
    return web.Response(status=404)


def giving(body: bytes, *, content_type: str = "image/jpeg", **headers: str) -> Answerer:
    async def give(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, headers=headers)

    return give


def saying(status: int, **headers: str) -> Answerer:
    async def say(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    return say


async def endless(request: web.Request) -> web.StreamResponse:
    """It says nothing of its length, and has none."""
    response = web.StreamResponse()
    await response.prepare(request)
    while _listened_to(request):
        await response.write(bytes(65_536))
        await asyncio.sleep(0)  # or it would not hear that nobody listens any more
    return response


async def slow(request: web.Request) -> web.StreamResponse:
    """A byte now and then."""
    response = web.StreamResponse()
    await response.prepare(request)
    while _listened_to(request):
        await response.write(b"x")
        await asyncio.sleep(0.05)
    return response


def _listened_to(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


async def cut_off(request: web.Request) -> web.StreamResponse:
    """Half of what it promised."""
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(bytes(50_000))
    assert request.transport is not None
    request.transport.abort()
    return response


class Authority:
    """A certification authority of a test's own."""

    def __init__(self, directory: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._directory = directory
        own = self._certificate(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.trust = ssl.create_default_context(cadata=own.public_bytes(serialization.Encoding.PEM).decode())
        self.trust.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT

    def server_for(self, name: str) -> ssl.SSLContext:
        """What a server shows that has a certificate for that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._certificate(subject, key, x509.SubjectAlternativeName([x509.DNSName(name)]))
        file = self._directory / f"{name}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(self._key, hashes.SHA256())
        )
