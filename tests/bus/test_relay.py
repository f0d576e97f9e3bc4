"""From the outbox to the bus: behind the commit, when it is due, and whatever was left behind."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from bookingd.bus.port import Delivered
from bookingd.bus.relay import BATCH, LEASE, NAP, Relay
from bookingd.messages import codec
from bookingd.messages.catalogue import Message
from bookingd.sources import Sources
from bookingd.storage import outbox
from bookingd.storage.database import Connection, Database
from bookingd.storage.outbox import Bundle
from bookingd.storage.transactions import Transaction, Transactions
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds
from tests.toy.house import ORIGIN, break_connections, until
from tests.toy.messages import CATALOGUE, Deposit, Moved

ACCOUNT = UUID(int=5)


class Wire:
    """The bus as the relay sees it: keeps what is published and says `delivered` when it is told to."""

    waiting_for_broker = False

    def __init__(self, *, at_once: bool = True) -> None:
        self.at_once = at_once
        self.published: list[Bundle] = []
        self.notices: list[Message] = []
        self.waiting: list[tuple[UUID, Delivered]] = []
        self.came = asyncio.Event()

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        for bundle in bundles:
            self.published.append(bundle)
            self.waiting.append((bundle.id, delivered))
        if self.at_once:
            self.settle()
        self.came.set()

    def notify(self, notices: Sequence[Message]) -> None:
        self.notices += notices

    def settle(self, gone: bool = True) -> None:
        for bundle_id, delivered in self.waiting:
            delivered(bundle_id, gone)
        self.waiting = []

    @property
    def accounts(self) -> list[int]:
        messages = [
            codec.read(envelope, CATALOGUE)
            for bundle in self.published
            for envelope in codec.unpack(bundle.payload)
        ]
        return [message.account.int for message in messages]

    async def wait_for(self, number: int, within: float = 5.0) -> None:
        async with asyncio.timeout(within):
            while len(self.published) < number:
                self.came.clear()
                await self.came.wait()


class Process:
    """A relay that runs, with the transactions that it publishes."""

    def __init__(self, database: Database, sources: Sources, wire: Wire) -> None:
        self.database = database
        self.wire = wire
        self.relay = Relay(database=database, bus=wire, clock=sources.clock)  # type: ignore[arg-type]
        self.transactions = Transactions(
            database=database, sources=sources, catalogue=CATALOGUE, outlet=self.relay
        )
        self.running: asyncio.Task[None] | None = None

    def start(self) -> "Process":
        self.running = asyncio.ensure_future(self.relay.run())
        return self

    async def stop(self) -> None:
        self.relay.stop()
        if self.running:
            await asyncio.wait_for(self.running, 5)

    async def kill(self) -> None:
        if self.running:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)

    async def send(self, *accounts: int, **timing: Any) -> None:
        async with self.transactions.begin() as transaction:
            _send(transaction, *accounts, **timing)

    async def waiting(self) -> int:
        async with self.database.connection() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM outbox")
            return count

    async def rest(self) -> None:
        async def empty() -> bool:
            return await self.waiting() == 0

        await until(empty)


def _send(transaction: Transaction, *accounts: int, **timing: Any) -> None:
    for account in accounts:
        transaction.send(Deposit(account=UUID(int=account)), origin=ORIGIN, **timing)


@pytest.fixture
def sources() -> Sources:
    return Sources.system()


@pytest.fixture
async def process(database: Database, sources: Sources) -> AsyncIterator[Process]:
    """One process with the host's clock."""
    made = Process(database, sources, Wire()).start()
    yield made
    await made.stop()


@pytest.fixture
def manual(clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


async def test_what_is_sent_is_published_behind_the_commit_and_never_before(process: Process) -> None:
    async with process.transactions.begin() as transaction:
        _send(transaction, 1)
        transaction.notify(Moved(account=ACCOUNT))
        await transaction.connection.execute("SELECT 1")
        before = (list(process.wire.published), list(process.wire.notices))
    behind = (process.wire.accounts, process.wire.notices)

    assert before == ([], [])
    assert behind == ([1], [Moved(account=ACCOUNT)])
    await process.rest()


async def test_what_is_rolled_back_is_not_published(process: Process) -> None:
    async def fail() -> None:
        async with process.transactions.begin() as transaction:
            _send(transaction, 1)
            transaction.notify(Moved(account=ACCOUNT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await process.send(2)

    assert (process.wire.accounts, process.wire.notices) == ([2], [])
    await process.rest()


async def test_a_commit_that_fails_publishes_nothing(process: Process, owner_connection: Connection) -> None:
    await owner_connection.execute(
        "CREATE TABLE late (id int PRIMARY KEY, other int REFERENCES late DEFERRABLE INITIALLY DEFERRED)"
    )

    async def fail_at_commit() -> None:
        async with process.transactions.begin() as transaction:
            _send(transaction, 1)
            await transaction.connection.execute("INSERT INTO late VALUES (1, 2)")

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await fail_at_commit()

    assert process.wire.accounts == []
    assert await process.waiting() == 0


async def test_what_goes_to_one_place_is_one_bundle(process: Process) -> None:
    await process.send(*range(100))

    assert [len(codec.unpack(bundle.payload)) for bundle in process.wire.published] == [64, 36]


async def test_a_row_stays_until_the_bus_says_that_it_is_delivered(process: Process) -> None:
    process.wire.at_once = False
    await process.send(1)
    before = await process.waiting()

    process.wire.settle()

    assert before == 1
    await process.rest()
    await process.stop()
    assert process.relay._in_hand == set()


async def test_what_the_bus_could_not_deliver_is_published_again(
    database: Database, manual: Sources, clock: ManualClock
) -> None:
    process = Process(database, manual, Wire(at_once=False)).start()
    await process.send(1)
    process.wire.settle(gone=False)

    await _advance(clock, LEASE)
    await process.wire.wait_for(2)
    process.wire.settle()

    assert process.wire.accounts == [1, 1]
    await process.stop()
    assert await process.waiting() == 0


async def test_a_row_of_a_dead_process_is_published_when_its_lease_has_lapsed(
    database: Database, manual: Sources, clock: ManualClock
) -> None:
    dead = Process(database, manual, Wire(at_once=False)).start()
    await dead.send(1)
    await dead.kill()
    heir = Process(database, manual, Wire()).start()

    await _advance(clock, LEASE - timedelta(seconds=1))
    await heir.relay._claim_once()
    before = heir.wire.accounts
    await _advance(clock, timedelta(seconds=1))
    await heir.wire.wait_for(1)

    assert before == []
    assert heir.wire.accounts == [1]
    await heir.stop()
    assert await heir.waiting() == 0


async def test_a_start_that_is_alone_frees_all_rows(database: Database, sources: Sources) -> None:
    dead = Process(database, sources, Wire(at_once=False)).start()
    await dead.send(1)
    await dead.kill()

    async with database.transaction() as connection:
        await outbox.release_all(connection)
    heir = Process(database, sources, Wire()).start()

    await heir.wire.wait_for(1)
    await heir.stop()


async def test_a_bundle_still_in_hand_is_claimed_again_but_not_published_again(
    database: Database, manual: Sources, clock: ManualClock
) -> None:
    process = Process(database, manual, Wire(at_once=False))
    await process.send(1)

    for _ in range(3):
        clock.advance(LEASE + timedelta(seconds=1))
        await process.relay._claim_once()

    assert process.wire.accounts == [1]


async def test_a_row_that_is_delivered_but_not_deleted_yet_is_not_published_again(
    database: Database, manual: Sources, clock: ManualClock
) -> None:
    process = Process(database, manual, Wire())
    await process.send(1)
    clock.advance(LEASE + timedelta(seconds=1))

    await process.relay._claim_once()
    await process.relay._delete_once()

    assert process.wire.accounts == [1]
    assert await process.waiting() == 0


async def test_a_timer_is_published_when_it_is_due(
    database: Database, manual: Sources, clock: ManualClock
) -> None:
    process = Process(database, manual, Wire()).start()
    await process.send(1, due=clock.now() + timedelta(minutes=15))

    await _advance(clock, timedelta(minutes=14, seconds=59))
    await process.relay._claim_once()
    before = process.wire.accounts
    await _advance(clock, timedelta(seconds=1))
    await process.wire.wait_for(1)

    assert before == []
    await process.stop()
    assert await process.waiting() == 0


async def test_a_timer_of_this_process_is_on_time(process: Process, sources: Sources) -> None:
    """Sooner than the nap that the relay takes between two looks."""
    due = sources.clock.now() + NAP * 0.3
    await process.send(1, due=due)

    await process.wire.wait_for(1)

    assert timedelta(0) <= sources.clock.now() - due < NAP * 0.4


async def test_a_timer_of_another_process_is_found_within_a_nap(
    process: Process, database: Database, sources: Sources
) -> None:
    writer = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    due = sources.clock.now() + timedelta(seconds=0.1)
    async with writer.begin() as transaction:
        _send(transaction, 1, due=due)
        _send(transaction, 2)

    await process.wire.wait_for(2)

    assert sources.clock.now() - due < NAP * 1.6


async def test_a_thousand_timers_due_at_once_are_published_within_a_second(
    process: Process, sources: Sources
) -> None:
    due = sources.clock.now() + timedelta(seconds=1)
    async with process.transactions.begin() as transaction:
        for account in range(1000):
            _send(transaction, account, due=due + timedelta(microseconds=account))

    await process.wire.wait_for(1000)

    assert sources.clock.now() - due < timedelta(seconds=1)
    assert sorted(process.wire.accounts) == list(range(1000))
    await process.rest()


async def test_the_relay_looks_no_more_often_than_it_must(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = _counted(monkeypatch, "claim")

    await process.send(1)
    await asyncio.sleep(NAP.total_seconds() * 4)

    assert 3 <= len(looks) <= 5


async def test_timers_due_close_together_are_claimed_together(
    process: Process, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = _counted(monkeypatch, "claim")

    due = sources.clock.now() + NAP * 0.4
    async with process.transactions.begin() as transaction:
        for account in range(40):
            _send(transaction, account, due=due + timedelta(milliseconds=account))
    await process.wire.wait_for(40)

    assert len(looks) <= 8


async def test_two_relays_lose_nothing_and_publish_nothing_twice(
    database: Database, sources: Sources
) -> None:
    one, two = (Process(database, sources, Wire()).start() for _ in range(2))
    writer = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    for begin in range(0, 3 * BATCH, BATCH):
        due = sources.clock.now()
        async with writer.begin() as transaction:
            for account in range(begin, begin + BATCH):
                _send(transaction, account, due=due + timedelta(microseconds=account))
        await one.send(10_000 + begin)
        await two.send(20_000 + begin)

    await one.rest()

    seen = Counter(one.wire.accounts + two.wire.accounts)
    assert len(seen) == 3 * BATCH + 6
    assert set(seen.values()) == {1}
    await one.stop()
    await two.stop()


async def test_deletions_are_made_in_batches(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    process.wire.at_once = False
    for account in range(50):
        await process.send(account)
    deletions = _counted(monkeypatch, "delete")

    process.wire.settle()
    await process.rest()

    assert len(deletions) == 1


def _counted(monkeypatch: pytest.MonkeyPatch, statement: str) -> list[None]:
    """Grows by one each time the relay runs the statement."""
    run = getattr(outbox, statement)
    times: list[None] = []

    async def counted(*given: Any, **named: Any) -> Any:
        times.append(None)
        return await run(*given, **named)

    monkeypatch.setattr(outbox, statement, counted)
    return times


async def test_the_relay_resumes_when_the_database_is_back(database: Database, sources: Sources) -> None:
    process = Process(database, sources, Wire(at_once=False)).start()
    await process.send(1)
    for _ in range(3):
        await break_connections(database)
        process.wire.settle()
        await asyncio.sleep(0.05)
    due = sources.clock.now() + timedelta(seconds=0.2)

    await process.send(2, due=due)
    await process.wire.wait_for(2)
    process.wire.settle()

    assert process.wire.accounts == [1, 2]
    await process.rest()
    await process.stop()


async def test_a_stop_does_not_wait_for_a_database_that_is_away(
    database: Database, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(database, sources, Wire(at_once=False)).start()
    await process.send(1)

    async def away(*_: Any, **__: Any) -> None:
        raise asyncpg.CannotConnectNowError("starting up")

    monkeypatch.setattr(outbox, "delete", away)
    process.wire.settle()

    await process.stop()

    assert await process.waiting() == 1


async def _advance(clock: ManualClock, by: timedelta) -> None:
    """Let time pass for a relay that has gone to sleep."""
    async with asyncio.timeout(5):
        while not clock._sleepers:  # noqa: ASYNC110
            await asyncio.sleep(0)
    clock.advance(by)


async def test_before_it_stops_it_can_wait_for_what_is_on_its_way(process: Process) -> None:
    process.wire.at_once = False
    await process.send(1)
    settling = asyncio.create_task(process.relay.settle(5))
    await asyncio.sleep(0.02)
    assert not settling.done()

    process.wire.settle()

    await asyncio.wait_for(settling, 1)
    assert await process.waiting() == 0


async def test_it_waits_for_no_broker_longer_than_it_is_told(process: Process) -> None:
    await asyncio.wait_for(process.relay.settle(5), 0.5)  # nothing is on its way
    process.wire.at_once = False
    await process.send(1)

    await asyncio.wait_for(process.relay.settle(0.05), 1)

    assert await process.waiting() == 1
    process.wire.settle()
    await process.rest()
