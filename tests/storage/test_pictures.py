"""What is known of pictures: told of twice they are one, and each is somebody's."""

from typing import Any

import asyncpg
import pytest

from bookingd.domain.pictures import PictureId, State
from bookingd.storage import pictures
from bookingd.storage.database import Connection
from bookingd.storage.pictures import Wanted
from tests.fakes.pictures import plant_drawn
from tests.fakes.sources import START


def wanted(number: int = 1, **different: Any) -> Wanted:
    facts = {"supplier": "expedia", "hotel": "15", "url": f"https://pictures.test/{number}.jpg"}
    return Wanted(**{**facts, "caption": "The pool", "position": number, **different})


async def test_told_of_twice_they_are_one_and_get_the_newer_caption(connection: Connection) -> None:
    first = wanted()
    await pictures.want(connection, pictures=[first, wanted(2), first], now=START)
    await pictures.note_ready(connection, picture=first.id, size=(900, 600), digest=bytes(32))

    await pictures.want(connection, pictures=[wanted(caption="Pool", position=7)], now=START)

    found = await pictures.by_ids(connection, ids=[first.id, wanted(2).id, PictureId("a" * 16)])
    assert found.keys() == {first.id, wanted(2).id}
    now = found[first.id]
    assert (now.caption, now.position, now.state, now.width) == ("Pool", 7, State.READY, 900)


async def test_nothing_wanted_is_nothing_asked(connection: Connection) -> None:
    await pictures.want(connection, pictures=[], now=START)

    assert await connection.fetchval("SELECT count(*) FROM pictures") == 0


async def test_failures_are_counted_until_it_is_had(connection: Connection) -> None:
    one = wanted()
    await pictures.want(connection, pictures=[one], now=START)
    for _ in range(2):
        await pictures.note_failure(connection, picture=one.id, reason="slow", try_after=START)
    failed = (await pictures.by_ids(connection, ids=[one.id]))[one.id]

    await pictures.note_ready(connection, picture=one.id, size=(9, 9), digest=bytes(32))

    had = (await pictures.by_ids(connection, ids=[one.id]))[one.id]
    assert (failed.failures, failed.reason, failed.try_after, failed.state) == (
        2,
        "slow",
        START,
        State.WANTED,
    )
    assert (had.failures, had.reason, had.try_after, had.state) == (0, None, None, State.READY)


async def test_pictures_of_a_hotel_come_in_their_order(connection: Connection) -> None:
    made = [await plant_drawn(connection, number) for number in (3, 1, 2)]
    assert [one.id for one in await pictures.of_hotel(connection, hotel_id=7)] == [made[1], made[2], made[0]]

    await pictures.arrange(connection, hotel_id=7, order=made)

    arranged = await pictures.of_hotel(connection, hotel_id=7)
    assert [(one.id, one.position) for one in arranged] == [(made[0], 0), (made[1], 1), (made[2], 2)]


async def test_nobody_arranges_the_pictures_of_another_hotel(connection: Connection) -> None:
    picture = await plant_drawn(connection, 5)

    await pictures.arrange(connection, hotel_id=8, order=[picture])

    assert (await pictures.of_hotel(connection, hotel_id=7))[0].position == 5


@pytest.mark.parametrize(
    "change",
    [
        "hotel_id = NULL",
        "supplier = 'expedia'",
        "recipe = NULL",
        "url = 'https://pictures.test/1.jpg'",
        "state = 'wanted'",
        "kind = 'uploaded'",
        "width = 0",
        "width = NULL",
        "position = -1",
        "id = 'short'",
        "hash = '\\x00'",
    ],
)
async def test_a_picture_that_makes_no_sense_is_none(connection: Connection, change: str) -> None:
    await plant_drawn(connection)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await connection.execute(f"UPDATE pictures SET {change}")
