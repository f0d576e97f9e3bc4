"""Who takes over from whom, and when: over real sessions of PostgreSQL."""

from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from bookingd.domain.ids import IntentId, MessageId
from bookingd.storage import announcements, intents, processes
from bookingd.storage.announcements import Record
from bookingd.storage.database import Database
from bookingd.storage.exclusive import hold_together
from bookingd.storage.intents import IntentKey
from bookingd.storage.processes import Process, Report
from bookingd.wiring.heirs import DEAD_AFTER, Heirs
from tests import factories
from tests.fakes.sources import ManualClock

KEY = IntentKey(subject=UUID(int=1), object=UUID(int=2), step="authorise")
LEASE = timedelta(minutes=1)


class House:
    """Processes on one database, as far as their sessions and leases go."""

    def __init__(self, database: Database, dsn: str, clock: ManualClock) -> None:
        self.database, self.dsn, self.clock = database, dsn, clock
        self.heirs = Heirs(database=database, clock=clock)
        self.sessions: dict[UUID, AsyncExitStack] = {}

    async def start(self) -> UUID:
        process = await self.begin_to_start()
        async with self.database.transaction() as connection:
            await processes.beat(
                connection,
                process=self._process(process),
                report=Report(),
                now=self.clock.now(),
                forget_before=self.clock.now() - timedelta(days=1),
            )
        return process

    async def begin_to_start(self) -> UUID:
        """Have a session, and be about to say the first word."""
        process = uuid4()
        self.sessions[process] = AsyncExitStack()
        await self.sessions[process].enter_async_context(hold_together(self.dsn, process=process))
        return process

    def _process(self, process: UUID) -> Process:
        return Process(
            id=process,
            host="host",
            pid=1,
            version="1",
            actors=(),
            http_address=None,
            started_at=self.clock.now(),
        )

    async def kill(self, process: UUID) -> None:
        """Its session ends, and nothing else happens."""
        await self.sessions.pop(process).aclose()

    async def lease(self, process: UUID) -> bool:
        """Whether the effect is the process's to carry out now."""
        now = self.clock.now()
        wish = factories.wish(KEY, IntentId(uuid4()))
        async with self.database.connection() as connection:
            _, met = await intents.lease(
                connection, actor="bank", wishes=[wish], process=process, now=now, until=now + LEASE
            )
        return met[KEY].leased

    async def announce(self, process: UUID) -> None:
        """It handles a message apart."""
        now, message = self.clock.now(), MessageId(uuid4())
        record = Record(process=process, deaths=0, lapses_at=now + LEASE)
        async with self.database.transaction() as connection:
            await announcements.meet(connection, actor="bank", message=message, now=now)
            await announcements.write(connection, actor="bank", message=message, record=record)

    async def lapsed_announcements(self) -> int:
        async with self.database.connection() as connection:
            now = self.clock.now()
            lapsed = "SELECT count(*) FROM announcements WHERE lapses_at <= $1"
            count: int = await connection.fetchval(lapsed, now)
        return count

    async def look(self, after: timedelta = timedelta()) -> None:
        self.clock.advance(after)
        await self.heirs.look()

    async def rows(self) -> set[UUID]:
        async with self.database.connection() as connection:
            return {seen.process.id for seen in await processes.all_of_them(connection)}


@pytest.fixture
async def house(database: Database, database_dsn: str, clock: ManualClock):  # type: ignore[no-untyped-def]
    made = House(database, database_dsn, clock)
    yield made
    for session in made.sessions.values():
        await session.aclose()


async def test_what_a_dead_process_was_calling_for_is_free_long_before_its_lease_ends(house: House) -> None:
    dead, heir = await house.start(), await house.start()
    assert await house.lease(dead)
    await house.kill(dead)

    await house.look()
    await house.look(after=DEAD_AFTER)

    assert await house.lease(heir)
    assert await house.rows() == {heir}


async def test_who_dies_before_its_first_word_is_inherited_from_as_well(house: House) -> None:
    """It takes messages from then on: a backlog is begun within milliseconds."""
    dead, heir = await house.begin_to_start(), await house.start()
    assert await house.lease(dead)
    await house.announce(dead)
    await house.kill(dead)

    await house.look()
    await house.look(after=DEAD_AFTER)

    assert await house.lease(heir)
    assert await house.lapsed_announcements() == 1


async def test_nobody_inherits_from_who_has_not_said_its_first_word(house: House) -> None:
    caller, other = await house.begin_to_start(), await house.start()
    assert await house.lease(caller)
    await house.announce(caller)

    await house.look()
    await house.look(after=DEAD_AFTER)

    assert not await house.lease(other)
    assert await house.lapsed_announcements() == 0


async def test_nobody_inherits_from_the_living(house: House) -> None:
    caller, other = await house.start(), await house.start()
    assert await house.lease(caller)

    await house.look()
    await house.look(after=DEAD_AFTER)

    assert not await house.lease(other)
    assert await house.rows() == {caller, other}


async def test_who_is_missing_at_one_look_only_is_not_taken_for_dead(house: House) -> None:
    caller, other = await house.start(), await house.start()
    assert await house.lease(caller)
    await house.kill(caller)

    await house.look()
    house.sessions[caller] = AsyncExitStack()
    await house.sessions[caller].enter_async_context(hold_together(house.dsn, process=caller))
    await house.look(after=DEAD_AFTER)

    assert not await house.lease(other)


async def test_what_was_seen_before_the_database_was_away_says_nothing(house: House) -> None:
    caller, other = await house.start(), await house.start()
    assert await house.lease(caller)
    await house.kill(caller)
    await house.look()

    house.heirs._missing = {}  # as after a look that the database refused
    await house.look(after=DEAD_AFTER)

    assert not await house.lease(other)
