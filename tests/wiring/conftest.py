"""The daemon's parts, joined by the real wiring on a database of the test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bookingd.config import Settings, ensure_development_keys, load_settings
from bookingd.sources import Sources
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.house import House, build
from tests.acceptance.daemon import as_toml, free_port

SettingsOf = Callable[..., Settings]
Build = Callable[[Settings], Awaitable[House]]


@pytest.fixture
def settings_of(tmp_path: Path, database_dsn: str) -> SettingsOf:
    """Settings on free ports and the test's database, with further ones by section."""

    def of(**sections: dict[str, Any]) -> Settings:
        given: dict[str, dict[str, Any]] = {
            "server": {"port": free_port(), "drain_seconds": 2},
            "database": {"url": database_dsn, "pool_minimum": 1, "pool_maximum": 4},
            "paths": {"var": str(tmp_path / "var")},
            "sandbox": {"port": 0},
            "inventory": {"demo": False},
        }
        for section, values in sections.items():
            given[section] = given.get(section, {}) | values
        file = tmp_path / "house.toml"
        file.write_text(as_toml(given))
        return ensure_development_keys(load_settings(file, {}), Sources.system().chance)

    return of


@pytest.fixture
async def build_house() -> AsyncIterator[Build]:
    """Builds houses, which are closed when the test has ended."""
    async with AsyncExitStack() as stack:

        async def build_one(settings: Settings, **changed: Any) -> House:
            house = await build(settings, Sources.system(), metrics=Metrics(), stack=stack, say=_unheard)
            return replace(house, **changed)

        yield build_one


def _unheard(_: str) -> None:
    """What a start says to whoever waits for it."""
