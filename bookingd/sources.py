"""Time, ids and chance: the three things that no code may take from the air.

Everything that needs one of them is handed it. This is the only module that reads a clock or a random
source, so a test can replay any history and a run can be explained afterwards.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from uuid import UUID

import uuid_utils.compat as uuid_utils

T = TypeVar("T")


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        ...


class Ids(Protocol):
    """New identifiers."""

    def new(self) -> UUID:
        """A UUIDv7: unique, and ordered by the time of its making."""
        ...


class Chance(Protocol):
    """Whatever must not be foreseeable, and jitter."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`, which must not be empty."""
        ...

    def token(self, size: int = 32) -> bytes:
        """`size` unguessable bytes."""
        ...


class SystemClock:
    """The host's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SystemIds:
    """UUIDv7 (RFC 9562) from the system's randomness."""

    def new(self) -> UUID:
        return uuid_utils.uuid7()


class SystemChance:
    """The operating system's randomness."""

    def random(self) -> float:
        return secrets.randbelow(2**53) / 2**53

    def choice(self, options: Sequence[T]) -> T:
        return secrets.choice(options)

    def token(self, size: int = 32) -> bytes:
        return secrets.token_bytes(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The three together, as they are handed around."""

    clock: Clock
    ids: Ids
    chance: Chance

    @classmethod
    def system(cls) -> "Sources":
        """The real ones."""
        return cls(clock=SystemClock(), ids=SystemIds(), chance=SystemChance())
