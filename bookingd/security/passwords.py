"""Passwords: which are refused, how they are kept (Argon2id), and whether one is right.

The one rule: hashing never happens on the event loop, and an account that is not there costs the same as one
that is. Any text is a password (NIST SP 800-63B, 3.1.1.2; ASVS 5.0, 6.2): there are no rules on what it is
made of, only a length, and what an enemy tries first is refused.
"""

import asyncio
import base64
import os
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar

from argon2 import Parameters, Type, extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import ARGON2_VERSION, hash_secret, verify_secret

from bookingd.config.sections import Security
from bookingd.sources import Chance
from bookingd.telemetry.metrics import PasswordMetrics

MIN_CHARACTERS = 8
"""ASVS 5.0, 6.2.1."""

MAX_CHARACTERS = 256
"""Twice what ASVS 5.0, 6.2.9 asks for, and never more than 1,024 bytes; nothing is ever cut off."""

SALT_BYTES, HASH_BYTES = 16, 32
"""RFC 9106, 4."""

TAIL = 4
"""So many digits and signs behind a common password do not make it a good one, as in `sunshine2026`."""

DIFFERENT = 4
"""A password has at least so many different characters."""

KNOWN_WORD = 4
"""Words about its owner that are shorter than this occur in a password by chance."""

WAITING = 200
"""Passwords that wait for their turn at most: about as many as are looked at before a browser gives up."""

NICENESS = 10
"""Hashing yields to the event loop, which has all other clients waiting."""

T = TypeVar("T")


class TooManyPasswords(Exception):
    """More passwords wait to be looked at than can be in good time; a client may try again after seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one hash takes. The defaults are those of ASVS 5.0, appendix C.4, and more than OWASP's least."""

    memory_kib: int = 46 * 1024
    passes: int = 1
    lanes: int = 1

    @classmethod
    def of(cls, security: Security) -> "Cost":
        """As the settings say."""
        return cls(
            memory_kib=security.password_memory_mib * 1024,
            passes=security.password_passes,
            lanes=security.password_lanes,
        )

    @property
    def parameters(self) -> Parameters:
        """The same as argon2-cffi tells them of a hash."""
        return Parameters(
            type=Type.ID,
            version=ARGON2_VERSION,
            salt_len=SALT_BYTES,
            hash_len=HASH_BYTES,
            time_cost=self.passes,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the password is right, and then whether its hash should be made anew at the present cost."""

    ok: bool
    outdated: bool = False


class PasswordHasher:
    """Makes and checks hashes in a few threads of its own; argon2 lets go of the interpreter lock."""

    def __init__(
        self,
        *,
        chance: Chance,
        cost: Cost | None = None,
        threads: int = 2,
        waiting: int = WAITING,
        metrics: PasswordMetrics | None = None,
    ) -> None:
        self._cost = cost or Cost()
        self._chance = chance
        self._metrics = metrics or PasswordMetrics()
        self._places = threads + waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords", initializer=_be_nice)
        self._nobodys = self._encoded(chance.token(HASH_BYTES))

    async def hash(self, password: str) -> str:
        """The password's hash in the PHC string format, with a salt of its own.

        Raises ValueError for a password that `refusal_of` refuses for its length or its characters, and
        TooManyPasswords.
        """
        secret = _secret(password)
        if secret is None:
            raise ValueError("this password cannot be one")
        salt = self._chance.token(SALT_BYTES)
        return await self._run(lambda: self._hash(secret, salt))

    async def verify(self, hashed: str | None, password: str) -> Verdict:
        """Whether it is the password of that hash. Without a hash it is not, and that takes as long.

        Raises TooManyPasswords.
        """
        secret = _secret(password)
        if hashed is None or secret is None:
            await self._run(lambda: _is(self._nobodys, b""))
            return Verdict(ok=False)
        ok = await self._run(lambda: _is(hashed, secret))
        return Verdict(ok=ok, outdated=ok and extract_parameters(hashed) != self._cost.parameters)

    def close(self) -> None:
        """Let the threads go; what waits is not looked at any more."""
        self._pool.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._places == 0:
            self._metrics.turned_away.inc()
            raise TooManyPasswords("too many passwords wait to be looked at")
        self._places -= 1
        self._metrics.waiting.inc()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._places += 1
            self._metrics.waiting.dec()

    def _hash(self, secret: bytes, salt: bytes) -> str:
        cost = self._cost
        return hash_secret(
            secret, salt, cost.passes, cost.memory_kib, cost.lanes, HASH_BYTES, Type.ID
        ).decode()

    def _encoded(self, digest: bytes) -> str:
        """A hash that no password has: made up, not computed."""
        cost, salt = self._cost, self._chance.token(SALT_BYTES)
        costs = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
        return f"$argon2id$v={ARGON2_VERSION}${costs}${_base64(salt)}${_base64(digest)}"


def refusal_of(password: str, *, context: Iterable[str] = ()) -> str | None:
    """Why this cannot be a new password, as a sentence for whoever chose it, or None where it can.

    `context` is what others know of its owner: names, the mail address.
    """
    if len(password) > MAX_CHARACTERS or (secret := _secret(password)) is None:
        return f"A password is text of at most {MAX_CHARACTERS} characters."
    text = secret.decode()
    if len(text) < MIN_CHARACTERS:
        return f"A password has at least {MIN_CHARACTERS} characters."
    if _is_common(text.casefold()):
        return "This is one of the passwords that are tried first: choose another."
    if _is_known(text.casefold(), context):
        return "A password must not be made of your name, your address or ours: choose another."
    return None


def _secret(password: str) -> bytes | None:
    """What is hashed: RFC 8265's OpaqueString, so that the same text is the same password on every keyboard.

    None for what cannot be a password: too long, control characters, halves of characters.
    """
    if len(password) > MAX_CHARACTERS:
        return None
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    text = unicodedata.normalize("NFC", spaced)
    if len(text) > MAX_CHARACTERS or any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        return None
    return text.encode()


def _is_common(text: str) -> bool:
    head = text.rstrip("0123456789 !?.,-_*#$@+=&%/")
    tailed = len(text) - len(head) <= TAIL and head in common_passwords()
    return tailed or text in common_passwords() or len(set(text)) < DIFFERENT


def _is_known(text: str, context: Iterable[str]) -> bool:
    """Whether too little is left of it without what is known of its owner, and of us."""
    for word in sorted({*_words(context), "bookingd"}, key=len, reverse=True):
        text = text.replace(word, "")
    return len(text) < MIN_CHARACTERS


def _words(context: Iterable[str]) -> Iterator[str]:
    for each in context:
        told = unicodedata.normalize("NFC", each).casefold()
        parts = "".join(char if char.isalnum() else " " for char in told).split()
        yield from (word for word in (told, *parts) if len(word) >= KNOWN_WORD)


@cache
def common_passwords() -> frozenset[str]:
    """Those that are found most often where passwords leaked, casefolded; see the file's head."""
    lines = files("bookingd.security").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def _is(hashed: str, secret: bytes) -> bool:
    try:
        return verify_secret(hashed.encode(), secret, Type.ID)
    except VerifyMismatchError:
        return False


def _be_nice() -> None:
    """On Linux each thread has a niceness of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()
