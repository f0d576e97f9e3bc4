"""The payment actor alone, asked by a test instead of by a booking, which hears all that it tells."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from bookingd.actor.kinds import Actor
from bookingd.bus.memory import MemoryBus
from bookingd.domain.booking import facts
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import IntentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Authorisation, GatewayPayment, Refund
from bookingd.messages.payments import ReadDisputes, RefreshPayment, SettleRefund
from bookingd.sources import Clock
from bookingd.storage import bookings, payments
from bookingd.storage.database import Database
from bookingd.storage.payments import PaymentRow
from tests import factories
from tests.actors.booking_house import BookingHouse, Ear, PacedClock, SlowGateway
from tests.fakes.gateway import GOOD

BOOKING = factories.booking()
PAYMENT = factories.payment_id(1)
ABOUT: dict[str, Any] = {"booking_id": BOOKING.id, "payment_id": PAYMENT}
TOTAL = BOOKING.total
REFRESH = RefreshPayment(**ABOUT)
CAPTURE = facts.CapturePayment(gateway="fake", amount=TOTAL, **ABOUT)
VOID = facts.VoidPayment(gateway="fake", **ABOUT)
DISPUTES = ReadDisputes(**ABOUT)


def authorise(method: str = GOOD, **more: Any) -> facts.AuthorisePayment:
    asked = facts.AuthorisePayment(
        reference=BOOKING.reference,
        gateway="fake",
        amount=TOTAL,
        payment_method=method,
        return_url="https://example.org/return",
        owner=factories.OWNER,
        **ABOUT,
    )
    return replace(asked, **more)


def refund(amount: Money, *, round: int = 1) -> facts.RefundPayment:  # noqa: A002 - as the message has it
    return facts.RefundPayment(gateway="fake", amount=amount, round=round, **ABOUT)


def settle(*, round: int = 1, note: str = "TR-77") -> SettleRefund:  # noqa: A002 - as above
    return SettleRefund(round=round, note=note, **ABOUT)


class BookingEar(Ear):
    """Hears what bookings are told by payments, in their place."""

    name: ClassVar[str] = "booking"
    accepts: ClassVar[tuple[type, ...]] = (
        facts.PaymentActionRequired,
        facts.PaymentInReview,
        facts.PaymentAuthorised,
        facts.AuthorisationRenewed,
        facts.ReauthorisationRefused,
        facts.PaymentFailed,
        facts.PaymentCaptured,
        facts.CaptureRefused,
        facts.PaymentVoided,
        facts.PaymentRefunded,
        facts.RefundFailed,
        facts.PaymentDisputed,
        facts.DisputeClosed,
    )


T = TypeVar("T")


class MortalGateway(SlowGateway):
    """Can keep an answer for ever, so that whoever waits for it dies without it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.fatal = ""
        self.died = asyncio.Event()

    async def _brought(self, operation: str, answer: Awaitable[T]) -> T:
        told = await answer
        if operation == self.fatal:
            self.fatal = ""
            self.died.set()
            await asyncio.Event().wait()
        return told

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        return await self._brought("authorise", super().authorise(request, key=key))

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        return await self._brought("complete", super().complete(gateway_reference, key=key))

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        done = super().reauthorise(gateway_reference, amount=amount, key=key)
        return await self._brought("reauthorise", done)

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        return await self._brought("capture", super().capture(gateway_reference, amount=amount, key=key))

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        return await self._brought("void", super().void(gateway_reference, key=key))

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        return await self._brought("refund", super().refund(gateway_reference, amount=amount, key=key))


class PaymentHouse(BookingHouse):
    """A booking's row, and nobody who decides for it."""

    def __init__(
        self,
        database: Database,
        *,
        bus: type[MemoryBus] = MemoryBus,
        clock: PacedClock | None = None,
        gateway: MortalGateway | None = None,
    ) -> None:
        clock = clock or PacedClock()
        self.mortal = gateway or MortalGateway(clock)
        super().__init__(database, bus=bus, clock=clock, gateway=self.mortal)

    def _actors(self) -> list[Actor]:
        self.booking_ear = BookingEar()
        return [self.booking_ear, self._payment_actor()]

    async def plant(self, *planted: Booking) -> None:
        async with self.transactions.begin() as transaction:
            new = [factories.new_booking(booking) for booking in planted or (BOOKING,)]
            await bookings.insert(transaction.connection, bookings=new, now=transaction.now)

    async def ask(self, *messages: Any) -> None:
        """Each asked for when the one before has come to its end."""
        for message in messages:
            await self.send(message)
            await self.rest()

    @property
    def heard(self) -> list[Any]:
        """What was told, the first first; once each, in the order in which it was first heard."""
        return list(dict.fromkeys(self.booking_ear.heard))

    def names(self) -> list[str]:
        return [type(fact).__name__ for fact in self.heard]

    async def row(self) -> PaymentRow:
        async with self.database.connection() as connection:
            row = await payments.load(connection, payment_id=PAYMENT)
        assert row is not None
        return row

    def reference(self) -> str:
        """What the payment is called at the gateway now."""
        (payment,) = self.gateway.payments(PAYMENT)
        return payment.gateway_reference

    async def die_after(self, operation: str, *last: Any) -> None:
        """Ask for it, and be gone when it is done and before its answer is written down."""
        self.mortal.fatal = operation
        await self.send(*last)
        await self.mortal.died.wait()

    def inherit(self) -> None:
        """Let the leases and claims of whoever is gone end."""
        self.jump(timedelta(minutes=2))

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def execute(self, sql: str, *arguments: Any) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(sql, *arguments)

    async def attention(self) -> list[str]:
        return await self.column("SELECT reason FROM attention WHERE closed_at IS NULL ORDER BY reason")

    async def audited(self) -> Sequence[str]:
        return await self.column("SELECT action FROM audit_entries ORDER BY at, id")
