"""Where one can fly at all: along which airports flights of a slice are worth looking for.

Its one rule: what the rules of connections forbid whatever the timetable says is never looked for. A few
thousand routes are gone through in memory; the millions of departures are then read along a few paths.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bookingd.domain.connections import ConnectionRules
from bookingd.domain.places import great_circle_km

_Legs: TypeAlias = dict[str, dict[str, int]]
"""Kilometres by carriage and the airport at the other end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Airport:
    """An airport with what it takes to change planes there, in minutes from arrival to departure.

    A flight is domestic where both of its airports are in one country.
    """

    code: str
    city: str
    """IATA code of the city that it serves."""
    country: str
    latitude: float
    longitude: float
    domestic_to_domestic: int
    domestic_to_international: int
    international_to_domestic: int
    international_to_international: int

    def change_minutes(self, *, before: str, after: str) -> int:
        """The least time to change from a flight out of country `before` to one into country `after`."""
        if before == self.country:
            return self.domestic_to_domestic if after == self.country else self.domestic_to_international
        return (
            self.international_to_domestic if after == self.country else self.international_to_international
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """That airlines which carry each other's passengers on (`carriage`) fly from one airport to another."""

    origin: str
    carriage: str
    destination: str
    shortest_km: int
    """Of its flights."""


@dataclass(frozen=True, slots=True)
class Path:
    """Airports along which flights are looked for."""

    airports: tuple[str, ...]
    """From the first to the last: two to four."""
    carriage: str | None
    """Of all flights; None: whoever flies directly."""
    changes: tuple[int, ...]
    """The least minutes at each airport in between."""
    most_km: float
    """That the flights may be long together."""


class Network:
    """All airports and routes at one moment; it never changes."""

    def __init__(self, airports: Iterable[Airport], routes: Iterable[Route]) -> None:
        self._airports = {airport.code: airport for airport in airports}
        self._cities = {code: airport.city for code, airport in self._airports.items()}
        self._of_city: dict[str, set[str]] = {}
        for code, city in self._cities.items():
            self._of_city.setdefault(city, set()).add(code)
        self._out: dict[str, _Legs] = {}
        self._home: dict[str, _Legs] = {}
        for route in routes:
            out = self._out.setdefault(route.origin, {}).setdefault(route.carriage, {})
            home = self._home.setdefault(route.destination, {}).setdefault(route.carriage, {})
            out[route.destination] = home[route.origin] = route.shortest_km

    def airports(self, place: str, nearby: Collection[str] = ()) -> set[str]:
        """The airports that are meant by an airport's or a city's code, and of `nearby` those that there are.

        A code that is both means all airports of the city.
        """
        meant = {place, *nearby, *self._of_city.get(place, ())}
        return meant & self._airports.keys()

    def paths(
        self,
        origins: Collection[str],
        destinations: Collection[str],
        *,
        rules: ConnectionRules,
        most_stops: int,
    ) -> Iterator[Path]:
        """Every path between two airports of different cities on which flights may be found.

        Nobody changes planes in a city of the ends, nor twice in one city.
        """
        closed = {self._cities[code] for code in (*origins, *destinations)}
        for origin in origins:
            for destination in destinations:
                if self._cities[origin] != self._cities[destination]:
                    most_km = rules.most_km(self._direct_km(origin, destination))
                    if any(destination in legs for legs in self._out.get(origin, {}).values()):
                        yield Path((origin, destination), None, (), most_km)
                    yield from self._connecting(origin, destination, closed, most_km, most_stops)

    def _direct_km(self, origin: str, destination: str) -> float:
        here, there = self._airports[origin], self._airports[destination]
        return great_circle_km(here.latitude, here.longitude, there.latitude, there.longitude)

    def _connecting(
        self, origin: str, destination: str, closed: Collection[str], most_km: float, most_stops: int
    ) -> Iterator[Path]:
        out, home = self._out.get(origin, {}), self._home.get(destination, {})
        for carriage in out.keys() & home.keys() if most_stops else ():
            for vias in self._vias(out[carriage], home[carriage], carriage, closed, most_km):
                if len(vias) <= most_stops:
                    airports = (origin, *vias, destination)
                    yield Path(airports, carriage, self._changes(airports), most_km)

    def _vias(
        self,
        firsts: Mapping[str, int],
        lasts: Mapping[str, int],
        carriage: str,
        closed: Collection[str],
        most_km: float,
    ) -> Iterator[tuple[str, ...]]:
        """One or two airports to change at, on no longer a way than that.

        `firsts` are the kilometres to where one can get from the beginning, `lasts` those from where one can
        get to the end.
        """
        city = self._cities
        for one, km in firsts.items():
            if city[one] in closed:
                continue
            if one in lasts and km + lasts[one] <= most_km:
                yield (one,)
            onward = self._out.get(one, {}).get(carriage, {})
            for two in onward.keys() & lasts.keys():
                fits = km + onward[two] + lasts[two] <= most_km
                if fits and city[two] not in closed and city[two] != city[one]:
                    yield one, two

    def _changes(self, airports: Sequence[str]) -> tuple[int, ...]:
        ways = [self._airports[code] for code in airports]
        return tuple(
            [
                here.change_minutes(before=before.country, after=after.country)
                for before, here, after in zip(ways, ways[1:], ways[2:], strict=False)
            ]
        )
