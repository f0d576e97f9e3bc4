"""Transfers and cash: awaited, received with proof, paid back by hand, each once."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.office import Beneficiary, OfficeGateway
from bookingd.gateways.port import GatewayStatus, InvalidNotice, PostingKind
from bookingd.outcomes import Refused
from bookingd.storage import bookings, office
from bookingd.storage.database import Connection, Database
from bookingd.storage.office import Received, ReceivedBy
from tests import factories
from tests.fakes.sources import START, ManualClock
from tests.gateways.arrange import a_request, an_intent

OURS = Beneficiary(name="Wander Travel Ltd", iban="DE89370400440532013000", bic="COBADEFFXXX")
REQUEST = a_request("")
PART = Money.of("23.45", "EUR")


@pytest.fixture(autouse=True)
async def _booking(connection: Connection) -> None:
    new = [factories.new_booking(factories.booking())]
    await bookings.insert(connection, bookings=new, now=START)


@pytest.fixture
def transfer(database: Database, clock: ManualClock) -> OfficeGateway:
    return OfficeGateway(means=ReceivedBy.TRANSFER, database=database, clock=clock, beneficiary=OURS)


@pytest.fixture
def cash(database: Database, clock: ManualClock) -> OfficeGateway:
    return OfficeGateway(means=ReceivedBy.CASH, database=database, clock=clock)


def what_came(
    payment_id: PaymentId, *, means: ReceivedBy = ReceivedBy.TRANSFER, proof: str = "bank-1"
) -> Received:
    return Received(
        payment_id=payment_id,
        booking_id=factories.booking_id(),
        means=means,
        amount=REQUEST.amount,
        received_on=date(2026, 11, 3),
        proof=proof,
        recorded_by="account:00000000-0000-0000-0000-000000000001",
    )


async def receive(connection: Connection, payment_id: PaymentId, *, proof: str = "bank-1") -> bool:
    return await office.receive(connection, received=what_came(payment_id, proof=proof), now=START)


async def pay_out(connection: Connection, key: IntentId) -> PaymentId | None:
    return await office.pay(
        connection, payout_id=key, paid_on=date(2026, 11, 4), proof="bank-9", by="account:1", now=START
    )


async def test_a_payer_is_told_whom_to_send_how_much_with_which_words(transfer: OfficeGateway) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())

    assert asked.status is GatewayStatus.REQUIRES_ACTION
    assert asked.instructions == {
        "beneficiary": "Wander Travel Ltd",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "amount": "123.45 EUR",
        "reference": "ABC234",
    }
    assert await transfer.authorise(REQUEST, key=an_intent()) == asked
    assert await transfer.find(REQUEST.payment_id, since=START) == asked


async def test_what_came_is_ours_at_once(transfer: OfficeGateway, connection: Connection) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())
    await receive(connection, REQUEST.payment_id)

    seen = await transfer.retrieve(asked.gateway_reference)

    assert (seen.status, seen.captured) == (GatewayStatus.CAPTURED, REQUEST.amount)
    assert seen.instructions is None
    assert await transfer.capture(asked.gateway_reference, amount=PART, key=an_intent()) == seen


async def test_what_staff_record_first_makes_its_payment(cash: OfficeGateway, connection: Connection) -> None:
    received = what_came(REQUEST.payment_id, means=ReceivedBy.CASH, proof="till-7")
    await office.receive(connection, received=received, now=START)

    seen = await cash.authorise(REQUEST, key=an_intent())

    assert (seen.status, seen.amount) == (GatewayStatus.CAPTURED, REQUEST.amount)


async def test_cash_that_nobody_recorded_is_refused(cash: OfficeGateway) -> None:
    with pytest.raises(Refused) as refused:
        await cash.authorise(REQUEST, key=an_intent())
    assert refused.value.code == "not_received"


async def test_one_transfer_is_recorded_once(connection: Connection) -> None:
    assert await receive(connection, REQUEST.payment_id)
    assert not await receive(connection, a_request("").payment_id)
    assert await receive(connection, a_request("").payment_id, proof="bank-2")


async def test_a_transfer_that_is_called_off_is_not_awaited(
    transfer: OfficeGateway, connection: Connection
) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())

    assert (await transfer.void(asked.gateway_reference, key=an_intent())).status is GatewayStatus.VOIDED
    assert (await transfer.void(asked.gateway_reference, key=an_intent())).status is GatewayStatus.VOIDED


async def test_one_that_came_cannot_be_called_off(transfer: OfficeGateway, connection: Connection) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())
    await receive(connection, REQUEST.payment_id)

    with pytest.raises(Refused) as refused:
        await transfer.void(asked.gateway_reference, key=an_intent())
    assert refused.value.code == "received"


async def test_what_goes_back_is_pending_until_staff_say_how(
    transfer: OfficeGateway, connection: Connection
) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())
    await receive(connection, REQUEST.payment_id)
    key = an_intent()

    refund = await transfer.refund(asked.gateway_reference, amount=PART, key=key)

    assert (refund.status, refund.amount) == ("pending", PART)
    assert [one.id for one in await office.open_payouts(connection, limit=10)] == [key]
    assert await pay_out(connection, key) == REQUEST.payment_id
    assert await pay_out(connection, key) is None
    done = await transfer.find_refund(asked.gateway_reference, key=key)
    assert done is not None
    assert (done.status, done.trace) == ("done", "bank-9")
    assert await transfer.refund(asked.gateway_reference, amount=PART, key=key) == done
    assert (await transfer.retrieve(asked.gateway_reference)).refunded == PART


async def test_no_more_goes_back_than_came(transfer: OfficeGateway, connection: Connection) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())
    await receive(connection, REQUEST.payment_id)

    outcomes = await asyncio.gather(
        *(
            transfer.refund(asked.gateway_reference, amount=Money.of("50.00", "EUR"), key=an_intent())
            for _ in range(6)
        ),
        return_exceptions=True,
    )

    assert sum(not isinstance(one, Refused) for one in outcomes) == 2
    assert (await transfer.retrieve(asked.gateway_reference)).refunded == Money.of("100.00", "EUR")


async def test_its_books_tell_what_came_and_what_was_paid_back(
    transfer: OfficeGateway, connection: Connection
) -> None:
    asked = await transfer.authorise(REQUEST, key=an_intent())
    await receive(connection, REQUEST.payment_id)
    key = an_intent()
    await transfer.refund(asked.gateway_reference, amount=PART, key=key)
    later = START + timedelta(days=1)
    await office.pay(connection, payout_id=key, paid_on=later.date(), proof="b", by="a", now=later)

    told = [one async for one in transfer.statement(since=START, until=START + timedelta(days=2))]

    assert [(one.kind, one.amount) for one in told] == [
        (PostingKind.CAPTURE, REQUEST.amount),
        (PostingKind.REFUND, PART),
    ]
    assert [one async for one in transfer.statement(since=START, until=later)] == told[:1]


async def test_of_what_it_does_not_know_it_says_so(transfer: OfficeGateway) -> None:
    for reference in (str(REQUEST.payment_id), "pi_1"):
        with pytest.raises(Refused) as refused:
            await transfer.retrieve(reference)
        assert refused.value.code == "not_found"
    with pytest.raises(InvalidNotice):
        await transfer.read_notice({}, b"{}")


async def test_nothing_that_was_received_is_ever_changed(connection: Connection) -> None:
    await receive(connection, REQUEST.payment_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE received_money SET amount = 1")


async def test_a_repeated_request_after_a_change_of_amount_keeps_the_first(transfer: OfficeGateway) -> None:
    await transfer.authorise(REQUEST, key=an_intent())

    again = await transfer.authorise(replace(REQUEST, amount=PART), key=an_intent())

    assert again.amount == REQUEST.amount
