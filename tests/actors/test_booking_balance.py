"""A deposit and its balance through the real runtime: timers, stock and books."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from bookingd.domain.booking.facts import GiveBack, StartPayment
from bookingd.domain.booking.plans import PlanTerms, Schedule
from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.money import Money
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import TIMES, BookingHouse, UnrulyBus, plant_departures
from tests.fakes.gateway import GOOD

BOOKING = factories.booking()
FIRST = factories.payment_id(1)
PLANS = PlanTerms(
    deposit=Fraction(1, 5),
    balance_before=timedelta(days=9),
    least_wait=timedelta(hours=1),
    reminders=(timedelta(hours=12), timedelta(hours=2)),
    charge_before=timedelta(hours=6),
    keeps_deposit=True,
)
"""The balance of a flight in ten days is due tomorrow."""


@pytest.fixture(params=[False, True], ids=["orderly", "unruly"])
async def house(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[BookingHouse]:
    """Also with every message twice and in any order (P5)."""
    await plant_departures(database)
    times = replace(TIMES, plans=PLANS)
    made = (
        BookingHouse(database, bus=UnrulyBus, times=times)
        if request.param
        else BookingHouse(database, times=times)
    )
    async with made as opened:
        await opened.place(BOOKING)
        await opened.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        await opened.send(pay(1))
        await opened.reaches(BOOKING, BookingState.CONFIRMED)
        yield opened


def pay(number: int) -> StartPayment:
    return StartPayment(
        booking_id=BOOKING.id,
        payment_id=factories.payment_id(number),
        gateway="fake",
        payment_method=GOOD,
        return_url="https://example.org/return",
        schedule=Schedule.DEPOSIT,
    )


async def test_a_deposit_is_captured_and_the_rest_is_owed(house: BookingHouse) -> None:
    (payment,) = house.gateway.payments()

    assert payment.captured == Money(2_000, "EUR")
    assert [abs(amount) for amount in (await house.balances())["customers"]] == [8_000]


async def test_a_paid_balance_settles_what_is_owed(house: BookingHouse) -> None:
    await house.send(pay(2))
    paid = await house.reaches(BOOKING, BookingState.CONFIRMED)
    house.jump(timedelta(days=2))
    await house.rest()

    assert paid.paid
    assert "customers" not in await house.balances()
    assert house.told(BOOKING).count("BookingPaid") == 1
    assert "BalanceAsked" not in house.told(BOOKING)
    assert (await house.booking(BOOKING.id)).state is BookingState.CONFIRMED


async def test_an_unpaid_balance_gives_the_seat_back_and_keeps_what_the_plan_says(
    house: BookingHouse,
) -> None:
    """P6, P2."""
    taken = await house.taken()
    house.jump(timedelta(hours=13))
    await house.rest()
    house.jump(timedelta(days=1))
    over = await house.reaches(BOOKING, BookingState.CANCELLED)

    assert (taken, await house.taken()) == (1, 0)
    assert over.kept == Money(2_000, "EUR")
    assert (await house.balances()).keys() == {"gateway:fake", "revenue:cancellation"}
    told = house.told(BOOKING)
    assert told.count("BookingCancelled") == told.count("BookingConfirmed") == 1
    assert "BalanceAsked" in told


async def test_part_of_a_payment_is_given_back_and_the_booking_stays(house: BookingHouse) -> None:
    back = GiveBack(
        booking_id=BOOKING.id, payment_id=FIRST, round=1, amount=Money(500, "EUR"), reason="goodwill"
    )
    await house.send(back, back)
    left = await house.reaches(BOOKING, BookingState.CONFIRMED)

    (payment,) = house.gateway.payments()
    assert payment.refunded == Money(500, "EUR")
    assert [(one.state, one.refundable) for one in left.payments] == [
        (PaymentState.CAPTURED, Money(1_500, "EUR"))
    ]
