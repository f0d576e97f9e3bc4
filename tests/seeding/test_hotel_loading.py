"""The made-up hotels go into PostgreSQL, are sold from there, and go out again."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest

from bookingd.domain.stays import RoomGuests, StayCriteria
from bookingd.seeding import demonstration, loading
from bookingd.seeding.hotels.loading import NIGHTS_LEAST
from bookingd.seeding.hotels.world import NIGHTS, Stays, hotels
from bookingd.seeding.loading import SeedRefused
from bookingd.seeding.world import Plan
from bookingd.sources import Sources
from bookingd.storage import inventory, prices
from bookingd.storage.database import Connection, Database
from bookingd.suppliers.own_stays import OwnStays
from tests.fakes.inventory import plant_world
from tests.fakes.sources import START, ManualClock
from tests.seeding.test_loading import quiet

FIRST = date(2026, 11, 22)
PLAN = Plan(first_day=FIRST, departures=2000, hotels=48)
LAST_NIGHT = FIRST + timedelta(days=NIGHTS - 1)


@pytest.fixture
async def seeded(owner_connection: Connection) -> loading.Seeded:
    return await loading.seed(owner_connection, plan=PLAN, now=START, progress=quiet)


async def test_what_was_made_up_is_there(connection: Connection, seeded: loading.Seeded) -> None:
    made = list(hotels(PLAN.stays))
    assert (seeded.stays.hotels, seeded.stays.cities) == (48, 12)
    for table, count in (
        ("hotels", len(made)),
        ("room_types", sum(len(one.contract.rooms) for one in made)),
        ("rate_plans", sum(len(one.contract.plans) for one in made)),
        ("rates", sum(len(one.contract.seasons) for one in made)),
        ("rate_days", sum(len(one.contract.days) for one in made)),
        ("hotel_charges", sum(len(one.contract.charges) for one in made)),
        ("pictures", sum(len(one.portraits) for one in made)),
    ):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == count, table
    assert await connection.fetchval("SELECT count(*) FROM room_nights") == 0
    there = await inventory.demo(connection)
    assert there is not None
    assert (there.hotels, there.last_night) == (48, LAST_NIGHT)


async def test_new_hotels_get_ids_behind_the_loaded_ones(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    for table, last in (("hotels", 48), ("room_types", None), ("rate_plans", None)):
        highest = last or await owner_connection.fetchval(f"SELECT max(id) FROM {table}")
        following = await owner_connection.fetchval(
            f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))"
        )
        assert following == highest + 1


async def test_they_are_found_and_sold_to_couples_and_families(
    database: Database, clock: ManualClock, connection: Connection, seeded: loading.Seeded
) -> None:
    async with database.transaction() as writing:
        await prices.seed_rules(writing, START)
    stays = OwnStays(database=database, clock=clock, rules=prices.CurrentRules())
    hosts: set[str] = set()
    for rooms in ((RoomGuests(adults=2),), (RoomGuests(adults=2, children=(1, 6)), RoomGuests(adults=1))):
        criteria = StayCriteria(
            place="LON",
            check_in=FIRST + timedelta(days=65),
            check_out=FIRST + timedelta(days=69),
            rooms=rooms,
        )
        found = await stays.search(criteria)
        assert found.offers
        hosts |= {offer.hotel.key for offer in found.offers}
        for offer in found.offers:
            assert 40_00 < offer.total.amount < 20_000_00
            assert offer.total.amount >= offer.at_property.amount >= 0
            assert offer.rooms_left >= 1
    in_london = await connection.fetchval("SELECT count(*) FROM hotels WHERE city_code = 'LON'")
    assert len(hosts) > in_london * 0.8


async def seasons(connection: Connection) -> dict[tuple[int, int], list[tuple[date, date, list[int]]]]:
    found = defaultdict(list)
    rows = await connection.fetch(
        "SELECT rate_plan_id, room_type_id, first_night, last_night, nightly FROM rates ORDER BY first_night"
    )
    for plan, room, first, last, nightly in rows:
        found[plan, room].append((first, last, nightly))
    return found


def price_of(spans: list[tuple[date, date, list[int]]], night: date) -> list[int]:
    [price] = [nightly for first, last, nightly in spans if first <= night <= last]
    return price


@pytest.mark.may_block  # looking through the years of all rates is the test's own work
@pytest.mark.parametrize("days", [20, 200, 900])
async def test_they_are_sold_on_at_last_years_prices(
    connection: Connection, owner_connection: Connection, seeded: loading.Seeded, days: int
) -> None:
    before = await seasons(connection)
    until = PLAN.last_day + timedelta(days=days)
    more = await loading.prolong(owner_connection, until=until)
    needed = until + timedelta(days=NIGHTS_LEAST) > LAST_NIGHT
    last = until + timedelta(days=NIGHTS - 1) if needed else LAST_NIGHT
    assert more is not None
    assert more.last_night == last
    after = await seasons(connection)
    assert set(after) == set(before)
    for key, spans in after.items():
        assert spans[0][0] == FIRST
        assert spans[-1][1] == last
        assert all(later[0] == sooner[1] + timedelta(days=1) for sooner, later in pairwise(spans))
        for ahead in range(1, (last - LAST_NIGHT).days + 1, 13):
            night = LAST_NIGHT + timedelta(days=ahead)
            year_before = night - timedelta(days=364 * -(-ahead // 364))
            assert price_of(spans, night) == price_of(before[key], year_before)
    there = await inventory.demo(connection)
    assert there is not None
    assert there.last_night == last


async def test_a_world_without_hotels_flies_on_without_them(owner_connection: Connection) -> None:
    plan = Plan(first_day=FIRST, departures=2000)
    await loading.seed(owner_connection, plan=plan, now=START, progress=quiet)
    more = await loading.prolong(owner_connection, until=plan.last_day + timedelta(days=20))
    assert more is not None
    assert more.last_night is None


async def test_a_network_made_before_there_were_hotels_gets_some_once(
    owner_connection: Connection,
) -> None:
    sources = Sources.system()
    await loading.seed(
        owner_connection, plan=Plan(first_day=FIRST, departures=2000), now=START, progress=quiet
    )
    stays = Stays(first_night=FIRST + timedelta(days=3), hotels=12)

    async def furnish() -> bool:
        loaded = await demonstration.furnish(
            owner_connection, stays=stays, sources=sources, principal="system", progress=quiet
        )
        return loaded is not None

    assert await furnish()
    assert not await furnish()
    there = await inventory.demo(owner_connection)
    assert there is not None
    assert (there.hotels, there.last_night) == (12, stays.last_night)
    entries = await owner_connection.fetch("SELECT action FROM audit_entries")
    assert [entry["action"] for entry in entries] == ["inventory.furnished"]


async def test_real_inventory_gets_no_made_up_hotels(owner_connection: Connection) -> None:
    await plant_world(owner_connection)
    stays = Stays(first_night=FIRST, hotels=12)
    assert await loading.furnish(owner_connection, stays=stays, now=START, progress=quiet) is None


async def test_real_hotels_are_not_removed(owner_connection: Connection) -> None:
    await owner_connection.execute("INSERT INTO cities (code, name, country) VALUES ('LON', 'London', 'GB')")
    await owner_connection.execute(
        """
        INSERT INTO hotels (name, kind, stars, city_code, address, latitude, longitude, zone, check_in_from,
                            check_out_until, email, currency)
        VALUES ('Real', 'hotel', 3, 'LON', '1 High Street', 51.5, -0.1, 'Europe/London', '14:00', '11:00',
                'stay@real.example', 'GBP')
        """
    )
    with pytest.raises(SeedRefused, match="left alone"):
        await loading.seed(owner_connection, plan=PLAN, now=START, progress=quiet)
    with pytest.raises(SeedRefused, match="not removed"):
        await loading.remove(owner_connection)


async def test_rooms_that_somebody_has_are_not_removed(
    owner_connection: Connection, seeded: loading.Seeded
) -> None:
    room = await owner_connection.fetchval("SELECT min(id) FROM room_types")
    await owner_connection.execute("INSERT INTO room_nights VALUES ($1, $2, 5, 1)", room, FIRST)
    with pytest.raises(SeedRefused, match=rf"1 night.*{FIRST}"):
        await loading.remove(owner_connection)
    await owner_connection.execute("UPDATE room_nights SET taken = 0")
    await loading.remove(owner_connection)
    assert await owner_connection.fetchval("SELECT count(*) FROM hotels") == 0


async def test_suppliers_pictures_outlive_ours(owner_connection: Connection, seeded: loading.Seeded) -> None:
    await owner_connection.execute(
        """
        INSERT INTO pictures (id, supplier, supplier_hotel, position, caption, kind, url, state, created_at)
        VALUES ('aaaaaaaaaaaaaaaa', 'other', '7', 0, 'Lobby', 'fetched', 'https://a.example/7', 'wanted', $1)
        """,
        START,
    )
    await loading.remove(owner_connection)
    assert await owner_connection.fetchval("SELECT array_agg(supplier) FROM pictures") == ["other"]
