"""Routes follow the flights, and what is kept of them in memory follows the routes."""

from datetime import datetime

import pytest

from bookingd.domain.connections import ConnectionRules
from bookingd.storage import networks
from bookingd.storage.database import Connection
from bookingd.storage.networks import CurrentNetwork
from tests.fakes.inventory import CONNECTION_MINUTES, Planted, plant, plant_world

MORNING = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's


async def routes(connection: Connection) -> set[tuple[str, str, str, int]]:
    rows = await connection.fetch("SELECT origin, carriage, destination, shortest_km FROM routes")
    return {tuple(row) for row in rows}


async def test_routes_follow_the_flights(connection: Connection) -> None:
    await plant_world(connection)
    await plant(
        connection, Planted(id=1, leaves=MORNING, km=6200), Planted(id=2, leaves=MORNING, airline="UA")
    )
    assert await routes(connection) == {("FRA", "Star Alliance", "JFK", 1000)}
    await plant(connection, Planted(id=3, leaves=MORNING, airline="BA", km=900))
    await connection.execute("UPDATE flights SET distance_km = 800 WHERE id = 1")
    assert await routes(connection) == {("FRA", "Star Alliance", "JFK", 800), ("FRA", "oneworld", "JFK", 900)}


async def test_a_flight_that_leads_elsewhere_makes_a_route(connection: Connection) -> None:
    await plant_world(connection)
    await plant(connection, Planted(id=1, leaves=MORNING))
    await connection.execute("UPDATE flights SET destination = 'LAX'")
    assert {route[2] for route in await routes(connection)} == {"JFK", "LAX"}


async def test_an_airline_that_changes_alliances_has_its_routes_there(owner_connection: Connection) -> None:
    await plant_world(owner_connection)
    await plant(owner_connection, Planted(id=1, leaves=MORNING))
    await owner_connection.execute("UPDATE airlines SET alliance = NULL WHERE code = 'LH'")
    assert {route[1] for route in await routes(owner_connection)} == {"Star Alliance", "LH"}


async def test_a_network_has_the_airports_that_are_flown_to_with_their_own_times(
    connection: Connection,
) -> None:
    await plant_world(connection)
    await plant(connection, Planted(id=1, origin="LHR", destination="CDG", leaves=MORNING))
    network = await networks.load(connection)
    assert network.airports("LON", ("CDG", "FRA")) == {"LHR", "CDG"}
    [_, abroad, _, through] = CONNECTION_MINUTES["CDG"]
    await plant(connection, Planted(id=2, origin="CDG", destination="JFK", leaves=MORNING))
    [path] = (await networks.load(connection)).paths({"LHR"}, {"JFK"}, rules=ConnectionRules(), most_stops=2)
    assert (path.airports, path.changes) == (("LHR", "CDG", "JFK"), (through,))
    assert abroad != through


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ("SELECT 1", False),
        ("UPDATE flights SET valid_until = valid_until + 1", False),
        ("UPDATE departures SET cancelled = true", False),
        ("UPDATE flights SET destination = 'LAX'", True),
        ("UPDATE flights SET distance_km = 10", True),
        ("UPDATE airports SET domestic_to_domestic = 50 WHERE code = 'FRA'", True),
        ("UPDATE airlines SET alliance = NULL", True),
        ("TRUNCATE routes", True),
    ],
)
async def test_what_is_kept_is_read_anew_when_it_has_changed(
    owner_connection: Connection, change: str, anew: bool
) -> None:
    await plant_world(owner_connection)
    await plant(owner_connection, Planted(id=1, leaves=MORNING))
    current = CurrentNetwork()
    before = await current.get(owner_connection)
    await owner_connection.execute(change)
    assert (await current.get(owner_connection) is not before) == anew
