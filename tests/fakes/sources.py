"""Time, ids and chance that a test holds in its hand."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from bookingd.sources import Sources

T = TypeVar("T")

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until it is told to go on; sleepers wake when their time has come."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, woken))
        await woken

    def advance(self, by: timedelta | float) -> None:
        """Let `by` (seconds if a number) pass and wake who has slept enough."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._elapsed]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._elapsed]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)


class SequentialIds:
    """UUIDv7-shaped ids that count up: the first ends in 1, the second in 2."""

    def __init__(self, start: datetime = START) -> None:
        self._milliseconds = int(start.timestamp() * 1000)
        self._count = 0

    def new(self) -> UUID:
        self._count += 1
        value = (self._milliseconds << 80) | (7 << 76) | (0b10 << 62) | self._count
        return UUID(int=value)


class SeededChance:
    """The same chances in every run with the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def random(self) -> float:
        return self._random.random()

    def choice(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def token(self, size: int = 32) -> bytes:
        return self._random.randbytes(size)


def fake_sources() -> Sources:
    """A set that starts at START and never surprises."""
    return Sources(clock=ManualClock(), ids=SequentialIds(), chance=SeededChance())
