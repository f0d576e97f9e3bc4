"""Names that are read once, and again when places have changed."""

from dataclasses import dataclass

import pytest

from bookingd.storage.database import Connection, Database
from handlers.called import Called
from tests.fakes.inventory import plant_world


@dataclass
class FakeAtlas:
    version: int | None = 1


@pytest.fixture
def atlas() -> FakeAtlas:
    return FakeAtlas()


@pytest.fixture
async def called(database: Database, owner_connection: Connection, atlas: FakeAtlas) -> Called:
    await plant_world(owner_connection)
    return Called(database=database, atlas=atlas)  # type: ignore[arg-type] # of it the version alone is used


async def name_of(called: Called, code: str) -> str | None:
    found = (await called.names(airports={code}, airlines=())).airports.get(code)
    return found.name if found else None


async def rename(connection: Connection, code: str, name: str) -> None:
    await connection.execute("UPDATE airports SET name = $2 WHERE code = $1", code, name)


async def test_what_is_known_is_told_until_places_have_changed(
    called: Called, atlas: FakeAtlas, owner_connection: Connection
) -> None:
    before = await name_of(called, "FRA")
    await rename(owner_connection, "FRA", "Frankfurt International")
    assert (await name_of(called, "FRA"), before is None) == (before, False)

    atlas.version = 2
    assert await name_of(called, "FRA") == "Frankfurt International"


async def test_before_places_are_read_nothing_is_remembered(
    called: Called, atlas: FakeAtlas, owner_connection: Connection
) -> None:
    atlas.version = None
    await name_of(called, "FRA")
    await rename(owner_connection, "FRA", "Frankfurt International")

    assert await name_of(called, "FRA") == "Frankfurt International"


async def test_what_has_no_name_is_left_out_and_airlines_are_no_airports(called: Called) -> None:
    for _ in range(2):
        names = await called.names(airports={"FRA", "QQQ", "LH"}, airlines={"LH", "FRA"})
        assert (set(names.airports), set(names.airlines)) == ({"FRA"}, {"LH"})
