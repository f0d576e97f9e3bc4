"""E-mail over SMTP.

Its one rule: up to the end of DATA nothing has happened, and whatever goes wrong is Unavailable or
Refused; from the moment that the text is on its way until the server's answer, a lost connection or a
time-out is UnknownOutcome. Connections are kept for a short while and used again; one that the server has
closed meanwhile is noticed at the first command, before anything was said, and replaced.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException

from bookingd.channels.compose import Envelope, Mailbox, compose, mailbox, message_host
from bookingd.channels.conversation import Conversation
from bookingd.channels.port import Delivery, OutgoingMail
from bookingd.domain.ids import IntentId
from bookingd.outcomes import Refused, Unavailable, UnknownOutcome
from bookingd.sources import Clock
from bookingd.telemetry.context import correlation

IDLE_SECONDS = 20.0
"""How long an unused connection is kept; servers close theirs after 30 s (some) to 5 min (RFC 5321)."""

GO_ON = frozenset({354})
"""The server waits for the mail."""

GOODBYE = frozenset({221})

CLOSING = 421
"""The server closes the connection (RFC 5321, 4.2.1)."""

MISCONFIGURED_RETRY = 300.0
"""Seconds until the next try where only an operator can help: credentials, TLS, a refused sender."""


class Tls(StrEnum):
    """How the way to the server is protected."""

    OFF = "off"
    OFFERED = "offered"
    """STARTTLS where the server has it, whoever it is (RFC 7435: a relay on this host signs for itself)."""
    REQUIRED = "required"
    """STARTTLS and a valid certificate, or no mail at all."""
    IMPLICIT = "implicit"
    """smtps: TLS from the first octet, with a valid certificate."""


class BadSmtpUrl(ValueError):
    """The address of the mail server cannot be used; says why, without the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The server that takes our mail. `port` as registered: 25, with STARTTLS required 587, smtps 465."""

    host: str
    port: int
    tls: Tls = Tls.OFFERED
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    """Who is trusted beside the system's authorities; None for those alone."""

    @classmethod
    def from_url(cls, url: str, *, trust: ssl.SSLContext | None = None) -> Self:
        """Read `smtp[s]://[user:password@]host[:port][?starttls=off|offered|required]`.

        With a password STARTTLS is required unless the URL says otherwise. User and password are percent-
        encoded. Raises BadSmtpUrl.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise BadSmtpUrl("a mail server is smtp://host or smtps://host")
        tls = _tls(parts.scheme, parts.query, secret=parts.password is not None)
        return cls(
            host=parts.hostname,
            port=parts.port or {Tls.IMPLICIT: 465, Tls.REQUIRED: 587}.get(tls, 25),
            tls=tls,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            trust=trust,
        )


def _tls(scheme: str, query: str, *, secret: bool) -> Tls:
    options = parse_qs(query, keep_blank_values=True)
    asked = options.pop("starttls", [])
    if options or len(asked) > 1:
        raise BadSmtpUrl("a mail server's address takes one option, starttls")
    if scheme == "smtps":
        if asked:
            raise BadSmtpUrl("smtps:// is TLS from the start and takes no starttls")
        return Tls.IMPLICIT
    if not asked:
        return Tls.REQUIRED if secret else Tls.OFFERED
    if asked[0] not in {Tls.OFF, Tls.OFFERED, Tls.REQUIRED}:
        raise BadSmtpUrl("starttls is off, offered or required")
    return Tls(asked[0])


class _Idle(NamedTuple):
    talk: Conversation
    since: float


class _Stale(Exception):
    """A kept connection turned out to be closed before anything was said on it."""


class EmailChannel:
    """The port `bookingd.channels.port.Channel` over SMTP.

    `connections` mails are on their way at once, and others wait for them, `patience` at most. `timeout`
    bounds everything up to the mail itself, all in seconds; `data_timeout` the wait for the answer to the
    mail, and is long on purpose: giving up there means a second copy (RFC 5321, 4.5.3.2.6 asks for ten
    minutes).
    """

    name = "email"

    def __init__(
        self,
        *,
        server: SmtpServer,
        from_address: str,
        from_name: str = "",
        reply_to: str | None = None,
        public_host: str,
        clock: Clock,
        timeout: float = 20.0,
        data_timeout: float = 60.0,
        connections: int = 8,
        patience: float = 10.0,
    ) -> None:
        """Raises Refused for a sender or host that cannot be written into a mail."""
        self._server = server
        self._sender = mailbox(from_address, from_name)
        self._reply_to = None if reply_to is None else mailbox(reply_to)
        self._host = message_host(public_host)
        self._clock = clock
        self._timeout = timeout
        self._data_timeout = data_timeout
        self._slots = asyncio.Semaphore(connections)
        self._patience = patience
        self._idle: list[_Idle] = []

    def __repr__(self) -> str:
        return f"EmailChannel({self._server.host}:{self._server.port})"

    async def close(self) -> None:
        """Take leave of the server on every kept connection."""
        while self._idle:
            await self._leave(self._idle.pop().talk)

    def message_id(self, key: IntentId) -> str:
        """Follows from the key alone, so a repeat carries the same one (P5)."""
        return f"<{key}@{self._host}>"

    async def send(self, message: OutgoingMail, *, key: IntentId) -> Delivery:
        """Hand the mail to the server. Raises Refused, Unavailable, UnknownOutcome."""
        envelope = compose(
            message,
            sender=self._sender,
            reply_to=self._reply_to,
            message_id=self.message_id(key),
            date=self._clock.now(),
            correlation_id=correlation.get(),
        )
        async with self._slot():
            receipt = await self._deliver(envelope)
        return Delivery(message_id=envelope.message_id, receipt=receipt)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """One of the connections, within the block. Whoever waits for it in vain has begun nothing."""
        try:
            async with asyncio.timeout(self._patience):
                await self._slots.acquire()
        except TimeoutError as error:
            raise Unavailable("the mail server is still busy with the mails before") from error
        try:
            yield
        finally:
            self._slots.release()

    async def _deliver(self, envelope: Envelope) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                talk = await self._announced(envelope)
        except TimeoutError as error:
            raise Unavailable("the mail server took too long before the mail") from error
        async with self._kept_if_sound(talk):
            return await self._hand_over(talk, envelope)

    async def _announced(self, envelope: Envelope) -> Conversation:
        """A connection on which the server waits for this mail."""
        kept = self._take()
        if kept is not None:
            try:
                return await self._announce(kept, envelope, used=True)
            except _Stale:
                pass  # nothing was said on it: a new one is the same attempt
        return await self._announce(await self._connect(), envelope, used=False)

    def _take(self) -> Conversation | None:
        oldest = self._clock.monotonic() - IDLE_SECONDS
        while self._idle:
            talk, since = self._idle.pop()
            if since >= oldest and talk.sound:
                return talk
            talk.close()
        return None

    async def _connect(self) -> Conversation:
        smtp = self._client()
        async with _closed_on_failure(smtp):
            try:
                await smtp.connect()
                await _greet(smtp)
                return Conversation(smtp)
            except SMTPResponseException as error:
                raise _misconfigured_or_busy(error, "the mail server does not let us in") from error
            except (SMTPException, OSError) as error:
                raise Unavailable(f"the mail server cannot be reached: {type(error).__name__}") from error

    def _client(self) -> SMTP:
        server = self._server
        starttls = {Tls.OFFERED: None, Tls.REQUIRED: True}
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=self._host,
            timeout=self._timeout,
            use_tls=server.tls is Tls.IMPLICIT,
            start_tls=starttls.get(server.tls, False),
            tls_context=_trusting_anyone() if server.tls is Tls.OFFERED else server.trust,
        )

    @asynccontextmanager
    async def _kept_if_sound(self, talk: Conversation) -> AsyncIterator[None]:
        """Keep the connection for the next mail, unless something went wrong on it."""
        async with _closed_on_failure(talk):
            yield
        self._idle.append(_Idle(talk, self._clock.monotonic()))

    async def _announce(self, talk: Conversation, envelope: Envelope, *, used: bool) -> Conversation:
        """MAIL, RCPT and DATA, in one go where the server has that: nothing is taken yet."""
        async with _closed_on_failure(talk):
            options = _options(talk, envelope)
            sender = b" ".join((b"MAIL FROM:" + _path(envelope.sender), *options))
            try:
                talk.say(sender, b"RCPT TO:" + _path(envelope.recipient), b"DATA")
                await talk.answer()
            except SMTPResponseException as error:
                if used and error.code == CLOSING:
                    raise _Stale from error
                raise _misconfigured_or_busy(error, "the mail server refuses our sender") from error
            except (SMTPException, OSError) as error:
                raise (_Stale if used else _lost()) from error
            await self._agreed(talk)
        return talk

    async def _agreed(self, talk: Conversation) -> None:
        """To the recipient, and to take the mail itself."""
        code = "recipient_refused"
        try:
            await talk.answer()
            code = "mail_refused"
            await talk.answer(hoped_for=GO_ON)
        except SMTPResponseException as error:
            raise _refused_or_busy(error, code) from error
        except (SMTPException, OSError) as error:
            raise _lost() from error
        if not talk.sound:
            raise Unavailable("the mail server spoke unasked, and its answers tell nothing any more")

    async def _hand_over(self, talk: Conversation, envelope: Envelope) -> str:
        """The mail, which ends with its last line: the server's word decides; without one, nobody knows."""
        try:
            async with asyncio.timeout(self._data_timeout):
                talk.send(envelope.octets.replace(b"\r\n.", b"\r\n..") + b".\r\n")
                response = await talk.answer()
        except SMTPResponseException as error:
            if not 400 <= error.code <= 599:
                raise UnknownOutcome("the mail server's answer to the mail cannot be read") from error
            raise _refused_or_busy(error, "mail_refused") from error
        except (SMTPException, OSError) as error:
            raise UnknownOutcome("the connection was lost before the answer to the mail") from error
        return f"{response.code} {response.message}"[:500]

    async def _leave(self, talk: Conversation) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                talk.say(b"QUIT")
                await talk.answer(hoped_for=GOODBYE)
        except (SMTPException, OSError):
            pass  # it was leaving anyway
        finally:
            talk.close()


@asynccontextmanager
async def _closed_on_failure(connection: SMTP | Conversation) -> AsyncIterator[None]:
    """After any mishap, cancellation included, nobody knows where the conversation stands."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _path(box: Mailbox) -> bytes:
    """An address as commands have it; UTF-8 only where MAIL says SMTPUTF8."""
    return f"<{box.address}>".encode()


def _options(talk: Conversation, envelope: Envelope) -> list[bytes]:
    size = [b"SIZE=%d" % len(envelope.octets)] if talk.offers("size") else []
    if not envelope.international:
        return size
    if not talk.offers("smtputf8"):
        raise Refused("smtputf8_unsupported", "the mail server takes no address in other letters")
    return [*size, b"SMTPUTF8"]


def _lost() -> Unavailable:
    return Unavailable("the connection to the mail server was lost before the mail")


def _refused_or_busy(error: SMTPResponseException, code: str) -> Refused | Unavailable:
    """A 5xx about this mail is final; anything else will pass."""
    if error.code >= 500:
        return Refused(code, f"the mail server answered {_answer(error)}")
    return Unavailable(f"the mail server answered {_answer(error)}")


def _misconfigured_or_busy(error: SMTPResponseException, what: str) -> Unavailable:
    """A 5xx that is about us, not about this mail: it waits until an operator has helped."""
    wait = MISCONFIGURED_RETRY if error.code >= 500 else None
    return Unavailable(f"{what}: {_answer(error)}", retry_after=wait)


def _answer(error: SMTPResponseException) -> str:
    """The code and, where there is one, the enhanced code (RFC 3463).

    Not the words: they repeat addresses, and errors are logged.
    """
    first = error.message.split(maxsplit=1)[:1]
    enhanced = first[0] if first and first[0].replace(".", "").isdigit() else ""
    return f"{error.code} {enhanced}".rstrip()


def _trusting_anyone() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _greet(smtp: SMTP) -> None:
    """EHLO, unless STARTTLS or a login has said it: it tells what the server can do."""
    if smtp.is_ehlo_or_helo_needed:
        try:
            await smtp.ehlo()
        except SMTPHeloError:
            await smtp.helo()
