"""Dead letters: whatever came is kept, and shown again without failing."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.storage import attention, dead_letters
from bookingd.storage.attention import Attention
from bookingd.storage.database import Connection, Database
from bookingd.storage.dead_letters import DeadLetter, DeadLetterNotFound, Pile
from tests.fakes.sources import START
from tests.storage.test_inbox import envelope

GARBAGE = b'\x00\xff[{"id": 1'


def letter(number: int, *, actor: str = "bank", name: str = "bank.deposit") -> DeadLetter:
    return DeadLetter(
        id=UUID(int=number),
        actor=actor,
        envelope=replace(envelope(number, attempt=3), name=name),
        reason=f"Broken: {number}",
        trace='File "bank.py", line 1',
        died_at=START + timedelta(minutes=number),
    )


async def tell(connection: Connection, letter_id: UUID) -> None:
    entry = Attention(
        id=letter_id,
        subject_kind="dead_letter",
        subject=letter_id,
        object=letter_id,
        reason="dead_letter",
        detail="bank could not handle bank.deposit",
        owner="operator",
        opened_at=START,
    )
    await attention.open_entry(connection, entry=entry)


async def test_a_dead_letter_is_kept_whole_whatever_it_says(connection: Connection) -> None:
    dead = replace(letter(1, name="bank.\0"), reason="Broken: \0 and \ud800")
    await dead_letters.bury(connection, letter=dead)

    [kept] = await dead_letters.newest(connection, limit=9)

    assert kept.envelope == dead.envelope
    assert json.loads(kept.raw)["id"] == str(dead.envelope.id)
    assert (kept.id, kept.actor, kept.name) == (dead.id, "bank", "bank.\N{REPLACEMENT CHARACTER}")
    assert kept.reason == "Broken: \N{REPLACEMENT CHARACTER} and ?"
    assert (kept.trace, kept.attempts, kept.died_at) == (dead.trace, 3, dead.died_at)


async def test_bytes_that_are_no_message_are_kept_as_they_came_once_an_id(connection: Connection) -> None:
    def bury() -> Coroutine[Any, Any, bool]:
        return dead_letters.bury_unreadable(
            connection, id=UUID(int=1), actor="bank", payload=GARBAGE, reason="no \0 bundle", died_at=START
        )

    assert await bury() is True
    assert await bury() is False

    [kept] = await dead_letters.newest(connection, limit=9)
    assert (kept.raw, kept.envelope, kept.name, kept.attempts) == (GARBAGE, None, None, None)
    assert kept.reason == "no \N{REPLACEMENT CHARACTER} bundle"


async def test_an_envelope_of_another_release_is_shown_as_it_lies_there(connection: Connection) -> None:
    await dead_letters.bury(connection, letter=letter(1))
    await connection.execute("""UPDATE dead_letters SET envelope = '{"id": "seven"}'""")

    kept = await dead_letters.load(connection, letter_id=UUID(int=1))

    assert (kept.envelope, kept.raw, kept.name) == (None, b'{"id": "seven"}', "bank.deposit")


async def test_letters_are_found_by_actor_and_by_message(connection: Connection) -> None:
    for one in (letter(1), letter(2, name="bank.burst"), letter(3, actor="post"), letter(4)):
        await dead_letters.bury(connection, letter=one)

    newest = await dead_letters.newest(connection, limit=2, actor="bank")
    of_name = await dead_letters.newest(connection, limit=9, name="bank.deposit")
    oldest_first = await dead_letters.ids(connection, actor="bank", name="bank.deposit")

    assert [one.id.int for one in newest] == [4, 2]
    assert [one.id.int for one in of_name] == [4, 3, 1]
    assert [one.int for one in oldest_first] == [1, 4]
    assert await dead_letters.counts(connection) == {
        "bank": Pile(3, START + timedelta(minutes=1)),
        "post": Pile(1, START + timedelta(minutes=3)),
    }


async def test_of_two_who_take_a_letter_out_one_gets_it(database: Database) -> None:
    async with database.connection() as connection:
        await dead_letters.bury(connection, letter=letter(1))

    async def take() -> bool:
        async with database.transaction() as connection:
            try:
                await dead_letters.take_out(connection, letter_id=UUID(int=1))
            except DeadLetterNotFound:
                return False
        return True

    taken = await asyncio.gather(*(take() for _ in range(6)))

    assert sorted(taken) == [False] * 5 + [True]


async def test_a_letter_that_is_not_there_is_told_by_its_id(connection: Connection) -> None:
    with pytest.raises(DeadLetterNotFound, match=str(UUID(int=7))):
        await dead_letters.load(connection, letter_id=UUID(int=7))
