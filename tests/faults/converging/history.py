"""What happens to one booking: payer, gateways, staff, clock and client act in an order that chance draws.

Each of return, webhook, poll, expiry, cancel, refund and dispute comes up to three times, wherever it falls;
between them payers agree or do not, reviews end, authorisations lapse, refunds come back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from random import Random

from bookingd.domain.booking import facts
from bookingd.domain.booking.plans import Schedule
from bookingd.domain.booking.state import Booking, Item
from bookingd.domain.money import Money
from bookingd.gateways.port import GatewayNotice, GatewayPayment
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.messages.payments import RefreshPayment, SettleRefund
from bookingd.storage import office, payments
from bookingd.storage.office import Received, ReceivedBy
from bookingd.storage.payments import PaymentRow
from handlers.receipts import Told
from tests import factories
from tests.actors.booking_house import ORIGIN
from tests.faults.converging.house import CREDIT, PAYPAL, STRIPE, TRANSFER, House, World
from tests.faults.converging.sides import Side

WAYS = (*[STRIPE] * 3, *[PAYPAL] * 3, TRANSFER, CREDIT)
"""Among which payers choose."""

MOST = 3

Act = Callable[[House], Awaitable[None]]


@dataclass(slots=True)
class History:
    """One booking's, by its number in the house."""

    number: int
    chance: Random
    world: World
    booking: Booking = field(init=False)
    attempts: int = 0
    """How many payments were begun; each has its number."""
    refunds: int = 0
    events: list[Told] = field(default_factory=list)
    """What the gateways have told or are still to tell of this booking's payments."""

    def __post_init__(self) -> None:
        desk = self.chance.choice(["inventory", "inventory", "north"])
        items: tuple[Item, ...] = (factories.item(1, of=self.number, cancel_fee=0),)
        if desk != "inventory":
            items += (factories.item(2, of=self.number, supplier=desk),)
        self.booking = factories.booking(self.number, items=items)

    def acts(self) -> list[Act]:
        """In the order in which they come: paying first, all else wherever it falls.

        Every other booking is left alone until it is paid for: more can happen to one that is.
        """
        seven = (
            *(self.come_back, self.webhook, self.poll, self.expire),
            *(self.call_off, self.give_back, self.dispute),
        )
        drawn: list[Act] = [act for act in seven for _ in range(self.chance.randrange(MOST + 1))]
        drawn += [
            act for act in (self.payer, self.gateway) for _ in range(self.chance.randrange(1, MOST + 1))
        ]
        drawn += [act for act in (self.pay, self.staff) for _ in range(self.chance.randrange(MOST))]
        self.chance.shuffle(drawn)
        if self.number % 2:
            return [self.pay, *drawn]
        return [self.pay, self.wait, self.payer, self.wait, self.come_back, self.wait, *drawn]

    async def wait(self, house: House) -> None:
        """Until the gateway has answered, if it does within half a minute of the house's time."""
        for _ in range(30):
            await asyncio.sleep(0.05)
            if not (await house.booking(self.booking.id)).is_asking_for_money:
                return

    async def act(self, house: House, act: Act) -> None:
        """One after the other, with a moment between them."""
        await act(house)
        await asyncio.sleep(self.chance.uniform(0, 0.03))

    # The payer and their browser

    async def pay(self, house: House) -> None:
        """Begin an attempt; sent twice, it is one."""
        self.attempts += 1
        gateway = self.chance.choice(WAYS)
        side = self.world.sides.get(gateway)
        start = facts.StartPayment(
            booking_id=self.booking.id,
            payment_id=factories.payment_id(self.attempts, of=self.number),
            gateway=gateway,
            payment_method=side.means(self.chance) if side else "",
            return_url="https://example.org/return",
            schedule=self.chance.choice([Schedule.FULL, Schedule.FULL, Schedule.DEPOSIT]),
            keep=self.chance.random() < 0.3,
        )
        if self.chance.random() < 0.15:
            house.desk.refuse("ticket", "gone")  # to whoever comes next
        await house.send(*[start] * self.chance.choice([1, 1, 2]))

    async def payer(self, house: House) -> None:
        """Agrees at the bank's or the gateway's page, or does not."""
        for side, payment in await self._elsewhere(house):
            await side.payer(payment, self.chance)

    async def come_back(self, house: House) -> None:
        """The browser returns from the gateway's page, or somebody reloads where it returned to."""
        for row in await self._rows(house):
            if self.chance.random() < 0.7:
                await house.send(RefreshPayment(payment_id=row.id, booking_id=row.booking_id))

    async def call_off(self, house: House) -> None:
        await house.send(facts.CallOff(booking_id=self.booking.id))

    # The gateway

    async def gateway(self, house: House) -> None:
        """Reviews end, authorisations lapse, refunds come back."""
        for side, payment in await self._elsewhere(house):
            await side.by_itself(payment, self.chance)

    async def dispute(self, house: House) -> None:
        """The payer goes to their bank; or what they went for comes to its end."""
        for side, payment in await self._elsewhere(house):
            await side.dispute(payment, self.chance)

    async def settle(self, house: House) -> None:
        """Whatever is not ours to end comes to its end; staff pay out what is to go back."""
        for side, payment in await self._elsewhere(house):
            await side.settle(payment, self.chance)
        await self.pay_out(house)

    async def webhook(self, house: House) -> None:
        """One or two of its events come: late, again, or replayed from the dashboard under a new id."""
        for _ in range(self.chance.choice([1, 2])):
            if self.events:
                told = self.chance.choice(self.events)
                if self.chance.random() < 0.3:
                    told = replace(told, notice=replace(told.notice, event_id=self._event_id()))
                house.tell(told)

    # The clock and staff

    async def poll(self, house: House) -> None:
        """Our own look, however often it has been taken already."""
        for row in await self._rows(house):
            look = RefreshPayment(
                payment_id=row.id, booking_id=row.booking_id, poll=self.chance.choice([1, 8])
            )
            await house.send(look)

    async def expire(self, house: House) -> None:
        """The timers of the booking come early, late, and again."""
        booking = await house.booking(self.booking.id)
        if booking.hold_until is not None:
            await house.send(facts.HoldDue(booking_id=booking.id, deadline=booking.hold_until))
        for payment in booking.payments:
            if payment.until is not None:
                due = facts.AuthorisationDue(
                    booking_id=booking.id, payment_id=payment.id, until=payment.until
                )
                await house.send(due)
        if booking.balance_by is not None:
            await house.send(facts.BalanceDue(booking_id=booking.id, deadline=booking.balance_by))

    async def give_back(self, house: House) -> None:
        """Staff give back part or all of some payment, and press the button twice."""
        booking = await house.booking(self.booking.id)
        for payment in booking.payments:
            if payment.refundable and self.chance.random() < 0.7:
                part = self.chance.randrange(1, payment.refundable.amount + 1)
                back = facts.GiveBack(
                    booking_id=booking.id,
                    payment_id=payment.id,
                    round=payment.next_round,
                    amount=self.chance.choice([Money(part, "EUR"), payment.refundable]),
                    reason="goodwill",
                )
                await house.send(*[back] * self.chance.choice([1, 2]))

    async def staff(self, house: House) -> None:
        """Record a transfer that came, pay out what waits, or say how a failed refund was paid."""
        luck = self.chance.random()
        if luck < 0.5:
            await self._receive(house)
        elif luck < 0.75:
            await self.pay_out(house)
        else:
            for settle in await self._failed(house):
                await house.send(*[settle] * self.chance.choice([1, 2]))

    async def pay_out(self, house: House) -> None:
        """All transfers that are to go back of it."""
        async with house.transactions.begin() as transaction:
            for payout in await office.open_payouts(transaction.connection, limit=500):
                row = await payments.load(transaction.connection, payment_id=payout.payment_id)
                if row is not None and row.booking_id == self.booking.id:
                    await office.pay(
                        transaction.connection,
                        payout_id=payout.id,
                        paid_on=house.today,
                        proof=f"out-{payout.id}",
                        by=factories.OWNER,
                        now=transaction.now,
                    )
                    look = RefreshPayment(payment_id=row.id, booking_id=row.booking_id)
                    transaction.send(look, origin=ORIGIN)

    async def _receive(self, house: House) -> None:
        self.attempts += 1
        total = self.booking.total.amount
        amount = Money(self.chance.choice([total, total // 5, total - total // 5, total + 100]), "EUR")
        received = Received(
            payment_id=factories.payment_id(self.attempts, of=self.number),
            booking_id=self.booking.id,
            means=ReceivedBy.TRANSFER,
            amount=amount,
            received_on=house.today,
            proof=f"in-{self.number}-{self.attempts}",
            recorded_by=factories.OWNER,
        )
        async with house.transactions.begin() as transaction:
            assert await office.receive(transaction.connection, received=received, now=transaction.now)
            start = facts.StartPayment(
                booking_id=received.booking_id,
                payment_id=received.payment_id,
                gateway=TRANSFER,
                payment_method="",
                return_url="",
                received=amount,
            )
            transaction.send(start, origin=ORIGIN)

    async def _failed(self, house: House) -> list[SettleRefund]:
        booking = await house.booking(self.booking.id)
        return [
            SettleRefund(
                payment_id=payment.id, booking_id=booking.id, round=refund.round, note=f"paid-{refund.round}"
            )
            for payment in booking.payments
            for refund in payment.refunds
            if refund.state == "failed"
        ]

    # What is known of it

    async def _rows(self, house: House) -> list[PaymentRow]:
        return await house.payments(self.booking)

    async def _elsewhere(self, house: House) -> list[tuple[Side, GatewayPayment]]:
        """Its payments at their gateways, which may know more than we do."""
        booking = await house.booking(self.booking.id)
        return [
            (self.world.sides[ours.gateway], payment)
            for ours in booking.payments
            if (payment := await self.world.at(ours.gateway, ours.id))
        ]

    def note(self, name: str, payment: GatewayPayment, dispute: str | None = None) -> Told:
        """The gateway has something to tell."""
        notice = GatewayNotice(
            event_id=self._event_id(),
            kind="payment.changed",
            gateway_reference=payment.gateway_reference,
            payment_id=payment.payment_id,
            status=None if dispute else payment.status,
            dispute=dispute,
        )
        return self.hear(name, notice)

    def hear(self, name: str, notice: GatewayNotice) -> Told:
        """The gateway tells."""
        origin = Origin(principal=SYSTEM, correlation_id=ORIGIN.correlation_id)
        told = Told(gateway=name, notice=notice, origin=origin)
        self.events.append(told)
        return told

    def _event_id(self) -> str:
        return f"evt_{self.number}_{self.chance.randrange(10**9)}"
