"""What can be found, and by which names: made of the gazetteer, with how well known each place is.

Its one rule: a place is found by its own names first. An airport is also found by its city's, and a hotel
by them only beside a word of its own name, so that "Paris" finds no hundred hotels.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from bookingd.domain.places import great_circle_km
from bookingd.places.folding import fold
from bookingd.places.gazetteer import AirportFacts, CityFacts, Gazetteer, HotelFacts, Position

ONE_TOWN_KM = 100.0
"""Airports of one name are a town's, so far from each other at most (New York Stewart and Kennedy: 88)."""


class Kind(StrEnum):
    """What a place is."""

    AIRPORT = "airport"
    CITY = "city"
    HOTEL = "hotel"


class Role(IntEnum):
    """How a name belongs to a place."""

    NAME = 0
    """As we show it."""
    OTHER = 1
    """In another language, or written otherwise."""
    CODE = 2
    """Of an airport or city: IATA's, and of an airport the pilots' (ICAO)."""
    COUNTRY = 3
    """Where it is: tells it from others of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A place that is found."""

    kind: Kind
    code: str
    """IATA; of a hotel empty."""
    id: str
    """Of a hotel; else empty."""
    name: str
    city_code: str
    country: str
    """ISO 3166-1 alpha-2."""
    position: Position
    airports: tuple[str, ...]
    """Of a city: their codes, the busiest first."""
    names: Mapping[str, str] = field(repr=False)
    """Of an airport or hotel those of its city: by language (BCP 47)."""
    fame: float
    """From 0 to 1: how many people go there, as far as we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A place with the names that it is found by."""

    entry: Entry
    names: Sequence[tuple[str, Role]]


class _World:
    """The gazetteer with its parts put together."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.cities = {city.code: city for city in gazetteer.cities}
        self.airports: dict[str, list[AirportFacts]] = {}
        for airport in sorted(gazetteer.airports, key=_busiest_first):
            self.airports.setdefault(airport.city_code, []).append(airport)
        self.hotels = gazetteer.hotels
        ranks = [airport.rank for airport in gazetteer.airports if airport.rank is not None]
        self.last_rank = max(ranks, default=1)

    def towns(self) -> Iterator[tuple[CityFacts, Position]]:
        """The cities that are somewhere, each once.

        Airports of a big town that its code leaves out (Paris-Le Bourget) are cities of their own
        by the book, and called like it: of those near each other only the best known one is a town.
        """
        shown: dict[tuple[str, str], list[Position]] = {}
        for city in sorted(self.cities.values(), key=self._best_known_first):
            position, namesakes = self._position(city), shown.setdefault((fold(city.name), city.country), [])
            if position is not None and not any(_near(position, other) for other in namesakes):
                namesakes.append(position)
                yield city, position

    def _position(self, city: CityFacts) -> Position | None:
        """Its own, or that of its busiest airport."""
        airports = self.airports.get(city.code)
        return city.position or (airports[0].position if airports else None)

    def _best_known_first(self, city: CityFacts) -> tuple[bool, int, int, str]:
        airports = self.airports.get(city.code)
        rank = airports[0].rank if airports else None
        return rank is None, rank or 0, -len(airports or ()), city.code

    def traffic(self, rank: int | None) -> float:
        """From 0.4 for the last one that is ranked to 1; 0 for the others."""
        if rank is None:
            return 0.0
        return 1.0 - 0.6 * math.log(rank) / math.log(self.last_rank + 1)


def described(gazetteer: Gazetteer, countries: Mapping[str, str]) -> Iterator[Described]:
    """Every place that is somewhere, the cities first; `countries` are English names by code."""
    world = _World(gazetteer)
    for city, position in world.towns():
        yield _city(world, city, position, countries)
    for code, airports in world.airports.items():
        if (city_of := world.cities.get(code)) is not None:
            yield from (_airport(world, airport, city_of, countries) for airport in airports)
    for hotel in gazetteer.hotels:
        yield _hotel(world, hotel, countries)


def _city(world: _World, city: CityFacts, position: Position, countries: Mapping[str, str]) -> Described:
    airports = world.airports.get(city.code, [])
    entry = Entry(
        kind=Kind.CITY,
        code=city.code,
        id="",
        name=city.name,
        city_code=city.code,
        country=city.country,
        position=position,
        airports=tuple(airport.code for airport in airports),
        names=city.names,
        fame=_fame(city, world.traffic(airports[0].rank) if airports else 0.0),
    )
    others = dict.fromkeys([*city.other_names, *city.names.values()])
    names = [(city.name, Role.NAME), *((name, Role.OTHER) for name in others if name != city.name)]
    code = (city.code, Role.CODE)
    return Described(entry=entry, names=[*names, code, *_country(city.country, countries)])


def _airport(
    world: _World, airport: AirportFacts, city: CityFacts, countries: Mapping[str, str]
) -> Described:
    entry = Entry(
        kind=Kind.AIRPORT,
        code=airport.code,
        id="",
        name=airport.name,
        city_code=city.code,
        country=city.country,
        position=airport.position,
        airports=(),
        names=city.names,
        fame=_fame(city, world.traffic(airport.rank)) * 0.99,
    )
    names = [(airport.name, Role.NAME), *_country(city.country, countries)]
    codes = [(code, Role.CODE) for code in (airport.code, airport.icao) if code]
    return Described(entry=entry, names=[*names, *codes])


def _hotel(world: _World, hotel: HotelFacts, countries: Mapping[str, str]) -> Described:
    city = world.cities.get(hotel.city_code)
    entry = Entry(
        kind=Kind.HOTEL,
        code="",
        id=hotel.id,
        name=hotel.name,
        city_code=hotel.city_code,
        country=hotel.country,
        position=hotel.position,
        airports=(),
        names=city.names if city else {},
        fame=min(0.3, math.log10(1 + hotel.reviews) / 15),
    )
    names = [(hotel.name, Role.NAME), *_country(hotel.country, countries)]
    return Described(entry=entry, names=names)


def _near(one: Position, other: Position) -> bool:
    return great_circle_km(one.latitude, one.longitude, other.latitude, other.longitude) <= ONE_TOWN_KM


def _fame(city: CityFacts, traffic: float) -> float:
    """Traffic first; among places without any, people: 0.35 for ten million."""
    people = math.log10(max(city.population or 1, 1)) / 20
    return traffic * 0.95 + 0.05 * people if traffic else people


def _country(code: str, countries: Mapping[str, str]) -> list[tuple[str, Role]]:
    return [(code, Role.COUNTRY), *([(countries[code], Role.COUNTRY)] if code in countries else [])]


def _busiest_first(airport: AirportFacts) -> tuple[bool, int, str]:
    return airport.rank is None, airport.rank or 0, airport.code
