"""The places that can be found, as they are kept: airports, cities with all of their names, hotels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Degrees, north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AirportFacts:
    """An airport; `rank` 1 has the most passengers, None is not ranked."""

    code: str
    icao: str
    name: str
    city_code: str
    position: Position
    rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityFacts:
    """A city with at least one airport or hotel."""

    code: str
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    population: int | None
    position: Position | None
    """None: where its busiest airport is."""
    other_names: Sequence[str] = ()
    """In any language, as people there or elsewhere call it."""
    names: Mapping[str, str] = field(default_factory=dict)
    """By language (BCP 47), where one is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelFacts:
    """A hotel that is sold; `id` as it is shown."""

    id: str
    name: str
    city_code: str
    country: str
    position: Position
    reviews: int
    """Of guests: how well known it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """All of them, as they were at one version of the inventory."""

    version: int
    airports: Sequence[AirportFacts]
    cities: Sequence[CityFacts]
    hotels: Sequence[HotelFacts]
