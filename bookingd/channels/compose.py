"""From a written mail to the octets that go over the wire (RFC 5321, 5322, 6532).

Its one rule: whatever could end a header or a command early is refused here, before anything is sent.
Bodies are UTF-8 in quoted-printable, so every line is short ASCII and no relay needs 8BITMIME.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import idna

from bookingd.channels.port import OutgoingMail
from bookingd.outcomes import Refused

LINE_OCTETS = 998
"""Octets of a line without its CRLF (RFC 5322, 2.1.1)."""

ADDRESS_OCTETS = 254
LOCAL_OCTETS = 64
"""RFC 5321, 4.5.3.1, with erratum 1690 to RFC 3696."""

SUBJECT_CHARACTERS = 255
NAME_CHARACTERS = 128

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
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
    mail: OutgoingMail, *, sender: Mailbox, reply_to: Mailbox | None, message_id: str, date: datetime
) -> Envelope:
    """The mail as it goes over the wire. Raises Refused for what no relay may be given."""
    recipient = mailbox(mail.recipient, mail.recipient_name)
    international = recipient.international or sender.international
    message = EmailMessage(policy=SMTPUTF8 if international else SMTP)
    message["From"] = sender.header
    message["To"] = recipient.header
    if reply_to is not None:
        message["Reply-To"] = reply_to.header
    message["Subject"] = _line(mail.subject, SUBJECT_CHARACTERS, "the subject")
    message["Date"] = date
    message["Message-ID"] = message_id
    # No vacation notice is wanted: RFC 3834, and Exchange's own way of saying so.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message.set_content(_lines(mail.text), charset="utf-8", cte="quoted-printable")
    message.add_alternative(_lines(mail.html), subtype="html", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = mail.language  # last: Content-* set before would move into the first part
    return Envelope(
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        octets=_octets(message),
        international=international,
    )


def _octets(message: EmailMessage) -> bytes:
    octets = message.as_bytes()
    if any(len(line) > LINE_OCTETS for line in octets.split(b"\r\n")):
        raise Refused("line_too_long", f"a header cannot be folded to {LINE_OCTETS} octets")
    return octets


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
    return text.replace("\r\n", "\n").replace("\r", "\n").encode(errors="replace").decode()
