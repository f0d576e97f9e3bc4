"""How places and airlines are called."""

from datetime import timedelta

import pytest

from bookingd.domain.places import great_circle_km
from bookingd.storage import places
from bookingd.storage.database import Connection
from bookingd.storage.places import AirportName
from tests.fakes.inventory import AIRPORTS, Planted, plant, plant_world
from tests.fakes.sources import START

TODAY = START.date()


@pytest.fixture
async def served(connection: Connection) -> None:
    """The small network, with a flight from every airport but AKL, whose last one is over."""
    await plant_world(connection)
    flown = [code for code in AIRPORTS if code != "AKL"]
    later = (
        Planted(id=number, origin=code, destination="AKL", leaves=START + timedelta(days=3))
        for number, code in enumerate(flown, start=1)
    )
    await plant(connection, *later, Planted(id=99, origin="AKL", leaves=START - timedelta(days=3)))


async def around(connection: Connection, code: str, radius_km: float, limit: int = 10) -> list[str]:
    found = await places.nearby(connection, code=code, radius_km=radius_km, limit=limit, today=TODAY)
    return [one.code for one in found]


async def test_names_are_found_by_code(owner_connection: Connection, connection: Connection) -> None:
    await owner_connection.execute(
        "INSERT INTO cities (code, name, country) VALUES ('FRA', 'Frankfurt', 'DE');"
        "INSERT INTO airports (code, icao, name, city_code, city, country, latitude, longitude, zone)"
        " VALUES ('FRA', 'EDDF', 'Frankfurt Airport', 'FRA', 'Frankfurt am Main', 'DE', 50, 8.6,"
        " 'Europe/Berlin');"
        "INSERT INTO airlines (code, icao, name, country) VALUES ('LH', 'DLH', 'Lufthansa', 'DE')"
    )

    found = await places.names(connection, airports=["FRA", "XXX"], airlines=["LH", "XX"])

    assert found.airports == {
        "FRA": AirportName(name="Frankfurt Airport", city="Frankfurt am Main", country="DE")
    }
    assert found.airlines == {"LH": "Lufthansa"}


@pytest.mark.usefixtures("served")
async def test_nearby_airports_come_the_nearest_first(connection: Connection) -> None:
    found = await places.nearby(connection, code="LHR", radius_km=700, limit=10, today=TODAY)

    assert [one.code for one in found] == ["LGW", "CDG", "FRA"]
    assert [one.km for one in found] == pytest.approx(
        [great_circle_km(*AIRPORTS["LHR"][2:4], *AIRPORTS[one.code][2:4]) for one in found]
    )


@pytest.mark.usefixtures("served")
async def test_a_citys_own_airports_are_not_near_it(connection: Connection) -> None:
    found = await places.nearby(connection, code="LON", radius_km=400, limit=10, today=TODAY)

    nearest = min(great_circle_km(*AIRPORTS[code][2:4], *AIRPORTS["CDG"][2:4]) for code in ("LHR", "LGW"))
    assert [one.code for one in found] == ["CDG"]
    assert found[0].km == pytest.approx(nearest)


@pytest.mark.usefixtures("served")
async def test_the_radius_and_the_limit_bound_what_is_near(connection: Connection) -> None:
    assert await around(connection, "LHR", 30) == []
    assert await around(connection, "LHR", 700, limit=2) == ["LGW", "CDG"]
    assert await around(connection, "XXX", 700) == []


@pytest.mark.usefixtures("served")
async def test_an_airport_without_traffic_is_near_to_nobody(connection: Connection) -> None:
    """AKL's last departure is over; where it has a rank, others fly there."""
    assert "AKL" not in await around(connection, "LAX", 20_000)
    await connection.execute("UPDATE airports SET traffic_rank = 9 WHERE code = 'AKL'")
    assert (await around(connection, "LAX", 20_000))[-1] == "AKL"
