"""Agency credit: never beyond the line, whoever books at once; owed when captured, less when given back."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from bookingd.domain.money import Money
from bookingd.gateways.credit import CreditGateway
from bookingd.gateways.port import Authorisation, GatewayStatus, PostingKind
from bookingd.outcomes import Refused
from bookingd.storage import credit
from bookingd.storage.database import Connection, Database
from tests.fakes.sources import START, ManualClock
from tests.gateways.arrange import a_request, an_intent

OWNER = "account:00000000-0000-0000-0000-000000000007"
MOST = Money.of("300.00", "EUR")
PART = Money.of("23.45", "EUR")


def request(amount: str = "123.45", currency: str = "EUR") -> Authorisation:
    return replace(a_request("", amount=Money.of(amount, currency)), owner=OWNER)


@pytest.fixture
def gateway(database: Database, clock: ManualClock) -> CreditGateway:
    return CreditGateway(database=database, clock=clock)


@pytest.fixture
async def line(connection: Connection) -> None:
    opened = await credit.set_line(
        connection, owner=OWNER, most=MOST, days=30, version=0, by="account:1", now=START
    )
    assert opened == 1


async def test_without_a_line_there_is_no_credit(gateway: CreditGateway) -> None:
    payment = await gateway.authorise(request(), key=an_intent())

    assert (payment.status, payment.decline_reason) == (GatewayStatus.DECLINED, "no_credit")


@pytest.mark.usefixtures("line")
async def test_what_fits_is_held_and_owed_when_captured(
    gateway: CreditGateway, connection: Connection
) -> None:
    asked = request()
    held = await gateway.authorise(asked, key=an_intent())
    assert held.status is GatewayStatus.AUTHORISED
    assert await credit.used(connection, owner=OWNER) == asked.amount.amount

    taken = await gateway.capture(held.gateway_reference, amount=PART, key=an_intent())

    assert (taken.status, taken.captured) == (GatewayStatus.CAPTURED, PART)
    assert await credit.used(connection, owner=OWNER) == PART.amount
    assert await gateway.capture(held.gateway_reference, amount=PART, key=an_intent()) == taken


@pytest.mark.usefixtures("line")
async def test_what_does_not_fit_is_declined_for_good(gateway: CreditGateway, connection: Connection) -> None:
    asked = request("300.01")
    declined = await gateway.authorise(asked, key=an_intent())
    await credit.set_line(
        connection, owner=OWNER, most=MOST * 2, days=30, version=1, by="account:1", now=START
    )

    assert (declined.status, declined.decline_reason) == (GatewayStatus.DECLINED, "credit_limit")
    assert await gateway.authorise(asked, key=an_intent()) == declined


@pytest.mark.usefixtures("line")
async def test_another_currency_than_the_line_is_declined(gateway: CreditGateway) -> None:
    payment = await gateway.authorise(request("10", "JPY"), key=an_intent())

    assert payment.decline_reason == "credit_currency"


@pytest.mark.usefixtures("line")
async def test_many_at_once_never_go_beyond_the_line(gateway: CreditGateway, connection: Connection) -> None:
    asked = await asyncio.gather(*(gateway.authorise(request("70.00"), key=an_intent()) for _ in range(12)))

    assert [one.status for one in asked].count(GatewayStatus.AUTHORISED) == 4
    assert await credit.used(connection, owner=OWNER) == 280_00


@pytest.mark.usefixtures("line")
async def test_what_is_released_is_free_again(gateway: CreditGateway, connection: Connection) -> None:
    held = await gateway.authorise(request(), key=an_intent())

    voided = await gateway.void(held.gateway_reference, key=an_intent())

    assert voided.status is GatewayStatus.VOIDED
    assert await credit.used(connection, owner=OWNER) == 0
    with pytest.raises(Refused):
        await gateway.capture(held.gateway_reference, amount=PART, key=an_intent())


@pytest.mark.usefixtures("line")
async def test_what_is_owed_cannot_be_released(gateway: CreditGateway) -> None:
    held = await gateway.authorise(request(), key=an_intent())
    await gateway.capture(held.gateway_reference, amount=held.amount, key=an_intent())

    with pytest.raises(Refused) as refused:
        await gateway.void(held.gateway_reference, key=an_intent())
    assert refused.value.code == "owed"


@pytest.mark.usefixtures("line")
async def test_what_is_given_back_is_owed_no_more_and_never_more_than_was(
    gateway: CreditGateway, connection: Connection
) -> None:
    held = await gateway.authorise(request(), key=an_intent())
    await gateway.capture(held.gateway_reference, amount=held.amount, key=an_intent())
    key = an_intent()

    refund = await gateway.refund(held.gateway_reference, amount=PART, key=key)
    assert await gateway.refund(held.gateway_reference, amount=PART, key=key) == refund
    many = await asyncio.gather(
        *(
            gateway.refund(held.gateway_reference, amount=Money.of("60.00", "EUR"), key=an_intent())
            for _ in range(4)
        ),
        return_exceptions=True,
    )

    assert await gateway.find_refund(held.gateway_reference, key=key) == refund
    assert sum(not isinstance(one, Refused) for one in many) == 1
    assert await credit.used(connection, owner=OWNER) == 4000


@pytest.mark.usefixtures("line")
async def test_what_is_paid_makes_room(gateway: CreditGateway, connection: Connection) -> None:
    held = await gateway.authorise(request("300.00"), key=an_intent())
    await gateway.capture(held.gateway_reference, amount=MOST, key=an_intent())

    for recorded in (True, False):
        settled = await credit.settle(
            connection,
            settlement_id=uuid4(),
            owner=OWNER,
            amount=Money.of("100.00", "EUR"),
            received_on=date(2026, 12, 1),
            proof="bank-1",
            by="account:1",
            now=START,
        )
        assert settled is recorded

    assert (await gateway.authorise(request("100.01"), key=an_intent())).status is GatewayStatus.DECLINED
    assert (await gateway.authorise(request("100.00"), key=an_intent())).status is GatewayStatus.AUTHORISED


@pytest.mark.usefixtures("line")
async def test_a_line_is_changed_by_who_has_read_it(connection: Connection) -> None:
    async def change(version: int) -> int | None:
        return await credit.set_line(
            connection, owner=OWNER, most=MOST, days=14, version=version, by="account:1", now=START
        )

    assert [await change(0), await change(2), await change(1)] == [None, None, 2]
    assert await credit.line(connection, owner=OWNER) == credit.CreditLine(most=MOST, days=14, version=2)


@pytest.mark.usefixtures("line")
async def test_its_books_tell_what_came_to_be_owed(gateway: CreditGateway) -> None:
    held = await gateway.authorise(request(), key=an_intent())
    await gateway.capture(held.gateway_reference, amount=held.amount, key=an_intent())
    await gateway.refund(held.gateway_reference, amount=PART, key=an_intent())

    told = [one async for one in gateway.statement(since=START, until=START + timedelta(days=1))]

    assert {(one.kind, one.amount) for one in told} == {
        (PostingKind.CAPTURE, held.amount),
        (PostingKind.REFUND, PART),
    }
