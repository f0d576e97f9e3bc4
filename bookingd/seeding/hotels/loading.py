"""The made-up hotels into the database, and more nights of them; within the caller's transaction.

Contracts go by COPY, some hundred at a time, so that memory does not grow with their number.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from bookingd.domain.pictures import DRAWN_SIZE, Kind, State, drawn_id
from bookingd.seeding.hotels.amenities import amenities
from bookingd.seeding.hotels.world import NIGHTS, Made, Stays, hotels
from bookingd.storage import contracts
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

PROLONG_RATES = query("hotels.prolong_rates")
MARK_DEMO_HOTELS = query("inventory.mark_demo_hotels")

PART = 200
"""Hotels that are in memory at a time."""
NIGHTS_LEAST = 180
"""Behind the last flight: with fewer left, hotels are put on sale for about a year again."""

Progress = Callable[[int, int], None]
"""Told how many hotels of how many are loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was loaded."""

    hotels: int = 0
    cities: int = 0


async def load(connection: Connection, *, stays: Stays, now: datetime, progress: Progress) -> Loaded:
    """Fill in hotels where there are flights, and none yet."""
    if not stays.hotels:
        return Loaded()
    await contracts.add_amenities(connection, amenities=amenities())
    world, cities, loaded = hotels(stays), set[str](), 0
    part = await asyncio.to_thread(_next, world)
    while part:
        # The next ones are made up while PostgreSQL takes these in.
        async with asyncio.TaskGroup() as together:
            following = together.create_task(asyncio.to_thread(_next, world))
            await _add(connection, part, now)
        cities |= {one.contract.hotel.city_code for one in part}
        loaded += len(part)
        progress(loaded, stays.hotels)
        part = following.result()
    await contracts.number_on(connection)
    await connection.execute(MARK_DEMO_HOTELS, loaded, stays.last_night)
    return Loaded(hotels=loaded, cities=len(cities))


async def prolong(connection: Connection, *, until: date, last_night: date) -> date:
    """Sell rooms well beyond that day; until which night they are on sale then."""
    if last_night >= until + timedelta(days=NIGHTS_LEAST):
        return last_night
    last_night = until + timedelta(days=NIGHTS - 1)
    await connection.execute(PROLONG_RATES, last_night)
    return last_night


async def _add(connection: Connection, part: Sequence[Made], now: datetime) -> None:
    await contracts.add(connection, contracts=[one.contract for one in part])
    await connection.copy_records_to_table("pictures", columns=PICTURE_COLUMNS, records=_pictures(part, now))


def _next(world: Iterator[Made]) -> Sequence[Made]:
    """Milliseconds of arithmetic for each: not on the event loop."""
    return list(islice(world, PART))


PICTURE_COLUMNS = "id hotel_id position caption kind recipe state width height created_at".split()


def _pictures(part: Sequence[Made], now: datetime) -> Iterator[tuple[object, ...]]:
    for one in part:
        number = one.contract.hotel.id
        for position, portrait in enumerate(one.portraits):
            shown = (drawn_id(number, portrait.recipe), number, position, portrait.caption)
            yield (*shown, Kind.DRAWN, portrait.recipe.to_json(), State.READY, *DRAWN_SIZE, now)
