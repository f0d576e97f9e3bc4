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
from bookingd.domain.network import Path
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

JOURNEYS = query("inventory.journeys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One slice to look for."""

    paths: Sequence[Path]
    """Along which there may be flights."""
    first_day: date
    """Local dates at the origin, both included."""
    last_day: date


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
    rules: ConnectionRules,
    currency: str,
    most: int,
) -> list[Ways]:
    """For each search the ways that have `seats` left: the `most` cheapest direct ones, and one-stop ones.

    Where these are fewer than `most` together, also the `most` cheapest with two connections, of those to
    which no other way between the same airports is preferable: one that leaves no earlier, arrives no later,
    has fewer connections and costs no more.
    """
    found: list[list[list[Way]]] = [[[], [], []] for _ in searches]
    if any(search.paths for search in searches):
        rows = await connection.fetch(
            JOURNEYS,
            *_columns(searches),
            cabin.value,
            seats,
            leaving_after,
            rules.longest_wait,
            currency,
            most + 1,
            most,
        )
        for row in rows:
            way = _way(row)
            found[row["search_number"]][way.connections].append(way)
    return [_cut(search, kinds, most) for search, kinds in zip(searches, found, strict=True)]


def _cut(search: Search, kinds: Sequence[list[Way]], most: int) -> Ways:
    """`kinds` are the ways by the number of their connections, one more than wanted where there are more."""
    simple = len(kinds[0]) + len(kinds[1])
    left_out = simple >= most and any(len(path.changes) == 2 for path in search.paths)
    return Ways(
        ways=[way for ways in kinds for way in ways[:most]],
        complete=not left_out and all(len(ways) <= most for ways in kinds),
    )


def _columns(searches: Sequence[Search]) -> Iterator[str]:
    """All paths of all searches, column by column.

    A column goes as one text, not as an array: asyncpg would look at every element, and take longer than all
    else here. What is missing is empty.
    """
    rows = [
        (str(number), *_of_path(path), search.first_day.isoformat(), search.last_day.isoformat())
        for number, search in enumerate(searches)
        for path in search.paths
    ]
    return map("\n".join, zip(*rows, strict=True))


def _of_path(path: Path) -> tuple[str, ...]:
    """Its four airports, carriage, two changes and kilometres."""
    match path.airports, path.changes:
        case (origin, destination), ():
            return origin, "", "", destination, "", "", "", str(path.most_km)
        case (origin, one, destination), (one_change,):
            return origin, one, "", destination, path.carriage or "", str(one_change), "", str(path.most_km)
        case _:
            return *path.airports, path.carriage or "", *map(str, path.changes), str(path.most_km)


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
