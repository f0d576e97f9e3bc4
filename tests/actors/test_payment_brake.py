"""The brake on card testing, where gateways answer: what is declined counts, and closes a card for a day."""

from collections.abc import AsyncIterator

import pytest

from bookingd.domain.booking.state import BookingState
from bookingd.domain.declines import DeclineReason
from bookingd.gateways.port import Means
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import BookingHouse, plant_departures
from tests.fakes.gateway import DECLINED, THREE_D_SECURE

BOOKING = factories.booking()
CARD = Means(kind="card", label="Visa ending in 0002", fingerprint="Xt5EWLLDS7FJjR1c")
LIMIT = 5


@pytest.fixture
async def house(database: Database) -> AsyncIterator[BookingHouse]:
    await plant_departures(database)
    async with BookingHouse(database) as opened:
        await opened.place(BOOKING)
        await opened.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        opened.gateway.means = CARD
        yield opened


async def declined(house: BookingHouse, times: int) -> None:
    for number in range(1, times + 1):
        await house.pay(BOOKING, number, method=DECLINED)
        await house.rest()


async def counted(house: BookingHouse) -> int:
    return len(await house.column("SELECT 1 FROM payment_attempts WHERE declined_at IS NOT NULL"))


async def test_a_card_that_was_declined_too_often_is_not_taken_even_if_its_bank_would(
    house: BookingHouse,
) -> None:
    await declined(house, LIMIT)
    await house.pay(BOOKING, LIMIT + 1)
    await house.rest()

    *_, last = await house.payments(BOOKING)
    (at_gateway,) = house.gateway.payments(factories.payment_id(LIMIT + 1))
    assert (last.state, last.failure) == ("failed", DeclineReason.TOO_MANY_ATTEMPTS)
    assert at_gateway.status == "voided"
    assert await house.balances() == {}
    assert (await house.booking(BOOKING.id)).state is BookingState.AWAITING_PAYMENT


async def test_what_the_brake_refuses_is_not_counted(house: BookingHouse) -> None:
    await declined(house, LIMIT)
    for number in range(LIMIT + 1, LIMIT + 4):
        await house.pay(BOOKING, number)
        await house.rest()

    assert await counted(house) == LIMIT


async def test_one_decline_less_and_the_card_pays(house: BookingHouse) -> None:
    await declined(house, LIMIT - 1)
    await house.pay(BOOKING, LIMIT)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert await counted(house) == LIMIT - 1


async def test_another_card_pays(house: BookingHouse) -> None:
    await declined(house, LIMIT)
    house.gateway.means = Means(kind="card", label="Visa ending in 4242", fingerprint="another")
    await house.pay(BOOKING, LIMIT + 1)
    await house.reaches(BOOKING, BookingState.CONFIRMED)


async def test_nobody_is_sent_to_their_bank_for_a_card_that_is_refused(house: BookingHouse) -> None:
    await declined(house, LIMIT)
    await house.pay(BOOKING, LIMIT + 1, method=THREE_D_SECURE)
    await house.rest()

    *_, last = await house.payments(BOOKING)
    assert (last.state, last.action_url) == ("failed", None)


async def test_an_answer_that_was_lost_is_looked_up_and_refused_as_well(house: BookingHouse) -> None:
    """P9: the look-up sees the same card."""
    await declined(house, LIMIT)
    house.gateway.lose_answer("authorise")
    await house.pay(BOOKING, LIMIT + 1)
    await house.rest()

    *_, last = await house.payments(BOOKING)
    assert last.failure == DeclineReason.TOO_MANY_ATTEMPTS


async def test_a_void_whose_answer_was_lost_is_done_again(house: BookingHouse) -> None:
    await declined(house, LIMIT)
    house.gateway.lose_call("void")
    await house.pay(BOOKING, LIMIT + 1)
    await house.rest()

    (at_gateway,) = house.gateway.payments(factories.payment_id(LIMIT + 1))
    *_, last = await house.payments(BOOKING)
    assert (at_gateway.status, last.failure) == ("voided", DeclineReason.TOO_MANY_ATTEMPTS)


async def test_a_payment_that_succeeds_is_counted_no_more(house: BookingHouse) -> None:
    async with house.database.transaction() as connection:
        await factories.brake(house.sources.clock).take(
            connection,
            factories.payment_id(1),
            booking_id=BOOKING.id,
            address="203.0.113.7",
            account=None,
        )
    await house.pay(BOOKING, 1)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert await house.value("SELECT count(*) FROM payment_attempts") == 0
