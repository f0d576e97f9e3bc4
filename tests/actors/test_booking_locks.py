"""In which order a batch touches stock: P1 needs the locks, and nobody may wait in a circle."""

from typing import Any

import pytest

from bookingd.actor.kinds import Letter
from bookingd.domain.booking.facts import (
    BookingMessage,
    CallOff,
    PaymentAuthorised,
    PlaceBooking,
    StartPayment,
)
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE
from bookingd.storage import bookings, stock
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import ORIGIN, BookingHouse, plant_departures
from tests.fakes.inventory import Planted

SINGLE = [factories.booking(number, items=(factories.item(of=number),)) for number in (1, 2)]
DOUBLE = factories.booking(3, items=(factories.item(1, of=3), factories.item(2, of=3, departures=[2])))


@pytest.fixture
async def house(database: Database) -> BookingHouse:
    """Not started: batches are put together by hand."""
    await plant_departures(database, Planted(id=1), Planted(id=2))
    house = BookingHouse(database)
    async with database.transaction() as connection:
        new = [factories.new_booking(booking) for booking in (*SINGLE, DOUBLE)]
        await bookings.insert(connection, bookings=new, now=house.clock.now())
    return house


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What touches stock rows, in its order."""
    touched: list[str] = []
    for name in ("lock", "hold", "release"):
        _spy(monkeypatch, name, touched)
    return touched


def _spy(monkeypatch: pytest.MonkeyPatch, name: str, touched: list[str]) -> None:
    real = getattr(stock, name)

    async def spy(*arguments: Any, **named: Any) -> Any:
        touched.append(name)
        return await real(*arguments, **named)

    monkeypatch.setattr(stock, name, spy)


async def batch(house: BookingHouse, *messages: BookingMessage) -> None:
    async with house.transactions.begin() as transaction:
        letters = [_letter(house, message) for message in messages]
        await house._booking_actor().move(transaction, letters)


def _letter(house: BookingHouse, message: BookingMessage) -> Letter:
    id_ = MessageId(house.sources.ids.new())
    now = house.clock.now()
    envelope = codec.seal(message, catalogue=CATALOGUE, id=id_, origin=ORIGIN, now=now)
    return Letter(envelope=envelope, message=message)


def place(booking: Booking) -> PlaceBooking:
    return PlaceBooking(booking_id=booking.id)


def call_off(booking: Booking) -> CallOff:
    return CallOff(booking_id=booking.id)


async def test_new_bookings_of_one_item_take_their_stock_in_one_statement(
    house: BookingHouse, touched: list[str]
) -> None:
    await batch(house, place(SINGLE[0]), place(SINGLE[1]))

    assert touched == ["hold"]


async def test_whoever_gives_back_and_takes_locks_all_of_it_first(
    house: BookingHouse, touched: list[str]
) -> None:
    await batch(house, place(SINGLE[0]))
    touched.clear()
    await batch(house, call_off(SINGLE[0]), place(SINGLE[1]))

    assert touched == ["lock", "release", "hold"]


async def test_a_booking_of_several_items_locks_all_of_its_stock_first(
    house: BookingHouse, touched: list[str]
) -> None:
    """One item may be refused, and then the other is given back."""
    await batch(house, place(DOUBLE))

    assert touched == ["lock", "hold"]


async def test_many_ends_at_once_are_one_statement(house: BookingHouse, touched: list[str]) -> None:
    await batch(house, *map(place, SINGLE))
    touched.clear()
    await batch(house, *map(call_off, SINGLE))

    assert touched == ["release"]


async def test_tickets_touch_no_stock_row(house: BookingHouse, touched: list[str]) -> None:
    """The hot row is left alone while a sale is completed."""
    (booking, _), payment = SINGLE, factories.payment_id()
    await batch(house, place(booking))
    touched.clear()
    pay = StartPayment(
        booking_id=booking.id, payment_id=payment, gateway="fake", payment_method="pm", return_url=""
    )
    await batch(house, pay, PaymentAuthorised(booking_id=booking.id, payment_id=payment))

    assert touched == []
    assert (await house.booking(booking.id)).items[0].tickets
