"""Encrypts single fields, so that a copy of the database tells nothing of what is in them (AES-256-GCM).

The one rule: what is sealed for one place (table, column, row) opens at that place only, so nobody who can
write to the database moves a value into another's row. Of several keys the first seals and all open.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bookingd.config.field_keys import parse_field_keys
from bookingd.sources import Chance

NONCE_BYTES, TAG_BYTES = 12, 16
"""NIST SP 800-38D: with nonces drawn by chance a key is good for 2**32 values."""


class CannotOpen(ValueError):
    """What is stored was sealed with a key that is not here, for another place, or was changed since."""


class Keyring:
    """Seals and opens. A sealed value is the length of the key's id, the id, the nonce, the cipher text."""

    def __init__(self, keys: Mapping[str, bytes], *, chance: Chance) -> None:
        if not keys:
            raise ValueError("a keyring has a key")
        self._ciphers = {name.encode(): AESGCM(key) for name, key in keys.items()}
        self._current = next(iter(self._ciphers))
        self._chance = chance

    @classmethod
    def parse(cls, text: str, *, chance: Chance) -> "Keyring":
        """The keys of `security.field_keys`. Raises ValueError with a sentence."""
        return cls(parse_field_keys(text), chance=chance)

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """`plain` for this place, such as `travellers.sealed/<row id>`; never twice the same."""
        nonce = self._chance.token(NONCE_BYTES)
        head = _head(self._current)
        return head + nonce + self._ciphers[self._current].encrypt(nonce, plain, head + place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """What was sealed for this place. Raises CannotOpen."""
        key, nonce, text = _parts(sealed)
        cipher = self._ciphers.get(key)
        if cipher is None:
            raise CannotOpen(f"{place}: there is no key {key!r}")
        try:
            return cipher.decrypt(nonce, text, _head(key) + place.encode())
        except InvalidTag:
            raise CannotOpen(f"{place}: not sealed for here, or changed since") from None

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self._current.decode()

    @property
    def known(self) -> frozenset[str]:
        """The ids of all keys that are here."""
        return frozenset(name.decode() for name in self._ciphers)

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it; otherwise it should be opened and sealed anew."""
        return sealed.startswith(_head(self._current))


def _head(key: bytes) -> bytes:
    return bytes([len(key)]) + key


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    """Key id, nonce, cipher text with its tag."""
    start = 1 + sealed[0] if sealed else 0
    if len(sealed) < start + NONCE_BYTES + TAG_BYTES:
        raise CannotOpen("too short to have been sealed")
    return sealed[1:start], sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
