"""What each actor has handled: a message is new once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec

from bookingd.domain.ids import MessageId
from bookingd.messages.envelope import Envelope
from bookingd.storage import inbox
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import START


def envelope(number: int, **fields: object) -> Envelope:
    given = {
        "name": "bank.deposit",
        "principal": "system",
        "correlation_id": UUID(int=1),
        "sent_at": START,
        "body": msgspec.Raw(b"{}"),
    }
    return Envelope(id=MessageId(UUID(int=number)), **(given | fields))  # type: ignore[arg-type]


def envelopes(*numbers: int) -> list[Envelope]:
    return [envelope(number) for number in numbers]


async def _take(connection: Connection, *numbers: int, actor: str = "bank") -> list[int]:
    new = await inbox.take(connection, actor=actor, envelopes=envelopes(*numbers))
    return sorted(message_id.int for message_id in new)


async def test_a_message_is_new_once(connection: Connection) -> None:
    assert await _take(connection, 1, 2) == [1, 2]
    assert await _take(connection, 2, 3) == [3]


async def test_a_message_is_new_to_every_actor(connection: Connection) -> None:
    await _take(connection, 1)

    assert await _take(connection, 1, actor="clerk") == [1]


async def test_a_message_twice_in_one_batch_is_new_once(connection: Connection) -> None:
    assert await _take(connection, 1, 1, 2, 1) == [1, 2]


async def test_the_next_attempt_is_the_same_message(connection: Connection) -> None:
    await _take(connection, 1)

    again = await inbox.take(connection, actor="bank", envelopes=[envelope(1, attempt=2)])

    assert again == set()


async def test_a_delivery_elsewhere_waits_until_the_first_has_ended(database: Database) -> None:
    async with database.connection() as two:
        async with database.transaction() as one:
            await _take(one, 1)
            second = asyncio.ensure_future(_take(two, 1, 2))
            await asyncio.sleep(0.05)
            waited = not second.done()
        answer = await second

    assert waited
    assert answer == [2]


async def test_what_was_rolled_back_is_new_again(database: Database) -> None:
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await _take(connection, 1)
        await transaction.rollback()

        assert await _take(connection, 1) == [1]


async def test_overlapping_batches_in_any_order_do_not_deadlock(database: Database) -> None:
    async def batch(*numbers: int) -> list[int]:
        async with database.transaction() as connection:
            return await _take(connection, *numbers)

    upward, downward = list(range(4000)), list(range(3999, -1, -1))
    taken = await asyncio.gather(*(batch(*numbers) for numbers in [upward, downward] * 2))

    assert sorted(number for numbers in taken for number in numbers) == upward


async def test_what_is_put_back_is_new_again_and_the_rest_is_not(connection: Connection) -> None:
    await _take(connection, 1, 2)
    await _take(connection, 1, actor="clerk")

    await inbox.put_back(connection, actor="bank", envelopes=envelopes(1))

    assert await _take(connection, 1, 2) == [1]
    assert await _take(connection, 1, actor="clerk") == []


async def test_messages_of_any_day_have_their_place(connection: Connection) -> None:
    """Also where no partition was made for it."""
    old = [envelope(number, sent_at=START + timedelta(days=100 * number - 300)) for number in range(7)]

    first = await inbox.take(connection, actor="bank", envelopes=old)
    second = await inbox.take(connection, actor="bank", envelopes=old)

    assert (len(first), second) == (7, set())
