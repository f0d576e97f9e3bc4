"""The booking and payment actors before four gateways, with an audit trail, dying when a test says so."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from actors.audit import Chainer
from actors.booking import BookingActor
from actors.booking.desks import Desks
from actors.payment import PaymentActor
from bookingd.bus.memory import MemoryBus
from bookingd.domain.booking.plans import PlanTerms
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.credit import CreditGateway
from bookingd.gateways.office import Beneficiary, OfficeGateway
from bookingd.gateways.port import GatewayPayment, GatewayStatus
from bookingd.messages.catalogue import CATALOGUE
from bookingd.storage import audit_reading, credit, intents, outbox
from bookingd.storage.checkpoints import CheckpointFile
from bookingd.storage.database import Database
from bookingd.storage.office import ReceivedBy
from bookingd.suppliers.own_stock import OwnStock
from handlers.receipts import Receipts, Told
from tests import factories
from tests.actors.booking_house import TIMES, BookingHouse, PacedClock, UnrulyBus
from tests.faults.converging.bad_line import BadLine, Heard, Weather
from tests.faults.converging.sides import Side
from tests.storage.audit_trail import signer_of

STRIPE, PAYPAL, TRANSFER, CREDIT = "stripe", "paypal", "transfer", "credit"

LINE = Money.of("700.00", "EUR")
"""What the client may owe: fewer than all bookings of a house."""

OURS = Beneficiary(name="Wander Travel Ltd", iban="DE89370400440532013000")

PLANS = PlanTerms(
    deposit=Fraction(1, 5),
    balance_before=timedelta(days=8),
    least_wait=timedelta(hours=1),
    reminders=(timedelta(hours=30), timedelta(hours=2)),
    charge_before=timedelta(hours=6),
    keeps_deposit=True,
)
"""The balance of a flight in ten days is due in two."""


class World:
    """What outlives the house: gateways and who is behind them, and time."""

    def __init__(self, database: Database, seed: str, clock: PacedClock) -> None:
        self.database = database
        self.clock = clock
        self.weather = Weather(Random(f"weather of {seed}"))
        self.sides: dict[str, Side] = {}
        office = OfficeGateway(
            means=ReceivedBy.TRANSFER, database=database, clock=self.clock, beneficiary=OURS
        )
        self.lines = {
            TRANSFER: BadLine(TRANSFER, office, self.weather),
            CREDIT: BadLine(CREDIT, CreditGateway(database=database, clock=self.clock), self.weather),
        }

    def connect(self, name: str, side: Side, heard: Heard | None) -> None:
        """Put a gateway at the end of a line; `heard` is told before its answers come."""
        self.sides[name] = side
        line = BadLine(name, side.gateway, self.weather, heard=heard, searchable=side.searchable)
        self.lines[name] = line

    async def at(self, name: str, payment_id: PaymentId) -> GatewayPayment | None:
        """The payment as its gateway has it: none, or one.

        PayPal knows a call again for six hours only. What was lost with a process that was away for longer is
        asked for once more; an order that no payer was ever sent to lapses, and holds nothing.
        """
        made = await self.sides[name].payments(payment_id) if name in self.sides else []
        one = [seen for seen in made if name != PAYPAL or seen.status is not GatewayStatus.REQUIRES_ACTION]
        assert len(one) < 2, f"{name} was asked twice for payment {payment_id}"
        known = one or made
        return known[-1] if known else None


class House(BookingHouse):
    """One process's life; the next one begins on the same database, with the same world outside."""

    def __init__(self, database: Database, world: World, *, bus: type[MemoryBus] = UnrulyBus) -> None:
        self.world = world
        super().__init__(database, bus=bus, clock=world.clock)
        self.receipts = Receipts(self.transactions)
        self._deliveries: list[asyncio.Future[None]] = []

    def _booking_actor(self) -> BookingActor:
        return BookingActor(
            own_stock=OwnStock(reprice=self._reprice, chance=self.sources.chance),
            desks=Desks({desk.name: desk for desk in (self.desk, self.other_desk)}),
            times=replace(TIMES, patience={TRANSFER: timedelta(days=1)}, plans=PLANS),
            sources=self.sources,
            catalogue=CATALOGUE,
        )

    def _payment_actor(self) -> PaymentActor:
        return PaymentActor(
            gateways=self.world.lines,
            database=self.database,
            sources=self.sources,
            agency=self.agency,
            brake=factories.brake(self.clock, attempts_of_account=0, declines_of_account=0),
        )

    async def start(self) -> None:
        """As an embedded daemon begins: alone, and what a former one had claimed is free."""
        async with self.database.transaction() as connection:
            await outbox.release_all(connection)
            await intents.release_all(connection)
        await self.__aenter__()
        self._tasks.append(asyncio.ensure_future(self.receipts.run()))

    async def die(self) -> None:
        """Be gone in the middle of everything: what is not committed is lost, and what is known only here."""
        for task in (*self._tasks, *self._deliveries):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._deliveries, return_exceptions=True)
        await asyncio.gather(*(runtime.drain(0) for runtime in self.runtimes), return_exceptions=True)

    async def stop(self) -> None:
        """As SIGTERM has it."""
        await asyncio.gather(*self._deliveries)
        self._tasks.pop().cancel()
        await self.__aexit__(None, None, None)

    def tell(self, told: Told) -> None:
        """The gateway's webhook; what its receiver died of is sent again some other time."""
        self._deliveries.append(asyncio.ensure_future(self.receipts.submit(told)))

    async def open_line(self) -> None:
        """Of the client's credit."""
        async with self.database.transaction() as connection:
            opened = await credit.set_line(
                connection,
                owner=factories.OWNER,
                most=LINE,
                days=30,
                version=0,
                by=factories.OWNER,
                now=self.clock.now(),
            )
        assert opened == 1

    @property
    def today(self) -> date:
        return self.clock.now().date()


async def verify_trail(database: Database, world: World, directory: Path) -> Any:
    """Chain everything that was recorded, and verify it (P11)."""
    file, signer = CheckpointFile(directory / "audit" / "checkpoints.jsonl"), signer_of()
    chainer = Chainer(database=database, clock=world.clock, signer=signer, file=file, entries=10_000)
    while await chainer.chain_once():
        pass
    await chainer.sign_if_due()
    async with database.connection() as connection:
        return await audit_reading.verify(
            connection,
            file=file,
            pinned=frozenset({signer.public_key}),
            now=world.clock.now(),
            want=None,
            progress=lambda _read, _of: None,
        )
