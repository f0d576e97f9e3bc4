"""How airports, cities and airlines are called, and where they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from bookingd.domain.price_matches import Endpoint
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

KNOWN = query("places.known")
NAMES = query("places.names")
NEARBY = query("places.nearby")
ENDPOINTS = query("places.endpoints")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An airport or a city."""

    code: str
    name: str
    city_code: str
    zone: str
    """IANA; of a city with several airports that of its busiest one."""
    latitude: float
    """Degrees, of the same airport."""
    longitude: float
    airports: tuple[str, ...]
    """What the code means: an airport itself, all airports of a city; the busiest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AirportName:
    """How an airport is called."""

    name: str
    city: str
    country: str
    """ISO 3166-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names by IATA code; what is not in here has no name that we know."""

    airports: Mapping[str, AirportName]
    airlines: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """An airport near a place; `km` over the great circle, from the nearest airport of a city."""

    code: str
    km: float


async def known(connection: Connection, *, codes: Collection[str]) -> dict[str, Place]:
    """Those of `codes` that are an airport or a city."""
    rows = await connection.fetch(KNOWN, list(codes))
    return {row["code"]: Place(**{**row, "airports": tuple(row["airports"])}) for row in rows}


async def names(connection: Connection, *, airports: Collection[str], airlines: Collection[str]) -> Names:
    """How they are called."""
    rows = await connection.fetch(NAMES, list(airports), list(airlines)) if airports or airlines else []
    return Names(
        airports={
            row["code"]: AirportName(name=row["name"], city=row["city"], country=row["country"])
            for row in rows
            if row["city"] is not None
        },
        airlines={row["code"]: row["name"] for row in rows if row["city"] is None},
    )


async def endpoints(connection: Connection, *, airports: Collection[str]) -> dict[str, Endpoint]:
    """Those of the airports that we know, as price rules look at them."""
    return {
        row["code"]: Endpoint(airport=row["code"], city=row["city_code"], country=row["country"])
        for row in await connection.fetch(ENDPOINTS, list(airports))
    }


async def nearby(
    connection: Connection, *, code: str, radius_km: float, limit: int, today: date
) -> list[Nearby]:
    """The airports around an airport or city that have traffic, the nearest first, `limit` at most.

    Not those of the place itself: of a city, none that its code means already. None of an unknown code.
    """
    rows = await connection.fetch(NEARBY, code, float(radius_km), limit, today)
    return [Nearby(code=row["code"], km=row["km"]) for row in rows]
