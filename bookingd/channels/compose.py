"""From a written mail to the octets that go over the wire (RFC 5321, 5322, 6532).

Its one rule: whatever could end a header or a command early is refused here, before anything is sent.
Every line is short ASCII, so that no relay needs 8BITMIME: HTML names other letters by their numbers and goes
as it is written; what is no ASCII then, or has longer lines, is UTF-8 in quoted-printable.

The frame of a mail is always the same, so it is written down here; the library, whose message objects cost
ten times as much, folds and encodes the headers that do not fit on a line as they are.
"""

import binascii
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import lru_cache
from uuid import UUID

import idna

from bookingd.channels.port import OutgoingMail
from bookingd.outcomes import Refused

LINE_OCTETS = 998
"""Octets of a line without its CRLF (RFC 5322, 2.1.1)."""

ADDRESS_OCTETS = 254
LOCAL_OCTETS = 64
"""RFC 5321, 4.5.3.1, with erratum 1690 to RFC 3696."""

LINE_WANTED = 78
"""The same as it should be: longer headers are folded."""

SUBJECT_CHARACTERS = 255
NAME_CHARACTERS = 128

FRAME = b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\nMIME-Version: 1.0\r\n"
"""No vacation notice is wanted: RFC 3834, and Exchange's own way of saying so."""

DOMAINS_KNOWN = 4096
"""Domains whose ASCII form is kept in mind."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_PLAIN = re.compile(r"(?!.*=\?)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
"""A header's value that stands for itself: printable ASCII that looks like no encoded word (RFC 2047)."""
_AS_IT_IS = re.compile(rb"(?:[\t\x20-\x7e]{0,%d}\r\n)*" % LINE_OCTETS)
"""A body that needs no encoding: printable ASCII, in lines that every relay takes."""
_LOCAL = re.compile(r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\".]+(\.[^\s\x00-\x20\x7f()<>\[\]:;@\\,\".]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address that is fit for a header and for a command: `domain` in ASCII, `local` maybe not."""

    local: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        """What stands between the angle brackets."""
        return f"{self.local}@{self.domain}"

    @property
    def international(self) -> bool:
        """Whether it can only travel by SMTPUTF8 (RFC 6531)."""
        return not self.local.isascii()

    @property
    def header(self) -> Address:
        """For From, To and Reply-To; quotes and encodes the name as it needs."""
        return Address(display_name=self.name, username=self.local, domain=self.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP is given: from whom, to whom, and the octets."""

    sender: Mailbox
    recipient: Mailbox
    message_id: str
    octets: bytes = field(repr=False)
    international: bool
    """Whether MAIL must say SMTPUTF8."""


def mailbox(address: str, name: str = "") -> Mailbox:
    """Read a bare address; a domain in other letters becomes its A-labels (IDNA 2008 with UTS 46).

    Raises Refused(code='bad_address'), and never repeats the address in the message: it goes into logs.
    """
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or _CONTROL.search(address) or not _encodable(address):
        raise Refused("bad_address", "an address is not of the form local@domain")
    ascii_domain = _ascii_domain(domain)
    if len(local.encode()) > LOCAL_OCTETS or len(f"{local}@{ascii_domain}".encode()) > ADDRESS_OCTETS:
        raise Refused("bad_address", "an address is longer than RFC 5321 allows")
    return Mailbox(local=local, domain=ascii_domain, name=_line(name, NAME_CHARACTERS, "a name"))


def message_host(host: str) -> str:
    """`host` as the right-hand side of a Message-ID and as our name in EHLO: ASCII, addresses in brackets."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return _ascii_domain(host)
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def compose(
    mail: OutgoingMail,
    *,
    sender: Mailbox,
    reply_to: Mailbox | None,
    message_id: str,
    date: datetime,
    correlation_id: UUID | None = None,
) -> Envelope:
    """The mail as it goes over the wire. Raises Refused for what no relay may be given.

    `correlation_id` says which user action led to it, to whoever compares it with the log.
    """
    recipient = mailbox(mail.recipient, mail.recipient_name)
    international = recipient.international or sender.international
    boundary = f"=_{message_id.strip('<>').partition('@')[0]}"
    parts = (
        _ours(sender, reply_to, utf8=international),
        _header("To", _written(recipient), utf8=international),
        _header("Subject", _line(mail.subject, SUBJECT_CHARACTERS, "the subject"), utf8=international),
        _header("Date", format_datetime(date)),
        _header("Message-ID", message_id),
        b"" if correlation_id is None else _header("X-Correlation-Id", str(correlation_id)),
        _header("Content-Language", _line(mail.language, LINE_WANTED, "the language")),
        FRAME,
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode(),
        _part(boundary, "plain", _lines(mail.text).encode(errors="replace")),
        _part(boundary, "html", _lines(mail.html).encode("ascii", "xmlcharrefreplace")),
        f"\r\n--{boundary}--\r\n".encode(),
    )
    return Envelope(
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        octets=b"".join(parts),
        international=international,
    )


@lru_cache(maxsize=8)
def _ours(sender: Mailbox, reply_to: Mailbox | None, *, utf8: bool) -> bytes:
    """From and Reply-To, the same in every mail."""
    headers = _header("From", _written(sender), utf8=utf8)
    return headers if reply_to is None else headers + _header("Reply-To", _written(reply_to), utf8=utf8)


def _written(box: Mailbox) -> str:
    return str(box.header) if box.name else box.address


def _header(name: str, value: str, *, utf8: bool = False) -> bytes:
    """A header with its line's end. Raises Refused where a line would be too long."""
    line = f"{name}: {value}\r\n"
    if len(line) <= LINE_WANTED + len("\r\n") and _PLAIN.fullmatch(value):
        return line.encode()
    policy = SMTPUTF8 if utf8 else SMTP
    octets = policy.fold_binary(name, policy.header_factory(name, value))
    if any(len(one) > LINE_OCTETS for one in octets.split(b"\r\n")):
        raise Refused("line_too_long", f"a header cannot be folded to {LINE_OCTETS} octets")
    return octets


def _part(boundary: str, kind: str, text: bytes) -> bytes:
    """One way to read the mail, with the boundary before it."""
    encoding, body = _body(boundary.encode(), text)
    head = (
        f"\r\n--{boundary}\r\n"
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + body


def _body(boundary: bytes, text: bytes) -> tuple[str, bytes]:
    """The text as it is, where every relay takes it and no line of it can be the boundary.

    Quoted-printable takes ten times as long, and writes = as =3D, so that it holds no boundary.
    """
    if _AS_IT_IS.fullmatch(text) and boundary not in text:
        return "7bit", text
    return "quoted-printable", binascii.b2a_qp(text)


@lru_cache(maxsize=DOMAINS_KNOWN)
def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise Refused("bad_address", "an address has no valid domain") from error


def _encodable(text: str) -> bool:
    """False for lone surrogates, which JSON can carry and UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _line(text: str, limit: int, what: str) -> str:
    if _CONTROL.search(text) or not _encodable(text):
        raise Refused("bad_header", f"{what} holds a line break or another control character")
    return text[:limit]


def _lines(text: str) -> str:
    """Every line ending in CRLF."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\n", "\r\n")
    return f"{lines}\r\n"
