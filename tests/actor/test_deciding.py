"""Deciding messages: exactly once, in batches, whatever is delivered how often and in which order (P5)."""

import asyncio
import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from bookingd.actor import deciding
from bookingd.actor.runtime import UNKNOWN_NAMES, Limits
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import Kind, Lane
from bookingd.messages.envelope import Envelope
from bookingd.sources import SystemIds
from bookingd.storage import dead_letters, outbox
from bookingd.storage.attention import oldest
from bookingd.storage.database import Database, DatabaseUnavailable
from bookingd.storage.outbox import Bundle
from tests.toy.house import ORIGIN, House, break_connections, until
from tests.toy.messages import CATALOGUE, Burst, Deposit, Finish

ACCOUNT = UUID(int=5)
BALANCE = "SELECT balance FROM toy_accounts WHERE id = $1"
IDS = SystemIds()


def deposits(number: int, **fields: Any) -> list[Deposit]:
    return [Deposit(account=ACCOUNT, **fields) for _ in range(number)]


def sealed(house: House, message: Any) -> Envelope:
    now = house.sources.clock.now()
    return codec.seal(message, catalogue=CATALOGUE, id=MessageId(IDS.new()), origin=ORIGIN, now=now)


async def put(house: House, *envelopes: Envelope, actor: str = "bank") -> None:
    """Into the outbox as one bundle, as another process would."""
    bundle = Bundle(
        id=IDS.new(),
        kind=Kind.COMMAND,
        destination=actor,
        lane=Lane.NORMAL,
        payload=codec.pack(envelopes),
        due_at=house.sources.clock.now(),
    )
    async with house.database.transaction() as connection:
        await outbox.insert(connection, bundles=[bundle])


async def test_what_is_sent_takes_effect_and_is_told_to_every_subscriber(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(*deposits(3, amount=5))
        await house.rest()

        assert await house.value(BALANCE, ACCOUNT) == 15
        assert await house.value("SELECT count(*) FROM toy_seen") == 1


async def test_what_waits_is_decided_in_one_transaction(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(*deposits(150))
        await house.rest()

        assert house.bank.batches == [64, 64, 22]
        assert await house.value(BALANCE, ACCOUNT) == 150


async def test_duplicates_in_any_order_take_effect_once(bank_database: Database) -> None:
    """Also in a restart's middle, and also what handlers themselves have sent."""
    shuffled = random.Random(3)
    async with House(bank_database) as house:
        envelopes = [sealed(house, Deposit(account=ACCOUNT, parcels=1)) for _ in range(40)]
        twice = envelopes + envelopes + envelopes[:10]
        shuffled.shuffle(twice)
        for start in range(0, len(twice), 7):
            await put(house, *twice[start : start + 7])
        await house.rest()

    async with House(bank_database, courier=house.courier) as house:
        await put(house, *envelopes)
        await house.rest()

        assert await house.rows("SELECT balance, sent FROM toy_accounts") == [(40, 40)]
        assert await house.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
        assert await house.value("SELECT count(*) FROM toy_parcels") == 40


async def test_a_message_twice_in_one_batch_takes_effect_once(bank_database: Database) -> None:
    async with House(bank_database) as house:
        once = sealed(house, Deposit(account=ACCOUNT))
        await put(house, once, once, sealed(house, Deposit(account=ACCOUNT)))
        await house.rest()

        assert await house.value(BALANCE, ACCOUNT) == 2
        assert house.bank.batches == [2]


async def test_a_duplicate_in_another_process_takes_effect_once(bank_database: Database) -> None:
    """Two runtimes handle the same messages at the same time, in batches that overlap."""
    async with House(bank_database) as one, House(bank_database) as two:
        envelopes = [sealed(one, Deposit(account=ACCOUNT)) for _ in range(64)]
        bundles = [
            Bundle(
                id=IDS.new(),
                kind=Kind.COMMAND,
                destination="bank",
                lane=Lane.NORMAL,
                payload=codec.pack(part),
                due_at=one.sources.clock.now(),
            )
            for part in (envelopes[:40], envelopes[20:], envelopes[::-1])
        ]
        for house in (one, two):
            house.bus.publish(bundles, lambda *_: None)
        await asyncio.gather(*_settled(one), *_settled(two))
        await one.rest()

        assert await one.value(BALANCE, ACCOUNT) == 64
        assert await one.value("SELECT count(*) FROM dead_letters") == 0


def _settled(house: House) -> list[asyncio.Task[None]]:
    return list(house.runtimes["bank"]._tasks)


async def test_a_poisonous_message_harms_only_itself(bank_database: Database) -> None:
    async with House(bank_database) as house:
        poison = Deposit(account=ACCOUNT, poison=True)
        await house.send(*deposits(30), poison, *deposits(33))
        await house.rest()

        assert await house.value(BALANCE, ACCOUNT) == 63
        async with bank_database.connection() as connection:
            [letter] = await dead_letters.newest(connection, limit=9)
            [entry] = await oldest(connection, limit=9)
        assert letter.envelope is not None
        assert codec.read(letter.envelope, CATALOGUE) == poison
        assert (letter.actor, letter.reason) == ("bank", "ZeroDivisionError: poison")
        assert "raise ZeroDivisionError" in letter.trace
        assert (entry.subject_kind, entry.subject, entry.owner) == ("dead_letter", letter.id, "operator")
        assert "bank.deposit" in entry.detail


async def test_a_poisonous_message_dies_once_however_often_it_is_delivered(bank_database: Database) -> None:
    async with House(bank_database) as house:
        poison = sealed(house, Deposit(account=ACCOUNT, poison=True))
        for _ in range(3):
            await put(house, poison)
        await house.rest()
        await put(house, poison)
        await house.rest()

        assert await house.value("SELECT count(*) FROM dead_letters") == 1
        assert await house.value("SELECT count(*) FROM attention") == 1


async def test_what_comes_too_early_comes_again_with_growing_waits(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(Deposit(account=ACCOUNT, amount=100, after=3))

        async def third_attempt() -> bool:
            rows = await house.rows("SELECT bundle FROM outbox")
            return any(codec.unpack(bundle)[0].attempt >= 4 for (bundle,) in rows)

        await until(third_attempt)
        assert await house.value(BALANCE, ACCOUNT) is None
        await house.send(*deposits(3))
        await house.rest()

        assert await house.value(BALANCE, ACCOUNT) == 103
        assert await house.value("SELECT count(*) FROM dead_letters") == 0


async def test_what_is_too_early_harms_no_neighbour(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(
            *deposits(5, amount=10, after=1_000_000), *deposits(5), Deposit(account=ACCOUNT, poison=True)
        )

        async def counted() -> bool:
            return (await house.rows(BALANCE, ACCOUNT)) == [(5,)]

        await until(counted)
        await house.die()


async def test_what_is_too_early_for_good_becomes_a_dead_letter(
    bank_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "EARLY_ATTEMPTS", 3)
    async with House(bank_database) as house:
        await house.send(Deposit(account=ACCOUNT, after=3))
        await house.rest()

        [(reason, attempts)] = await house.rows("SELECT reason, attempts FROM dead_letters")
        assert reason.startswith("StillTooEarly: bank.deposit")
        assert attempts == 3


async def test_an_unreadable_body_becomes_a_dead_letter(bank_database: Database) -> None:
    async with House(bank_database) as house:
        fine = sealed(house, Deposit(account=ACCOUNT))
        broken = replace(fine, id=MessageId(IDS.new()), body=msgspec.Raw(b'{"account":"\\u0000"}'))
        await put(house, broken, fine)
        await house.rest()

        [(reason, envelope)] = await house.rows("SELECT reason, envelope::text FROM dead_letters")
        assert reason.startswith("Unreadable: Deposit")
        assert json.loads(envelope)["id"] == str(broken.id)
        assert await house.value(BALANCE, ACCOUNT) == 1


async def test_a_message_that_its_actor_does_not_handle_becomes_a_dead_letter(
    bank_database: Database,
) -> None:
    async with House(bank_database) as house:
        await put(house, sealed(house, Deposit(account=ACCOUNT)), actor="clerk")
        await house.rest()

        assert await house.rows("SELECT actor, message_name FROM dead_letters") == [("clerk", "bank.deposit")]


async def test_an_unknown_name_waits_an_hour_for_a_newer_release(bank_database: Database) -> None:
    async with House(bank_database) as house:
        strange = replace(
            sealed(house, Deposit(account=ACCOUNT)),
            name="bank.levitate",
            sent_at=house.sources.clock.now() - timedelta(days=2),  # an old timer
        )
        await put(house, strange)

        async def retried() -> bool:
            rows = await house.rows("SELECT bundle FROM outbox")
            return any(codec.unpack(bundle)[0].attempt >= 3 for (bundle,) in rows)

        await until(retried)
        assert await house.value("SELECT count(*) FROM dead_letters") == 0
        house.jump(UNKNOWN_NAMES)
        await house.rest()

        [(reason,)] = await house.rows("SELECT reason FROM dead_letters")
        assert reason == "UnknownMessage: no release that runs here knows 'bank.levitate'"


async def test_finishing_is_decided_before_a_burst_that_came_first(bank_database: Database) -> None:
    async with House(bank_database, limits=Limits(batch=4)) as house:
        async with house.transactions.begin() as transaction:
            for _ in range(60):
                transaction.send(Burst(account=ACCOUNT), origin=ORIGIN)
            transaction.send(Finish(account=ACCOUNT), origin=ORIGIN)
        await house.rest()

        assert house.bank.order.index(Finish) <= 4
        assert house.bank.order.count(Burst) == 60


async def test_a_lost_database_is_waited_for(bank_database: Database) -> None:
    async with House(bank_database) as house:
        await house.send(*deposits(10))
        await house.rest()
        bank = house.runtimes["bank"]
        unreachable = _Away(bank_database)
        house.transactions._database = unreachable  # type: ignore[assignment]
        for envelope in [sealed(house, Deposit(account=ACCOUNT)) for _ in range(10)]:
            await put(house, envelope)

        async def waiting() -> bool:
            return bank.waiting_for_database

        await until(waiting)
        unreachable.back = True
        await house.rest()

        assert not await waiting()
        assert await house.value(BALANCE, ACCOUNT) == 20
        assert await house.value("SELECT count(*) FROM dead_letters") == 0


class _Away:
    """A database that cannot be reached until it is `back`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.back = False

    def transaction(self) -> Any:
        if not self.back:
            raise DatabaseUnavailable("gone fishing")
        return self._database.transaction()


async def test_broken_connections_in_the_midst_of_work_lose_and_double_nothing(
    bank_database: Database,
) -> None:
    async with House(bank_database) as house:
        for _ in range(5):
            for envelope in [sealed(house, Deposit(account=ACCOUNT, parcels=1)) for _ in range(20)]:
                await put(house, envelope)
            await break_connections(bank_database)

        await house.rest(within=20)

        assert await house.rows("SELECT balance, sent FROM toy_accounts") == [(100, 100)]
        assert await house.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
        assert await house.value("SELECT count(*) FROM dead_letters") == 0


async def test_a_lost_race_is_run_again(bank_database: Database) -> None:
    async with House(bank_database) as house:
        left = [asyncpg.DeadlockDetectedError("deadlock"), asyncpg.SerializationError("race")]

        def lose(point: str) -> None:
            if point == "before commit" and left:
                raise left.pop()

        house.bank._fault = lose
        await house.send(*deposits(3))
        await house.rest()

        assert left == []
        assert house.bank.batches == [3, 3, 3]
        assert await house.value(BALANCE, ACCOUNT) == 3
