"""Accounts as rows: one for an address, whatever two people do at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.storage import accounts
from bookingd.storage.accounts import AccountState, Registration
from bookingd.storage.database import Connection, Database
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START

LATER = START + timedelta(hours=1)
ADDRESS, KEY = "Ada@Mail.example", "ada@mail.example"


def wanted(number: int = 1) -> Registration:
    return Registration(
        id=UUID(int=number),
        address=ADDRESS,
        address_key=KEY,
        password="$argon2id$x",
        name="Ada",
        locale="en",
        created_at=START,
        expires_at=LATER,
    )


async def opened(connection: Connection, number: int = 1) -> bool:
    account = await accounts.open_account(
        connection,
        account=AccountId(UUID(int=number)),
        wanted=wanted(number),
        currency="EUR",
        roles=[Role.TRAVELLER],
        now=START,
    )
    return account is not None


async def test_an_account_is_as_it_was_wanted(connection: Connection) -> None:
    assert await opened(connection)

    account = await accounts.by_key(connection, key=KEY)

    assert account is not None
    assert (account.address, account.name, account.locale, account.currency) == (ADDRESS, "Ada", "en", "EUR")
    assert (account.open, account.password_changed_at) == (True, START)
    assert account.roles == {Role.TRAVELLER}
    assert account == await accounts.by_id(connection, account=account.id)


async def test_what_is_personal_is_in_no_repr(connection: Connection) -> None:
    await opened(connection)
    account = await accounts.by_key(connection, key=KEY)

    for shown in (repr(account), repr(wanted())):
        assert not [word for word in (ADDRESS, KEY, "Ada", "argon2id") if word in shown]


async def test_an_address_has_one_account(connection: Connection) -> None:
    assert await opened(connection, 1)

    assert not await opened(connection, 2)
    assert await accounts.by_id(connection, account=AccountId(UUID(int=2))) is None


async def test_of_two_who_open_an_account_at_once_one_has_it(database: Database) -> None:
    async def one(number: int) -> bool:
        async with database.transaction() as connection:
            return await opened(connection, number)

    assert sorted(await asyncio.gather(*map(one, range(1, 5)))) == [False, False, False, True]


async def test_a_registration_is_good_for_a_while(connection: Connection) -> None:
    await accounts.register(connection, new=wanted())

    found = await accounts.registration(connection, registration_id=UUID(int=1), now=START)

    assert found == wanted()
    assert await accounts.registration(connection, registration_id=UUID(int=1), now=LATER) is None
    assert await accounts.forget_registrations(connection, before=LATER, limit=9) == 0
    assert await accounts.forget_registrations(connection, before=LATER + timedelta(1), limit=9) == 1


async def test_nobody_is_found_without_an_address(connection: Connection) -> None:
    erased = await plant_account(connection)
    await connection.execute("UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL")

    assert await accounts.by_key(connection, key=None) is None
    found = await accounts.by_id(connection, account=erased)
    assert found is not None
    assert not found.open


async def test_a_password_is_set_and_remembered_when(connection: Connection) -> None:
    account = await plant_account(connection)

    await accounts.set_password(connection, account=account, hashed="$argon2id$new", now=LATER)

    found = await accounts.by_id(connection, account=account)
    assert found is not None
    assert (found.password, found.password_changed_at) == ("$argon2id$new", LATER)


async def test_a_hash_made_anew_does_not_bring_an_old_password_back(connection: Connection) -> None:
    account = await plant_account(connection, password="$argon2id$old")
    await accounts.set_password(connection, account=account, hashed="$argon2id$new", now=LATER)

    await accounts.rehash(connection, account=account, before="$argon2id$old", hashed="$argon2id$dearer")

    found = await accounts.by_id(connection, account=account)
    assert found is not None
    assert found.password == "$argon2id$new"


async def test_what_was_erased_stays_so(connection: Connection) -> None:
    account = await plant_account(connection)
    await connection.execute(
        "UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL, password = NULL"
    )

    await accounts.set_state(connection, account=account, state=AccountState.OPEN)
    await accounts.set_password(connection, account=account, hashed="x", now=LATER)
    assert not await accounts.set_address(connection, account=account, address=ADDRESS, key=KEY)

    found = await accounts.by_id(connection, account=account)
    assert found is not None
    assert (found.state, found.password, found.address) == (AccountState.ERASED, None, None)


async def test_an_account_gets_an_address_that_is_free(connection: Connection) -> None:
    account = await plant_account(connection, 1)

    assert await accounts.set_address(connection, account=account, address=ADDRESS, key=KEY)
    assert await accounts.set_address(connection, account=account, address=KEY, key=KEY), "its own"
    other = await plant_account(connection, 2)
    assert not await accounts.set_address(connection, account=other, address=ADDRESS, key=KEY)


async def test_of_two_who_take_an_address_at_once_one_gets_it(
    database: Database, connection: Connection
) -> None:
    """The loser is told so, and its transaction goes on: what it writes of that is kept."""
    both = [await plant_account(connection, number) for number in (1, 2)]
    first_has_it, second_waits = asyncio.Event(), asyncio.Event()

    async def first() -> bool:
        async with database.transaction() as held:
            taken = await accounts.set_address(held, account=both[0], address=ADDRESS, key=KEY)
            first_has_it.set()
            await second_waits.wait()
            return taken

    async def second() -> bool:
        await first_has_it.wait()
        async with database.transaction() as held:
            asking = asyncio.create_task(
                accounts.set_address(held, account=both[1], address=ADDRESS, key=KEY)
            )
            await until_somebody_waits(connection)
            second_waits.set()
            taken = await asking
            await accounts.set_roles(held, account=both[1], roles=[Role.AGENT])
            return taken

    assert tuple(await asyncio.gather(first(), second())) == (True, False)
    other = await accounts.by_id(connection, account=both[1])
    assert other is not None
    assert other.address_key == "somebody-2@mail.example"
    assert other.roles == {Role.AGENT}


async def until_somebody_waits(connection: Connection) -> None:
    """For a lock; the database has no event for that."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await connection.fetchval(waiting):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_roles_are_what_was_given_last(connection: Connection) -> None:
    account = await plant_account(connection)

    await accounts.set_roles(connection, account=account, roles={Role.AUDITOR, Role.AGENT})

    found = await accounts.by_id(connection, account=account)
    assert found is not None
    assert found.roles == {Role.AGENT, Role.AUDITOR}


@pytest.mark.parametrize("beginning", ["", "%", "_", "somebody-%"])
async def test_nobody_is_found_by_a_pattern(connection: Connection, beginning: str) -> None:
    await plant_account(connection, 1)

    found = await accounts.search(connection, beginning=beginning, limit=9)

    assert len(found) == (1 if beginning == "" else 0)


async def test_accounts_are_found_by_how_their_address_begins(connection: Connection) -> None:
    for number in (1, 2, 11):
        await plant_account(connection, number)

    found = await accounts.search(connection, beginning="somebody-1", limit=9)

    assert [account.address_key for account in found] == [
        "somebody-11@mail.example",
        "somebody-1@mail.example",
    ]
    assert len(await accounts.search(connection, beginning="somebody", limit=2)) == 2
