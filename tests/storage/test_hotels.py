"""Where hotels are found: by the code of a place, around a position, over the date line."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookingd.domain.places import great_circle_km
from bookingd.domain.stays import Around
from bookingd.storage import hotels
from bookingd.storage.database import Connection
from tests.hotels import CITY_TAX, FIRST_NIGHT, contract, hotel, plan, room, sell

CITIES = [
    ("FRA", "Frankfurt", "DE"),
    ("LON", "London", "GB"),
    ("SUV", "Suva", "FJ"),
    ("NOW", "Nowhere", "DE"),
]
AIRPORTS = [
    ("FRA", "FRA", "DE", 50.0333, 8.5706, "Europe/Berlin"),
    ("LHR", "LON", "GB", 51.4706, -0.4619, "Europe/London"),
    ("LGW", "LON", "GB", 51.1481, -0.1903, "Europe/London"),
]


@pytest.fixture(autouse=True)
async def _world(connection: Connection) -> None:
    await connection.executemany("INSERT INTO cities VALUES ($1, $2, $3)", CITIES)
    await connection.executemany(
        "INSERT INTO airports (code, icao, name, city_code, city, country, latitude, longitude, zone)"
        " VALUES ($1, '', $1, $2, $2, $3, $4, $5, $6)",
        AIRPORTS,
    )


async def at(connection: Connection, *positions: tuple[float, float], city: str = "LON") -> None:
    """Hotels 1, 2, 3 ... of a city there."""
    await sell(
        connection,
        *(
            contract(number, hotel=hotel(number, city_code=city, latitude=latitude, longitude=longitude))
            for number, (latitude, longitude) in enumerate(positions, 1)
        ),
    )


async def near(
    connection: Connection, latitude: float, longitude: float, km: float, *, city: str | None = None
) -> list[int]:
    around = Around(latitude=latitude, longitude=longitude, radius_km=km)
    return await hotels.found(connection, around=around, city_code=city, limit=100)


async def test_a_city_is_where_its_middle_is_known_to_be(connection: Connection) -> None:
    await connection.execute("UPDATE cities SET latitude = 51.5074, longitude = -0.1278 WHERE code = 'LON'")
    await at(connection, (51.90, -1.90))

    middle = await hotels.centre(connection, code="LON")

    assert middle == hotels.Centre(is_airport=False, city_code="LON", latitude=51.5074, longitude=-0.1278)


async def test_else_it_is_where_most_of_its_hotels_are(connection: Connection) -> None:
    await at(connection, (51.50, -0.10), (51.51, -0.12), (51.90, -1.90))

    middle = await hotels.centre(connection, code="LON")

    assert middle is not None
    assert (middle.is_airport, middle.city_code) == (False, "LON")
    assert (middle.latitude, middle.longitude) == (51.51, -0.12)


async def test_an_airport_is_where_it_is_and_in_its_city(connection: Connection) -> None:
    there = [await hotels.centre(connection, code=code) for code in ("LGW", "FRA")]

    assert there == [
        hotels.Centre(is_airport=True, city_code="LON", latitude=51.1481, longitude=-0.1903),
        hotels.Centre(is_airport=True, city_code="FRA", latitude=50.0333, longitude=8.5706),
    ]


async def test_a_code_that_is_both_is_the_city(connection: Connection) -> None:
    await at(connection, (50.11, 8.68), city="FRA")

    there = await hotels.centre(connection, code="FRA")

    assert there == hotels.Centre(is_airport=False, city_code="FRA", latitude=50.11, longitude=8.68)


@pytest.mark.parametrize("code", ["XXX", "", "NOW", "SUV"])
async def test_a_place_without_hotels_is_nowhere(connection: Connection, code: str) -> None:
    assert await hotels.centre(connection, code=code) is None


async def test_hotels_of_the_city_and_within_the_circle_are_found_once_and_the_nearest_first(
    connection: Connection,
) -> None:
    await at(connection, (51.6, -0.1), (51.4706, -0.46), (51.5, -0.3))
    await sell(
        connection,
        contract(8, hotel=hotel(8, latitude=51.47, longitude=-0.5)),
        contract(9, hotel=hotel(9, latitude=52.5, longitude=-0.5)),
    )

    assert await near(connection, 51.4706, -0.4619, 25, city="LON") == [2, 8, 3, 1]
    assert await near(connection, 51.4706, -0.4619, 5) == [2, 8]


async def test_what_is_not_on_sale_is_not_found(connection: Connection) -> None:
    await sell(connection, contract(1, hotel=hotel(1, on_sale=False)))

    assert await near(connection, 50.1109, 8.6821, 5, city="FRA") == []


async def test_over_the_date_line_and_at_the_pole_is_near(connection: Connection) -> None:
    await at(connection, (-16.8, 179.99), (-16.8, -179.99), (89.9, 12.0), (89.9, -168.0), city="SUV")

    assert await near(connection, -16.8, 179.98, 10) == [1, 2]
    assert await near(connection, -16.8, -179.98, 10) == [2, 1]
    assert sorted(await near(connection, 89.95, 12.0, 30)) == [3, 4]


def degrees(most: float) -> st.SearchStrategy[float]:
    return st.floats(-most, most).map(lambda one: round(one, 6))


positions = st.tuples(degrees(90), degrees(180))
close = st.tuples(st.floats(-1, 1), st.floats(-1, 1))


@given(
    middle=positions,
    there=st.lists(st.tuples(close, st.floats(0, 300)), min_size=1, max_size=8),
    km=st.floats(0.5, 300),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_circle_holds_what_is_not_further_than_its_radius(
    owner_connection: Connection,
    middle: tuple[float, float],
    there: Sequence[tuple[tuple[float, float], float]],
    km: float,
) -> None:
    await owner_connection.execute("TRUNCATE hotels CASCADE")
    places = [
        (
            round(max(-90.0, min(90.0, middle[0] + north * reach / 111)), 6),
            round((middle[1] + east * reach / 50 + 540) % 360 - 180, 6),
        )
        for (north, east), reach in there
    ]
    await at(owner_connection, *places)

    found = await near(owner_connection, *middle, km)

    far = {number: great_circle_km(*middle, *place) for number, place in enumerate(places, 1)}
    doubtful = {number for number, one in far.items() if abs(one - km) < 1e-6}
    assert set(found) - doubtful == {number for number, one in far.items() if one <= km} - doubtful


@pytest.mark.parametrize(("latitude", "longitude"), [(1e-300, 0.0), (0.0, -5e-324), (90.0, 1e-200)])
async def test_a_position_next_to_nothing_is_one(
    connection: Connection, latitude: float, longitude: float
) -> None:
    await at(connection, (0.0, 0.0), (90.0, 0.0))

    assert len(await near(connection, latitude, longitude, 1.0)) == 1


async def test_facts_come_back_as_they_were_kept(connection: Connection) -> None:
    await sell(connection, contract(4, plans=(plan(4), plan(5, deadlines=())), charges=(CITY_TAX,)))

    facts = (await hotels.facts(connection, hotels=[4, 99]))[4]
    assert (facts.key, facts.name, facts.city, facts.country, facts.zone) == (
        "4",
        "Hotel 4",
        "Frankfurt",
        "DE",
        "Europe/Berlin",
    )
    assert await hotels.plans(connection, plans=[4, 5]) == {4: plan(4), 5: plan(5, deadlines=())}
    assert await hotels.rooms(connection, rooms=[4]) == {4: room(4)}
    assert await hotels.charges(connection, hotels=[4, 99]) == {4: (CITY_TAX,)}


async def test_a_night_without_a_row_has_the_allotment(connection: Connection) -> None:
    await sell(connection, contract(1), contract(2))
    two = FIRST_NIGHT + timedelta(days=2)
    await connection.execute("INSERT INTO room_nights VALUES (1, $1, 5, 4), (2, $1, 9, 1)", FIRST_NIGHT)

    left = await hotels.rooms_left(connection, rooms=[1, 2, 3], check_in=FIRST_NIGHT, check_out=two)

    assert left == {1: 1, 2: 3}
    alone = await hotels.rooms_left(
        connection, rooms=[1, 2], check_in=FIRST_NIGHT, check_out=FIRST_NIGHT + timedelta(days=1)
    )
    assert alone == {1: 1, 2: 8}
