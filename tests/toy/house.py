"""The toy bank's process: what wiring does for the real house, small enough to be taken apart by a test."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from bookingd.actor.kinds import Actor
from bookingd.actor.places import Company
from bookingd.actor.runtime import Limits, Runtime
from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import Bus
from bookingd.bus.relay import Relay
from bookingd.domain.ids import MessageId
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.sources import Sources, SystemChance, SystemClock, SystemIds
from bookingd.storage import announcements, intents, outbox
from bookingd.storage.database import Database
from bookingd.storage.transactions import Transactions
from bookingd.telemetry.metrics import Metrics
from tests.toy.actors import TOPOLOGY, Bank, Clerk, Fault, Post, no_fault
from tests.toy.courier import Courier, FakeCourier
from tests.toy.messages import CATALOGUE

ORIGIN = Origin(principal=SYSTEM, correlation_id=UUID(int=42))


class HurriedClock(SystemClock):
    """The host's clock in which everything takes a `pace`th of its time, and which can jump."""

    def __init__(self, pace: float = 20.0, start: datetime | None = None) -> None:
        """Processes that are given the same `start` agree about the time."""
        self._pace = pace
        self._start = start or datetime.now(UTC)
        self._jumped = timedelta()

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._start) * self._pace + self._jumped

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._pace)

    def jump(self, by: timedelta) -> None:
        self._jumped += by


def hurried(pace: float = 20.0, start: datetime | None = None) -> Sources:
    return Sources(clock=HurriedClock(pace, start), ids=SystemIds(), chance=SystemChance())


class House:
    """Bus, relay and actors on one database; `async with` starts it and drains it."""

    def __init__(
        self,
        database: Database,
        *,
        sources: Sources | None = None,
        bus: Bus | None = None,
        courier: Courier | None = None,
        limits: Limits | None = None,
        fault: Fault = no_fault,
        actors: Sequence[str] = ("bank", "post", "clerk"),
        loops: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self.database = database
        self.sources = sources or hurried()
        self.bus: Bus = bus or MemoryBus(
            topology=TOPOLOGY, catalogue=CATALOGUE, clock=self.sources.clock, ids=self.sources.ids
        )
        self.relay = Relay(database=database, bus=self.bus, clock=self.sources.clock)
        self.transactions = Transactions(
            database=database, sources=self.sources, catalogue=CATALOGUE, outlet=self.relay
        )
        self.courier = courier or FakeCourier()
        self.bank = Bank(bus=self.bus, fault=fault, loops=loops)
        self.post = Post(courier=self.courier, bus=self.bus, fault=fault)
        self.clerk = Clerk()
        self.metrics = Metrics()
        self.company = Company()
        limits = limits or Limits()
        self.runtimes = {
            actor.name: self._runtime(actor, limits)
            for actor in (self.bank, self.post, self.clerk)
            if actor.name in actors
        }
        self._tasks: list[asyncio.Task[Any]] = []

    def _runtime(self, actor: Actor, limits: Limits) -> Runtime:
        return Runtime(
            actor=actor,
            bus=self.bus,
            transactions=self.transactions,
            catalogue=CATALOGUE,
            sources=self.sources,
            metrics=self.metrics,
            limits=limits,
            company=self.company,
            process=self.sources.ids.new(),
        )

    async def __aenter__(self) -> Self:
        await self.bus.open()
        for runtime in self.runtimes.values():
            await runtime.open()
        loops = [self.relay.run(), *(runtime.run() for runtime in self.runtimes.values())]
        self._tasks = [asyncio.ensure_future(loop) for loop in loops]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.drain(grace=2.0)

    async def drain(self, grace: float) -> None:
        await asyncio.gather(*(runtime.drain(grace) for runtime in self.runtimes.values()))
        self.relay.stop()
        if self._tasks:
            await asyncio.wait_for(self._tasks[0], 5.0)
        await self.die()

    async def die(self) -> None:
        """All tasks end where they stand: a `kill -9` that the test survives."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for runtime in self.runtimes.values():
            await runtime.drain(0)
        self._tasks = []

    async def free(self) -> None:
        """What a start does when it knows that no other process is there."""
        async with self.database.transaction() as connection:
            await outbox.release_all(connection)
            await intents.release_all(connection)
            await announcements.lapse_all(connection)

    def jump(self, by: timedelta) -> None:
        """Let so much time pass at once."""
        clock = self.sources.clock
        assert isinstance(clock, HurriedClock)
        clock.jump(by)

    async def send(self, *messages: Any, due: datetime | None = None) -> list[MessageId]:
        async with self.transactions.begin() as transaction:
            return [transaction.send(message, origin=ORIGIN, due=due) for message in messages]

    async def rest(self, within: float = 10.0) -> None:
        """Until the outbox is empty; PostgreSQL tells nobody, so it is asked."""
        async with asyncio.timeout(within):
            while await self.value("SELECT count(*) FROM outbox"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def value(self, sql: str, *arguments: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(sql, *arguments)

    async def rows(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def until(done: Callable[[], Awaitable[Any]], within: float = 10.0) -> None:
    """Until what is asked of the database is so; it tells nobody by itself."""
    async with asyncio.timeout(within):
        while not await done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def break_connections(database: Database) -> None:
    """End every session of the database, as a restart of the server does."""
    async with database.session() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
