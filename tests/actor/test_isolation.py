"""What may kill its process: written down before it is handled, put aside after a death, tried alone.

Deaths are told here by what they leave in the database; test_killers.py has real ones.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from bookingd.actor.acting import LEASE
from bookingd.actor.isolation import DEATHS, FIRST_ASIDE, LOOK_AGAIN, TRUSTED
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.storage import announcements
from bookingd.storage.announcements import Record
from bookingd.storage.database import Database
from tests.toy.courier import FakeCourier
from tests.toy.house import House, until
from tests.toy.messages import Deposit, Send

ACCOUNT = UUID(int=5)
ANOTHER_PROCESS = UUID(int=6)
HOUR = timedelta(hours=1)
STAYING = "SELECT process IS NOT NULL, deaths FROM announcements"
BALANCE = "SELECT balance FROM toy_accounts WHERE id = $1"


class Counted(FakeCourier):
    """Keeps parcels until it is told to send them, and counts how many it has at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[UUID] = []
        self.at_a_time: list[int] = []
        self._came = asyncio.Event()
        self._go: asyncio.Queue[None] = asyncio.Queue()

    async def send(self, parcel: UUID) -> int:
        self.inside.append(parcel)
        self.at_a_time.append(len(self.inside))
        self._came.set()
        await self._go.get()
        self.inside.remove(parcel)
        return await super().send(parcel)

    async def has(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self.inside) < number:
                self._came.clear()
                await self._came.wait()

    def let_one_go(self) -> None:
        self._go.put_nowait(None)


def _send(number: int = 1) -> Send:
    return Send(account=ACCOUNT, parcel=UUID(int=number))


async def _given_out_in_vain(
    house: House, *messages: object, times: int = TRUSTED, due: timedelta = timedelta()
) -> list[MessageId]:
    """One bundle in the outbox, as some dead processes have left it."""
    sent = await house.send(*messages, due=house.sources.clock.now() + due)
    async with house.database.connection() as connection:
        await connection.execute("UPDATE outbox SET freed = $1", times)
    return sent


async def _known(
    house: House,
    message: MessageId,
    *,
    actor: str = "bank",
    lapses_in: timedelta = timedelta(),
    **fields: object,
) -> None:
    now = house.sources.clock.now()
    record = Record(**({"process": None, "deaths": 0, "lapses_at": now + lapses_in} | fields))  # type: ignore[arg-type]
    async with house.database.transaction() as connection:
        await announcements.meet(connection, actor=actor, message=message, now=now)
        await announcements.write(connection, actor=actor, message=message, record=record)


def _counted(house: House, actor: str, outcome: str) -> float:
    metrics = house.metrics.registry
    names = {"bank": "bank.deposit", "post": "post.send"}
    labels = {"actor": actor, "message": names[actor], "outcome": outcome}
    return metrics.get_sample_value("bookingd_messages_total", labels) or 0.0


async def test_after_three_times_in_vain_a_bundle_is_still_trusted(bank_database: Database) -> None:
    house = House(bank_database)
    await _given_out_in_vain(house, *[Deposit(account=ACCOUNT)] * 5, times=TRUSTED - 1)

    async with house:
        await house.rest()

    assert house.bank.batches == [5]


async def test_after_the_fourth_time_each_message_is_decided_by_itself(bank_database: Database) -> None:
    house = House(bank_database)
    await _given_out_in_vain(house, *[Deposit(account=ACCOUNT)] * 5)

    async with house:
        await house.rest()

        assert house.bank.batches == [1] * 5
        assert await house.value(BALANCE, ACCOUNT) == 5
        assert await house.rows(STAYING) == []


async def test_what_is_isolated_stands_in_the_database_while_it_is_handled(bank_database: Database) -> None:
    courier = FakeCourier("slow")
    house = House(bank_database, courier=courier)
    await _given_out_in_vain(house, _send())

    async with house:
        await courier.called.wait()
        meanwhile = await house.rows(STAYING)
        courier.gate.set()
        await house.rest()

        assert (meanwhile, await house.rows(STAYING)) == ([(True, 0)], [])


async def test_one_at_a_time_at_first_and_one_more_for_each_that_survives(bank_database: Database) -> None:
    courier = Counted()
    house = House(bank_database, courier=courier)
    await _given_out_in_vain(house, *[_send(number) for number in range(10)])

    async with house:
        for number in (1, 2, 3, 4):
            await courier.has(number)
            courier.let_one_go()
        for _ in range(6):
            courier.let_one_go()
        await house.rest()

    assert courier.at_a_time[:7] == [1, 1, 2, 2, 3, 3, 4]


async def test_never_more_are_tried_than_the_actor_does_at_once(bank_database: Database) -> None:
    house = House(bank_database)
    isolation = house.runtimes["post"]._isolation
    await _given_out_in_vain(house, *[_send(number) for number in range(20)])

    async with house:
        await house.rest()

    assert isolation._trials._free == 8


async def test_what_another_process_handles_is_left_to_it(bank_database: Database) -> None:
    house = House(bank_database)
    [deposit] = await _given_out_in_vain(house, Deposit(account=ACCOUNT))
    await _known(house, deposit, process=ANOTHER_PROCESS, lapses_in=HOUR)

    async with house:
        await until(lambda: _has(house, "busy"))

        assert house.bank.batches == []
        assert await house.rows(STAYING) == [(True, 0)]
        again = await house.value("SELECT max(due_at) FROM outbox")
        assert again - house.sources.clock.now() <= LOOK_AGAIN


async def test_what_a_dead_process_handled_is_put_aside_for_a_while(bank_database: Database) -> None:
    house = House(bank_database)
    [deposit] = await _given_out_in_vain(house, Deposit(account=ACCOUNT))
    await _known(house, deposit, process=ANOTHER_PROCESS)

    async with house:
        await until(lambda: _has(house, "suspected"))

        assert house.bank.batches == []
        assert await house.rows(STAYING) == [(False, 1)]
        wait = await house.value("SELECT lapses_at FROM announcements") - house.sources.clock.now()
        assert timedelta(seconds=FIRST_ASIDE / 2 - 20) < wait <= timedelta(seconds=FIRST_ASIDE)

        house.jump(timedelta(seconds=FIRST_ASIDE))
        await house.rest()
        assert await house.value(BALANCE, ACCOUNT) == 1
        assert await house.rows(STAYING) == []


async def test_a_suspect_that_comes_early_waits_until_it_may_be_tried(bank_database: Database) -> None:
    house = House(bank_database)
    [deposit] = await _given_out_in_vain(house, Deposit(account=ACCOUNT), times=0)
    await _known(house, deposit, deaths=1, lapses_in=HOUR)

    async with house:
        await until(lambda: _has(house, "suspected"))

        assert house.bank.batches == []
        assert await house.rows(STAYING) == [(False, 1)]


async def test_the_third_death_buries_and_tells_an_operator(bank_database: Database) -> None:
    house = House(bank_database)
    deposit, _ = await _given_out_in_vain(house, *[Deposit(account=ACCOUNT)] * 2)
    await _known(house, deposit, process=ANOTHER_PROCESS, deaths=DEATHS - 1)

    async with house:
        await house.rest()

        why = f"KilledItsProcess: its process died {DEATHS} times while handling it"
        assert await house.rows("SELECT actor, message_name, reason FROM dead_letters") == [
            ("bank", "bank.deposit", why)
        ]
        assert await house.value("SELECT envelope->>'abandoned' FROM dead_letters") == str(TRUSTED)
        [(kind, detail)] = await house.rows("SELECT subject_kind, detail FROM attention")
        assert (kind, detail) == ("dead_letter", f"bank could not handle bank.deposit: {why}")
        assert await house.value(BALANCE, ACCOUNT) == 1
        assert await house.rows(STAYING) == []
        assert _counted(house, "bank", "dead") == 1


async def test_a_suspect_is_tried_with_nobody_beside_it_in_the_process(bank_database: Database) -> None:
    courier = Counted()
    async with House(bank_database, courier=courier) as house:
        await house.send(_send(1))
        await courier.has(1)
        [suspect] = await _given_out_in_vain(house, _send(2), due=HOUR)
        await _known(house, suspect, actor="post", deaths=1)
        house.jump(HOUR)
        await until(lambda: _so(house.company._alone.locked()))
        await house.send(Deposit(account=ACCOUNT))
        await until(lambda: _so(bool(house.runtimes["bank"]._tasks)))

        beside_another = (list(courier.inside), list(house.bank.batches))
        courier.let_one_go()
        await until(lambda: _so(courier.inside == [UUID(int=2)]))
        tried = list(house.bank.batches)
        courier.let_one_go()
        await house.rest()

    assert beside_another == ([UUID(int=1)], [])
    assert tried == []
    assert house.bank.batches == [1]


async def test_suspects_of_a_start_let_all_others_go_first(bank_database: Database) -> None:
    courier = Counted()
    house = House(bank_database, courier=courier)
    sent = await _given_out_in_vain(house, *[_send(number) for number in range(4)])
    await _known(house, sent[0], actor="post", deaths=2)
    await _known(house, sent[2], actor="post", deaths=1)

    async with house:
        await courier.has(1)
        for _ in sent:
            courier.let_one_go()
        await house.rest()

    assert {parcel.int for parcel in courier.deeds[:2]} == {1, 3}
    assert {parcel.int for parcel in courier.deeds[2:]} == {0, 2}


async def test_a_suspect_that_waits_stays_behind_those_who_come_later(bank_database: Database) -> None:
    courier = Counted()
    house = House(bank_database, courier=courier)
    _, suspect = await _given_out_in_vain(house, _send(0), _send(1))
    await _known(house, suspect, actor="post", deaths=1)
    trials = house.runtimes["post"]._isolation._trials

    async with house:
        await courier.has(1)
        await until(lambda: _so(len(trials._waiting) == 1))
        await _given_out_in_vain(house, _send(2), due=HOUR)
        house.jump(HOUR)
        await until(lambda: _so(len(trials._waiting) == 2))
        for _ in range(3):
            courier.let_one_go()
        await house.rest()

    assert [parcel.int for parcel in courier.deeds] == [0, 2, 1]


async def test_what_a_former_process_left_on_record_is_isolated_however_it_comes(
    bank_database: Database,
) -> None:
    house = House(bank_database)
    sent = await _given_out_in_vain(house, *[Deposit(account=ACCOUNT)] * 4, times=0)
    await _known(house, sent[1])

    async with house:
        await house.rest()

    assert Counter(house.bank.batches) == {1: 1, 3: 1}


async def test_two_copies_of_a_message_are_handled_once(bank_database: Database) -> None:
    house = House(bank_database)
    await _given_out_in_vain(house, Deposit(account=ACCOUNT))
    async with house.database.connection() as connection:
        await connection.execute(
            "INSERT INTO outbox (id, kind, destination, lane, bundle, due_at, freed)"
            " SELECT $1, kind, destination, lane, bundle, due_at, freed FROM outbox",
            UUID(int=1),
        )

    async with house:
        await house.rest()

        assert await house.value(BALANCE, ACCOUNT) == 1
        assert await house.rows("SELECT reason FROM dead_letters") == []
        assert await house.rows(STAYING) == []


async def test_what_a_drain_cuts_off_counts_no_death(bank_database: Database) -> None:
    courier = FakeCourier("slow")
    house = House(bank_database, courier=courier)
    await _given_out_in_vain(house, _send())
    await house.__aenter__()
    await courier.called.wait()

    await house.drain(grace=0.05)

    assert await house.rows(STAYING) == [(False, 0)]
    heir = House(bank_database, courier=courier, sources=house.sources)
    await heir.free()
    async with heir:
        await heir.rest()
        assert _counted(heir, "post", "suspected") == 0
        assert await heir.rows("SELECT times FROM toy_parcels") == [(1,)]
        assert await heir.rows(STAYING) == []


async def test_a_message_that_fails_in_isolation_is_a_dead_letter_like_any_other(
    bank_database: Database,
) -> None:
    house = House(bank_database)
    await _given_out_in_vain(house, Deposit(account=ACCOUNT, poison=True))

    async with house:
        await house.rest()

        assert await house.rows("SELECT reason FROM dead_letters") == [("ZeroDivisionError: poison",)]
        assert await house.rows(STAYING) == []


async def test_whoever_was_tried_and_survived_is_trusted_again(bank_database: Database) -> None:
    courier = FakeCourier("unavailable", "slow")
    house = House(bank_database, courier=courier)
    await _given_out_in_vain(house, _send())

    async with house:
        await courier.called.wait()
        [(bundle,)] = await house.rows("SELECT bundle FROM outbox")
        [envelope] = codec.unpack(bundle)
        standing = await house.rows(STAYING)
        courier.gate.set()

    assert (envelope.attempt, envelope.abandoned) == (2, 0)
    assert standing == []


async def test_a_call_whose_caller_is_gone_is_made_up_for_in_isolation(bank_database: Database) -> None:
    gone = House(bank_database, courier=FakeCourier("slow"))
    await gone.__aenter__()
    await gone.send(_send())
    assert isinstance(gone.courier, FakeCourier)
    await gone.courier.called.wait()
    await gone.die()
    courier = FakeCourier("fine", "slow")
    heir = House(bank_database, courier=courier)
    heir.jump(LEASE)

    async with heir:
        await courier.called.wait()
        meanwhile = await heir.rows(STAYING)
        courier.gate.set()
        await heir.rest()

        assert meanwhile == [(True, 0)]
        assert courier.calls == ["find", "send"]
        assert await heir.rows(STAYING) == []


async def test_what_meets_a_live_lease_was_not_tried_and_keeps_its_record(bank_database: Database) -> None:
    gone = House(bank_database, courier=FakeCourier("slow"))
    await gone.__aenter__()
    [sent] = await gone.send(_send())
    assert isinstance(gone.courier, FakeCourier)
    await gone.courier.called.wait()
    await gone.die()
    heir = House(bank_database)
    await _known(heir, sent, actor="post", deaths=2)
    async with heir.database.transaction() as connection:
        await connection.execute("UPDATE outbox SET claimed_until = NULL")

    async with heir:
        await until(lambda: _has(heir, "busy", actor="post"))

        assert await heir.rows(STAYING) == [(False, 2)]
        heir.jump(LEASE)
        await heir.rest()
        assert await heir.rows("SELECT times FROM toy_parcels") == [(1,)]
        assert await heir.rows(STAYING) == []


async def _has(house: House, outcome: str, actor: str = "bank") -> bool:
    return _counted(house, actor, outcome) >= 1


async def _so(fact: bool) -> bool:
    return fact
