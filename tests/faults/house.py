"""The daemon's house within the test's own process, where its bus and its clock are in the test's hand.

Everything else is as `bookingd run` has it: wiring, lifecycle, HTTP on a real socket, PostgreSQL, and the
stand-ins for gateway and mail, which share the house's clock.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import Delivered
from bookingd.config import ensure_development_keys, load_settings
from bookingd.lifecycle import live
from bookingd.messages import codec
from bookingd.sources import Sources, SystemChance, SystemClock, SystemIds
from bookingd.storage.outbox import Bundle
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.house import build
from tests.acceptance.daemon import Gateway, as_toml, free_port


class LeapingClock(SystemClock):
    """The host's clock, which can be put forward; whoever sleeps, sleeps as long as before."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def leap(self, **by: float) -> None:
        self._ahead += timedelta(**by)


class UnrulyBus(MemoryBus):
    """Delivers every message by itself, in an order of its own, twice soon and once more later."""

    drawn = random.Random(4)
    SOON, LATER = 0.04, 0.6
    """Seconds within which deliveries are drawn."""

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        for bundle in bundles:
            letters = [
                replace(bundle, payload=codec.pack([envelope])) for envelope in codec.unpack(bundle.payload)
            ]
            whole = _Whole(len(letters), bundle.id, delivered)
            for letter in letters:
                self._soon(letter, whole.one_delivered, self.SOON)
                self._soon(letter, _to_nobody, self.SOON)
                self._soon(letter, _to_nobody, self.LATER)

    def _soon(self, letter: Bundle, delivered: Delivered, within: float) -> None:
        after = self.drawn.uniform(0, within)
        asyncio.get_running_loop().call_later(after, super().publish, [letter], delivered)


class _Whole:
    """A bundle that was taken apart: it is delivered when all of its letters are."""

    def __init__(self, letters: int, bundle: UUID, delivered: Delivered) -> None:
        self._left = letters
        self._bundle = bundle
        self._delivered = delivered

    def one_delivered(self, _: UUID, gone: bool) -> None:
        assert gone
        self._left -= 1
        if self._left == 0:
            self._delivered(self._bundle, True)


def _to_nobody(_: UUID, __: bool) -> None:
    """The row in the outbox is another delivery's affair."""


class Indoors:
    """A running house: where it is reached, its gateway and its mail."""

    def __init__(self, directory: Path, database_dsn: str, **sections: dict[str, Any]) -> None:
        self.port = free_port()
        self.gateway = Gateway(port=free_port(), directory=directory / "var" / "sandbox")
        self.mails = directory / "var" / "mail"
        self.clock = LeapingClock()
        settings: dict[str, dict[str, Any]] = {
            "server": {"port": self.port, "drain_seconds": 2},
            "database": {"url": database_dsn, "pool_maximum": 6},
            "paths": {"var": str(directory / "var")},
            "sandbox": {"port": self.gateway.port},
            "inventory": {"demo": False},
        }
        settings.update(sections)
        self._config = directory / "house.toml"
        self._config.write_text(as_toml(settings))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Indoors"]:
        """Start everything; stop it as SIGTERM does."""
        sources = Sources(clock=self.clock, ids=SystemIds(), chance=SystemChance())
        settings = ensure_development_keys(load_settings(self._config), sources.chance)
        stop, ready = asyncio.Event(), asyncio.Event()
        async with AsyncExitStack() as stack:
            house = await build(settings, sources, metrics=Metrics(), stack=stack, say=_unheard)
            life = asyncio.create_task(live(house, stop=stop, ready=ready.set))
            opened = asyncio.create_task(ready.wait())
            await asyncio.wait([life, opened], return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                opened.cancel()
                life.result()
            try:
                yield self
            finally:
                stop.set()
                await life


def _unheard(_: str) -> None:
    """What a start says to whoever waits for it."""
