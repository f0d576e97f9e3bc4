"""The made-up world into the database and out of it again, each in one transaction.

Rows go by COPY in parts, so that memory does not grow with the world. The connection is of the owner's
role: removing truncates and loading ends with ANALYZE.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice

from bookingd.domain.flights import Cabin
from bookingd.seeding import fares
from bookingd.seeding.airlines import airlines
from bookingd.seeding.airports import airports, cities, passengers
from bookingd.seeding.connection_times import ConnectionMinutes, connection_minutes
from bookingd.seeding.hotels import loading as hotels
from bookingd.seeding.hotels.loading import Loaded
from bookingd.seeding.hotels.world import Stays
from bookingd.seeding.place_names import Town, place_names, towns
from bookingd.seeding.world import Departure, Plan, World, leaves
from bookingd.storage import inventory
from bookingd.storage.database import Connection, analyze
from bookingd.storage.queries import query

MARK_DEMO = query("inventory.mark_demo")
ANYTHING = query("inventory.anything")
LOCK = query("inventory.lock")
LOCK_CLAIMS = query("inventory.lock_claims")
CLAIMED = query("inventory.claimed")
REMOVE = query("inventory.remove")
REMOVE_PICTURES = query("inventory.remove_pictures")
ROOMS_TAKEN = query("inventory.rooms_taken")
NUMBER_ON = query("inventory.number_on")
PROLONG = query("inventory.prolong")
SCHEDULE = query("inventory.schedule")

EVERY_DAY = 0b111_1111
PART = 5_000
"""Departures that are in memory at a time."""

Progress = Callable[[str, int, int], None]
"""Told what is being loaded (departures, hotels), how many of them are, and of how many."""


class SeedRefused(Exception):
    """The inventory is not ours to fill or empty; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What was loaded."""

    plan: Plan
    flights: int
    departures: int
    cabins: int
    airports: int
    airlines: int
    stays: Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolonged:
    """How much longer a made-up inventory is on sale."""

    departures: int
    """How many more there are."""
    last_day: date
    last_night: date | None
    """Of the hotels; None: there are none."""


async def seed(connection: Connection, *, plan: Plan, now: datetime, progress: Progress) -> Seeded:
    """Fill an empty inventory. Raises SeedRefused when it is not empty; nothing is changed then."""
    await _refuse_unless_empty(connection)
    # Half a second of arithmetic: not on the event loop.
    world = await asyncio.to_thread(World, plan)
    return await load(connection, world=world, now=now, progress=progress)


async def load(connection: Connection, *, world: World, now: datetime, progress: Progress) -> Seeded:
    """Fill an empty inventory with a world that is made. Raises SeedRefused as `seed` does."""
    plan = world.plan
    async with connection.transaction():
        await connection.execute(LOCK)
        await _refuse_unless_empty(connection)
        await _load_reference(connection, world)
        cabins = await _load_departures(connection, world, progress)
        await connection.execute(MARK_DEMO, plan.seed, plan.first_day, plan.last_day, world.size, now)
        await connection.execute(NUMBER_ON)
        stays = await _load_hotels(connection, plan.stays, now, progress)
    await analyze(connection)
    return Seeded(
        plan=plan,
        flights=len(world.flights),
        departures=world.size,
        cabins=cabins,
        airports=len({flight.origin.code for flight in world.flights}),
        airlines=len({flight.airline for flight in world.flights}),
        stays=stays,
    )


async def furnish(
    connection: Connection, *, stays: Stays, now: datetime, progress: Progress
) -> Loaded | None:
    """Hotels for a made-up network that has none; None where it has some, or is real."""
    async with connection.transaction():
        await connection.execute(LOCK)
        there = await inventory.demo(connection)
        if there is None or there.hotels or not stays.hotels:
            return None
        loaded = await _load_hotels(connection, stays, now, progress)
    await analyze(connection)
    return loaded


async def prolong(connection: Connection, *, until: date) -> Prolonged | None:
    """Fly a made-up schedule until that day, and sell rooms longer: a demonstration never runs out of days.

    None where there was nothing to do: real inventory, or none, is left alone.
    """
    async with connection.transaction():
        await connection.execute(LOCK)
        there = await inventory.demo(connection)
        if there is None or there.last_day >= until:
            return None
        last_night = there.last_night and await hotels.prolong(
            connection, until=until, last_night=there.last_night
        )
        added = await _prolong_flights(connection, there.last_day, until)
    await analyze(connection)
    return Prolonged(departures=added, last_day=until, last_night=last_night)


async def _prolong_flights(connection: Connection, last: date, until: date) -> int:
    more = [
        (row["id"], day, leaves(day, row["departs_local"], row["zone"]))
        for row in await connection.fetch(SCHEDULE)
        for day in _days_after(last, until)
    ]
    added: int = await connection.fetchval(PROLONG, *map(list, zip(*more, strict=True)), until)
    return added


def _days_after(last: date, until: date) -> list[date]:
    return [last + timedelta(days=number) for number in range(1, (until - last).days + 1)]


async def remove(connection: Connection) -> inventory.Demo:
    """Empty a made-up inventory. Raises SeedRefused when it is not made up or somebody has some of it."""
    async with connection.transaction():
        there = await inventory.demo(connection)
        if there is None:
            raise SeedRefused(
                "There is no made-up inventory here; real inventory is not removed by this command."
            )
        await connection.execute(LOCK_CLAIMS)
        await _refuse_if_claimed(connection)
        await connection.execute(REMOVE_PICTURES)
        await connection.execute(REMOVE)
    return there


async def _refuse_unless_empty(connection: Connection) -> None:
    there = await inventory.demo(connection)
    if there is not None:
        raise SeedRefused(
            f"The inventory is seeded already: {there.departures} departures from {there.first_day} to"
            f" {there.last_day} (seed {there.seed}). To make another one: bookingd seed --remove"
        )
    if await connection.fetchval(ANYTHING):
        raise SeedRefused("There is inventory here that was not made up; it is left alone.")


async def _refuse_if_claimed(connection: Connection) -> None:
    row = await connection.fetchrow(CLAIMED)
    if row is not None and row["items"]:
        raise SeedRefused(
            f"{row['items']} booked items hold or have bought seats of this inventory, for example on"
            f" {row['flight']}; the first departs at {row['departs_at']:%Y-%m-%d %H:%M} UTC."
            " Cancel those bookings first."
        )
    rooms = await connection.fetchrow(ROOMS_TAKEN)
    if rooms is not None and rooms["nights"]:
        raise SeedRefused(
            f"Rooms are held or booked for {rooms['nights']} night(s), the first on {rooms['night']}."
            " Cancel those bookings first."
        )


async def _load_reference(connection: Connection, world: World) -> None:
    """Places, airlines with their fares, taxes and the schedule: what departures refer to."""
    await _load_cities(connection)
    await connection.copy_records_to_table("airports", columns=AIRPORT_COLUMNS, records=_airport_rows())
    await connection.copy_records_to_table(
        "airlines",
        columns=["code", "icao", "name", "country", "alliance"],
        records=((one.code, one.icao, one.name, one.country, one.alliance) for one in airlines()),
    )
    await connection.copy_records_to_table("fare_families", records=_family_rows())
    await connection.copy_records_to_table(
        "passenger_factors",
        records=[
            (one.code, kind, factor) for one in airlines() for kind, factor in fares.PASSENGER_FACTORS.items()
        ],
    )
    await connection.copy_records_to_table("airport_taxes", records=_tax_rows())
    await connection.copy_records_to_table("flights", records=_flight_rows(world))


CITY_COLUMNS = "code name country population latitude longitude".split()
AIRPORT_COLUMNS = [
    *"code icao name city_code city country latitude longitude zone traffic_rank".split(),
    *ConnectionMinutes._fields,
]


async def _load_cities(connection: Connection) -> None:
    """With their other names; to find these takes seconds: not on the event loop."""
    known = await asyncio.to_thread(towns)
    names = await asyncio.to_thread(lambda: list(place_names(known)))
    await connection.copy_records_to_table("cities", columns=CITY_COLUMNS, records=_city_rows(known))
    await connection.copy_records_to_table(
        "place_names", records=((one.city_code, one.name, one.language) for one in names)
    )


def _city_rows(known: Mapping[str, Town]) -> Iterator[tuple[object, ...]]:
    for code, city in cities().items():
        town = known.get(code)
        there = (town.population or None, town.latitude, town.longitude) if town else (None, None, None)
        yield (code, city.name, city.country, *there)


def _airport_rows() -> Iterator[tuple[object, ...]]:
    for one in airports().values():
        place = (one.latitude, one.longitude, one.zone, one.rank)
        about = (one.code, one.icao, one.name, one.city_code, one.city, one.country)
        yield (*about, *place, *connection_minutes(one))


def _family_rows() -> Iterator[tuple[object, ...]]:
    for airline in airlines():
        for cabin in Cabin:
            for family in fares.families(cabin, low_cost=airline.low_cost):
                bags = (family.carry_on_bags, family.checked_bags)
                fees = (family.change_fee, family.cancel_fee, fares.CURRENCY)
                yield (
                    airline.code, cabin.value, family.rank, family.name, family.factor, *bags, *fees, False
                )  # fmt: skip


def _tax_rows() -> Iterator[tuple[object, ...]]:
    for code in passengers():
        for tax in fares.taxes(airports()[code]):
            yield (code, *tax, fares.CURRENCY)


def _flight_rows(world: World) -> Iterator[tuple[object, ...]]:
    for flight in world.flights:
        way = (flight.origin.code, flight.destination.code, flight.leaves, EVERY_DAY)
        size = (flight.block_minutes, flight.distance, flight.aircraft.type)
        valid = (world.plan.first_day, world.plan.last_day)
        yield (flight.id, flight.airline, flight.number, *way, *size, *valid)


async def _load_departures(connection: Connection, world: World, progress: Progress) -> int:
    """Departures with their seats and fares, part by part; how many cabins there are."""
    total, loaded, cabins = world.size, 0, 0
    for part in _parts(world.departures()):
        await connection.copy_records_to_table("departures", records=map(_departure_row, part))
        stock = [
            (one.id, cabin.value, seats, 0)
            for one in part
            for cabin, seats in one.flight.aircraft.seats.items()
        ]
        await connection.copy_records_to_table("cabin_stock", records=stock)
        await connection.copy_records_to_table(
            "departure_fares",
            records=[
                (one.id, cabin.value, base, fares.CURRENCY) for one in part for cabin, base in one.fares
            ],
        )
        loaded += len(part)
        cabins += len(stock)
        progress("departures", loaded, total)
    return cabins


async def _load_hotels(connection: Connection, stays: Stays, now: datetime, progress: Progress) -> Loaded:
    return await hotels.load(connection, stays=stays, now=now, progress=partial(progress, "hotels"))


def _departure_row(one: Departure) -> tuple[object, ...]:
    flight = one.flight
    way = (flight.airline, flight.origin.code, flight.destination.code)
    return (one.id, flight.id, *way, one.day, one.departs_at, one.arrives_at, False)


def _parts(departures: Iterable[Departure]) -> Iterator[list[Departure]]:
    iterator = iter(departures)
    while part := list(islice(iterator, PART)):
        yield part
