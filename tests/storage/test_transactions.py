"""A transaction and its messages: what it sends, to where, as which bundles."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import Kind, Lane, UnknownMessage
from bookingd.messages.envelope import Origin
from bookingd.storage import attention
from bookingd.storage.attention import Attention
from bookingd.storage.database import Connection, Database
from bookingd.storage.outbox import Bundle
from bookingd.storage.transactions import Transactions
from tests.fakes.sources import START, ManualClock, fake_sources
from tests.storage.test_inbox import envelope
from tests.toy.messages import CATALOGUE, Burst, Deposit, Deposited, Moved, Send

ACCOUNT = UUID(int=5)
ORIGIN = Origin(
    principal="account:7", correlation_id=UUID(int=1), causation_id=MessageId(UUID(int=2)), trace="00-1"
)
CLAIM = timedelta(seconds=30)


class Outlet:
    """Keeps what is handed over."""

    def __init__(self) -> None:
        self.bundles: list[Bundle] = []
        self.notices: list[Any] = []

    def claim_until(self) -> datetime:
        return START + CLAIM

    def hand_over(self, bundles: Any, notices: Any) -> None:
        self.bundles += bundles
        self.notices += notices


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def transactions(database: Database, outlet: Outlet, clock: ManualClock) -> Transactions:
    sources = replace(fake_sources(), clock=clock)
    return Transactions(database=database, sources=sources, catalogue=CATALOGUE, outlet=outlet)


async def test_a_command_goes_to_its_owner_and_an_event_by_its_name(
    transactions: Transactions, outlet: Outlet
) -> None:
    async with transactions.begin() as transaction:
        transaction.send(Burst(account=ACCOUNT), origin=ORIGIN)
        transaction.send(Deposited(account=ACCOUNT, balance=1), origin=ORIGIN)

    assert [(one.kind, one.destination, one.lane) for one in outlet.bundles] == [
        (Kind.COMMAND, "bank", Lane.BULK),
        (Kind.EVENT, "bank.deposited", Lane.FINISHING),
    ]


async def test_what_one_transaction_sends_to_one_place_is_one_bundle(
    transactions: Transactions, outlet: Outlet
) -> None:
    async with transactions.begin() as transaction:
        for _ in range(3):
            transaction.send(Deposit(account=ACCOUNT), origin=ORIGIN)
            transaction.send(Send(account=ACCOUNT, parcel=ACCOUNT), origin=ORIGIN)

    assert [(one.destination, len(codec.unpack(one.payload))) for one in outlet.bundles] == [
        ("bank", 3),
        ("post", 3),
    ]


async def test_an_envelope_says_on_whose_behalf_and_because_of_what(
    transactions: Transactions, outlet: Outlet
) -> None:
    async with transactions.begin() as transaction:
        message_id = transaction.send(Deposit(account=ACCOUNT), origin=ORIGIN)

    [sent] = codec.unpack(outlet.bundles[0].payload)
    assert (sent.id, sent.sent_at, sent.attempt, sent.deadline) == (message_id, START, 1, None)
    assert (sent.principal, sent.correlation_id) == (ORIGIN.principal, ORIGIN.correlation_id)
    assert (sent.causation_id, sent.trace) == (ORIGIN.causation_id, ORIGIN.trace)


async def test_what_is_due_now_is_claimed_already_and_a_timer_is_free(
    transactions: Transactions, connection: Connection
) -> None:
    due = START + timedelta(minutes=15)
    async with transactions.begin() as transaction:
        transaction.send(Deposit(account=ACCOUNT), origin=ORIGIN)
        transaction.send(Deposit(account=ACCOUNT), origin=ORIGIN, due=due)

    rows = await connection.fetch("SELECT due_at, claimed_until FROM outbox ORDER BY due_at")
    assert [tuple(row) for row in rows] == [(START, START + CLAIM), (due, None)]


async def test_where_nobody_publishes_every_relay_may_claim(
    database: Database, connection: Connection
) -> None:
    command_line = Transactions(database=database, sources=fake_sources(), catalogue=CATALOGUE)

    async with command_line.begin() as transaction:
        transaction.send(Deposit(account=ACCOUNT), origin=ORIGIN)

    assert await connection.fetchval("SELECT claimed_until FROM outbox") is None


async def test_sending_again_is_the_same_message_at_its_next_attempt(
    transactions: Transactions, outlet: Outlet
) -> None:
    first = envelope(9, attempt=3)

    async with transactions.begin() as transaction:
        transaction.send_again(first, actor="clerk", lane=Lane.BULK, after=timedelta(seconds=2))

    [bundle] = outlet.bundles
    assert (bundle.kind, bundle.destination, bundle.lane) == (Kind.COMMAND, "clerk", Lane.BULK)
    assert (bundle.due_at, bundle.claimed_until) == (START + timedelta(seconds=2), None)
    assert codec.unpack(bundle.payload) == [replace(first, attempt=4)]


async def test_what_is_not_in_the_catalogue_cannot_be_sent(transactions: Transactions) -> None:
    async with transactions.begin() as transaction:
        with pytest.raises(UnknownMessage, match="int"):
            transaction.send(7, origin=ORIGIN)


async def test_notices_follow_the_commit(transactions: Transactions, outlet: Outlet) -> None:
    async with transactions.begin() as transaction:
        transaction.notify(Moved(account=ACCOUNT))
        before = list(outlet.notices)

    assert (before, outlet.notices) == ([], [Moved(account=ACCOUNT)])


async def test_a_transaction_that_fails_hands_nothing_over(
    transactions: Transactions, outlet: Outlet, connection: Connection
) -> None:
    async def fail() -> None:
        async with transactions.begin() as transaction:
            transaction.send(Deposit(account=ACCOUNT), origin=ORIGIN)
            transaction.notify(Moved(account=ACCOUNT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert (outlet.bundles, outlet.notices) == ([], [])
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_booking_that_needs_a_person_is_listed_once(
    transactions: Transactions, connection: Connection
) -> None:
    for detail in ("tried once", "tried twice"):
        async with transactions.begin() as transaction:
            await transaction.need_attention(subject=ACCOUNT, reason="capture_unfinished", detail=detail)

    [entry] = await attention.oldest(connection, limit=9)
    assert (entry.subject_kind, entry.subject, entry.detail) == ("booking", ACCOUNT, "tried twice")


async def test_two_payments_of_a_booking_that_need_a_person_are_two_entries(
    transactions: Transactions, connection: Connection
) -> None:
    async with transactions.begin() as transaction:
        for payment in (UUID(int=1), UUID(int=2)):
            await transaction.need_attention(
                subject=ACCOUNT, about=payment, reason="payment_stuck", detail="stuck"
            )

    listed = await attention.oldest(connection, limit=9)
    assert {entry.object for entry in listed} == {UUID(int=1), UUID(int=2)}


async def test_an_entry_is_as_old_as_its_opening_and_opened_anew_after_it_was_closed(
    transactions: Transactions, connection: Connection, clock: ManualClock
) -> None:
    async def need() -> None:
        async with transactions.begin() as transaction:
            await transaction.need_attention(subject=ACCOUNT, reason="payment_stuck", detail="stuck")

    opened = clock.now()
    await need()
    clock.advance(timedelta(hours=1))
    await need()
    [again] = await attention.oldest(connection, limit=9)
    await connection.execute("UPDATE attention SET closed_at = $1", clock.now())
    clock.advance(timedelta(hours=1))
    await need()

    [anew] = await attention.oldest(connection, limit=9)
    assert (again.opened_at, anew.opened_at) == (opened, opened + timedelta(hours=2))


async def test_attention_is_listed_oldest_first(connection: Connection) -> None:
    for number in (2, 1, 3):
        entry = Attention(
            id=UUID(int=number),
            subject_kind="booking",
            subject=UUID(int=number),
            object=UUID(int=number),
            reason="stuck",
            detail="It is stuck.",
            owner="operator",
            opened_at=START + timedelta(minutes=number),
        )
        await attention.open_entry(connection, entry=entry)

    listed = await attention.oldest(connection, limit=2)

    assert [entry.id.int for entry in listed] == [1, 2]
