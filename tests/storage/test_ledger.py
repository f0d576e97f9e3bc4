"""The books: they balance whatever is entered, and nothing is ever changed in them."""

from uuid import UUID

import asyncpg
import pytest

from bookingd.domain import ledger
from bookingd.domain.ledger import Entry
from bookingd.domain.money import Money
from bookingd.storage import ledger as books
from bookingd.storage.database import Connection
from tests import factories
from tests.fakes.sources import START, SequentialIds

JOURNAL = UUID(int=7)


def taken(amount: Money = factories.TOTAL) -> Entry:
    return ledger.captured(
        journal=JOURNAL,
        booking_id=factories.booking_id(),
        payment_id=factories.payment_id(1),
        gateway="fake",
        amount=amount,
    )


def given_back(amount: Money = factories.TOTAL) -> Entry:
    return ledger.refunded(
        journal=JOURNAL,
        booking_id=factories.booking_id(),
        payment_id=factories.payment_id(1),
        gateway="fake",
        amount=amount,
    )


async def post(connection: Connection, ids: SequentialIds, *entries: Entry) -> None:
    await books.post(connection, entries=entries, ids=ids, now=START)


async def test_what_was_taken_and_given_back_leaves_nothing(
    connection: Connection, ids: SequentialIds
) -> None:
    await post(connection, ids, taken(), given_back())

    held = await books.balances(connection)

    assert held == {"customers": [Money.zero("EUR")], "gateway:fake": [Money.zero("EUR")]}


async def test_currencies_are_kept_apart(connection: Connection, ids: SequentialIds) -> None:
    await post(connection, ids, taken(), taken(Money(500, "JPY")))

    assert (await books.balances(connection))["gateway:fake"] == [Money(10_000, "EUR"), Money(500, "JPY")]


async def test_a_sale_moves_what_customers_gave_to_those_who_earned_it(
    connection: Connection, ids: SequentialIds
) -> None:
    await post(connection, ids, taken(), *ledger.sale(factories.booking(), journal=JOURNAL))

    held = {account: amount.amount for account, (amount,) in (await books.balances(connection)).items()}

    assert sum(held.values()) == 0
    assert held == {
        "customers": 0,
        "gateway:fake": 10_000,
        "supplier:inventory": -8_000,
        "revenue:markup": -1_000,
        "revenue:service_fee": -500,
        "taxes": -500,
    }


@pytest.mark.parametrize("statement", ["UPDATE ledger_entries SET amount = 1", "DELETE FROM ledger_entries"])
async def test_the_daemon_cannot_rewrite_the_books(connection: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)


async def test_an_entry_of_nothing_is_refused(connection: Connection, ids: SequentialIds) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await post(connection, ids, taken(Money.zero("EUR")))
