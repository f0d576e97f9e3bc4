"""P5: everything delivered twice and in any order ends as if it had come once and in turn."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bookingd.bus.memory import MemoryBus
from bookingd.domain.booking.facts import CallOff, GiveConsent
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.messages.payments import RefreshPayment
from bookingd.storage import stock
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import (
    TIMES,
    BookingHouse,
    PacedClock,
    SlowGateway,
    UnrulyBus,
    plant_departures,
)
from tests.fakes.gateway import DECLINED, THREE_D_SECURE

STEPS = ("authorise", "capture", "void", "refund")
Journey = Callable[[BookingHouse, Booking], Awaitable[None]]


async def paid(house: BookingHouse, booking: Booking) -> None:
    await house.place(booking)
    await house.pay(booking)


async def paid_with_a_second_card(house: BookingHouse, booking: Booking) -> None:
    await house.place(booking)
    await house.pay(booking, 1, method=DECLINED)
    await house.rest()
    await house.pay(booking, 2)


async def paid_after_a_refused_capture(house: BookingHouse, booking: Booking) -> None:
    house.gateway.refuse("capture", "expired")
    await house.place(booking)
    await house.pay(booking, 1)
    await house.rest()
    await house.pay(booking, 2)


async def paid_at_another_price(house: BookingHouse, booking: Booking) -> None:
    house.reprice = house.desk.as_held = factories.dearer
    await house.place(booking)
    await house.rest()
    proposed = (await house.booking(booking.id)).proposed_total
    await house.send(GiveConsent(booking_id=booking.id, total=proposed))
    await house.rest()
    await house.pay(booking)


async def authenticated(house: BookingHouse, booking: Booking) -> None:
    await house.place(booking)
    await house.pay(booking, method=THREE_D_SECURE)
    await house.rest()
    payment_id = factories.payment_id(1, of=booking.id.int >> 64)
    (payment,) = house.gateway.payments(payment_id)
    house.gateway.complete_action(payment.gateway_reference)
    await house.send(*[RefreshPayment(payment_id=payment_id, booking_id=booking.id)] * 3)


async def left(house: BookingHouse, booking: Booking) -> None:
    await house.place(booking)
    await house.pay(booking, method=THREE_D_SECURE)
    await house.rest()
    house.jump(TIMES.hold + TIMES.payment_extension + timedelta(seconds=1))


async def called_off(house: BookingHouse, booking: Booking) -> None:
    await house.place(booking)
    await house.pay(booking, method=THREE_D_SECURE)
    await house.rest()
    await house.send(CallOff(booking_id=booking.id))


async def refused(house: BookingHouse, booking: Booking) -> None:
    house.desk.refuse("ticket", "gone")
    house.desk.lose_answer("release")
    house.gateway.lose_answer("void")
    await house.place(booking)
    await house.pay(booking)


JOURNEYS: dict[Journey, BookingState] = {
    paid: BookingState.CONFIRMED,
    paid_with_a_second_card: BookingState.CONFIRMED,
    paid_after_a_refused_capture: BookingState.CONFIRMED,
    paid_at_another_price: BookingState.CONFIRMED,
    authenticated: BookingState.CONFIRMED,
    left: BookingState.EXPIRED,
    called_off: BookingState.CANCELLED,
    refused: BookingState.FAILED,
}


@dataclass(frozen=True, slots=True)
class End:
    """What a journey leaves behind."""

    state: BookingState
    told: list[str]
    timeline: list[str]
    payments: list[tuple[str, int, int]]
    gateway_calls: dict[str, int]
    desk: list[tuple[str, int]]
    books: list[Any]
    taken: int


async def end_of(
    journey: Journey, database: Database, number: int, bus: type[MemoryBus], gateway: SlowGateway
) -> End:
    booking = factories.booking(
        number,
        items=(
            factories.item(1, of=number, cancel_fee=0),
            factories.item(2, of=number, supplier="north"),
        ),
    )
    async with BookingHouse(database, bus=bus, gateway=gateway) as house:
        taken, calls, paid = await house.taken(), Counter(gateway.calls), len(gateway.payments())
        await journey(house, booking)
        await house.rest()
        return End(
            state=(await house.booking(booking.id)).state,
            told=sorted(house.told(booking)),
            timeline=sorted(event.name for event in await house.timeline(booking)),
            payments=[
                (payment.status, payment.captured.amount, payment.refunded.amount)
                for payment in gateway.payments()[paid:]
            ],
            gateway_calls={step: gateway.calls[step] - calls[step] for step in STEPS},
            desk=sorted((step, count) for (step, _), count in house.desk.done.items() if step != "find"),
            books=await house.column(
                "SELECT (reason, debit, credit, amount)::text FROM ledger_entries"
                " WHERE booking_id = $1 ORDER BY 1",
                booking.id,
            ),
            taken=await house.taken() - taken,
        )


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
async def test_a_journey_delivered_twice_and_shuffled_ends_the_same(
    journey: Journey, database: Database
) -> None:
    await plant_departures(database)

    gateway = SlowGateway(PacedClock())

    orderly = await end_of(journey, database, 1, MemoryBus, gateway)
    unruly = await end_of(journey, database, 2, UnrulyBus, gateway)

    assert unruly == orderly
    assert unruly.state is JOURNEYS[journey]
    async with database.connection() as connection:
        assert await stock.check_books(connection) == []
        assert await connection.fetch("SELECT * FROM dead_letters") == []
