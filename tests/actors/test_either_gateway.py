"""One suite over both gateways: booking and payment actors through the real adapters, before our stand-ins.

Whatever a traveller or an operator is promised about payments holds for cards at Stripe and for PayPal alike.
Every message is delivered twice and in any order (P5).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from bookingd.domain.booking import facts
from bookingd.domain.booking.state import Booking, BookingState, Payment, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import DisputeStatus, GatewayNotice, GatewayPayment
from bookingd.messages.payments import RefreshPayment
from bookingd.sources import Sources, SystemChance, SystemIds
from bookingd.storage.database import Database
from handlers.receipts import Told
from tests import factories
from tests.actors.booking_house import ORIGIN, PacedClock, plant_departures
from tests.faults.converging import ledgers
from tests.faults.converging.house import PAYPAL, STRIPE, House, World
from tests.faults.converging.stand_ins import How, StandInSide, open_stand_ins

BOOKING = factories.booking()
TOTAL = BOOKING.total

WITHIN = 20.0
"""Seconds that a busy machine may take."""


class Trip:
    """A booking that is held, and everybody who is concerned with its payments."""

    def __init__(self, database: Database, name: str) -> None:
        self.world = World(database, name, PacedClock())
        self.world.weather.calm = True
        self.house = House(database, self.world)
        self.name = name
        self.other = PAYPAL if name == STRIPE else STRIPE
        self.heard: list[tuple[str, GatewayNotice]] = []
        """What the gateways have told, applied or not."""
        self.deaf = False
        """Webhooks are kept, and do not reach us."""
        self.before_the_answer: Callable[[GatewayPayment], Awaitable[None]] | None = None
        self._events = count(1)

    async def open(self, stack: AsyncExitStack) -> None:
        sources = Sources(clock=self.world.clock, ids=SystemIds(), chance=SystemChance())
        for side in await open_stand_ins(sources, self._webhook, stack):
            self.world.connect(side.name, side, self._answering)
        await self.house.start()
        stack.push_async_callback(self.house.stop)
        await self.house.place(BOOKING)
        await self.reaches(BookingState.AWAITING_PAYMENT)

    async def _webhook(self, name: str, notice: GatewayNotice) -> None:
        self.heard.append((name, notice))
        if not self.deaf:
            self.tell(name, notice)

    async def _answering(self, _: str, payment: GatewayPayment) -> None:
        act, self.before_the_answer = self.before_the_answer, None
        if act:
            await act(payment)

    def tell(self, name: str, notice: GatewayNotice) -> None:
        self.house.tell(Told(gateway=name, notice=notice, origin=ORIGIN))

    async def replay(self) -> None:
        """All that was ever told comes again: as it was, and from the dashboard, as an event of its own."""
        for name, notice in list(self.heard):
            self.tell(name, notice)
            self.tell(name, replace(notice, event_id=f"evt_replayed_{next(self._events)}"))
        await self.house.rest()

    def side(self, name: str = "") -> StandInSide:
        side = self.world.sides[name or self.name]
        assert isinstance(side, StandInSide)
        return side

    async def pay(self, how: How, *, number: int = 1, at: str = "") -> PaymentId:
        """Begin to pay, until the gateway has answered, and what is not there does not come of itself."""
        side, payment_id = self.side(at), factories.payment_id(number)
        start = facts.StartPayment(
            booking_id=BOOKING.id,
            payment_id=payment_id,
            gateway=side.name,
            payment_method=side.token(how),
            return_url="https://example.org/return",
        )
        await self.house.send(start)
        await self.until(lambda booking: _payment(booking, payment_id).state is not PaymentState.CREATED)
        await side.act(await self.at_gateway(payment_id), how)
        return payment_id

    async def paid(self) -> PaymentId:
        """Paid for, and confirmed."""
        payment_id = await self.pay(How.PAYS)
        await self.reaches(BookingState.CONFIRMED)
        await self.house.rest()
        return payment_id

    async def come_back(self, payment_id: PaymentId) -> None:
        await self.house.send(RefreshPayment(payment_id=payment_id, booking_id=BOOKING.id))

    async def give_back(self, payment_id: PaymentId, *amounts: Money) -> None:
        for number, amount in enumerate(amounts, start=1):
            back = facts.GiveBack(
                booking_id=BOOKING.id, payment_id=payment_id, round=number, amount=amount, reason="goodwill"
            )
            await self.house.send(back, back)
        await self.house.rest()

    async def at_gateway(self, payment_id: PaymentId) -> GatewayPayment:
        for name in self.world.sides:
            if found := await self.world.at(name, payment_id):
                return found
        raise LookupError(f"no gateway knows payment {payment_id}")

    async def reaches(self, state: BookingState) -> Booking:
        return await self.until(lambda booking: booking.state is state)

    async def until(self, so: Callable[[Booking], bool]) -> Booking:
        """The booking, once it is so."""
        async with asyncio.timeout(WITHIN):
            while not so(booking := await self.house.booking(BOOKING.id)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return booking

    async def check(self) -> None:
        """What gateways hold, our rows, the books and the booking agree."""
        await self.house.rest()
        self.house.jump(timedelta(seconds=31))  # events that came before their payment are looked for again
        await self.house.rest()
        await ledgers.check(self.world.database, self.world.lines, [BOOKING], self.house.sources)

    async def attention(self) -> Sequence[str]:
        return await self.house.column("SELECT reason FROM attention WHERE closed_at IS NULL")


@pytest.fixture(params=[STRIPE, PAYPAL])
async def trip(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Trip]:
    await plant_departures(database)
    async with AsyncExitStack() as stack:
        trip = Trip(database, request.param)
        await trip.open(stack)
        yield trip


def _payment(booking: Booking, payment_id: PaymentId) -> Payment:
    payment = booking.payment(payment_id)
    return payment or Payment(id=payment_id, gateway="", amount=TOTAL)


@pytest.mark.parametrize("teller", ["return", "webhook", "poll"])
async def test_an_agreement_is_heard_of_from_whoever_tells_first(trip: Trip, teller: str) -> None:
    trip.deaf = teller != "webhook"
    payment_id = await trip.pay(How.AGREES)
    if teller == "return":
        await trip.come_back(payment_id)
    elif teller == "poll":
        trip.house.jump(timedelta(seconds=16))
    await trip.reaches(BookingState.CONFIRMED)

    await trip.check()


async def test_after_a_decline_the_other_gateway_pays_whatever_the_first_tells_late(trip: Trip) -> None:
    trip.deaf = True
    first = await trip.pay(How.DECLINED)
    await trip.come_back(first)
    await trip.until(lambda booking: _payment(booking, first).state is PaymentState.FAILED)
    trip.deaf = False
    await trip.pay(How.PAYS, number=2, at=trip.other)
    await trip.reaches(BookingState.CONFIRMED)
    trip.house.jump(timedelta(days=2))
    await trip.replay()

    booking = await trip.reaches(BookingState.CONFIRMED)
    assert [payment.state for payment in booking.payments] == [PaymentState.FAILED, PaymentState.CAPTURED]
    assert trip.house.told(BOOKING).count("BookingConfirmed") == 1
    await trip.check()


async def test_who_agrees_too_late_at_the_first_gateway_is_not_charged_by_both(trip: Trip) -> None:
    first = await trip.pay(How.AGREES)
    await trip.come_back(first)
    await trip.pay(How.PAYS, number=2, at=trip.other)
    await trip.reaches(BookingState.CONFIRMED)
    await trip.check()

    taken = [(await trip.at_gateway(factories.payment_id(number))).captured for number in (1, 2)]
    assert sum(one.amount for one in taken) == TOTAL.amount


async def test_several_parts_go_back_each_once(trip: Trip) -> None:
    payment_id = await trip.paid()
    first, second = Money.of("30.00", "EUR"), Money.of("0.01", "EUR")
    await trip.give_back(payment_id, first, second)
    parts = await trip.at_gateway(payment_id)
    await trip.give_back(payment_id, first, second, TOTAL - first - second)
    everything = await trip.at_gateway(payment_id)

    assert (parts.refunded, everything.refunded) == (first + second, TOTAL)
    assert (await trip.house.booking(BOOKING.id)).state is BookingState.CONFIRMED
    await trip.check()


@pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
async def test_a_dispute_is_heard_of_and_followed_to_its_end(trip: Trip, won: bool) -> None:
    payment_id = await trip.paid()
    await trip.side().begin_dispute(await trip.at_gateway(payment_id))
    await trip.until(lambda booking: _payment(booking, payment_id).is_disputed)
    asked = await trip.attention()
    await trip.side().end_disputes(await trip.at_gateway(payment_id), won=won)
    await trip.until(lambda booking: not _payment(booking, payment_id).is_disputed)
    trip.house.jump(timedelta(days=1, hours=1))  # until it is looked at for the last time

    [dispute] = await trip.side().gateway.disputes((await trip.at_gateway(payment_id)).gateway_reference)
    assert dispute.status is (DisputeStatus.WON if won else DisputeStatus.LOST)
    assert asked == ["payment_disputed"]
    await trip.check()


@pytest.mark.parametrize("how", [How.TRUSTED, How.DISTRUSTED])
async def test_a_review_confirms_or_declines(trip: Trip, how: How) -> None:
    payment_id = await trip.pay(how)
    ended = {How.TRUSTED: PaymentState.CAPTURED, How.DISTRUSTED: PaymentState.FAILED}[how]
    booking = await trip.until(lambda booking: _payment(booking, payment_id).state is ended)

    confirmed = booking.state is BookingState.CONFIRMED
    assert confirmed == (how is How.TRUSTED)
    if not confirmed:
        await trip.house.send(facts.CallOff(booking_id=BOOKING.id))
        await trip.reaches(BookingState.CANCELLED)
    await trip.check()


async def test_what_comes_days_later_and_again_from_the_dashboard_changes_nothing(trip: Trip) -> None:
    trip.deaf = True
    payment_id = await trip.pay(How.AGREES)
    await trip.come_back(payment_id)
    await trip.reaches(BookingState.CONFIRMED)
    await trip.give_back(payment_id, Money.of("30.00", "EUR"))
    timeline = await trip.house.timeline(BOOKING)
    trip.house.jump(timedelta(days=3))
    await trip.replay()
    await trip.replay()

    assert trip.heard
    assert await trip.house.timeline(BOOKING) == timeline
    await trip.check()


async def test_what_is_told_before_we_know_of_the_payment_is_applied_when_we_do(trip: Trip) -> None:
    """https://github.com/duncanmcclean/statamic-cargo/issues/190"""

    async def agrees_at_once(payment: GatewayPayment) -> None:
        await trip.side().act(payment, How.AGREES)
        async with asyncio.timeout(WITHIN):
            while not trip.heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await trip.house.payments(BOOKING) == []

    trip.before_the_answer = agrees_at_once
    side = trip.side()
    start = facts.StartPayment(
        booking_id=BOOKING.id,
        payment_id=factories.payment_id(1),
        gateway=side.name,
        payment_method=side.token(How.AGREES),
        return_url="https://example.org/return",
    )
    await trip.house.send(start)
    await trip.until(lambda booking: _payment(booking, start.payment_id).state is not PaymentState.CREATED)
    trip.house.jump(timedelta(seconds=16))
    await trip.reaches(BookingState.CONFIRMED)

    await trip.check()


async def test_who_agrees_after_calling_off_is_not_charged(trip: Trip) -> None:
    """https://github.com/stripe/stripe-node/issues/2462: the page stays open, and says that it worked."""
    payment_id = await trip.pay(How.LEAVES)
    await trip.house.send(facts.CallOff(booking_id=BOOKING.id))
    await trip.reaches(BookingState.CANCELLED)
    await trip.house.rest()
    await trip.side().act(await trip.at_gateway(payment_id), How.AGREES)
    trip.house.jump(timedelta(hours=1))
    await trip.replay()

    assert (await trip.at_gateway(payment_id)).captured == Money.zero("EUR")
    await trip.check()
