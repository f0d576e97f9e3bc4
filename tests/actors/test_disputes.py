"""Disputes through the real runtime: the money is always somewhere, and a person knows by when to answer."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from bookingd.actor.acting import TELL_OPERATOR_AT
from bookingd.domain.booking import facts
from bookingd.domain.money import Money
from bookingd.gateways.port import Dispute, DisputeStatus
from bookingd.storage import disputes
from bookingd.storage.database import Database
from tests.actors.booking_house import UnrulyBus, plant_departures
from tests.actors.payment_house import (
    ABOUT,
    BOOKING,
    CAPTURE,
    DISPUTES,
    PAYMENT,
    REFRESH,
    TOTAL,
    PaymentHouse,
    authorise,
    refund,
)

PART = Money(2_500, "EUR")


@pytest.fixture(params=[False, True], ids=["orderly", "unruly"])
async def house(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[PaymentHouse]:
    """Also with every message twice and in any order (P5)."""
    await plant_departures(database)
    made = PaymentHouse(database, bus=UnrulyBus) if request.param else PaymentHouse(database)
    async with made as opened:
        await opened.plant()
        await opened.ask(authorise(), CAPTURE)
        yield opened


async def disputed(house: PaymentHouse, amount: Money | None = None) -> Dispute:
    opened = house.gateway.dispute(house.reference(), amount)
    await house.ask(DISPUTES)
    return opened


def books(*, cash: int, owed: int = TOTAL.amount, disputed: int = 0, lost: int = 0) -> dict[str, list[int]]:
    held = {"gateway:fake": cash, "customers": -owed, "disputed": disputed, "losses:disputes": lost}
    return {account: [amount] for account, amount in held.items() if amount}


async def test_a_dispute_takes_the_money_and_asks_a_person(house: PaymentHouse) -> None:
    opened = await disputed(house)

    assert house.heard[-1] == facts.PaymentDisputed(
        dispute=opened.gateway_reference,
        amount=TOTAL,
        reason="fraudulent",
        respond_by=opened.respond_by,
        **ABOUT,
    )
    assert await house.balances() == books(cash=0, disputed=TOTAL.amount)
    assert await house.attention() == ["payment_disputed"]
    (detail,) = await house.column("SELECT detail FROM attention")
    assert f"{opened.respond_by:%Y-%m-%d %H:%M} UTC" in detail
    assert opened.gateway_reference in detail


async def test_an_inquiry_asks_a_person_and_takes_nothing_until_it_is_a_dispute(house: PaymentHouse) -> None:
    opened = house.gateway.dispute(house.reference(), status=DisputeStatus.INQUIRY)
    await house.ask(DISPUTES)

    (detail,) = await house.column("SELECT detail FROM attention")
    assert f"{opened.respond_by:%Y-%m-%d %H:%M} UTC" in detail
    assert "has taken nothing yet" in detail
    assert await house.balances() == books(cash=TOTAL.amount)

    house.gateway.move_dispute(house.reference(), DisputeStatus.NEEDS_RESPONSE)
    house.jump(timedelta(days=1, minutes=1))
    await house.rest()

    assert await house.balances() == books(cash=0, disputed=TOTAL.amount)
    assert [change.status for change in await history(house)] == ["inquiry", "needs_response"]


@pytest.mark.parametrize("won", [True, False])
async def test_a_dispute_is_followed_to_its_end_without_a_webhook(house: PaymentHouse, won: bool) -> None:
    opened = await disputed(house)
    house.gateway.move_dispute(house.reference(), DisputeStatus.UNDER_REVIEW)
    house.jump(timedelta(days=1, minutes=1))
    await house.rest()
    under_review = await house.attention()
    house.gateway.move_dispute(house.reference(), DisputeStatus.WON if won else DisputeStatus.LOST)
    house.jump(timedelta(days=1, minutes=1))
    await house.rest()

    closed = facts.DisputeClosed(dispute=opened.gateway_reference, won=won, **ABOUT)
    assert house.heard[-1] == closed
    total = TOTAL.amount
    assert await house.balances() == (books(cash=total) if won else books(cash=0, lost=total))
    assert (under_review, await house.attention()) == (["payment_disputed"], [])
    end = "won" if won else "lost"
    assert [change.status for change in await history(house)] == ["needs_response", "under_review", end]
    assert await house.value("SELECT count(*) FROM outbox WHERE destination = 'payment'") == 0


async def history(house: PaymentHouse) -> Sequence[disputes.Change]:
    async with house.database.connection() as connection:
        (dispute,) = await disputes.of_payment(connection, payment_id=PAYMENT)
        return await disputes.history(connection, dispute_id=dispute.id)


async def test_a_dispute_that_is_heard_of_when_it_is_over_is_booked_at_once(house: PaymentHouse) -> None:
    """Days late: nobody told of its beginning."""
    house.gateway.dispute(house.reference())
    house.gateway.move_dispute(house.reference(), DisputeStatus.LOST)
    await house.ask(DISPUTES)

    assert sorted(house.names()[-2:]) == ["DisputeClosed", "PaymentDisputed"]
    assert await house.balances() == books(cash=0, lost=TOTAL.amount)
    assert await house.attention() == []


async def test_a_dispute_that_was_lost_can_be_won_back(house: PaymentHouse) -> None:
    await disputed(house)
    for end in (DisputeStatus.LOST, DisputeStatus.WON):
        house.gateway.move_dispute(house.reference(), end)
        await house.ask(DISPUTES)

    assert await house.balances() == books(cash=TOTAL.amount)


async def test_two_disputes_of_one_payment_are_two(house: PaymentHouse) -> None:
    await disputed(house, PART)
    await disputed(house, PART)
    house.gateway.move_dispute(house.reference(), DisputeStatus.WON, which=1)
    await house.ask(DISPUTES)

    assert await house.balances() == books(cash=TOTAL.amount - PART.amount, disputed=PART.amount)
    assert await house.value("SELECT count(*) FROM disputes") == 2
    assert await house.attention() == ["payment_disputed"]


async def test_a_payment_that_was_given_back_can_be_disputed_too(house: PaymentHouse) -> None:
    await house.ask(refund(TOTAL))
    await disputed(house)

    assert await house.balances() == books(cash=-TOTAL.amount, owed=0, disputed=TOTAL.amount)


async def test_what_speaks_for_us_is_noted(house: PaymentHouse) -> None:
    """What was booked, sent, issued and done, by what finds it: no text, and nothing personal."""
    await house.execute(
        "INSERT INTO booking_events (booking_id, sequence, at, name, state, details)"
        " VALUES ($1, 1, $2, 'booking.place', 'pending', '{}')",
        BOOKING.id,
        house.clock.now(),
    )
    await house.execute(
        "INSERT INTO notifications (id, booking_id, kind, occasion, channel, recipient, state, message_id,"
        " made_at, sent_at)"
        " VALUES ($1, $1, 'confirmed', '', 'email', 'a@example.org', 'sent', '<1@x>', $2, $2)",
        BOOKING.id,
        house.clock.now(),
    )
    await disputed(house)

    async with house.database.connection() as connection:
        (dispute,) = await disputes.of_payment(connection, payment_id=PAYMENT)
        noted = await disputes.evidence(connection, dispute_id=dispute.id)
    references = {(one.kind, one.reference) for one in noted}
    assert {("timeline", "booking.place 1"), ("mail", "confirmed <1@x>")} <= references
    assert "example.org" not in str(noted)


async def test_a_gateway_that_is_away_is_asked_again_the_next_day(house: PaymentHouse) -> None:
    """The look is given up after some attempts, and a person told; the next one is another chance."""
    await disputed(house)
    house.gateway.be_unavailable("disputes", times=2 * TELL_OPERATOR_AT)
    house.gateway.move_dispute(house.reference(), DisputeStatus.WON)
    for _ in range(10):
        house.jump(timedelta(days=1, minutes=1))
        await house.rest(within=60.0)

    assert house.names()[-1] == "DisputeClosed"


ORDERS = sorted(set(permutations("OURWWF")))[::12]
"""Opened, under review, won, looks with them and refreshes between, some twice: a sample of their orders."""


@pytest.mark.parametrize("order", ORDERS[::10], ids="".join)
async def test_whatever_the_order_the_books_end_alike(house: PaymentHouse, order: tuple[str, ...]) -> None:
    """P5: the gateway is read anew at each notice; what the notices say makes no difference."""
    house.gateway.dispute(house.reference())
    house.gateway.move_dispute(house.reference(), DisputeStatus.WON)
    await house.send(*[REFRESH if step in "RF" else DISPUTES for step in order])
    await house.rest()

    assert await house.balances() == books(cash=TOTAL.amount)
    assert await house.value("SELECT count(*) FROM disputes") == 1
