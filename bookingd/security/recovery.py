"""Recovery codes: a second factor on paper, for when the telephone is gone. Each is good for once.

The one rule: only what cannot be guessed from a plain hash is kept as one, so a code has 120 bits (ASVS 5.0,
6.5.2 asks for 112).
"""

from hashlib import sha256

from bookingd.sources import Chance

CODES = 10
CHARACTERS, GROUP = 24, 4

LONGEST = 4 * CHARACTERS
"""With whatever stands between the characters."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: without letters that are taken for others."""

_READ_AS = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014\u00a0")


def new_codes(chance: Chance) -> list[str]:
    """A set of codes as they are shown, once: `7K3M-9XQ4-…`."""
    return [_new_code(chance) for _ in range(CODES)]


def hash_of(code: str) -> bytes | None:
    """What is kept of a code, and looked for when one is typed in; None for what cannot be one."""
    if len(code) > LONGEST:
        return None
    read = code.upper().translate(_READ_AS)
    if len(read) != CHARACTERS or not set(read) <= set(ALPHABET):
        return None
    return sha256(read.encode()).digest()


def _new_code(chance: Chance) -> str:
    drawn = "".join(ALPHABET[byte % len(ALPHABET)] for byte in chance.token(CHARACTERS))
    return "-".join(drawn[start : start + GROUP] for start in range(0, CHARACTERS, GROUP))
