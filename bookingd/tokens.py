"""Signed tokens: a guest's session, the right to one booking, the link in a mail.

A token says what it is for, whom or what it names, and until when, and carries an HMAC-SHA-256 over all of
that. Nothing about it is stored, so the same token can be made again for the same answer; it is refused
when its purpose is another one, its time is over, or its signature is not ours.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

SIGNATURE_BYTES = 24
"""192 bits of the MAC: far beyond guessing, and short enough for a link."""


class Purpose(StrEnum):
    """What a token is good for; one is never taken for another."""

    GUEST = "g"
    """The session of somebody without an account; names a random id."""
    BOOKING = "b"
    """The right to one booking; names the booking's id."""
    LINK = "l"
    """The same right by the link in a mail; names the booking's id."""


class InvalidToken(ValueError):
    """A token is not one of ours, not for this purpose, or too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a valid token says."""

    purpose: Purpose
    subject: str
    expires_at: datetime


class TokenSigner:
    """Makes and reads tokens with one key of at least 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("a signing key has at least 32 bytes")
        self._key = key

    def sign(self, purpose: Purpose, subject: str, *, expires_at: datetime) -> str:
        """`purpose.subject.expiry.signature`; `expires_at` counts by whole seconds.

        Raises ValueError for a subject that is empty or has dots or other than ASCII characters.
        """
        if not subject or "." in subject or not subject.isascii():
            raise ValueError("a token's subject is ASCII without dots")
        body = f"{purpose}.{subject}.{int(expires_at.timestamp()):x}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str, purpose: Purpose, *, now: datetime) -> Token:
        """What the token says. Raises InvalidToken."""
        if not token.isascii():
            raise InvalidToken("a token is ASCII")
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            raise InvalidToken("the signature is not ours")
        said, subject, expiry = body.split(".")
        expires_at = datetime.fromtimestamp(int(expiry, 16), UTC)
        if said != purpose:
            raise InvalidToken("the token is for something else")
        if now >= expires_at:
            raise InvalidToken("the token is too old")
        return Token(purpose=purpose, subject=subject, expires_at=expires_at)

    def _signature(self, body: str) -> str:
        mac = hmac.digest(self._key, body.encode(), sha256)[:SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(mac).decode()
