"""Staff record what came and what was paid out, each with its proof and once, and grant clients credit."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.booking.facts import StartPayment
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.ids import AccountId, IntentId
from bookingd.domain.money import Money
from bookingd.messages.payments import RefreshPayment
from bookingd.storage import office
from bookingd.storage.database import Connection
from bookingd.storage.payments import PaymentRow, PaymentStatus
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import Api

CAME = {"means": "transfer", "amount": {"amount": 12_345, "currency": "EUR"}, "proof": "bank-1"}


@pytest.fixture
async def accountant(api: Api, connection: Connection) -> Api:
    return await api.signed_in(await plant_account(connection, 1, Role.ACCOUNTANT), second_factor=True)


async def held(api: Api) -> Booking:
    return await api.booked(
        state=BookingState.AWAITING_PAYMENT, hold_until=api.clock.now() + timedelta(minutes=10)
    )


def came(api: Api, **changes: Any) -> dict[str, Any]:
    return {**CAME, "received_on": api.clock.now().date().isoformat(), **changes}


async def record(staff: Api, booking: Booking, **changes: Any) -> Any:
    headers = changes.pop("headers", None)
    path = f"/v1/admin/bookings/{booking.reference}/receipts"
    return await staff.post(path, came(staff, **changes), headers=headers)


async def started(api: Api) -> list[StartPayment]:
    return [one for one in await api.outbox() if isinstance(one, StartPayment)]


async def entries(connection: Connection, action: str) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT canonical FROM audit_entries ORDER BY at, id")
    found = [json.loads(row["canonical"]) for row in rows]
    return [entry for entry in found if entry["action"] == action]


async def test_money_that_came_begins_its_payment(api: Api, accountant: Api, connection: Connection) -> None:
    booking = await held(api)

    receipt = await record(accountant, booking)

    assert accountant.status == 201
    assert receipt["amount"] == {"amount": 12_345, "currency": "EUR", "decimal": "123.45"}
    (message,) = await started(api)
    assert (str(message.payment_id), message.gateway) == (receipt["payment_id"], "transfer")
    assert message.received == Money.of("123.45", "EUR")
    known = await office.payment(connection, payment_id=message.payment_id)
    assert known is not None
    assert known.received == Money.of("123.45", "EUR")
    (entry,) = await entries(connection, "payment.received")
    assert (entry["principal"], entry["details"]["proof"]) == (accountant.principal, "bank-1")


async def test_the_same_proof_is_recorded_once(api: Api, accountant: Api) -> None:
    booking = await held(api)
    await record(accountant, booking)

    problem = await record(accountant, booking)

    assert (accountant.status, problem["type"]) == (409, "/problems/already-recorded")
    assert len(await started(api)) == 1


async def test_clicking_many_times_records_once(api: Api, accountant: Api) -> None:
    booking = await held(api)
    clickers = [replace(accountant) for _ in range(10)]
    headers = {"Idempotency-Key": uuid4().hex}

    answers = await asyncio.gather(*(record(one, booking, headers=headers) for one in clickers))

    assert {one.status for one in clickers} <= {201, 409}
    assert len(await started(api)) == 1
    assert {one["payment_id"] for one in answers if "payment_id" in one} == {
        str(message.payment_id) for message in await started(api)
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": {"amount": 0, "currency": "EUR"}}, "amount.amount"),
        ({"amount": {"amount": -5, "currency": "EUR"}}, "amount.amount"),
        ({"amount": {"amount": 12.5, "currency": "EUR"}}, "amount.amount"),
        ({"amount": {"amount": 500, "currency": "USD"}}, "amount.currency"),
        ({"means": "cheque"}, "means"),
        ({"proof": ""}, "proof"),
        ({"received_on": "2099-01-01"}, "received_on"),
        ({"received_on": "1999-01-01"}, "received_on"),
        ({"received_on": "yesterday"}, "received_on"),
        ({"iban": "DE89"}, "iban"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field_and_nothing_is_recorded(
    api: Api, accountant: Api, connection: Connection, changes: dict[str, Any], field: str
) -> None:
    booking = await held(api)

    problem = await record(accountant, booking, **changes)

    assert (accountant.status, problem["errors"][0]["field"]) == (422, field)
    assert await connection.fetchval("SELECT count(*) FROM received_money") == 0
    assert await started(api) == []


async def test_of_a_booking_that_is_not_there_nothing_is_recorded(accountant: Api) -> None:
    for reference in ("ABC234", "nothing"):
        await accountant.post(f"/v1/admin/bookings/{reference}/receipts", came(accountant))
        assert accountant.status == 404


async def test_a_payout_is_listed_until_it_is_made(api: Api, accountant: Api, connection: Connection) -> None:
    booking = await held(api)
    receipt = await record(accountant, booking)
    payment = (await started(api))[0].payment_id
    await api.record(_row(booking, receipt))
    payout = IntentId(uuid4())
    await office.owe(
        connection,
        payout_id=payout,
        payment_id=payment,
        amount=Money.of("23.45", "EUR"),
        now=api.clock.now(),
    )
    (listed,) = (await accountant.get("/v1/admin/payouts"))["payouts"]
    assert (listed["id"], listed["amount"]["decimal"], listed["paid_on"]) == (str(payout), "23.45", None)
    assert listed["reference"] == booking.reference
    (seen,) = await entries(connection, "payouts.read")
    assert (seen["principal"], seen["details"]) == (accountant.principal, {"payouts": 1})

    path, paid = f"/v1/admin/payouts/{payout}/settlements", {"proof": "bank-9"}
    today = {"paid_on": api.clock.now().date().isoformat()}
    made = await accountant.post(path, {**paid, **today})

    assert (accountant.status, made["proof"]) == (201, "bank-9")
    assert (await accountant.get("/v1/admin/payouts"))["payouts"] == []
    looks = [one for one in await api.outbox() if isinstance(one, RefreshPayment)]
    assert [look.payment_id for look in looks] == [payment]
    problem = await accountant.post(path, {**paid, **today})
    assert (accountant.status, problem["type"]) == (409, "/problems/already-recorded")
    await accountant.post(f"/v1/admin/payouts/{uuid4()}/settlements", {**paid, **today})
    assert accountant.status == 404


def _row(booking: Booking, receipt: Any) -> PaymentRow:
    amount = Money.of("123.45", "EUR")
    return PaymentRow(
        id=_payment(receipt),
        booking_id=booking.id,
        gateway="transfer",
        gateway_reference=receipt["payment_id"],
        state=PaymentStatus.CAPTURED,
        amount=amount,
        captured=amount,
        refunded=Money.zero("EUR"),
    )


def _payment(receipt: Any) -> Any:
    return UUID(receipt["payment_id"])


async def test_a_client_is_granted_credit_and_pays_what_they_owe(
    accountant: Api, connection: Connection
) -> None:
    client = await plant_account(connection, 2, Role.TRAVELLER)
    here = f"/v1/admin/accounts/{client}/credit-line"
    await accountant.get(here)
    assert accountant.status == 404

    line = {"most": {"amount": 500_000, "currency": "EUR"}, "days": 30}
    opened = await accountant.ask("PUT", here, json=line)

    assert (accountant.status, opened["used"]["amount"]) == (201, 0)
    await accountant.get(here)
    (seen,) = await entries(connection, "credit.line_read")
    assert (seen["principal"], seen["subject"]["id"]) == (accountant.principal, str(client))
    await accountant.ask("PUT", here, json=line)
    assert accountant.status == 428
    etag = {"If-Match": opened["etag"]}
    changed = await accountant.ask("PUT", here, json={**line, "days": 14}, headers=etag)
    assert (accountant.status, changed["days"]) == (200, 14)
    await accountant.ask("PUT", here, json=line, headers=etag)
    assert accountant.status == 412

    paid = {"amount": {"amount": 20_000, "currency": "EUR"}, "proof": "bank-1"}
    paid["paid_on"] = accountant.clock.now().date().isoformat()
    settled = await accountant.post(f"/v1/admin/accounts/{client}/credit-settlements", paid)
    assert (accountant.status, settled["used"]["amount"]) == (201, -20_000)
    await accountant.post(f"/v1/admin/accounts/{client}/credit-settlements", paid)
    assert accountant.status == 409
    assert len(await entries(connection, "credit.line_set")) == 2
    assert len(await entries(connection, "credit.settled")) == 1


async def test_a_line_keeps_its_currency(accountant: Api, connection: Connection) -> None:
    client = await plant_account(connection, 2, Role.TRAVELLER)
    here = f"/v1/admin/accounts/{client}/credit-line"
    opened = await accountant.ask("PUT", here, json={"most": {"amount": 5, "currency": "EUR"}, "days": 3})

    for currency in ("USD", "XXX"):
        other = {"most": {"amount": 5, "currency": currency}, "days": 3}
        problem = await accountant.ask("PUT", here, json=other, headers={"If-Match": opened["etag"]})
        assert (accountant.status, problem["errors"][0]["field"]) == (422, "most.currency")


async def test_nobody_gets_credit_who_is_not_there(accountant: Api) -> None:
    nobody = AccountId(uuid4())
    line = {"most": {"amount": 5, "currency": "EUR"}, "days": 3}

    await accountant.ask("PUT", f"/v1/admin/accounts/{nobody}/credit-line", json=line)

    assert accountant.status == 404
