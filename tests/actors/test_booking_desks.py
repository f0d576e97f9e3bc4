"""Items of outside suppliers: held, ticketed and given back, though calls time out after the deed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd.domain.booking.facts import CallOff
from bookingd.domain.booking.state import BookingState, ItemState
from bookingd.domain.conversion import as_sold, as_supplied, converted
from bookingd.messages.payments import RefreshPayment
from bookingd.storage.database import Database
from bookingd.suppliers.port import Order
from tests import factories
from tests.actors.booking_house import TIMES, BookingHouse, plant_departures
from tests.rates import frozen

BOOKING = factories.booking(items=(factories.item(1, supplier="north"),))
ITEM = BOOKING.items[0].id


@pytest.fixture
async def house(database: Database) -> AsyncIterator[BookingHouse]:
    async with BookingHouse(database) as opened:
        yield opened


async def test_an_outside_item_is_held_ticketed_and_confirmed(house: BookingHouse) -> None:
    await house.place(BOOKING)
    await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
    await house.pay(BOOKING)
    confirmed = await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert confirmed.items[0].locator == "NORTH1"
    assert confirmed.items[0].tickets == ("220-0",)
    assert house.desk.calls == {"hold": 1, "ticket": 1}


@pytest.mark.parametrize("operation", ["hold", "ticket"])
@pytest.mark.parametrize("lost", ["lose_answer", "lose_call", "be_unavailable"])
async def test_a_call_without_an_answer_takes_effect_once(
    house: BookingHouse, operation: str, lost: str
) -> None:
    """P9: the supplier knows no idempotency key, so a blind repeat would be a second order."""
    getattr(house.desk, lost)(operation)
    await house.place(BOOKING)
    await house.rest()
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert house.desk.done["hold", ITEM] == house.desk.done["ticket", ITEM] == 1
    assert "customers" not in await house.balances()


@pytest.mark.parametrize("lost", ["lose_answer", "lose_call", "be_unavailable"])
async def test_a_release_without_an_answer_takes_effect_once(house: BookingHouse, lost: str) -> None:
    getattr(house.desk, lost)("release")
    await house.place(BOOKING)
    await house.rest()
    house.jump(TIMES.hold)
    await house.reaches(BOOKING, BookingState.EXPIRED)

    assert house.desk.orders == {}
    assert house.desk.done["release", ITEM] == 1


async def test_a_refused_hold_fails_and_gives_the_other_item_back(house: BookingHouse) -> None:
    house.desk.refuse("hold", "sold_out")
    both = factories.booking(items=(factories.item(1, supplier="north"), factories.item(2, supplier="south")))
    await house.place(both)
    failed = await house.reaches(both, BookingState.FAILED)

    assert failed.reason == "sold_out"
    assert house.other_desk.orders == {}


async def test_a_refused_ticket_undoes_what_was_ticketed_and_lets_the_money_go(
    house: BookingHouse, database: Database
) -> None:
    """Own stock is ticketed first, since it can be given back; the irrevocable item is refused then."""
    await plant_departures(database)
    both = factories.booking(items=(factories.item(1, supplier="north"), factories.item(2, cancel_fee=0)))
    house.desk.refuse("ticket", "gone")
    await house.place(both)
    await house.rest()
    await house.pay(both)
    failed = await house.reaches(both, BookingState.FAILED)

    assert failed.items[1].tickets
    assert {item.state for item in failed.items} == {ItemState.RELEASED}
    assert await house.taken() == 0
    assert house.desk.orders == {}
    assert [payment.status for payment in house.gateway.payments()] == ["voided"]
    assert await house.balances() == {}


async def test_a_changed_price_of_one_item_waits_for_consent(house: BookingHouse) -> None:
    house.desk.as_held = factories.dearer
    await house.place(BOOKING)
    waiting = await house.reaches(BOOKING, BookingState.PRICE_CHANGED)

    assert waiting.proposed_total.amount == 10_500


async def test_a_hold_that_comes_after_the_end_is_given_back(house: BookingHouse) -> None:
    house.desk.lose_answer("hold")
    house.desk.be_unavailable("find")
    await house.place(BOOKING)
    while not house.desk.calls["find"]:
        await house.value("SELECT 1")
    await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert house.desk.done["hold", ITEM] == 1
    assert house.desk.orders == {}


async def test_a_ticket_that_comes_after_its_release_is_given_back_again(house: BookingHouse) -> None:
    """The supplier issues it late, when the item had been released because the money was lost."""
    await house.place(BOOKING)
    await house.rest()
    late = house.desk.pause("ticket")
    await house.pay(BOOKING)
    await late.reached.wait()
    house.gateway.expire(house.gateway.payments()[0].gateway_reference)
    await house.send(RefreshPayment(payment_id=factories.payment_id(1), booking_id=BOOKING.id))
    while not house.desk.done["release", ITEM]:
        await house.value("SELECT 1")
    house.desk.orders[ITEM] = Order(held=BOOKING.items[0].offer)
    late.go_on.set()
    await house.reaches(BOOKING, BookingState.FAILED)

    assert house.desk.done["release", ITEM] == 2
    assert house.desk.orders == {}


async def test_a_supplier_that_takes_nothing_back_is_a_persons_affair(house: BookingHouse) -> None:
    """P6."""
    house.desk.refuse("release", "not_allowed")
    await house.place(BOOKING)
    await house.rest()
    await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await house.column("SELECT reason FROM attention") == ["release_refused"]


async def test_a_supplier_that_stays_away_is_told_to_a_person(house: BookingHouse) -> None:
    """P6: at the eighth try, a minute on; the tries go on."""
    house.desk.be_unavailable("hold", times=8)
    await house.place(BOOKING)
    for _ in range(6):
        await house.rest()
        house.jump(timedelta(seconds=40))
    await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)

    assert await house.column("SELECT reason FROM attention") == ["hold_unfinished"]
    assert house.desk.done["hold", ITEM] == 1


async def test_a_supplier_hears_of_its_own_currency_and_an_unchanged_offer_is_no_new_price(
    house: BookingHouse,
) -> None:
    """P8: whatever the rate is by now, the one that is frozen in the offer counts."""
    (sold,) = converted([BOOKING.items[0].offer], frozen())
    booking = replace(BOOKING, items=(replace(BOOKING.items[0], offer=sold),))
    await house.place(booking)
    held = await house.reaches(booking, BookingState.AWAITING_PAYMENT)

    assert house.desk.orders[ITEM].held == as_supplied(sold)
    assert held.items[0].offer == sold
    await house.pay(booking)
    await house.reaches(booking, BookingState.CONFIRMED)
    balances = await house.balances()
    assert "customers" not in balances
    assert balances["supplier:north"] == [-8_000]  # euros
    assert sorted(balances["exchange"]) == [-9_430, 8_500]  # dollars taken, euros owed for fare and taxes


async def test_a_dearer_hold_is_proposed_in_the_currency_of_the_sale(house: BookingHouse) -> None:
    (sold,) = converted([BOOKING.items[0].offer], frozen())
    booking = replace(BOOKING, items=(replace(BOOKING.items[0], offer=sold),))
    house.desk.as_held = factories.dearer
    await house.place(booking)
    waiting = await house.reaches(booking, BookingState.PRICE_CHANGED)

    assert waiting.proposed_total.currency == "USD"
    assert waiting.proposed_total == as_sold(factories.dearer(BOOKING.items[0].offer), shown=sold).total
