"""The journey of a booking of own inventory, through the real runtime and a real PostgreSQL."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.booking.facts import CallOff, GiveConsent
from bookingd.domain.booking.state import BookingState, ItemState, PaymentState
from bookingd.domain.money import Money
from bookingd.domain.unsellable import takes
from bookingd.messages.envelope import Origin
from bookingd.messages.live import BookingMoved, Refused
from bookingd.storage import stock
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import TIMES, BookingHouse, plant_departures
from tests.fakes.gateway import DECLINED, THREE_D_SECURE

MINUTE = timedelta(minutes=1)
BOOKING = factories.booking(
    items=(factories.item(for_party=factories.party(adults=2, children=1, infants=1)),)
)


@pytest.fixture
async def house(database: Database) -> AsyncIterator[BookingHouse]:
    await plant_departures(database)
    async with BookingHouse(database) as opened:
        yield opened


async def balanced(house: BookingHouse) -> bool:
    async with house.database.connection() as connection:
        return await stock.check_books(connection) == []


async def held(house: BookingHouse) -> None:
    await house.place(BOOKING)
    await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)


async def test_a_booking_is_held_paid_ticketed_and_confirmed(house: BookingHouse) -> None:
    await held(house)
    assert await house.taken() == 3

    await house.pay(BOOKING)
    confirmed = await house.reaches(BOOKING, BookingState.CONFIRMED)

    (item,) = confirmed.items
    assert item.state is ItemState.CONFIRMED
    assert item.locator is not None
    assert len(set(item.tickets)) == 4
    assert all(ticket.startswith("990-") for ticket in item.tickets)
    assert await house.taken() == 3
    assert await house.column("SELECT state FROM stock_claims") == ["sold"]
    (payment,) = house.gateway.payments()
    assert (payment.captured, payment.refunded) == (BOOKING.total, Money.zero("EUR"))
    assert house.told(BOOKING) == ["BookingHeld", "BookingConfirmed"]
    assert await balanced(house)


async def test_the_books_say_who_earned_what(house: BookingHouse) -> None:
    price = factories.price(commission=300)
    item = replace(BOOKING.items[0], offer=replace(BOOKING.items[0].offer, price=price))
    await house.place(replace(BOOKING, items=(item,)))
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert await house.balances() == {
        "gateway:fake": [10_000],
        "supplier:inventory": [-8_000 + 300],
        "revenue:markup": [-1_000],
        "revenue:service_fee": [-500],
        "revenue:commission": [-300],
        "taxes": [-500],
    }


async def test_every_transition_is_in_the_timeline_and_in_the_audit_trail(house: BookingHouse) -> None:
    await held(house)
    await house.pay(BOOKING)
    confirmed = await house.reaches(BOOKING, BookingState.CONFIRMED)

    timeline = await house.timeline(BOOKING)
    assert [(event.sequence, event.name, event.state) for event in timeline] == [
        (1, "booking.place", "pending"),
        (2, "item.held", "awaiting_payment"),
        (3, "booking.start_payment", "awaiting_payment"),
        (4, "payment.authorised", "confirming"),
        (5, "item.ticketed", "confirming"),
        (6, "payment.captured", "confirmed"),
    ]
    assert confirmed.sequence == 6
    told = json.loads(timeline[4].details)
    assert told["tickets"] == list(confirmed.items[0].tickets)
    entries = [json.loads(entry) for entry in await house.column("SELECT canonical::text FROM audit_entries")]
    actions = [(entry["action"], entry["principal"]) for entry in entries]
    documents = await house.column("SELECT kind FROM documents")
    assert sorted(documents) == ["invoice", "receipt"]
    expected = [event.name for event in timeline] + ["document.issued"] * len(documents)
    assert sorted(actions) == sorted((action, factories.OWNER) for action in expected)


async def test_who_acts_for_somebody_else_is_in_the_trail_with_whose_booking_it_is(
    house: BookingHouse,
) -> None:
    await held(house)
    agent = Origin(principal="account:agent", correlation_id=UUID(int=7))
    async with house.transactions.begin() as transaction:
        transaction.send(CallOff(booking_id=BOOKING.id), origin=agent)

    await house.reaches(BOOKING, BookingState.CANCELLED)

    entries = [json.loads(entry) for entry in await house.column("SELECT canonical::text FROM audit_entries")]
    owners = {(entry["principal"], entry["details"].get("owner")) for entry in entries}
    assert owners == {(factories.OWNER, None), (agent.principal, factories.OWNER)}


async def test_nothing_secret_or_personal_is_told(house: BookingHouse) -> None:
    await house.place(BOOKING)
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()

    told = b"".join(event.details for event in await house.timeline(BOOKING)).decode()
    told += str(await house.column("SELECT canonical::text FROM audit_entries"))
    told += str(await house.column("SELECT lifecycle::text FROM bookings"))
    for secret in (THREE_D_SECURE, "bank.example", "return", "ada@example.org", "Lovelace"):
        assert secret not in told


async def test_who_comes_too_late_for_the_seats_is_told_so(house: BookingHouse) -> None:
    """P1: ten seats, four bookings of three."""
    wanted = [
        factories.booking(number, items=(factories.item(of=number, for_party=factories.party(adults=3)),))
        for number in range(1, 5)
    ]
    notices: list[Any] = []
    house.bus.watch(notices.append)
    await house.place(*wanted)
    await house.rest()

    found = [await house.booking(booking.id) for booking in wanted]
    assert sorted(booking.state for booking in found) == ["awaiting_payment"] * 3 + ["failed"]
    assert {booking.reason for booking in found} == {None, "sold_out"}
    assert await house.taken() == 9
    moved = [notice for notice in notices if isinstance(notice, BookingMoved)]
    assert {notice.reason for notice in moved if notice.state == "failed"} == {"sold_out"}
    [refused] = [one for notice in notices if isinstance(notice, Refused) for one in notice.refusals]
    assert (refused.key, refused.number) == (takes(wanted[3].items[0].offer), 3)
    assert refused.reason == "sold_out"


async def test_a_changed_price_is_charged_only_after_consent(house: BookingHouse) -> None:
    """P8."""
    house.reprice = factories.dearer
    await house.place(BOOKING)
    waiting = await house.reaches(BOOKING, BookingState.PRICE_CHANGED)
    await house.pay(BOOKING)
    await house.rest()
    assert house.gateway.payments() == []

    agreed = Money(10_500, "EUR")
    await house.send(GiveConsent(booking_id=BOOKING.id, total=agreed))
    await house.pay(BOOKING, 2)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert waiting.proposed_total == agreed
    assert [payment.captured for payment in house.gateway.payments()] == [agreed]
    assert await house.value("SELECT total FROM bookings") == 10_500
    assert "customers" not in await house.balances()


async def test_an_expired_hold_gives_its_seats_back(house: BookingHouse) -> None:
    await held(house)
    house.jump(TIMES.hold)
    await house.reaches(BOOKING, BookingState.EXPIRED)

    assert await house.taken() == 0
    assert house.told(BOOKING) == ["BookingHeld", "BookingExpired"]
    assert await balanced(house)


async def test_a_hold_ends_with_its_open_payment(house: BookingHouse) -> None:
    await held(house)
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    house.jump(TIMES.hold)
    expired = await house.reaches(BOOKING, BookingState.EXPIRED)

    assert [payment.state for payment in expired.payments] == [PaymentState.VOIDED]
    assert [payment.status for payment in house.gateway.payments()] == ["voided"]
    assert [row.state for row in await house.payments(BOOKING)] == ["voided"]
    assert await house.taken() == 0


async def test_whoever_has_begun_to_pay_is_given_time(house: BookingHouse) -> None:
    await held(house)
    house.jump(TIMES.hold - MINUTE)
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    house.jump(2 * MINUTE)
    await house.rest()
    waiting = await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)

    assert await house.column("SELECT expires_at FROM stock_claims") == [waiting.hold_until]


async def test_a_declined_card_keeps_the_hold_and_another_one_pays(house: BookingHouse) -> None:
    await held(house)
    await house.pay(BOOKING, 1, method=DECLINED)
    await house.rest()
    assert (await house.booking(BOOKING.id)).state is BookingState.AWAITING_PAYMENT
    await house.pay(BOOKING, 2)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert house.told(BOOKING) == ["BookingHeld", "PaymentDeclined", "BookingConfirmed"]
    assert [row.state for row in await house.payments(BOOKING)] == ["failed", "captured"]


async def test_a_hold_that_was_lost_costs_nothing(house: BookingHouse) -> None:
    """Its seats went to somebody else, as may happen to a hold that is due: not ticketed, not charged."""
    await held(house)
    async with house.database.transaction() as connection:
        await stock.release(connection, items=[BOOKING.items[0].id], now=house.clock.now())
    await house.pay(BOOKING)
    failed = await house.reaches(BOOKING, BookingState.FAILED)

    assert failed.reason == "hold_lost"
    assert [payment.status for payment in house.gateway.payments()] == ["voided"]
    assert await house.balances() == {}


async def test_a_booking_that_is_called_off_keeps_nothing(house: BookingHouse) -> None:
    await held(house)
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await house.taken() == 0
    assert [payment.status for payment in house.gateway.payments()] == ["voided"]


async def test_what_is_called_off_while_it_is_being_placed_keeps_nothing(house: BookingHouse) -> None:
    await house.place(BOOKING, then=[CallOff(booking_id=BOOKING.id)])
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await house.taken() == 0
    assert await balanced(house)
