"""Contracts with hotels: what the schema takes, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from bookingd.domain.hotels import ALL, Amenity, Charge, ChargePer, Contract, Fee, InvalidContract, RateDay
from bookingd.domain.stays import PaidAt
from bookingd.storage import contracts
from bookingd.storage.database import Connection
from tests.hotels import (
    CITY_TAX,
    FIRST_NIGHT,
    LAST_NIGHT,
    contract,
    hotel,
    plan,
    room,
    season,
    sell,
)

POOL = Amenity(code="swimming_pool", label="Swimming pool", category="Wellness", rank=1)


@pytest.fixture(autouse=True)
async def _frankfurt(connection: Connection) -> None:
    await connection.execute("INSERT INTO cities VALUES ('FRA', 'Frankfurt', 'DE')")


async def test_a_contract_is_kept_whole(connection: Connection, owner_connection: Connection) -> None:
    await contracts.add_amenities(connection, amenities=[POOL])
    closed = RateDay(plan=7, room=7, night=FIRST_NIGHT, closed=True)

    await sell(
        connection, contract(7, hotel=hotel(7, amenities=("swimming_pool",)), days=(closed,)), contract(8)
    )

    counts = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in "hotels room_types rate_plans rate_plan_deadlines rates rate_days hotel_charges".split()
    }
    assert counts == {
        "hotels": 2,
        "room_types": 2,
        "rate_plans": 2,
        "rate_plan_deadlines": 4,
        "rates": 2,
        "rate_days": 1,
        "hotel_charges": 2,
    }
    await contracts.number_on(owner_connection)
    new = "INSERT INTO room_types (hotel_id, name, beds, adults_max, children_max, occupancy, allotment)"
    assert await connection.fetchval(f"{new} VALUES (7, 'Suite', '1 king bed', 2, 0, 2, 1) RETURNING id") == 9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: contract(hotel=hotel(stars=6)),
        lambda: contract(hotel=hotel(rating=101)),
        lambda: contract(hotel=hotel(rating=None, reviews=3)),
        lambda: contract(hotel=hotel(city_code="XXX")),
        lambda: contract(hotel=hotel(latitude=91.0)),
        lambda: contract(hotel=hotel(amenities=("helipad",))),
        lambda: contract(hotel=hotel(amenities=("swimming_pool", "swimming_pool"))),
        lambda: contract(rooms=(room(adults_max=4),)),
        lambda: contract(plans=(plan(fee=Fee(share=10_001)),)),
        lambda: contract(plans=(plan(2),)),
        lambda: contract(seasons=(season(nightly=(-1,)),)),
        lambda: contract(seasons=(season(weekdays=(0,) * 7),)),
        lambda: contract(seasons=(season(min_stay=5, max_stay=4),)),
        lambda: contract(seasons=(season(), season(first=FIRST_NIGHT + timedelta(days=1)))),
        lambda: contract(charges=(replace(CITY_TAX, amount=-1),)),
    ],
)
async def test_what_contradicts_itself_is_refused(
    connection: Connection, wrong: Callable[[], Contract]
) -> None:
    await contracts.add_amenities(connection, amenities=[POOL])

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await sell(connection, wrong())

    assert await connection.fetchval("SELECT count(*) FROM hotels") == 0


async def test_no_season_joins_a_room_and_a_plan_of_two_hotels(connection: Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await sell(connection, contract(1), contract(2, seasons=(season(1, 2),)))


@pytest.mark.parametrize("taken", [-1, 4])
async def test_a_night_is_never_oversold(connection: Connection, taken: int) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="rooms_never_oversold"):
        await connection.execute("INSERT INTO room_nights VALUES (1, $1, 3, $2)", FIRST_NIGHT, taken)


def test_values_refuse_what_no_stay_could_be_priced_by() -> None:
    for wrong in (
        Fee,
        lambda: Fee(share=0, nights=1),
        lambda: season(first=LAST_NIGHT, last=FIRST_NIGHT),
        lambda: season(nightly=()),
        lambda: season(weekdays=(1,)),
        lambda: RateDay(plan=1, room=1, night=FIRST_NIGHT, nightly=(1,)),
        lambda: Charge(code="vat", label="VAT", per=ChargePer.SHARE, amount=1),
        lambda: Charge(code="vat", label="VAT", per=ChargePer.ROOM, amount=1, share=1),
        lambda: Charge(code="vat", label="VAT", per=ChargePer.ROOM, share=1),
        lambda: Charge(
            code="vat", label="VAT", per=ChargePer.ROOM, amount=1, included=True, paid_at=PaidAt.PROPERTY
        ),
    ):
        with pytest.raises(InvalidContract):
            wrong()
    assert ALL.share == 10_000
