"""The made-up world goes into PostgreSQL and out again."""

import asyncio
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from bookingd.domain.flights import Cabin
from bookingd.domain.ids import ItemId
from bookingd.domain.passengers import Party
from bookingd.seeding import loading
from bookingd.seeding.loading import SeedRefused
from bookingd.seeding.world import Plan
from bookingd.storage import inventory, prices, stock
from bookingd.storage.database import Connection, Database
from bookingd.storage.stock import StockWant
from bookingd.suppliers.inventory import InventoryFlights
from tests.factories import wanted
from tests.fakes.inventory import plant_world
from tests.fakes.sources import START, ManualClock

PLAN = Plan(first_day=date(2026, 11, 22), departures=4000, hotels=40)
TABLES = """
    cities airports airlines flights departures cabin_stock departure_fares demo_inventory
    amenities hotels hotel_age_bands room_types rate_plans rate_plan_deadlines rates hotel_charges pictures
    """.split()


def quiet(what: str, done: int, whole: int) -> None:
    """Nobody looks."""


@pytest.fixture
async def seeded(owner_connection: Connection) -> loading.Seeded:
    return await loading.seed(owner_connection, plan=PLAN, now=START, progress=quiet)


async def rows(connection: Connection) -> dict[str, int]:
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def test_what_is_loaded_is_what_was_told(connection: Connection, seeded: loading.Seeded) -> None:
    found = await rows(connection)
    assert (found["departures"], found["cabin_stock"]) == (seeded.departures, seeded.cabins)
    assert (found["flights"], found["departure_fares"]) == (seeded.flights, seeded.cabins)
    assert found["airports"] > 7000
    assert await stock.check_books(connection) == []


async def test_the_database_is_marked_as_made_up(connection: Connection, seeded: loading.Seeded) -> None:
    demo = await inventory.demo(connection)
    assert demo is not None
    assert (demo.first_day, demo.departures) == (PLAN.first_day, seeded.departures)
    assert demo.seeded_at == START


async def test_progress_is_told_up_to_the_end(owner_connection: Connection) -> None:
    told: dict[str, tuple[int, int]] = {}

    def note(what: str, done: int, whole: int) -> None:
        told[what] = done, whole

    seeded = await loading.seed(owner_connection, plan=PLAN, now=START, progress=note)
    assert told == {"departures": (seeded.departures,) * 2, "hotels": (PLAN.hotels,) * 2}


async def test_new_departures_get_ids_behind_the_loaded_ones(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    last = await owner_connection.fetchval("SELECT nextval(pg_get_serial_sequence('departures', 'id'))")
    assert last == seeded.departures + 1


async def test_planners_know_the_tables(connection: Connection, seeded: loading.Seeded) -> None:
    known = await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'departures'")
    assert known == pytest.approx(seeded.departures, rel=0.05)


async def test_seeding_twice_is_refused_and_changes_nothing(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    before = await rows(owner_connection)
    with pytest.raises(SeedRefused, match="seeded already"):
        await loading.seed(owner_connection, plan=PLAN, now=START, progress=quiet)
    assert await rows(owner_connection) == before


async def test_of_two_who_seed_at_once_one_does(owner_dsn: str, owner_connection: Connection) -> None:
    other = await asyncpg.connect(owner_dsn)
    outcomes = await asyncio.gather(
        *(loading.seed(one, plan=PLAN, now=START, progress=quiet) for one in (owner_connection, other)),
        return_exceptions=True,
    )
    await other.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["SeedRefused", "Seeded"]


async def test_real_inventory_is_neither_filled_up_nor_removed(owner_connection: Connection) -> None:
    await plant_world(owner_connection)
    with pytest.raises(SeedRefused, match="left alone"):
        await loading.seed(owner_connection, plan=PLAN, now=START, progress=quiet)
    with pytest.raises(SeedRefused, match="not removed"):
        await loading.remove(owner_connection)


async def test_after_removing_it_can_be_seeded_anew(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    await loading.remove(owner_connection)
    assert set((await rows(owner_connection)).values()) == {0}
    again = await loading.seed(owner_connection, plan=PLAN, now=START, progress=quiet)
    assert again == seeded


async def test_what_somebody_has_booked_is_not_removed(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    departure = await owner_connection.fetchval("SELECT min(id) FROM departures WHERE departs_at > $1", START)
    item = ItemId(UUID(int=1))
    want = StockWant(
        item_id=item, legs=((departure, Cabin.ECONOMY),), seats=1, until=START + timedelta(hours=1)
    )
    await stock.hold(owner_connection, wants=[want], now=START)
    with pytest.raises(SeedRefused, match="1 booked items"):
        await loading.remove(owner_connection)
    await stock.release(owner_connection, items=[item], now=START)
    await loading.remove(owner_connection)


async def test_famous_ways_are_found_in_it(
    database: Database, clock: ManualClock, owner_connection: Connection
) -> None:
    plan = Plan(first_day=date(2026, 11, 22), departures=20_000)
    await loading.seed(owner_connection, plan=plan, now=START, progress=quiet)
    async with database.connection() as connection:
        await prices.seed_rules(connection, START)
    flights = InventoryFlights(database=database, clock=clock, rules=prices.CurrentRules())
    for origin, destination in (("LON", "NYC"), ("NYC", "LON"), ("SIN", "LON"), ("PAR", "TYO")):
        criteria = wanted(
            origin,
            destination,
            date(2026, 11, 30),
            return_on=date(2026, 12, 4),
            party=Party(adults=2, children=1),
        )
        assert (await flights.search(criteria)).offers, criteria


async def test_a_world_that_runs_out_flies_on_with_the_same_schedule(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    until = PLAN.last_day + timedelta(days=2)
    more = await loading.prolong(owner_connection, until=until)
    assert more is not None
    added = more.departures
    assert added == 2 * seeded.flights
    assert await loading.prolong(owner_connection, until=until) is None
    there = await inventory.demo(owner_connection)
    assert there is not None
    assert (there.last_day, there.departures) == (until, seeded.departures + added)
    rows = await owner_connection.fetch(
        """
        SELECT one.service_date, one.departs_at, flight.departs_local, place.zone
          FROM departures AS one
          JOIN flights AS flight ON flight.id = one.flight_id
          JOIN airports AS place ON place.code = one.origin
         WHERE one.service_date > $1
           AND one.arrives_at - one.departs_at = flight.block_minutes * interval '1 minute'
           AND EXISTS (SELECT FROM cabin_stock WHERE departure_id = one.id AND taken = 0)
           AND EXISTS (SELECT FROM departure_fares WHERE departure_id = one.id)
        """,
        PLAN.last_day,
    )
    assert len(rows) == added
    for row in rows:
        wall_clock = row["departs_at"].astimezone(ZoneInfo(row["zone"]))
        assert (wall_clock.date(), wall_clock.time()) == (row["service_date"], row["departs_local"])


async def test_real_inventory_is_not_prolonged(owner_connection: Connection) -> None:
    assert await loading.prolong(owner_connection, until=PLAN.last_day) is None
