"""The brake on card testing: what closes a gate, who is let through, and that a wait has an end."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.security.card_testing import CARD_WINDOW, WINDOW, Brake, Closed
from bookingd.storage import payment_attempts
from bookingd.storage.database import Database
from tests import factories
from tests.fakes.sources import ManualClock

HERE, THERE = "203.0.113.7", "198.51.100.9"
BOOKING = factories.booking().id
ANNA = "account:00000000-0000-7000-8000-00000000000a"
FINGERPRINT = "Xt5EWLLDS7FJjR1c"


class Prober:
    """Somebody who makes attempts, each with a payment of its own."""

    def __init__(self, database: Database, brake: Brake) -> None:
        self.database, self.brake = database, brake
        self.made: list[PaymentId] = []

    async def tries(
        self,
        times: int = 1,
        *,
        address: str | None = HERE,
        booking: BookingId = BOOKING,
        account: str | None = None,
    ) -> Closed | None:
        """What the last of so many attempts met."""
        closed = None
        for _ in range(times):
            payment_id = factories.payment_id(len(self.made) + 1)
            async with self.database.transaction() as connection:
                closed = await self.brake.take(
                    connection, payment_id, booking_id=booking, address=address, account=account
                )
            self.made.append(payment_id)
        return closed

    async def is_declined(self, *, card: str | None = None, last: int = 1) -> None:
        async with self.database.transaction() as connection:
            declined = [(one, BOOKING, card) for one in self.made[-last:]]
            await self.brake.decline(connection, declined)

    async def succeeds(self) -> None:
        async with self.database.transaction() as connection:
            await self.brake.give_back(connection, self.made[-1:])


def elsewhere(number: int) -> BookingId:
    return BookingId(factories.payment_id(9000 + number))


@pytest.fixture
async def tester(database: Database, clock: ManualClock) -> Prober:
    return Prober(
        database,
        factories.brake(
            clock,
            attempts_from_network=4,
            declines_from_network=2,
            attempts_at_booking=3,
            declines_at_booking=2,
            attempts_of_account=3,
            declines_of_account=2,
            declines_of_card=2,
        ),
    )


async def test_attempts_at_one_booking_are_bounded_from_wherever_they_come(tester: Prober) -> None:
    for number in range(3):
        assert await tester.tries(address=f"203.0.113.{number}") is None

    assert await tester.tries(address=THERE) == Closed(gate="booking", wait=int(WINDOW.total_seconds()))
    assert await tester.tries(address=THERE, booking=elsewhere(1)) is None


async def test_attempts_from_one_network_are_bounded_at_whatever(tester: Prober) -> None:
    for number in range(4):
        assert await tester.tries(booking=elsewhere(number)) is None

    closed = await tester.tries(booking=elsewhere(9))

    assert closed is not None
    assert closed.gate == "network"


async def test_one_customer_has_a_whole_network_of_ipv6(tester: Prober) -> None:
    for number in range(4):
        assert await tester.tries(address=f"2001:db8::{number}", booking=elsewhere(number)) is None

    assert await tester.tries(address="2001:db8::ffff:1", booking=elsewhere(9)) is not None
    assert await tester.tries(address="2001:db8:0:1::1", booking=elsewhere(9)) is None


async def test_attempts_of_one_account_are_bounded_on_all_its_bookings(tester: Prober) -> None:
    for number in range(3):
        assert (
            await tester.tries(account=ANNA, address=f"203.0.113.{number}", booking=elsewhere(number)) is None
        )

    closed = await tester.tries(account=ANNA, address=THERE, booking=elsewhere(9))

    assert closed is not None
    assert closed.gate == "account"


async def test_declines_close_a_gate_sooner_than_attempts_do(tester: Prober) -> None:
    await tester.tries(2)
    await tester.is_declined(last=2)

    closed = await tester.tries()

    assert closed is not None
    assert await tester.tries(address=THERE, booking=elsewhere(1)) is None


async def test_whoever_succeeds_is_not_counted(tester: Prober) -> None:
    for number in range(20):
        assert await tester.tries(account=ANNA, booking=elsewhere(number)) is None
        await tester.succeeds()


async def test_staff_are_not_counted_by_their_network(tester: Prober) -> None:
    for number in range(10):
        assert await tester.tries(address=None, booking=elsewhere(number)) is None


async def test_a_wait_has_an_end_that_no_further_try_moves(tester: Prober, clock: ManualClock) -> None:
    await tester.tries(3)
    clock.advance(timedelta(minutes=20))

    closed = await tester.tries(50)
    assert closed is not None
    assert closed.wait == 40 * 60
    clock.advance(timedelta(seconds=closed.wait))

    assert await tester.tries() is None


async def test_a_hundred_attempts_at_once_are_a_hundred_attempts(
    database: Database, clock: ManualClock
) -> None:
    brake = factories.brake(clock, attempts_at_booking=7)

    async def attempt(number: int) -> str:
        async with database.transaction() as connection:
            closed = await brake.take(
                connection,
                factories.payment_id(number),
                booking_id=BOOKING,
                address=f"203.0.{number}.1",
                account=None,
            )
        return closed.gate if closed else "through"

    met = Counter(await asyncio.gather(*(attempt(number) for number in range(1, 101))))

    assert met == {"through": 7, "booking": 93}


async def test_a_card_is_closed_after_its_declines_wherever_they_were_and_for_a_day(
    tester: Prober, database: Database, clock: ManualClock
) -> None:
    for number in range(2):
        assert not await tester.brake.is_closed_to(database, FINGERPRINT)
        await tester.tries(address=f"203.0.{number}.1", booking=elsewhere(number))
        await tester.is_declined(card=FINGERPRINT)

    assert await tester.brake.is_closed_to(database, FINGERPRINT)
    assert not await tester.brake.is_closed_to(database, "another")
    assert not await tester.brake.is_closed_to(database, None)
    clock.advance(CARD_WINDOW)
    assert not await tester.brake.is_closed_to(database, FINGERPRINT)


async def test_a_decline_told_twice_is_one(tester: Prober, database: Database) -> None:
    await tester.tries()
    await tester.is_declined(card=FINGERPRINT)
    await tester.is_declined(card=FINGERPRINT)

    assert not await tester.brake.is_closed_to(database, FINGERPRINT)


async def test_with_nothing_as_figure_nothing_is_bounded(database: Database, clock: ManualClock) -> None:
    figures = dict.fromkeys(
        (
            "attempts_from_network",
            "declines_from_network",
            "attempts_at_booking",
            "declines_at_booking",
            "attempts_of_account",
            "declines_of_account",
            "declines_of_card",
        ),
        0,
    )
    tester = Prober(database, factories.brake(clock, **figures))

    for _ in range(20):
        assert await tester.tries(account=ANNA) is None
        await tester.is_declined(card=FINGERPRINT)
    assert not await tester.brake.is_closed_to(database, FINGERPRINT)


async def test_no_address_account_or_card_is_readable_and_all_goes_after_a_day(
    tester: Prober, database: Database, clock: ManualClock
) -> None:
    await tester.tries(account=ANNA)
    await tester.is_declined(card=FINGERPRINT)

    async with database.connection() as connection:
        (row,) = await connection.fetch("SELECT payment_attempts::text AS told FROM payment_attempts")
        clock.advance(CARD_WINDOW + timedelta(seconds=1))
        gone = await payment_attempts.forget(connection, before=clock.now() - CARD_WINDOW, limit=10)

    for secret in (HERE, ANNA.partition(":")[2], FINGERPRINT):
        assert secret not in row["told"]
        assert secret.encode().hex() not in row["told"]
    assert gone == 1
