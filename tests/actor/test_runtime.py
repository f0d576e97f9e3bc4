"""An actor's life: queries, loops beside the mailbox, drain."""

import asyncio
from typing import ClassVar
from uuid import UUID

import pytest

from bookingd.actor.runtime import Limits
from bookingd.bus.port import QueryFailed, QueryTimeout, ask_once
from bookingd.messages.catalogue import Lane
from bookingd.storage.database import Database
from tests.toy.actors import Clerk
from tests.toy.courier import FakeCourier
from tests.toy.house import ORIGIN, House, until
from tests.toy.messages import Balance, Deposit, Send

ACCOUNT = UUID(int=5)
BALANCE = "SELECT balance FROM toy_accounts WHERE id = $1"
DISTANT = 10_000.0  # a hurried clock's seconds


async def _ask(house: House, query: Balance, timeout: float = DISTANT) -> int:
    answer: int = await ask_once(house.bus, query, origin=ORIGIN, timeout=timeout)
    return answer


async def test_a_query_is_answered_by_its_actor(bank_database: Database) -> None:
    async with House(bank_database) as house:
        assert await _ask(house, Balance(account=UUID(int=33))) == 33


async def test_a_query_that_breaks_says_so_and_harms_no_other(bank_database: Database) -> None:
    async with House(bank_database) as house:
        with pytest.raises(QueryFailed):
            await _ask(house, Balance(account=UUID(int=0)))

        assert await _ask(house, Balance(account=UUID(int=33))) == 33


async def test_a_to_b_to_a_at_concurrency_1(bank_database: Database) -> None:
    async with House(bank_database, limits=Limits(concurrency=1, prefetch=1)) as house:
        long_way = Balance(account=UUID(int=33), via=("bank", "bank", "bank"))

        answers = await asyncio.gather(*(_ask(house, long_way) for _ in range(5)))

        assert answers == [33] * 5


async def test_a_query_that_hangs_gives_its_place_back_at_the_deadline(bank_database: Database) -> None:
    async with House(bank_database, limits=Limits(concurrency=1)) as house:
        for _ in range(2):
            with pytest.raises(QueryTimeout):
                await _ask(house, Balance(account=UUID(int=1)), timeout=0.1)

        assert await _ask(house, Balance(account=UUID(int=33))) == 33


async def test_a_query_that_nobody_waits_for_any_more_gives_its_place_back(bank_database: Database) -> None:
    async with House(bank_database, limits=Limits(concurrency=1)) as house:
        hanging = asyncio.create_task(_ask(house, Balance(account=UUID(int=1))))
        while house.runtimes["bank"]._places._free:  # noqa: ASYNC110
            await asyncio.sleep(0)
        hanging.cancel()

        async with asyncio.timeout(5):
            assert await _ask(house, Balance(account=UUID(int=33))) == 33


async def test_a_query_is_not_answered_when_its_deadline_is_over(bank_database: Database) -> None:
    async with House(bank_database, limits=Limits(concurrency=1)) as house:
        bank = house.runtimes["bank"]
        async with bank._places.one(Lane.NORMAL):
            with pytest.raises(QueryTimeout):
                await _ask(house, Balance(account=UUID(int=33)), timeout=0.05)
        await asyncio.gather(*bank._tasks)

        counted = house.metrics.registry.get_sample_value(
            "bookingd_messages_total", {"actor": "bank", "message": "bank.balance", "outcome": "late"}
        )
        assert counted == 1


async def test_a_loop_that_fails_is_started_again(bank_database: Database) -> None:
    runs: list[int] = []
    third = asyncio.Event()

    async def loop() -> None:
        runs.append(len(runs))
        if len(runs) < 3:
            raise ZeroDivisionError
        third.set()
        await asyncio.Event().wait()

    async with House(bank_database, loops=[loop]) as house:
        async with asyncio.timeout(5):
            await third.wait()
        await house.send(Deposit(account=ACCOUNT))
        await house.rest()

    assert runs == [0, 1, 2]


async def test_a_drain_finishes_what_is_in_hand_and_takes_nothing_new(bank_database: Database) -> None:
    courier = FakeCourier("slow")
    house = await House(bank_database, courier=courier).__aenter__()
    await house.send(Send(account=ACCOUNT, parcel=UUID(int=1)))
    await courier.called.wait()

    draining = asyncio.ensure_future(house.runtimes["post"].drain(grace=5))
    await asyncio.sleep(0.05)
    await house.send(Send(account=ACCOUNT, parcel=UUID(int=2)))
    courier.gate.set()
    await draining

    assert await house.rows("SELECT parcel FROM toy_parcels") == [(UUID(int=1),)]
    assert courier.deeds == [UUID(int=1)]
    await house.drain(grace=1)
    assert await house.value("SELECT count(*) FROM outbox WHERE destination = 'post'") == 1


async def test_what_a_drain_cuts_off_is_handled_at_the_next_start(bank_database: Database) -> None:
    courier = FakeCourier("slow")
    house = await House(bank_database, courier=courier).__aenter__()
    await house.send(Send(account=ACCOUNT, parcel=UUID(int=1)), Deposit(account=ACCOUNT))
    await courier.called.wait()

    await house.drain(grace=0.05)

    assert await house.value("SELECT count(*) FROM outbox WHERE destination = 'post'") == 1
    heir = House(bank_database, courier=courier)
    await heir.free()
    async with heir:
        await heir.rest()
        assert courier.calls == ["send", "find"]
        assert await heir.rows("SELECT times FROM toy_parcels") == [(1,)]
        assert await heir.value(BALANCE, ACCOUNT) == 1


async def test_tables_that_differ_from_what_is_accepted_are_refused(bank_database: Database) -> None:
    class Deaf(Clerk):
        accepts: ClassVar[tuple[type, ...]] = (Deposit,)

    house = House(bank_database, actors=())
    with pytest.raises(TypeError, match=r"actor clerk.*Deposit, Deposited, Sent"):
        house._runtime(Deaf(), Limits())


async def test_what_became_of_messages_is_counted(bank_database: Database) -> None:
    async with House(bank_database, courier=FakeCourier("decline")) as house:
        await house.send(Deposit(account=ACCOUNT), Deposit(account=ACCOUNT, poison=True))
        await house.send(Send(account=ACCOUNT, parcel=UUID(int=1)))
        await house.rest()

        def counted(actor: str, message: str, outcome: str) -> float | None:
            labels = {"actor": actor, "message": message, "outcome": outcome}
            return house.metrics.registry.get_sample_value("bookingd_messages_total", labels)

        async def all_counted() -> bool:
            return counted("clerk", "post.sent", "done") == 1

        await until(all_counted)
        assert counted("bank", "bank.deposit", "done") == 1
        assert counted("bank", "bank.deposit", "dead") == 1
        assert counted("post", "post.send", "refused") == 1
