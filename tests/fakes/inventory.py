"""A small network planted into the test's database: three airlines, two of them in one alliance."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bookingd.domain.flights import Cabin
from bookingd.storage.database import Connection
from tests.fakes.sources import START

# By code: the city, the country, latitude and longitude, the zone.
AIRPORTS = {
    "LHR": ("LON", "GB", 51.4706, -0.4619, "Europe/London"),
    "LGW": ("LON", "GB", 51.1481, -0.1903, "Europe/London"),
    "FRA": ("FRA", "DE", 50.0264, 8.5431, "Europe/Berlin"),
    "MUC": ("MUC", "DE", 48.3538, 11.7861, "Europe/Berlin"),
    "CDG": ("PAR", "FR", 49.0128, 2.55, "Europe/Paris"),
    "JFK": ("NYC", "US", 40.6398, -73.7789, "America/New_York"),
    "ORD": ("CHI", "US", 41.9769, -87.9082, "America/Chicago"),
    "LAX": ("LAX", "US", 33.9425, -118.4081, "America/Los_Angeles"),
    "AKL": ("AKL", "NZ", -37.0081, 174.7917, "Pacific/Auckland"),
}
# Least minutes to change: domestic to domestic, domestic to international, international to domestic,
# international to international. Of airports with times of their own, and of all others (as in the schema).
CONNECTION_MINUTES = {"CDG": (60, 90, 100, 95), "ORD": (40, 80, 120, 85)}
USUAL_MINUTES = (45, 75, 90, 75)
# Rank, name and factor; bags in the cabin and checked; fees for a change and for cancelling.
FAMILIES = (
    (1, "Light", 10000, 1, 0, None, None),
    (2, "Classic", 11500, 1, 1, 7000, None),
    (3, "Flex", 14000, 1, 2, 0, 0),
)
FACTORS = {"adult": 10000, "child": 7500, "infant": 1000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A departure to plant; `leaves` is the wall clock at the origin."""

    id: int
    origin: str = "FRA"
    destination: str = "JFK"
    airline: str = "LH"
    leaves: datetime = START + timedelta(days=10)
    minutes: int = 520
    seats: int = 10
    taken: int = 0
    base: int = 30000
    cabin: Cabin = Cabin.ECONOMY
    cancelled: bool = False
    km: int = 1000

    @property
    def departs_at(self) -> datetime:
        zone = ZoneInfo(AIRPORTS[self.origin][4])
        return self.leaves.replace(tzinfo=zone).astimezone(UTC)

    @property
    def arrives_at(self) -> datetime:
        return self.departs_at + timedelta(minutes=self.minutes)


async def plant_world(connection: Connection) -> None:
    """Airports, the airlines LH and UA of one alliance and BA of another, families, factors and taxes."""
    for code, (city, country, latitude, longitude, zone) in AIRPORTS.items():
        await connection.execute(
            "INSERT INTO cities VALUES ($1, $1, $2) ON CONFLICT DO NOTHING", city, country
        )
        await connection.execute(
            "INSERT INTO airports (code, icao, name, city_code, city, country, latitude, longitude, zone,"
            " domestic_to_domestic, domestic_to_international, international_to_domestic,"
            " international_to_international) VALUES ($1, '', $1, $2, $1, $3, $4, $5, $6, $7, $8, $9, $10)",
            code,
            city,
            country,
            latitude,
            longitude,
            zone,
            *CONNECTION_MINUTES.get(code, USUAL_MINUTES),
        )
        await connection.execute(
            "INSERT INTO airport_taxes VALUES ($1, 'XT', 'Airport charge', 2000, 1000, 0, 'EUR')", code
        )
    for airline, alliance in (("LH", "Star Alliance"), ("UA", "Star Alliance"), ("BA", "oneworld")):
        await connection.execute("INSERT INTO airlines VALUES ($1, '', $1, 'DE', $2)", airline, alliance)
        for cabin in Cabin:
            for family in FAMILIES:
                await connection.execute(
                    "INSERT INTO fare_families VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'EUR')",
                    airline,
                    cabin.value,
                    *family,
                )
        for passenger, factor in FACTORS.items():
            await connection.execute(
                "INSERT INTO passenger_factors VALUES ($1, $2, $3)", airline, passenger, factor
            )


async def plant(connection: Connection, *departures: Planted) -> None:
    """Departures with one cabin each, every one with a flight of its own; `taken` seats are an item's."""
    for one in departures:
        day: date = one.leaves.date()
        await connection.execute(
            "INSERT INTO flights VALUES ($1, $2, $3, $4, $5, $6, 127, $7, $9, 'A320', $8, $8)",
            one.id,
            one.airline,
            one.id % 9000 + 1,
            one.origin,
            one.destination,
            one.leaves.time(),
            one.minutes,
            day,
            one.km,
        )
        await connection.execute(
            "INSERT INTO departures VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8)",
            one.id,
            one.airline,
            one.origin,
            one.destination,
            day,
            one.departs_at,
            one.arrives_at,
            one.cancelled,
        )
        await connection.execute(
            "INSERT INTO cabin_stock VALUES ($1, $2, $3, $4)", one.id, one.cabin.value, one.seats, one.taken
        )
        await connection.execute(
            "INSERT INTO departure_fares VALUES ($1, $2, $3, 'EUR')", one.id, one.cabin.value, one.base
        )
