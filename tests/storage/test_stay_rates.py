"""What is read to find rooms: as much as is asked for, however many other hotels and nights there are."""

from datetime import timedelta

from bookingd.domain.hotels import RateDay
from bookingd.domain.stays import RoomGuests
from bookingd.storage import hotels
from bookingd.storage.database import Connection
from tests.fakes.sources import START
from tests.hotels import FIRST_NIGHT, contract, sell

CHECK_IN = FIRST_NIGHT + timedelta(days=10)
NIGHTS = 3
ROWS_READ = """
    SELECT relname, seq_tup_read + idx_tup_fetch AS rows FROM pg_stat_xact_user_tables
     WHERE relname = ANY ('{hotels,room_types,rate_plans,rates,rate_days,room_nights,hotel_age_bands}')
"""
"""By the transaction that asks."""


async def read_for(connection: Connection, *asked: int) -> dict[str, int]:
    """Rows that one search for a family in these hotels reads, by table."""
    await connection.execute("SELECT pg_stat_force_next_flush()")  # what was read until now
    async with connection.transaction():
        found = await hotels.rates(
            connection,
            hotels=asked,
            check_in=CHECK_IN,
            check_out=CHECK_IN + timedelta(days=NIGHTS),
            rooms=[RoomGuests(adults=2, children=(5,))],
            sold_at=START,
            currency="EUR",
        )
        assert {rate.hotel for rate in found} == set(asked)
        return {row["relname"]: row["rows"] for row in await connection.fetch(ROWS_READ)}


async def build(connection: Connection, numbers: range) -> None:
    """Hotels with something special on every night around the stay."""
    nights = [CHECK_IN + timedelta(days=number) for number in range(-5, 9)]
    await sell(
        connection,
        *(
            contract(
                number,
                days=[RateDay(plan=number, room=number, night=night, min_stay=2) for night in nights],
            )
            for number in numbers
        ),
    )
    await connection.executemany(
        "INSERT INTO room_nights VALUES ($1, $2, 3, 1)",
        [(number, night) for number in numbers for night in nights],
    )


async def test_what_is_read_follows_the_hotels_and_nights_that_are_asked_for(
    owner_connection: Connection,
) -> None:
    await owner_connection.execute("INSERT INTO cities VALUES ('FRA', 'Frankfurt', 'DE')")
    for numbers in (range(1, 4), range(4, 400)):
        await build(owner_connection, numbers)
        await owner_connection.execute("ANALYZE")
        await owner_connection.execute("DISCARD PLANS")

        read = await read_for(owner_connection, 1, 2)

        assert read == {
            "hotels": 2,
            "hotel_age_bands": 2,  # the first one reaches the child
            "room_types": 2,
            "room_nights": 2 * NIGHTS,
            "rate_plans": 2,
            "rates": 2 * NIGHTS,
            "rate_days": 2 * (NIGHTS + 1),  # the day of leaving too
        }
