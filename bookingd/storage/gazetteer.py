"""All places and airlines as they are kept, read at once by whoever holds them in memory.

Its one rule: the version is read before everything else. What changes while the rest is read has a later
one, and is noticed the next time that somebody looks.
"""

from dataclasses import dataclass

import asyncpg

from bookingd.domain.stays import hotel_id
from bookingd.places.gazetteer import AirportFacts, CityFacts, Gazetteer, HotelFacts, Position
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OWN = "inventory"
"""The supplier of hotels that are kept here."""

VERSION = query("gazetteer.version")
AIRPORTS = query("gazetteer.airports")
CITIES = query("gazetteer.cities")
HOTELS = query("gazetteer.hotels")
AIRLINES = query("gazetteer.airlines")


@dataclass(frozen=True, slots=True, kw_only=True)
class Airline:
    """Who flies."""

    code: str
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    alliance: str | None


async def version(connection: Connection) -> int:
    """It moves whenever a place or an airline changes."""
    found: int = await connection.fetchval(VERSION)
    return found


async def load(connection: Connection) -> Gazetteer:
    """Every place."""
    return Gazetteer(
        version=await version(connection),
        airports=[_airport(row) for row in await connection.fetch(AIRPORTS)],
        cities=[_city(row) for row in await connection.fetch(CITIES)],
        hotels=[_hotel(row) for row in await connection.fetch(HOTELS)],
    )


async def airlines(connection: Connection) -> list[Airline]:
    """Every airline, by code."""
    return [Airline(**row) for row in await connection.fetch(AIRLINES)]


def _airport(row: asyncpg.Record) -> AirportFacts:
    return AirportFacts(
        code=row["code"],
        icao=row["icao"],
        name=row["name"],
        city_code=row["city_code"],
        position=Position(latitude=row["latitude"], longitude=row["longitude"]),
        rank=row["traffic_rank"],
    )


def _city(row: asyncpg.Record) -> CityFacts:
    known = row["latitude"] is not None
    names = list(zip(row["languages"], row["names"], strict=True))
    return CityFacts(
        code=row["code"],
        name=row["name"],
        country=row["country"],
        population=row["population"],
        position=Position(latitude=row["latitude"], longitude=row["longitude"]) if known else None,
        other_names=[name for language, name in names if not language],
        names={language: name for language, name in names if language},
    )


def _hotel(row: asyncpg.Record) -> HotelFacts:
    return HotelFacts(
        id=hotel_id(OWN, str(row["id"])),
        name=row["name"],
        city_code=row["city_code"],
        country=row["country"],
        position=Position(latitude=row["latitude"], longitude=row["longitude"]),
        reviews=row["reviews"],
    )
