"""The whole comparison on real payments: clean when all is well, and each thing that is not told once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.booking.state import BookingState
from bookingd.domain.money import Money
from bookingd.gateways.port import Posting, PostingKind
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.reconciliation.reconciler import Reconciler
from bookingd.reconciliation.round import ReconciliationRound
from bookingd.storage import bookings, reconciliation
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import BookingHouse, plant_departures

BOOKING = factories.booking()
PAYMENT = factories.payment_id(1)
ORIGIN = Origin(principal=SYSTEM, correlation_id=BOOKING.id)


class Bench(BookingHouse):
    """A booking that is confirmed and paid for, four hours ago."""

    @property
    def reconciler(self) -> Reconciler:
        return Reconciler(gateways={"fake": self.gateway}, database=self.database, sources=self.sources)

    async def found(self) -> list[str]:
        now = self.clock.now()
        comparison = await self.reconciler.compare(since=now - timedelta(days=3), until=now)
        return sorted(finding.kind for finding in comparison.report.findings)

    async def record(self) -> None:
        now = self.clock.now()
        comparison = await self.reconciler.compare(since=now - timedelta(days=3), until=now)
        async with self.transactions.begin() as transaction:
            await self.reconciler.record(transaction, comparison, ORIGIN)

    async def execute(self, sql: str, *arguments: Any) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(sql, *arguments)

    async def listed(self) -> list[str]:
        return await self.column("SELECT reason FROM attention WHERE closed_at IS NULL ORDER BY reason")


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    await plant_departures(database)
    async with Bench(database) as opened:
        await opened.place(BOOKING)
        await opened.reaches(BOOKING, BookingState.AWAITING_PAYMENT)
        await opened.pay(BOOKING)
        await opened.reaches(BOOKING, BookingState.CONFIRMED)
        opened.jump(timedelta(hours=4))
        yield opened


def posting(bench: Bench, kind: PostingKind, **more: Any) -> Posting:
    given: dict[str, Any] = {
        "gateway_reference": "fake_1",
        "payment_id": PAYMENT,
        "amount": Money(300, "EUR"),
        "at": bench.clock.now() - timedelta(hours=3),
        "own_reference": f"{kind}_9",
    }
    return Posting(kind=kind, **(given | more))


async def test_a_booking_that_is_paid_for_is_no_difference(bench: Bench) -> None:
    assert await bench.found() == []


async def test_money_that_nobody_here_knows_of(bench: Bench) -> None:
    bench.gateway.postings.append(
        posting(bench, PostingKind.CAPTURE, payment_id=None, gateway_reference="fake_77")
    )

    assert await bench.found() == ["unknown_to_us"]


async def test_money_that_the_gateway_does_not_know_of(bench: Bench) -> None:
    bench.gateway.postings.clear()

    assert await bench.found() == ["unknown_to_gateway"]


async def test_money_that_was_taken_twice(bench: Bench) -> None:
    bench.gateway.postings.append(posting(bench, PostingKind.CAPTURE, amount=BOOKING.total))

    assert await bench.found() == ["captured_twice"]


async def test_a_refund_that_somebody_made_at_the_gateway(bench: Bench) -> None:
    bench.gateway.postings.append(posting(bench, PostingKind.REFUND))

    assert await bench.found() == ["refund_unknown"]


async def test_what_staff_pay_back_by_hand_is_entered_before_they_record_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.gateway.postings.append(posting(bench, PostingKind.REFUND))
    monkeypatch.setattr("bookingd.reconciliation.reconciler.BY_HAND", frozenset({"fake"}))
    by_hand = await bench.found()
    bench.gateway.postings.clear()

    assert (by_hand, await bench.found()) == ([], ["unknown_to_gateway"])


async def test_a_booking_that_is_over_and_keeps_money(bench: Bench) -> None:
    over = replace(await bench.booking(BOOKING.id), state=BookingState.CANCELLED)
    async with bench.database.transaction() as connection:
        await bookings.lock(connection, ids=[BOOKING.id])
        await bookings.save(connection, bookings=[over], events=[], now=bench.clock.now())

    assert "money_without_booking" in await bench.found()


async def test_a_confirmed_booking_without_money(bench: Bench) -> None:
    """The payment's row lost what was taken; the books and the gateway know better."""
    await bench.execute("UPDATE payments SET captured = 0, state = 'voided'")

    assert await bench.found() == ["booking_without_money", "ledger_differs", "lifecycle_differs"]


async def test_what_waits_for_days(bench: Bench) -> None:
    await bench.execute("UPDATE payments SET state = 'in_review', captured = 0")
    bench.jump(timedelta(days=5))

    assert await bench.found() == ["open_too_long"]


async def test_a_dispute_that_nobody_told_us_of_is_read(bench: Bench) -> None:
    bench.gateway.dispute("fake_1")
    found = await bench.found()
    await bench.record()
    await bench.rest()

    assert found == ["dispute_unknown"]
    assert await bench.value("SELECT count(*) FROM disputes") == 1
    assert await bench.found() == []


async def test_what_gateways_take_for_their_work_is_booked_once(bench: Bench) -> None:
    bench.gateway.postings.append(posting(bench, PostingKind.FEE))
    await bench.record()
    await bench.record()

    assert (await bench.balances())["fees:fake"] == [300]


async def test_operators_are_told_once(bench: Bench) -> None:
    """Also when they have dealt with it, and the books stay as they are."""
    bench.gateway.postings.append(posting(bench, PostingKind.REFUND))
    await bench.record()
    first = await bench.listed()
    await bench.execute("UPDATE attention SET closed_at = $1", bench.clock.now())
    await bench.record()

    assert (first, await bench.listed()) == (["refund_unknown"], [])


async def test_one_process_a_day_compares(bench: Bench) -> None:
    bench.jump(timedelta(hours=6))
    bench.gateway.postings.append(
        posting(bench, PostingKind.REFUND, at=bench.clock.now() - timedelta(hours=9))
    )
    rounds = ReconciliationRound(
        reconciler=bench.reconciler, transactions=bench.transactions, sources=bench.sources
    )
    ran = [await rounds.keep(), await rounds.keep()]
    bench.jump(timedelta(days=1, minutes=1))
    ran.append(await rounds.keep())

    assert ran == [True, False, True]
    async with bench.database.connection() as connection:
        last = await reconciliation.last(connection)
    assert (last.findings, last.unasked) == ({"refund_unknown": 1}, {})
    assert await bench.listed() == ["refund_unknown"]


async def test_a_gateway_that_cannot_be_asked_proves_nothing(bench: Bench) -> None:
    bench.gateway.be_unavailable("statement")
    now = bench.clock.now()
    comparison = await bench.reconciler.compare(since=now - timedelta(days=3), until=now)

    assert comparison.report.unasked == {"fake": "statement: away"}
    assert comparison.report.findings == []


async def test_a_gateway_without_books_is_left_out(bench: Bench) -> None:
    bench.gateway.refuse("statement", "not_supported")
    now = bench.clock.now()
    comparison = await bench.reconciler.compare(since=now - timedelta(days=3), until=now)

    assert list(comparison.report.left_out) == ["fake"]
