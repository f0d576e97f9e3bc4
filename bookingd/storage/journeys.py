"""Ways to travel by own flights, found where the flights are.

Its one rule: what is found follows `bookingd.domain.connections` and has seats at this moment; it is a hint
until `bookingd.storage.stock.hold` has decided.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from bookingd.domain.connections import ConnectionRules, Way
from bookingd.domain.flights import Cabin
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

JOURNEYS = query("inventory.journeys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One slice to look for."""

    origin: str
    """IATA code of an airport or a city; one that is both means all airports of the city."""
    destination: str
    first_day: date
    """Local dates at the origin, both included."""
    last_day: date
    nearby_origins: Sequence[str] = ()
    """Further airports that will do."""
    nearby_destinations: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What was found of one search."""

    ways: Sequence[Way]
    complete: bool
    """Whether there are no others."""


async def journeys(
    connection: Connection,
    *,
    searches: Sequence[Search],
    cabin: Cabin,
    seats: int,
    leaving_after: datetime,
    max_stops: int,
    rules: ConnectionRules,
    currency: str,
    most: int,
) -> list[Ways]:
    """For each search the ways that have `seats` left: the `most` cheapest direct ones, and one-stop ones.

    Where these are fewer than `most` together, also the `most` cheapest with two connections, of those to
    which no other way between the same airports is preferable: one that leaves no earlier, arrives no later,
    has fewer connections and costs no more.
    """
    rows = await connection.fetch(
        JOURNEYS,
        list(range(len(searches))),
        [search.first_day for search in searches],
        [search.last_day for search in searches],
        *_columns(searches),
        cabin.value,
        seats,
        leaving_after,
        max_stops,
        rules.longest_wait,
        rules.detour_factor,
        rules.detour_km,
        currency,
        most + 1,
        most,
    )
    found: list[list[list[Way]]] = [[[], [], []] for _ in searches]
    for row in rows:
        way = _way(row)
        found[row["search_number"]][way.connections].append(way)
    return [_cut(kinds, most, max_stops) for kinds in found]


def _cut(kinds: Sequence[list[Way]], most: int, max_stops: int) -> Ways:
    """`kinds` are the ways by the number of their connections, one more than wanted where there are more."""
    all_sought = max_stops < 2 or len(kinds[0]) + len(kinds[1]) < most
    return Ways(
        ways=[way for ways in kinds for way in ways[:most]],
        complete=all_sought and all(len(ways) <= most for ways in kinds),
    )


def _columns(searches: Sequence[Search]) -> Iterator[list[object]]:
    """The ends of all searches: number, place, whether one begins there, whether its whole city is meant."""
    ends = [end for number, search in enumerate(searches) for end in _ends(number, search)]
    return map(list, zip(*ends, strict=True))


def _ends(number: int, search: Search) -> Iterator[tuple[int, str, bool, bool]]:
    yield number, search.origin, True, True
    yield number, search.destination, False, True
    for airport in search.nearby_origins:
        yield number, airport, True, False
    for airport in search.nearby_destinations:
        yield number, airport, False, False


def _way(row: asyncpg.Record) -> Way:
    departures = (row["first_departure"], row["second_departure"], row["third_departure"])
    return Way(
        departures=tuple(one for one in departures if one is not None),
        origin=row["origin"],
        destination=row["destination"],
        departs_at=row["departs_at"],
        arrives_at=row["arrives_at"],
        base=row["base"],
    )
