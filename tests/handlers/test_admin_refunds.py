"""Staff give money back up to their limit and never more than there is, and see all that is known of it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from bookingd.domain import ledger
from bookingd.domain.accounts.permissions import Role
from bookingd.domain.booking.facts import GiveBack
from bookingd.domain.booking.state import Booking, BookingState, Dispute, PaymentState, Refund, RefundState
from bookingd.domain.exchange import FrozenRate
from bookingd.domain.ids import IntentId
from bookingd.domain.money import Money
from bookingd.gateways.port import DisputeStatus
from bookingd.messages.payments import SettleRefund
from bookingd.storage import disputes, payments
from bookingd.storage import ledger as books
from bookingd.storage.database import Connection
from bookingd.storage.disputes import DisputeRow
from bookingd.storage.payments import PaymentRow, PaymentStatus, RefundRow
from tests import factories
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import Api

PAID = factories.payment_id(1)


@pytest.fixture
async def accountant(api: Api, connection: Connection) -> Api:
    return await api.signed_in(await plant_account(connection, 1, Role.ACCOUNTANT), second_factor=True)


@pytest.fixture
async def agent(api: Api, connection: Connection) -> Api:
    """May give back up to 500 EUR at once."""
    return await api.signed_in(await plant_account(connection, 2, Role.AGENT), second_factor=True)


async def paid(api: Api, amount: int = 200_000, **changes: Any) -> Booking:
    payment = factories.payment(1, PaymentState.CAPTURED, amount=Money(amount, "EUR"))
    return await api.booked(
        **{"state": BookingState.CONFIRMED, "hold_until": None, "payments": (payment,), **changes}
    )


async def refund(staff: Api, booking: Booking, cents: int, *, key: str = "", **changes: Any) -> Any:
    body = {
        "payment_id": str(PAID),
        "amount": {"amount": cents, "currency": "EUR"},
        "reason": "Meal was not served",
        **changes,
    }
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await staff.post(f"/v1/admin/bookings/{booking.reference}/refunds", body, headers=headers)


async def sent(api: Api) -> list[GiveBack]:
    return [one for one in await api.outbox() if isinstance(one, GiveBack)]


def error(problem: Any) -> tuple[str, str]:
    (one,) = problem["errors"]
    return one["field"], one["code"]


async def audited(connection: Connection, action: str) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT canonical FROM audit_entries ORDER BY at, id")
    return [one for row in rows if (one := json.loads(row["canonical"]))["action"] == action]


async def test_a_part_is_given_back_and_written_down(
    api: Api, accountant: Api, connection: Connection
) -> None:
    booking = await paid(api)

    answer = await refund(accountant, booking, 1_234)

    (message,) = await sent(api)
    (entry,) = await audited(connection, "payment.refund_asked")
    assert (accountant.status, answer["round"], answer["amount"]["decimal"]) == (202, 1, "12.34")
    assert (message.payment_id, message.round, message.amount) == (PAID, 1, Money(1_234, "EUR"))
    assert (entry["principal"], entry["details"]["amount"]) == (accountant.principal, 1_234)
    assert "Meal" not in json.dumps(entry)


async def test_the_next_one_is_another_round(api: Api, accountant: Api) -> None:
    done = Refund(round=1, amount=Money(100, "EUR"), state=RefundState.DONE)
    payment = replace(factories.payment(1, PaymentState.CAPTURED), refunds=(done,))
    booking = await paid(api, payments=(payment,))

    rounds = [(await refund(accountant, booking, 100))["round"] for _ in range(3)]

    assert rounds == [2, 3, 4]


async def test_the_same_request_again_is_the_same_refund(api: Api, accountant: Api) -> None:
    booking = await paid(api)

    first = await refund(accountant, booking, 100, key="k")
    again = await refund(accountant, booking, 100, key="k")
    other = await refund(accountant, booking, 101, key="k")

    assert (first, other["type"]) == (again, "/problems/key-reused")
    assert len(await sent(api)) == 1


async def test_two_requests_at_once_are_never_more_than_there_is(api: Api, accountant: Api) -> None:
    """P2, the other way: nothing is given away."""
    booking = await paid(api, 1_000)
    clickers = [replace(accountant) for _ in range(8)]

    await asyncio.gather(*(refund(one, booking, 300) for one in clickers))

    given = await sent(api)
    assert sum(one.amount.amount for one in given) == 900
    assert sorted(one.round for one in given) == [1, 2, 3]
    assert {one.status for one in clickers} == {202, 422}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": {"amount": 200_001, "currency": "EUR"}}, "amount"),
        ({"amount": {"amount": 10**15, "currency": "EUR"}}, "amount"),
        ({"amount": {"amount": 100, "currency": "USD"}}, "amount.currency"),
        ({"amount": {"amount": 0, "currency": "EUR"}}, "amount.amount"),
        ({"amount": {"amount": -5, "currency": "EUR"}}, "amount.amount"),
        ({"amount": {"amount": 1.5, "currency": "EUR"}}, "amount.amount"),
        ({"payment_id": str(factories.payment_id(9))}, "payment_id"),
        ({"payment_id": "pi_1"}, "payment_id"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
async def test_what_cannot_be_given_back_is_refused_and_nothing_sent(
    api: Api, accountant: Api, changes: dict[str, Any], field: str
) -> None:
    booking = await paid(api)

    problem = await refund(accountant, booking, 100, **changes)

    assert (accountant.status, problem["errors"][0]["field"]) == (422, field)
    assert await sent(api) == []


async def test_what_was_given_back_already_is_not_there_any_more(api: Api, accountant: Api) -> None:
    gone = Refund(round=1, amount=Money(9_000, "EUR"), state=RefundState.FAILED)
    payment = replace(factories.payment(1, PaymentState.CAPTURED), refunds=(gone,))
    booking = await paid(api, payments=(payment,))

    problem = await refund(accountant, booking, 1_001)
    await refund(accountant, booking, 1_000)

    assert error(problem) == ("amount", "above_captured")
    assert "10.00" in problem["errors"][0]["message"]
    assert accountant.status == 202


@pytest.mark.parametrize(
    "state", [PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.FAILED, PaymentState.REFUNDED]
)
async def test_a_payment_that_took_nothing_gives_nothing_back(
    api: Api, accountant: Api, state: PaymentState
) -> None:
    booking = await paid(api, payments=(factories.payment(1, state),))

    problem = await refund(accountant, booking, 100)

    assert (accountant.status, problem["type"]) == (409, "/problems/booking-state")
    assert await sent(api) == []


async def test_an_agent_gives_back_up_to_the_limit(api: Api, agent: Api) -> None:
    booking = await paid(api)

    problem = await refund(agent, booking, 50_001)
    assert (agent.status, problem["type"]) == (403, "/problems/not-allowed")
    assert "500.00" in problem["detail"]
    await refund(agent, booking, 50_000)

    assert agent.status == 202


async def test_the_limit_counts_in_the_agencys_currency(api: Api, agent: Api) -> None:
    """At the rate that the booking was sold at, without the margin."""
    rate = FrozenRate(
        base="EUR",
        quote="JPY",
        base_per_euro=Decimal(1),
        quote_per_euro=Decimal(160),
        margin_percent=Decimal(2),
        day=date(2026, 11, 30),
        version=1,
    )
    assert rate.measured(Money(80_000, "JPY"), "EUR") == Money(50_000, "EUR")
    assert rate.measured(Money(80_000, "JPY"), "CHF") is None
    assert rate.measured(Money(80_000, "USD"), "EUR") is None
    booking = await paid(api, payments=(factories.payment(1, PaymentState.CAPTURED, amount=Money(1, "JPY")),))

    problem = await refund(agent, booking, 1, amount={"amount": 1, "currency": "JPY"})

    assert (agent.status, problem["type"]) == (403, "/problems/not-allowed")  # nobody knows how much that is


# Refunds that have failed


async def failed_refund(api: Api, booking: Booking, state: str = "failed") -> IntentId:
    zero = Money.zero("EUR")
    row = PaymentRow(
        id=PAID,
        booking_id=booking.id,
        gateway="fake",
        gateway_reference="fake_1",
        state=PaymentStatus.CAPTURED,
        amount=Money(10_000, "EUR"),
        captured=Money(10_000, "EUR"),
        refunded=zero,
        means_label="Visa ending in 4242",
    )
    await api.record(row)
    refund_id = IntentId(UUID(int=77))
    made = RefundRow(
        id=refund_id,
        payment_id=PAID,
        gateway_reference="re_1",
        amount=Money(500, "EUR"),
        state=payments.RefundState(state),
        failure="lost_or_stolen_card",
    )
    async with api.parts.database.transaction() as connection:
        await payments.save_refund(connection, refund=made, now=api.clock.now())
    return refund_id


async def settle(staff: Api, refund_id: object, **changes: Any) -> Any:
    body = {"how": "transfer", "proof": "bank-9", **changes}
    return await staff.post(f"/v1/admin/refunds/{refund_id}/settlements", body)


async def test_a_failed_refund_is_paid_in_another_way(
    api: Api, accountant: Api, connection: Connection
) -> None:
    refund_id = await failed_refund(api, await paid(api))

    answer = await settle(accountant, refund_id)

    (message,) = [one for one in await api.outbox() if isinstance(one, SettleRefund)]
    (entry,) = await audited(connection, "payment.settlement_recorded")
    assert (accountant.status, answer["proof"]) == (202, "bank-9")
    assert (message.payment_id, message.round, message.how, message.note) == (PAID, 1, "transfer", "bank-9")
    assert entry["details"]["proof"] == "bank-9"


@pytest.mark.parametrize("state", ["pending", "done"])
async def test_a_refund_that_is_well_is_not_paid_twice(api: Api, accountant: Api, state: str) -> None:
    refund_id = await failed_refund(api, await paid(api), state)

    problem = await settle(accountant, refund_id)

    assert (accountant.status, problem["type"]) == (409, "/problems/booking-state")
    assert not [one for one in await api.outbox() if isinstance(one, SettleRefund)]


@pytest.mark.parametrize("won", [None, False])
async def test_a_payer_who_disputes_is_not_paid_twice_unnoticed(
    api: Api, accountant: Api, won: bool | None
) -> None:
    """Their bank takes it from us, and gives it to them."""
    disputed = replace(
        factories.payment(1, PaymentState.CAPTURED, amount=Money(10_000, "EUR")),
        disputes=(Dispute(id="dp_1", won=won),),
    )
    refund_id = await failed_refund(api, await paid(api, payments=(disputed,)))

    problem = await settle(accountant, refund_id)

    assert (accountant.status, problem["type"]) == (409, "/problems/booking-state")
    assert not [one for one in await api.outbox() if isinstance(one, SettleRefund)]
    await settle(accountant, refund_id, despite_dispute=True)
    assert accountant.status == 202


async def test_a_dispute_that_we_won_is_in_nobodys_way(api: Api, accountant: Api) -> None:
    disputed = replace(
        factories.payment(1, PaymentState.CAPTURED, amount=Money(10_000, "EUR")),
        disputes=(Dispute(id="dp_1", won=True),),
    )
    refund_id = await failed_refund(api, await paid(api, payments=(disputed,)))

    await settle(accountant, refund_id)

    assert accountant.status == 202


@pytest.mark.parametrize("refund_id", ["not-an-id", "019abcde-0000-7000-8000-000000000000"])
async def test_a_refund_that_is_not_there_cannot_be_settled(accountant: Api, refund_id: str) -> None:
    await settle(accountant, refund_id)

    assert accountant.status == 404


# What staff see


async def test_staff_see_all_that_is_known_and_the_books_if_they_are_for_them(
    api: Api, accountant: Api, agent: Api, connection: Connection
) -> None:
    booking = await paid(api)
    refund_id = await failed_refund(api, booking)
    await refund(accountant, booking, 500)
    entry = ledger.captured(
        journal=UUID(int=1),
        booking_id=booking.id,
        payment_id=PAID,
        gateway="fake",
        amount=Money(10_000, "EUR"),
    )
    dispute = DisputeRow(
        id=UUID(int=5),
        payment_id=PAID,
        booking_id=booking.id,
        gateway="fake",
        gateway_reference="dp_1",
        amount=Money(10_000, "EUR"),
        reason="fraudulent",
        status=DisputeStatus.NEEDS_RESPONSE,
        respond_by=datetime(2027, 1, 1, tzinfo=UTC),
        opened_at=api.clock.now(),
    )
    await books.post(connection, entries=[entry], ids=api.parts.sources.ids, now=api.clock.now())
    await disputes.save(connection, dispute=dispute, now=api.clock.now())
    path = f"/v1/admin/bookings/{booking.reference}/payments"

    (for_books,) = (await accountant.get(path))["payments"]
    (for_agent,) = (await agent.get(path))["payments"]

    (back,) = for_books["refunds"]
    assert (back["id"], back["state"], back["reason"]) == (str(refund_id), "failed", "Meal was not served")
    assert back["asked_by"] == accountant.principal
    assert (for_books["payment"]["means"], for_books["gateway_reference"]) == (
        "Visa ending in 4242",
        "fake_1",
    )
    assert [(one["debit"], one["credit"]) for one in for_books["entries"]] == [(entry.debit, entry.credit)]
    assert [one["gateway_reference"] for one in for_books["disputes"]] == ["dp_1"]
    assert for_agent == {**for_books, "entries": None}


async def test_a_refund_by_rule_is_nobodys_of_the_staff(
    api: Api, accountant: Api, connection: Connection
) -> None:
    """It took the round that theirs was given, and theirs the next one."""
    booking = await paid(api)
    await failed_refund(api, booking)
    await refund(accountant, booking, 500)
    path = f"/v1/admin/bookings/{booking.reference}/payments"
    by_rule = Refund(round=1, amount=Money(500, "EUR"), state=RefundState.FAILED)
    theirs = Refund(round=2, amount=Money(500, "EUR"), wish=1)

    for refunds in ((by_rule,), (by_rule, theirs)):
        (payment,) = booking.payments
        await api.change(booking.reference, payments=(replace(payment, refunds=refunds),))
        (shown,) = (await accountant.get(path))["payments"]
        told = [(one["state"], one["asked_by"]) for one in shown["refunds"]]
        assert told == [("failed", None), ("asked", accountant.principal)]


async def test_that_staff_looked_is_written_down(api: Api, accountant: Api, connection: Connection) -> None:
    """P11."""
    booking = await paid(api)

    await accountant.get(f"/v1/admin/bookings/{booking.reference}/payments")

    (entry,) = await audited(connection, "booking.read")
    assert entry["principal"] == accountant.principal
