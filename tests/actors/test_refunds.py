"""Refunds and looks through the real runtime: the books follow the gateway, and whoever must know is told."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from actors.payment import PaymentActor
from actors.payment.looking import Look
from actors.payment.refunds import LAST_POLL, Given
from bookingd.actor.acting import TELL_OPERATOR_AT
from bookingd.actor.kinds import Ended, Letter
from bookingd.domain.booking.facts import CallOff, CapturePayment, RefundPayment
from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.ids import IntentId, MessageId
from bookingd.gateways.port import GatewayPayment, GatewayStatus, Refund
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE, Lane
from bookingd.messages.payments import RefreshPayment
from bookingd.sources import Sources
from bookingd.storage import bookings, payments
from bookingd.storage.database import Connection, Database
from bookingd.storage.payments import PaymentRow, PaymentStatus
from bookingd.storage.transactions import Transactions
from tests import factories
from tests.actors.booking_house import ORIGIN, BookingHouse, UnrulyBus, plant_departures
from tests.fakes.gateway import THREE_D_SECURE, FakeGateway
from tests.fakes.sources import START, fake_sources

BOOKING = factories.booking()
FIRST = factories.payment_id(1)
REFRESH = RefreshPayment(payment_id=FIRST, booking_id=BOOKING.id)
BACK = {"customers": [-BOOKING.total.amount], "gateway:fake": [BOOKING.total.amount]}
"""The books when the customer's money is with us and nothing was sold."""


@pytest.fixture(params=[False, True], ids=["orderly", "unruly"])
async def house(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[BookingHouse]:
    """Also with every message twice and in any order (P5)."""
    await plant_departures(database)
    made = BookingHouse(database, bus=UnrulyBus) if request.param else BookingHouse(database)
    async with made as opened:
        await opened.place(BOOKING)
        await opened.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        yield opened


def reference(house: BookingHouse) -> str:
    (payment,) = house.gateway.payments(FIRST)
    return payment.gateway_reference


async def refunded(house: BookingHouse, status: str) -> None:
    """Captured by hand just before we void it, and so given back by itself."""
    house.gateway.refunds_are = status
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    house.gateway.complete_action(reference(house))
    await house.gateway.capture(reference(house), amount=BOOKING.total, key=IntentId(UUID(int=1)))
    await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)


async def refunds(house: BookingHouse) -> list[str]:
    return await house.column("SELECT state FROM refunds")


async def attention(house: BookingHouse) -> list[str]:
    return await house.column("SELECT reason FROM attention ORDER BY reason")


async def audited(house: BookingHouse, action: str) -> int:
    count: int = await house.value("SELECT count(*) FROM audit_entries WHERE action = $1", action)
    return count


async def has_failed(house: BookingHouse) -> None:
    (row,) = await house.payments(BOOKING)
    assert (row.state, row.refunded.amount) == (PaymentStatus.CAPTURED, 0)
    assert await house.balances() == BACK
    assert await refunds(house) == ["failed"]
    assert await attention(house) == ["refund_failed"]
    assert await audited(house, "payment.refund_failed") == 1


@pytest.mark.parametrize("begun", ["pending", "done"])
async def test_a_refund_that_fails_late_is_reversed_and_told_to_an_operator(
    house: BookingHouse, begun: str
) -> None:
    """P2, P6: Stripe's refund.failed, days after the refund was told done."""
    await refunded(house, begun)
    before = await house.balances()
    house.gateway.settle_refunds(reference(house), "failed")
    await house.send(*[REFRESH] * 5)
    over = await house.reaches(BOOKING, BookingState.CANCELLED)

    assert before == {}
    await has_failed(house)
    assert [payment.state for payment in over.payments] == [PaymentState.REFUNDED]


async def test_a_refund_that_fails_is_noticed_without_a_webhook(house: BookingHouse) -> None:
    await refunded(house, "pending")
    house.gateway.settle_refunds(reference(house), "failed")
    house.jump(timedelta(minutes=2))
    await house.rest()

    await has_failed(house)


async def test_a_pending_refund_is_followed_until_it_is_done(house: BookingHouse) -> None:
    await refunded(house, "pending")
    house.jump(timedelta(minutes=2))
    await house.rest()
    meanwhile = await refunds(house)
    house.gateway.settle_refunds(reference(house), "done")
    house.jump(timedelta(hours=1))
    await house.rest()

    assert (meanwhile, await refunds(house)) == (["pending"], ["done"])
    assert await house.balances() == {}
    assert await attention(house) == []
    assert await audited(house, "payment.refund_pending") == 1
    assert await audited(house, "payment.refund_done") == 1


async def test_a_refund_that_is_pending_for_weeks_is_told_to_an_operator(house: BookingHouse) -> None:
    await refunded(house, "pending")
    await house.send(replace(REFRESH, poll=LAST_POLL))
    await house.rest()

    assert await attention(house) == ["refund_pending"]


async def test_a_refund_that_fails_at_once_moves_nothing(house: BookingHouse) -> None:
    await refunded(house, "failed")

    await has_failed(house)


async def test_what_the_gateway_will_not_give_back_is_in_the_trail(house: BookingHouse) -> None:
    """P11."""
    house.gateway.refuse("refund", "as_told")
    await refunded(house, "done")

    assert await audited(house, "payment.refund_refused") == 1
    assert await attention(house) == ["payment_stuck"]


async def test_a_void_that_the_gateway_confirms_is_in_the_trail(house: BookingHouse) -> None:
    """P11."""
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await audited(house, "payment.void_confirmed") == 1


async def last_attempt(house: BookingHouse, message: RefreshPayment) -> None:
    """The message on its way for the last time: all earlier looks found the gateway away."""
    async with house.transactions.begin() as transaction:
        envelope = codec.seal(
            message,
            catalogue=CATALOGUE,
            id=MessageId(house.sources.ids.new()),
            origin=ORIGIN,
            now=transaction.now,
        )
        tried = replace(envelope, attempt=TELL_OPERATOR_AT - 1)
        transaction.send_again(tried, actor="payment", lane=Lane.NORMAL, after=timedelta())


@pytest.mark.parametrize("poll", [0, 3])
async def test_a_look_that_finds_the_gateway_away_is_given_up_and_told(
    house: BookingHouse, poll: int
) -> None:
    """P6: webhooks pile up no endless looks; the chain of polls goes on."""
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    timers = "SELECT count(*) FROM outbox WHERE destination = 'payment'"
    before = await house.value(timers)
    house.gateway.be_unavailable("retrieve", times=9)
    await last_attempt(house, replace(REFRESH, poll=poll))
    await house.rest()

    assert await attention(house) == ["refresh_unfinished"]
    assert await house.value(timers) - before == (1 if poll else 0)


async def test_a_payment_that_its_gateway_does_not_know_any_more_is_told(house: BookingHouse) -> None:
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    house.gateway.refuse("retrieve", "not_found")
    await house.send(REFRESH)
    await house.rest()

    assert await attention(house) == ["payment_stuck"]


# Any order of answers and events

ORDERS = sorted({*permutations("CRUFF"), *permutations("CRUU")})
"""Answers to capture and refund, and looks after refund.updated and refund.failed, some of them twice."""


class Records:
    """Writes down what the gateway said, in the order of a test, for one payment of its own."""

    def __init__(self, database: Database, number: int, sources: Sources) -> None:
        self.sources = sources
        gateways = {"fake": FakeGateway(self.sources.clock)}
        self.actor = PaymentActor(
            gateways=gateways,
            database=database,
            sources=self.sources,
            agency=factories.agency(),
            brake=factories.brake(sources.clock),
        )
        self.transactions = Transactions(database=database, sources=self.sources, catalogue=CATALOGUE)
        self.row = PaymentRow(
            id=factories.payment_id(number),
            booking_id=BOOKING.id,
            gateway="fake",
            gateway_reference=f"fake_{number}",
            state=PaymentStatus.AUTHORISED,
            amount=BOOKING.total,
            captured=BOOKING.total - BOOKING.total,
            refunded=BOOKING.total - BOOKING.total,
        )
        self.intent = IntentId(UUID(int=number))

    async def record(self, event: str) -> None:
        message, outcome = await self._told(event)
        async with self.transactions.begin() as transaction:
            envelope = codec.seal(
                message,
                catalogue=CATALOGUE,
                id=MessageId(self.sources.ids.new()),
                origin=ORIGIN,
                now=transaction.now,
            )
            letter = Letter(envelope=envelope, message=message)
            await self.actor.acting[type(message)].record(transaction, [Ended(letter, outcome)])

    async def _told(self, event: str) -> tuple[Any, Any]:
        about: dict[str, Any] = {"booking_id": BOOKING.id, "payment_id": self.row.id}
        if event == "C":
            captured = GatewayPayment(
                gateway_reference=f"fake_{self.intent.int}",
                payment_id=self.row.id,
                status=GatewayStatus.CAPTURED,
                amount=BOOKING.total,
                captured=BOOKING.total,
                refunded=self.row.refunded,
            )
            return CapturePayment(gateway="fake", amount=BOOKING.total, **about), captured
        if event == "R":
            return RefundPayment(gateway="fake", amount=BOOKING.total, **about), self._refund("pending")
        return RefreshPayment(**about), await self._look({"U": "done", "F": "failed"}[event])

    async def _look(self, status: str) -> Look:
        """Only what we know of is looked at."""
        async with self.transactions.begin() as transaction:
            row = await payments.load(transaction.connection, payment_id=self.row.id)
            known = await payments.refunds_of(transaction.connection, payment_id=self.row.id)
        assert row is not None
        return Look(row=row, seen=None, refunds=[self._refund(status) for _ in known])

    def _refund(self, status: str) -> Given:
        made = Refund(gateway_reference=f"re_{self.intent.int}", amount=BOOKING.total, status=status)
        return Given(id=self.intent, refund=made)


async def in_order(records: Records, database: Database, order: Sequence[str]) -> None:
    async with database.transaction() as connection:
        await payments.save(connection, rows=[records.row], now=START)
    for event in order:
        await records.record(event)
    await records.record("F" if "F" in order else "U")  # the poll that follows every refund


async def owed(connection: Connection, row: PaymentRow) -> int:
    """What the books say that we owe the customer of this payment."""
    sides = await connection.fetch(
        "SELECT debit, credit, amount FROM ledger_entries WHERE payment_id = $1", row.id
    )
    signs = {"customers": 1}
    return sum(
        entry["amount"] * (signs.get(entry["credit"], 0) - signs.get(entry["debit"], 0)) for entry in sides
    )


async def test_books_and_payment_agree_whatever_the_order(database: Database) -> None:
    """P2, P5: any order of the answers and the gateway's events, with repetitions."""
    async with database.transaction() as connection:
        new = [factories.new_booking(BOOKING)]
        await bookings.insert(connection, bookings=new, now=START)
    sources = fake_sources()
    for number, order in enumerate(ORDERS, start=1):
        await in_order(Records(database, number, sources), database, order)

    async with database.connection() as connection:
        for number, order in enumerate(ORDERS, start=1):
            row = await payments.load(connection, payment_id=factories.payment_id(number))
            assert row is not None
            kept = BOOKING.total.amount if "F" in order else 0
            assert (row.captured - row.refunded).amount == kept, order
            assert await owed(connection, row) == kept, order
        told = await connection.fetchval("SELECT count(*) FROM attention WHERE reason = 'refund_failed'")
        assert told == sum("F" in order for order in ORDERS)
