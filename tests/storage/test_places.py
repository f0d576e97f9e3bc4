"""How places and airlines are called."""

from bookingd.storage import places
from bookingd.storage.database import Connection
from bookingd.storage.places import AirportName


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
