"""Bundles on their way out: claimed by one, found again when their claim has lapsed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.messages.catalogue import Kind, Lane
from bookingd.storage import outbox
from bookingd.storage.database import Connection, Database
from bookingd.storage.outbox import Bundle
from tests.fakes.sources import START

MINUTE = timedelta(minutes=1)


def bundle(number: int, **fields: Any) -> Bundle:
    plain = Bundle(
        id=UUID(int=number),
        kind=Kind.COMMAND,
        destination="bank",
        lane=Lane.NORMAL,
        payload=b"[]",
        due_at=START,
    )
    return replace(plain, **fields)


async def _claim(connection: Connection, *, after: timedelta = timedelta(), limit: int = 500) -> list[int]:
    now = START + after
    claimed = await outbox.claim(connection, now=now, until=now + MINUTE, limit=limit)
    return sorted(one.id.int for one in claimed)


async def test_a_bundle_comes_out_as_it_went_in(connection: Connection) -> None:
    event = bundle(
        1, kind=Kind.EVENT, destination="bank.deposited", lane=Lane.BULK, payload=b'[{"\xc3\xa9":1}]'
    )
    await outbox.insert(connection, bundles=[event])

    assert await outbox.claim(connection, now=START, until=START + MINUTE, limit=9) == [event]


async def test_what_is_claimed_is_free_again_when_the_claim_lapses(connection: Connection) -> None:
    await outbox.insert(connection, bundles=[bundle(1, claimed_until=START + MINUTE), bundle(2)])

    assert await _claim(connection) == [2]
    assert await _claim(connection, after=MINUTE - timedelta(seconds=1)) == []
    assert await _claim(connection, after=MINUTE) == [1, 2]


async def test_a_timer_is_left_until_it_is_due(connection: Connection) -> None:
    await outbox.insert(connection, bundles=[bundle(1, due_at=START + 2 * MINUTE)])

    assert await _claim(connection, after=MINUTE) == []
    assert await _claim(connection, after=2 * MINUTE) == [1]


async def test_the_longest_ready_go_first(connection: Connection) -> None:
    rows = [bundle(number, due_at=START - number * MINUTE) for number in range(1, 10)]
    await outbox.insert(connection, bundles=rows)

    assert await _claim(connection, limit=3) == [7, 8, 9]


async def test_two_claims_at_once_share_nothing_and_do_not_wait(database: Database) -> None:
    async with database.connection() as connection:
        await outbox.insert(connection, bundles=[bundle(number) for number in range(6)])

    async with database.transaction() as one, database.transaction() as two:
        first = await _claim(one, limit=4)
        second = await _claim(two)

    assert sorted(first + second) == list(range(6))


async def test_what_is_deleted_is_gone_and_the_rest_stays(connection: Connection) -> None:
    await outbox.insert(connection, bundles=[bundle(number) for number in range(4)])

    await outbox.delete(connection, ids=[UUID(int=1), UUID(int=3), UUID(int=77)])

    assert await _claim(connection) == [0, 2]


async def test_a_start_that_is_alone_frees_every_claim(connection: Connection) -> None:
    rows = [bundle(1, claimed_until=START + MINUTE), bundle(2, due_at=START + MINUTE)]
    await outbox.insert(connection, bundles=rows)

    await outbox.release_all(connection)

    assert await _claim(connection) == [1]


async def test_it_is_counted_how_often_a_start_found_a_bundle_claimed(connection: Connection) -> None:
    rows = [bundle(1, claimed_until=START + MINUTE), bundle(2)]
    await outbox.insert(connection, bundles=rows)
    await outbox.release_all(connection)
    await outbox.release_all(connection)

    claimed = await outbox.claim(connection, now=START, until=START + MINUTE, limit=10)
    await outbox.release_all(connection)
    again = await outbox.claim(connection, now=START, until=START + MINUTE, limit=10)

    assert {bundle.id.int: bundle.freed for bundle in claimed} == {1: 1, 2: 0}
    assert {bundle.id.int: bundle.freed for bundle in again} == {1: 2, 2: 1}


async def test_the_lag_counts_what_is_due_and_not_delivered(connection: Connection) -> None:
    assert await outbox.lag(connection, now=START) == (0, None)
    rows = [
        bundle(1, due_at=START - MINUTE, claimed_until=START + MINUTE),
        bundle(2),
        bundle(3, due_at=START + MINUTE),
    ]
    await outbox.insert(connection, bundles=rows)

    assert await outbox.lag(connection, now=START) == (2, START - MINUTE)


@pytest.mark.parametrize(("kind", "lane"), [("query", "normal"), ("command", "express")])
async def test_the_table_refuses_what_no_transport_knows(
    connection: Connection, kind: str, lane: str
) -> None:
    with pytest.raises(Exception, match="check constraint"):
        await outbox.insert(connection, bundles=[bundle(1, kind=kind, lane=lane)])
