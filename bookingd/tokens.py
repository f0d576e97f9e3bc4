"""Signed tokens: sessions, the right to one booking, the link in a mail; and short codes to type in.

A token says what it is for, whom or what it names, and until when, and carries an HMAC-SHA-256 over all of
that. Nothing about it is stored, so the same token can be made again for the same answer; it is refused
when its purpose is another one, its time is over, or its signature is not ours. There is one algorithm, and
no token names it: none can talk us into another.

Of several keys the first signs and all are believed, so that one replaces another and nobody is signed out.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

SIGNATURE_BYTES = 24
"""192 bits of the MAC: far beyond guessing, and short enough for a link."""

CODE_DIGITS = 6
"""With the few tries that a proof allows, a code is not guessed in its short life (ASVS 5.0, 6.5.4)."""


class Purpose(StrEnum):
    """What a token is good for; one is never taken for another."""

    GUEST = "g"
    """The session of somebody without an account; names a random id."""
    BOOKING = "b"
    """The right to one booking; names the booking's id."""
    LINK = "l"
    """The same right by the link in a mail; names the booking's id."""
    ACCESS = "a"
    """Somebody is signed in; names the session."""
    VERIFY = "v"
    """The link that shows that a new account's address is theirs; names a proof, as all below."""
    RESET = "r"
    """The link that lets a forgotten password be replaced."""
    EMAIL_CHANGE = "e"
    """The link that shows that an account's new address is theirs."""
    BOOKING_ACCESS = "c"
    """Somebody asked for a booking by its reference and address; the code went to that address."""
    SIGN_IN = "s"
    """A password was right, and a second factor is waited for."""
    PASSKEY = "k"
    """The challenge that a passkey is to sign."""


class InvalidToken(ValueError):
    """A token is not one of ours, not for this purpose, or too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a valid token says."""

    purpose: Purpose
    subject: str
    expires_at: datetime


class TokenSigner:
    """Makes and reads tokens with keys of at least 32 bytes: the first makes them, all of them count."""

    def __init__(self, *keys: bytes) -> None:
        if not keys or any(len(key) < 32 for key in keys):
            raise ValueError("a signing key has at least 32 bytes")
        self._keys = keys

    def sign(self, purpose: Purpose, subject: str, *, expires_at: datetime) -> str:
        """`purpose.subject.expiry.signature`; `expires_at` counts by whole seconds.

        Raises ValueError for a subject that is empty or has dots or other than ASCII characters.
        """
        if not subject or "." in subject or not subject.isascii():
            raise ValueError("a token's subject is ASCII without dots")
        body = f"{purpose}.{subject}.{int(expires_at.timestamp()):x}"
        return f"{body}.{_signature(self._keys[0], body)}"

    def read(self, token: str, purpose: Purpose, *, now: datetime) -> Token:
        """What the token says. Raises InvalidToken."""
        if not token.isascii():
            raise InvalidToken("a token is ASCII")
        body, _, signature = token.rpartition(".")
        if not any(_same(signature, _signature(key, body)) for key in self._keys):
            raise InvalidToken("the signature is not ours")
        said, subject, expiry = body.split(".")
        expires_at = datetime.fromtimestamp(int(expiry, 16), UTC)
        if said != purpose:
            raise InvalidToken("the token is for something else")
        if now >= expires_at:
            raise InvalidToken("the token is too old")
        return Token(purpose=purpose, subject=subject, expires_at=expires_at)

    def successor(self, token: bytes) -> bytes:
        """The refresh token that follows one: not to be guessed without our key, and always the same."""
        return hmac.digest(self._keys[0], b"refresh:" + token, sha256)

    def code(self, purpose: Purpose, proof: UUID, *, digits: int = CODE_DIGITS) -> str:
        """The code that a person types in to use the proof, which counts the tries and says when it ends."""
        return _code(self._keys[0], purpose, proof, digits)

    def is_code(self, given: str, purpose: Purpose, proof: UUID, *, digits: int = CODE_DIGITS) -> bool:
        """Whether that is the proof's code; whatever else it is, it is not."""
        return given.isascii() and any(_same(given, _code(key, purpose, proof, digits)) for key in self._keys)


def _signature(key: bytes, body: str) -> str:
    mac = hmac.digest(key, body.encode(), sha256)[:SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(mac).decode()


def _code(key: bytes, purpose: Purpose, proof: UUID, digits: int) -> str:
    """No token's body begins as this does. 256 bits leave no digit likelier than another."""
    mac = hmac.digest(key, f"code:{purpose}:{proof}".encode(), sha256)
    return f"{int.from_bytes(mac) % 10**digits:0{digits}}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
