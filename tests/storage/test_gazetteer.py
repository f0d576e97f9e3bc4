"""All places at once, and how it is noticed that they have changed."""

import pytest

from bookingd.places.gazetteer import AirportFacts, Position
from bookingd.storage import gazetteer
from bookingd.storage.database import Connection
from bookingd.storage.gazetteer import Airline
from tests.fakes.inventory import AIRPORTS, plant_world

HOTEL = """
INSERT INTO hotels (name, stars, city_code, kind, address, latitude, longitude, zone, check_in_from,
                    check_out_until, email, currency, rating, reviews, on_sale)
VALUES ($1, 4, 'LON', 'hotel', 'Strand 1', 51.5, -0.1, 'Europe/London', '15:00',
        '11:00', 'desk@example.org', 'GBP', 80, 12, $2)
"""


@pytest.fixture
async def _world(owner_connection: Connection) -> None:
    await plant_world(owner_connection)


@pytest.mark.usefixtures("_world")
async def test_places_are_read_with_their_names(owner_connection: Connection, connection: Connection) -> None:
    await owner_connection.execute(
        "UPDATE cities SET population = 9000000, latitude = 51.5, longitude = -0.1 WHERE code = 'LON';"
        "INSERT INTO place_names"
        " VALUES ('LON', 'Londres', 'fr'), ('LON', 'Londinium', ''), ('LON', 'Londra', '')"
    )
    await owner_connection.execute(HOTEL, "The Strand", True)
    await owner_connection.execute(HOTEL, "The Closed", False)

    found = await gazetteer.load(connection)

    assert {one.code for one in found.airports} == set(AIRPORTS)
    assert (
        AirportFacts(
            code="LHR",
            icao="",
            name="LHR",
            city_code="LON",
            position=Position(latitude=51.4706, longitude=-0.4619),
            rank=None,
        )
        in found.airports
    )
    london = next(one for one in found.cities if one.code == "LON")
    assert (london.country, london.population) == ("GB", 9_000_000)
    assert london.position == Position(latitude=51.5, longitude=-0.1)
    assert (london.other_names, london.names) == (["Londinium", "Londra"], {"fr": "Londres"})
    assert [(one.name, one.city_code, one.country, one.reviews) for one in found.hotels] == [
        ("The Strand", "LON", "GB", 12)
    ]


@pytest.mark.usefixtures("_world")
async def test_airlines_are_read_by_code(connection: Connection) -> None:
    found = await gazetteer.airlines(connection)

    assert [one.code for one in found] == ["BA", "LH", "UA"]
    assert found[1] == Airline(code="LH", name="LH", country="DE", alliance="Star Alliance")


@pytest.mark.usefixtures("_world")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE airports SET name = 'Heathrow' WHERE code = 'LHR'",
        "UPDATE cities SET name = 'London' WHERE code = 'LON'",
        "INSERT INTO place_names VALUES ('LON', 'Londra', '')",
        "DELETE FROM airlines WHERE code = 'NONE'",
        "UPDATE hotels SET on_sale = false",
        "TRUNCATE airports CASCADE",
    ],
)
async def test_the_version_moves_with_every_change(owner_connection: Connection, change: str) -> None:
    before = await gazetteer.load(owner_connection)
    await owner_connection.execute(change)

    assert await gazetteer.version(owner_connection) > before.version


@pytest.mark.usefixtures("_world")
async def test_sales_and_departures_are_no_change_of_places(owner_connection: Connection) -> None:
    before = await gazetteer.version(owner_connection)
    await owner_connection.execute("UPDATE cabin_stock SET taken = 0; DELETE FROM departures")

    assert await gazetteer.version(owner_connection) == before
