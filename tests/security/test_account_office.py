"""What is done to the accounts of others: one administrator is left, whoever acts at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.envelope import Origin
from bookingd.security.account_office import (
    AccountNotFound,
    AccountOffice,
    LastAdministrator,
    NoAdministrator,
)
from bookingd.sources import Sources, SystemIds
from bookingd.storage import accounts, sessions
from bookingd.storage.database import Connection, Database
from bookingd.storage.sessions import NewSession
from bookingd.storage.transactions import Transactions
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START, ManualClock, SeededChance
from tests.storage.test_accounts import until_somebody_waits

ORIGIN = Origin(principal="operator:tester", correlation_id=UUID(int=1))


@asynccontextmanager
async def office(database: Database, by: AccountId | None = None) -> AsyncIterator[AccountOffice]:
    """One that an operator runs, or the administrator `by`, for the time of a transaction."""
    sources = Sources(clock=ManualClock(), ids=SystemIds(), chance=SeededChance())
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    async with transactions.begin() as transaction:
        yield AccountOffice(transaction=transaction, sources=sources, origin=ORIGIN, by=by)


@pytest.fixture
async def two(connection: Connection) -> list[AccountId]:
    """The only administrators."""
    return [await plant_account(connection, number, Role.ADMINISTRATOR) for number in (1, 2)]


@pytest.mark.parametrize("first", ["suspend", "revoke"])
async def test_the_second_of_two_at_once_finds_that_the_first_was_the_last_but_one(
    database: Database, connection: Connection, two: list[AccountId], first: str
) -> None:
    async def revoke_other() -> None:
        async with office(database) as theirs:
            await theirs.revoke(two[1], [Role.ADMINISTRATOR])

    async with office(database) as ours:
        if first == "suspend":
            await ours.suspend(two[0], reason="left")
        else:
            await ours.revoke(two[0], [Role.ADMINISTRATOR])
        other = asyncio.create_task(revoke_other())
        waiting = asyncio.create_task(until_somebody_waits(connection))
        await asyncio.wait([other, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    with pytest.raises(LastAdministrator):
        await other


@pytest.mark.parametrize("first", ["suspend", "revoke"])
async def test_who_is_no_administrator_any_more_does_nothing_that_waited(
    database: Database, connection: Connection, two: list[AccountId], first: str
) -> None:
    """Or an accomplice would have the role that they are just losing."""
    accomplice = await plant_account(connection, 3)

    async def give_role() -> None:
        async with office(database, by=two[1]) as theirs:
            await theirs.grant(accomplice, [Role.ADMINISTRATOR])

    async with office(database, by=two[0]) as ours:
        if first == "suspend":
            await ours.suspend(two[1], reason="left")
        else:
            await ours.revoke(two[1], [Role.ADMINISTRATOR])
        late = asyncio.create_task(give_role())
        await until_somebody_waits(connection)

    with pytest.raises(NoAdministrator):
        await late
    found = await accounts.by_id(connection, account=accomplice)
    assert found is not None
    assert found.roles == {Role.TRAVELLER}


async def test_two_who_grant_at_once_both_do(database: Database, two: list[AccountId]) -> None:
    """Each locks all administrators, in one order: nobody waits in a circle."""

    async def grant(account: AccountId, role: Role) -> None:
        async with office(database) as theirs:
            await theirs.grant(account, [role])

    wanted = [(account, role) for account in two for role in (Role.AGENT, Role.AUDITOR, Role.OPERATOR)]
    await asyncio.gather(*(grant(account, role) for account, role in wanted))

    async with database.connection() as reading:
        found = await accounts.by_ids(reading, ids=two)
    assert all(len(account.roles) == 5 for account in found.values())


async def test_staff_that_stay_staff_stay_signed_in(database: Database, connection: Connection) -> None:
    agent = await plant_account(connection, 3, Role.AGENT)
    new = NewSession(
        id=SessionId(UUID(int=7)),
        account=agent,
        expires_at=START + timedelta(hours=12),
        second_factor=True,
        device="Firefox",
        client_address="192.0.2.7",
    )
    await sessions.open_session(connection, new=new, token=bytes(32), now=START)

    async with office(database) as ours:
        assert await ours.grant(agent, [Role.OPERATOR])

    assert new.id in await sessions.who(connection, ids=[new.id], now=START)


async def test_everybody_is_a_traveller(database: Database, connection: Connection) -> None:
    agent = await plant_account(connection, 3, Role.AGENT)

    async with office(database) as ours:
        await ours.set_roles(agent, [])

    found = await accounts.by_id(connection, account=agent)
    assert found is not None
    assert found.roles == {Role.TRAVELLER}


@pytest.mark.parametrize("state", ["erased", "none"])
async def test_nothing_is_done_to_an_account_that_is_not_there(
    database: Database, connection: Connection, state: str
) -> None:
    account = AccountId(UUID(int=5))
    if state == "erased":
        account = await plant_account(connection, 3, Role.AGENT)
        await connection.execute("UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL")

    async with office(database) as ours:
        for deed in (
            ours.grant(account, [Role.AUDITOR]),
            ours.suspend(account, reason="x"),
            ours.reopen(account),
            ours.reset_second_factor(account, reason="x"),
        ):
            with pytest.raises(AccountNotFound):
                await deed

    assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 0
