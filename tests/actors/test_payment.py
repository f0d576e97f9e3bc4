"""Payments through the real runtime: each effect happens at the gateway once, and its outcome is known."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from actors.payment.book import REFERENCES_KEPT, PaymentBook
from bookingd.domain.booking.facts import CallOff, CapturePayment, HoldDue
from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.ids import IntentId, PaymentId
from bookingd.messages.payments import RefreshPayment
from bookingd.outcomes import Refused
from bookingd.storage.database import Database
from bookingd.storage.payments import PaymentStatus
from tests import factories
from tests.actors.booking_house import TIMES, BookingHouse, plant_departures
from tests.fakes.gateway import THREE_D_SECURE, FakeGateway
from tests.fakes.sources import fake_sources

BOOKING = factories.booking()
FIRST, SECOND = factories.payment_id(1), factories.payment_id(2)
REFRESH = RefreshPayment(payment_id=FIRST, booking_id=BOOKING.id)


@pytest.fixture
async def house(database: Database) -> AsyncIterator[BookingHouse]:
    await plant_departures(database)
    async with BookingHouse(database) as opened:
        await opened.place(BOOKING)
        await opened.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        yield opened


def reference(house: BookingHouse, number: int = 1) -> str:
    (payment,) = house.gateway.payments(factories.payment_id(number))
    return payment.gateway_reference


async def attention(house: BookingHouse) -> list[str]:
    return await house.column("SELECT reason FROM attention ORDER BY reason")


@pytest.mark.parametrize("operation", ["authorise", "capture"])
@pytest.mark.parametrize("lost", ["lose_answer", "lose_call", "be_unavailable"])
async def test_a_call_without_an_answer_takes_effect_once(
    house: BookingHouse, operation: str, lost: str
) -> None:
    """P9: it is looked up, and made again only where it surely was not made."""
    getattr(house.gateway, lost)(operation)
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    (payment,) = house.gateway.payments()
    assert payment.captured == BOOKING.total
    assert house.gateway.calls[operation] == (1 if lost == "lose_answer" else 2)
    assert "customers" not in await house.balances()


@pytest.mark.parametrize("lost", ["lose_answer", "lose_call", "be_unavailable"])
async def test_a_void_without_an_answer_takes_effect(house: BookingHouse, lost: str) -> None:
    getattr(house.gateway, lost)("void")
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    await house.send(CallOff(booking_id=BOOKING.id))
    over = await house.reaches(BOOKING, BookingState.CANCELLED)

    assert [payment.state for payment in over.payments] == [PaymentState.VOIDED]
    assert [payment.status for payment in house.gateway.payments()] == ["voided"]


@pytest.mark.parametrize("lost", ["lose_answer", "lose_call", "be_unavailable"])
async def test_a_refund_without_an_answer_is_made_once(house: BookingHouse, lost: str) -> None:
    """P2: money that somebody captured by hand for a booking that is over goes back by itself, once."""
    getattr(house.gateway, lost)("refund")
    await captured_after_the_end(house)
    over = await house.reaches(BOOKING, BookingState.CANCELLED)

    assert [payment.state for payment in over.payments] == [PaymentState.REFUNDED]
    (payment,) = house.gateway.payments()
    assert payment.captured == payment.refunded == BOOKING.total
    assert house.gateway.calls["refund"] == (1 if lost == "lose_answer" else 2)
    assert [row.state for row in await house.payments(BOOKING)] == [PaymentStatus.REFUNDED]
    assert await house.balances() == {}


async def captured_after_the_end(house: BookingHouse) -> None:
    """Somebody takes the money in the gateway's own pages, just before we void it."""
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    house.gateway.complete_action(reference(house))
    await house.gateway.capture(reference(house), amount=BOOKING.total, key=IntentId(UUID(int=1)))
    await house.send(CallOff(booking_id=BOOKING.id))


async def test_a_refused_capture_is_followed_by_another_payment(house: BookingHouse) -> None:
    house.gateway.refuse("capture", "capture_charge_authorization_expired")
    await house.pay(BOOKING, 1)
    asked = await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
    await house.pay(BOOKING, 2)
    confirmed = await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert house.told(BOOKING) == ["BookingHeld", "PaymentNeeded", "BookingConfirmed"]
    assert asked.items[0].tickets == confirmed.items[0].tickets
    assert [payment.status for payment in house.gateway.payments()] == ["voided", "captured"]
    assert await house.taken() == 1
    assert "customers" not in await house.balances()


async def test_tickets_that_nobody_pays_for_are_given_back(house: BookingHouse) -> None:
    house.gateway.refuse("capture", "capture_charge_authorization_expired")
    await house.pay(BOOKING, 1)
    await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
    house.jump(TIMES.repayment + timedelta(seconds=10))
    await house.reaches(BOOKING, BookingState.EXPIRED)

    assert await house.taken() == 0
    assert await house.column("SELECT state FROM stock_claims") == ["released"]
    assert house.told(BOOKING) == ["BookingHeld", "PaymentNeeded", "BookingExpired"]


@pytest.mark.parametrize("gone", ["expire", "fail_action"])
async def test_an_authorisation_that_lapsed_is_found_at_its_capture(house: BookingHouse, gone: str) -> None:
    """The capture's answer is lost, and the look-up sees a payment that holds nothing any more."""
    house.gateway.lose_call("capture")
    house.gateway.be_unavailable("retrieve", times=2)
    await house.pay(BOOKING)
    while not house.gateway.calls["retrieve"]:
        await house.value("SELECT 1")
    getattr(house.gateway, gone)(reference(house))
    asked = await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)

    assert house.told(BOOKING) == ["BookingHeld", "PaymentNeeded"]
    assert asked.hold_until is not None
    assert asked.payments[0].state in {PaymentState.FAILED, PaymentState.VOIDED}


async def test_money_authorised_after_the_end_is_let_go(house: BookingHouse) -> None:
    """The answer to the authorisation is lost; when it is found, the booking has expired."""
    house.gateway.lose_answer("authorise")
    house.gateway.be_unavailable("find", times=3)
    await house.pay(BOOKING)
    while not house.gateway.calls["find"]:
        await house.value("SELECT 1")
    house.jump(TIMES.hold + TIMES.payment_extension)
    expired = await house.reaches(BOOKING, BookingState.EXPIRED)

    assert [payment.state for payment in expired.payments] == [PaymentState.VOIDED]
    assert [payment.status for payment in house.gateway.payments()] == ["voided"]
    assert await house.taken() == 0


async def test_three_d_secure_is_confirmed_by_whoever_tells_first(house: BookingHouse) -> None:
    """Return, webhook and poll all end in the same question; any number of them is one payment."""
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    (row,) = await house.payments(BOOKING)
    house.gateway.complete_action(reference(house))
    await house.send(*[REFRESH] * 5)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert row.state is PaymentStatus.REQUIRES_ACTION
    assert row.action_url == f"https://bank.example/{reference(house)}"
    assert house.gateway.calls["capture"] == 1


async def test_three_d_secure_needs_neither_return_nor_webhook(house: BookingHouse) -> None:
    """https://github.com/the-events-calendar/event-tickets/pull/4469: recovery must not need the browser."""
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    house.gateway.complete_action(reference(house))
    house.jump(timedelta(seconds=30))
    await house.reaches(BOOKING, BookingState.CONFIRMED)


async def test_a_payer_who_fails_at_the_bank_may_use_another_card(house: BookingHouse) -> None:
    await house.pay(BOOKING, 1, method=THREE_D_SECURE)
    await house.rest()
    house.gateway.fail_action(reference(house))
    await house.send(REFRESH)
    await house.rest()
    await house.pay(BOOKING, 2)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert house.told(BOOKING) == ["BookingHeld", "PaymentDeclined", "BookingConfirmed"]


async def test_a_second_attempt_abandons_the_first_at_the_gateway(house: BookingHouse) -> None:
    await house.pay(BOOKING, 1, method=THREE_D_SECURE)
    await house.rest()
    await house.pay(BOOKING, 2)
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert [payment.status for payment in house.gateway.payments()] == ["voided", "captured"]


async def test_what_was_seen_before_something_newer_was_recorded_changes_nothing(
    house: BookingHouse,
) -> None:
    """A look that took long saw the payment wait for its payer; meanwhile it has been captured."""
    await house.pay(BOOKING, method=THREE_D_SECURE)
    await house.rest()
    slow = house.gateway.pause_look()
    await house.send(REFRESH)
    await slow.reached.wait()
    house.gateway.complete_action(reference(house))
    await house.send(REFRESH)
    await confirmed(house)
    slow.go_on.set()
    await house.reaches(BOOKING, BookingState.CONFIRMED)

    assert [row.state for row in await house.payments(BOOKING)] == [PaymentStatus.CAPTURED]


async def confirmed(house: BookingHouse) -> None:
    while (await house.booking(BOOKING.id)).state is not BookingState.CONFIRMED:
        await house.value("SELECT 1")


async def test_an_unknown_card_is_a_declined_payment(house: BookingHouse) -> None:
    await house.pay(BOOKING, method="pm_unknown")
    await house.reaches(BOOKING, BookingState.AWAITING_PAYMENT)

    (row,) = await house.payments(BOOKING)
    assert (row.state, row.failure, row.gateway_reference) == (PaymentStatus.FAILED, "resource_missing", None)
    assert house.told(BOOKING) == ["BookingHeld", "PaymentDeclined"]


@pytest.mark.parametrize("operation", ["void", "refund"])
async def test_what_the_gateway_refuses_to_give_back_goes_to_a_person(
    house: BookingHouse, operation: str
) -> None:
    """P6."""
    house.gateway.refuse(operation, "as_told")
    if operation == "refund":
        await captured_after_the_end(house)
    else:
        await house.pay(BOOKING, method=THREE_D_SECURE)
        await house.rest()
        await house.send(CallOff(booking_id=BOOKING.id))
    await house.reaches(BOOKING, BookingState.CANCELLED)

    assert await attention(house) == ["payment_stuck"]


async def test_a_timer_that_was_overtaken_does_nothing(house: BookingHouse) -> None:
    await house.send(HoldDue(booking_id=BOOKING.id, deadline=house.clock.now()))
    await house.pay(BOOKING)
    await house.reaches(BOOKING, BookingState.CONFIRMED)
    house.jump(TIMES.hold * 3)

    await house.reaches(BOOKING, BookingState.CONFIRMED)
    assert await house.taken() == 1


async def test_what_a_payment_is_called_is_known_where_it_was_authorised(database: Database) -> None:
    """No row is read for it there; elsewhere, and of those long ago, the row tells."""
    sources = fake_sources()
    gateways = {"fake": FakeGateway(sources.clock)}
    brake = factories.brake(sources.clock)
    book = PaymentBook(gateways=gateways, database=database, sources=sources, brake=brake)
    message = CapturePayment(booking_id=BOOKING.id, payment_id=FIRST, gateway="fake", amount=BOOKING.total)
    with pytest.raises(Refused):
        await book.at_gateway(message)

    book.note_reference(FIRST, "pi_1")
    assert (await book.at_gateway(message))[1] == "pi_1"

    for number in range(REFERENCES_KEPT):
        book.note_reference(PaymentId(UUID(int=number)), "pi_later")
    with pytest.raises(Refused):
        await book.at_gateway(message)
