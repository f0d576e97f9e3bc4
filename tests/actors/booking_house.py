"""The booking and payment actors as wiring joins them, on a real database, with outsiders that a test holds.

Time runs from `START`, twenty times as fast as outside, so that pauses between retries do not last; what is
due in minutes or days comes by `jump`.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import Any, ClassVar, Self
from uuid import UUID

from actors.booking import BookingActor, Times
from actors.booking.desks import Desks
from actors.payment import PaymentActor
from actors.payment.documents import Agency
from bookingd.actor.kinds import Acting, Actor, Answer, Decide, Letter
from bookingd.actor.places import Company
from bookingd.actor.runtime import Limits, Runtime
from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import Delivered, Topology
from bookingd.bus.relay import Relay
from bookingd.domain.booking import facts
from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.ids import BookingId
from bookingd.domain.offers import Offer
from bookingd.gateways.port import GatewayPayment
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE, Kind
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources, SystemChance, SystemClock, SystemIds
from bookingd.storage import bookings, payments
from bookingd.storage import ledger as books
from bookingd.storage.bookings import Event
from bookingd.storage.database import Connection, Database
from bookingd.storage.outbox import Bundle
from bookingd.storage.payments import PaymentRow
from bookingd.storage.transactions import Transaction, Transactions
from bookingd.suppliers.own_stock import OwnStock
from bookingd.telemetry.metrics import Metrics
from tests import factories
from tests.fakes.flight_desk import FakeFlightDesk, Pause
from tests.fakes.gateway import GOOD, FakeGateway
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.sources import START

TIMES = Times(
    hold=timedelta(minutes=15), payment_extension=timedelta(minutes=10), repayment=timedelta(hours=24)
)
ORIGIN = Origin(principal=factories.OWNER, correlation_id=UUID(int=42))
SOON = timedelta(seconds=12)
"""What is due before this is a retry and is waited for; the first poll of a payment comes after 15 s."""


class PacedClock(SystemClock):
    """The host's clock, begun at START, `pace` times as fast, and able to jump."""

    def __init__(self, pace: float = 20.0) -> None:
        self._pace = pace
        self._began = datetime.now(UTC)
        self._jumped = timedelta()

    def now(self) -> datetime:
        return START + (datetime.now(UTC) - self._began) * self._pace + self._jumped

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._pace)

    def jump(self, by: timedelta) -> None:
        self._jumped += by


class UnrulyBus(MemoryBus):
    """Delivers every bundle twice, its envelopes in any order, and bundles in any order too (P5)."""

    chance = random.Random(7)

    def publish(self, bundles: Sequence[Bundle], delivered: Delivered) -> None:
        loop, left = asyncio.get_running_loop(), Counter({bundle.id: 2 for bundle in bundles})

        def once(bundle: UUID, gone: bool) -> None:
            left[bundle] -= 1
            if not left[bundle]:
                delivered(bundle, gone)

        for bundle in [*bundles, *bundles]:
            envelopes = codec.unpack(bundle.payload)
            self.chance.shuffle(envelopes)
            shuffled = replace(bundle, payload=codec.pack(envelopes))
            loop.call_later(self.chance.random() * 0.03, super().publish, [shuffled], once)


class SlowGateway(FakeGateway):
    """Can be made to bring what it saw only when a test lets it."""

    slow: Pause | None = None

    def pause_look(self) -> Pause:
        """Have the next look see what is so at its moment, and wait with the answer."""
        self.slow = pause = Pause()
        return pause

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        seen = await super().retrieve(gateway_reference)
        pause, self.slow = self.slow, None
        if pause:
            await pause.wait()
        return seen


class Ear:
    """Hears what the rest of the house is told."""

    name: ClassVar[str] = "ear"
    accepts: ClassVar[tuple[type, ...]] = (
        facts.BookingHeld,
        facts.PriceChanged,
        facts.BookingConfirmed,
        facts.BookingFailed,
        facts.BookingExpired,
        facts.BookingCalledOff,
        facts.PaymentDeclined,
        facts.PaymentNeeded,
        facts.BalanceAsked,
        facts.BookingPaid,
        facts.BookingCancelled,
    )
    acting: Mapping[type, Acting] = MappingProxyType({})
    answering: Mapping[type, Answer] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(self) -> None:
        self.heard: list[BookingMessage] = []
        self.deciding: Mapping[type, Decide] = dict.fromkeys(self.accepts, self.hear)

    async def hear(self, _: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        self.heard += [letter.message for letter in letters]
        return ()


class BookingHouse:
    """Bus, relay and actors on one database; `async with` starts it and ends it."""

    def __init__(
        self,
        database: Database,
        *,
        bus: type[MemoryBus] = MemoryBus,
        clock: PacedClock | None = None,
        gateway: SlowGateway | None = None,
        limits: Limits | None = None,
        agency: Agency | None = None,
        times: Times = TIMES,
    ) -> None:
        self.database = database
        self._times = times
        self.clock = clock or PacedClock()
        self.sources = Sources(clock=self.clock, ids=SystemIds(), chance=SystemChance())
        self.agency = agency or factories.agency()
        self.gateway = gateway or SlowGateway(self.clock)
        self.desk = FakeFlightDesk("north")
        self.other_desk = FakeFlightDesk("south")
        self.reprice: Callable[[Offer], Offer] = lambda offer: offer
        """What own inventory costs at the moment of the hold."""
        self.ear = Ear()
        actors = self._actors()
        self.bus = bus(
            topology=_topology(actors), catalogue=CATALOGUE, clock=self.clock, ids=self.sources.ids
        )
        self.relay = Relay(database=database, bus=self.bus, clock=self.clock)
        self.transactions = Transactions(
            database=database, sources=self.sources, catalogue=CATALOGUE, outlet=self.relay
        )
        self.company = Company()
        self.runtimes = [self._runtime(actor, limits or Limits()) for actor in actors]
        self._tasks: list[asyncio.Task[Any]] = []

    def _actors(self) -> list[Actor]:
        return [self._booking_actor(), self._payment_actor(), self.ear]

    def _booking_actor(self) -> BookingActor:
        desks = Desks({desk.name: desk for desk in (self.desk, self.other_desk)})
        return BookingActor(
            own_stock=OwnStock(reprice=self._reprice, chance=self.sources.chance),
            desks=desks,
            times=self._times,
            sources=self.sources,
            catalogue=CATALOGUE,
        )

    def _payment_actor(self) -> PaymentActor:
        return PaymentActor(
            gateways={"fake": self.gateway},
            database=self.database,
            sources=self.sources,
            agency=self.agency,
            brake=factories.brake(self.sources.clock),
        )

    async def _reprice(self, _: Connection, offers: Sequence[Offer]) -> Sequence[Offer]:
        return [self.reprice(offer) for offer in offers]

    def _runtime(self, actor: Actor, limits: Limits) -> Runtime:
        return Runtime(
            actor=actor,
            bus=self.bus,
            transactions=self.transactions,
            catalogue=CATALOGUE,
            sources=self.sources,
            metrics=Metrics(),
            limits=limits,
            company=self.company,
            process=self.sources.ids.new(),
        )

    async def __aenter__(self) -> Self:
        for runtime in self.runtimes:
            await runtime.open()
        loops = [self.relay.run(), *(runtime.run() for runtime in self.runtimes)]
        self._tasks = [asyncio.ensure_future(loop) for loop in loops]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(runtime.drain(2.0) for runtime in self.runtimes))
        self.relay.stop()
        await asyncio.wait_for(self._tasks[0], 5.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What people do

    async def place(self, *placed: Booking, then: Sequence[BookingMessage] = ()) -> None:
        """As HTTP does: bookings and their commands in one transaction; `then` is what races with them."""
        async with self.transactions.begin() as transaction:
            new = [factories.new_booking(booking) for booking in placed]
            await bookings.insert(transaction.connection, bookings=new, now=transaction.now)
            for booking in placed:
                transaction.send(facts.PlaceBooking(booking_id=booking.id), origin=ORIGIN)
            for message in then:
                transaction.send(message, origin=ORIGIN)

    async def send(self, *messages: Any, due: datetime | None = None) -> None:
        async with self.transactions.begin() as transaction:
            for message in messages:
                transaction.send(message, origin=ORIGIN, due=due)

    async def pay(self, booking: Booking, attempt: int = 1, *, method: str = GOOD) -> None:
        payment_id = factories.payment_id(attempt, of=booking.id.int >> 64)
        await self.send(
            facts.StartPayment(
                booking_id=booking.id,
                payment_id=payment_id,
                gateway="fake",
                payment_method=method,
                return_url="https://example.org/return",
            )
        )

    def jump(self, by: timedelta) -> None:
        """Let so much time pass at once."""
        self.clock.jump(by)

    # What is so

    async def rest(self, within: float = 15.0) -> None:
        """Until nothing is due and no retry is near; PostgreSQL tells nobody, so it is asked."""
        due = "SELECT count(*) FROM outbox WHERE due_at <= $1"
        async with asyncio.timeout(within):
            while await self.value(due, self.clock.now() + SOON):  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def reaches(self, booking: Booking, state: BookingState) -> Booking:
        """The booking when all has come to rest, in that state."""
        await self.rest()
        found = await self.booking(booking.id)
        assert found.state is state
        return found

    async def booking(self, booking_id: BookingId) -> Booking:
        async with self.database.connection() as connection:
            return (await bookings.by_id(connection, booking_id=booking_id)).booking

    async def payments(self, booking: Booking) -> list[PaymentRow]:
        async with self.database.connection() as connection:
            return await payments.of_booking(connection, booking_id=booking.id)

    async def timeline(self, booking: Booking) -> list[Event]:
        async with self.database.connection() as connection:
            return await bookings.events_after(connection, booking_id=booking.id, sequence=0, limit=100)

    async def balances(self) -> dict[str, list[int]]:
        """Each account with its amounts, the empty ones left out."""
        async with self.database.connection() as connection:
            held = await books.balances(connection)
        return {
            account: [amount.amount for amount in amounts]
            for account, amounts in held.items()
            if any(amounts)
        }

    async def taken(self, departure: int = 1) -> int:
        taken: int = await self.value("SELECT taken FROM cabin_stock WHERE departure_id = $1", departure)
        return taken

    async def value(self, sql: str, *arguments: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(sql, *arguments)

    async def column(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return [row[0] for row in await connection.fetch(sql, *arguments)]

    def told(self, booking: Booking) -> list[str]:
        """What the rest of the house heard of it, by name."""
        return [type(heard).__name__ for heard in self.ear.heard if heard.booking_id == booking.id]


def _topology(actors: Sequence[Actor]) -> Topology:
    subscribers: dict[str, set[str]] = {}
    for actor in actors:
        for entry in map(CATALOGUE.of, actor.accepts):
            if entry.kind is Kind.EVENT:
                subscribers.setdefault(entry.name, set()).add(actor.name)
    return Topology(
        subscribers={name: frozenset(actors) for name, actors in subscribers.items()},
        actors=frozenset(actor.name for actor in actors),
    )


async def plant_departures(database: Database, *departures: Planted) -> None:
    """The small network, with departure 1 of ten seats if none is named."""
    async with database.connection() as connection:
        await plant_world(connection)
        await plant(connection, *(departures or (Planted(id=1),)))
