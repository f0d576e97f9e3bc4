"""Ways to travel, as PostgreSQL finds them, and what is read for that."""

from datetime import date, datetime, timedelta

from bookingd.domain.connections import ConnectionRules, Way
from bookingd.domain.flights import Cabin
from bookingd.storage import networks
from bookingd.storage.database import Connection
from bookingd.storage.journeys import Search, Ways, journeys
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.sources import START

DAY = date(2026, 12, 2)
MORNING = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's
HOUR = timedelta(hours=1)
ROWS_READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'departures'"
"""By the transaction that asks."""
LEGS = 6
"""Of the three ways that `a_day` has."""
DAYS_BESIDE = 6
"""The first leg of each way may be read on the day before and the day after too (see `journeys_v3`)."""


async def from_frankfurt(connection: Connection, *, most: int = 9) -> Ways:
    network = await networks.load(connection)
    paths = network.paths({"FRA"}, {"JFK"}, rules=ConnectionRules(), most_stops=2)
    [found] = await journeys(
        connection,
        searches=[Search(paths=list(paths), first_day=DAY, last_day=DAY)],
        cabin=Cabin.ECONOMY,
        seats=1,
        leaving_after=START,
        rules=ConnectionRules(),
        currency="EUR",
        most=most,
    )
    return found


def a_day(number: int) -> list[Planted]:
    """From Frankfurt to New York directly, with one and with two connections; ids by the day, 2 is DAY."""
    leaves, first = MORNING + timedelta(days=number - 2), 10 * number
    there = ("FRA", "MUC", leaves), ("MUC", "CDG", leaves + 3 * HOUR), ("CDG", "JFK", leaves + 6 * HOUR)
    return [
        *(
            Planted(id=first + n, origin=one, destination=other, leaves=at, minutes=60, base=1000)
            for n, (one, other, at) in enumerate(there, start=1)
        ),
        Planted(id=first + 4, leaves=leaves, base=90_000),
        Planted(id=first + 5, origin="MUC", leaves=leaves + 3 * HOUR, base=80_000),
    ]


async def read_for(connection: Connection) -> int:
    """Rows of departures that one search reads."""
    async with connection.transaction():
        found = await from_frankfurt(connection)
        assert {way.departures for way in found.ways} == {(24,), (21, 25), (21, 22, 23)}
        return int(await connection.fetchval(ROWS_READ))


async def test_what_is_read_does_not_grow_with_the_days_that_are_flown(owner_connection: Connection) -> None:
    await plant_world(owner_connection)
    for days in (range(5), range(5, 40)):
        for number in days:
            await plant(owner_connection, *a_day(number))
        await owner_connection.execute("ANALYZE")
        await owner_connection.execute("DISCARD PLANS")
        assert await read_for(owner_connection) <= LEGS + DAYS_BESIDE


async def test_ways_tell_what_is_needed_to_choose_between_them(owner_connection: Connection) -> None:
    await plant_world(owner_connection)
    planes = a_day(2)
    await plant(owner_connection, *planes)
    found = await from_frankfurt(owner_connection)
    assert found.complete
    assert [way for way in found.ways if way.connections == 2] == [
        Way(
            departures=(21, 22, 23),
            origin="FRA",
            destination="JFK",
            departs_at=planes[0].departs_at,
            arrives_at=planes[2].arrives_at,
            base=3000,
        )
    ]


async def test_the_cheapest_of_a_kind_are_taken_and_it_is_told_that_there_are_more(
    owner_connection: Connection,
) -> None:
    await plant_world(owner_connection)
    await plant(owner_connection, *(Planted(id=one, leaves=MORNING, base=900 - one) for one in range(1, 6)))
    found = await from_frankfurt(owner_connection, most=3)
    assert ([way.departures for way in found.ways], found.complete) == ([(5,), (4,), (3,)], False)
    assert (await from_frankfurt(owner_connection, most=6)).complete
