"""API keys in the database: whose they are, what they are good for, and when they are not."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from bookingd.domain.accounts.permissions import OWN, Permission, Role
from bookingd.domain.ids import AccountId, ApiKeyId
from bookingd.storage import api_keys, second_factors
from bookingd.storage.api_keys import NewApiKey
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START

KEY = ApiKeyId(UUID(int=91))
END = START + timedelta(days=90)
LATER = START + timedelta(minutes=5)


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection, 1, Role.TRAVELLER, Role.AGENT)


@pytest.fixture(autouse=True)
async def made(connection: Connection, account: AccountId) -> NewApiKey:
    new = NewApiKey(
        id=KEY,
        account=account,
        name="Shop",
        hash=bytes(32),
        scopes=frozenset({Permission.BOOK, Permission.BOOKINGS_READ}),
        expires_at=END,
    )
    await api_keys.add(connection, new=new, now=START)
    return new


async def test_a_key_tells_who_shows_it(connection: Connection, account: AccountId) -> None:
    kept = (await api_keys.kept(connection, ids=[KEY], now=LATER))[KEY]

    assert (kept.who.principal, kept.who.account) == (f"account:{account}", account)
    assert (kept.who.api_key, kept.who.session, kept.who.proved_at) == (KEY, None, None)
    assert kept.who.acting == f"account:{account}/key:{KEY}"
    assert (kept.hash, kept.expires_at, kept.used_at, kept.over) == (bytes(32), END, None, None)


async def test_staffs_key_reaches_beyond_its_own_while_the_account_has_a_second_factor(
    connection: Connection, account: AccountId
) -> None:
    async def may() -> frozenset[Permission]:
        return (await api_keys.kept(connection, ids=[KEY], now=LATER))[KEY].who.permissions

    assert await may() == {Permission.BOOK}
    await second_factors.set_up_totp(connection, account=account, sealed=b"sealed")
    assert await may() == {Permission.BOOK}
    await second_factors.confirm_totp(connection, account=account, pending=b"sealed", step=1, now=START)
    assert await may() == {Permission.BOOK, Permission.BOOKINGS_READ}
    await second_factors.reset(connection, account=account)
    assert await may() == {Permission.BOOK}


async def test_roles_that_were_taken_away_are_taken_from_the_key(connection: Connection) -> None:
    await connection.execute("UPDATE accounts SET roles = '{auditor}'")

    who = (await api_keys.kept(connection, ids=[KEY], now=LATER))[KEY].who

    assert who.permissions <= OWN


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE api_keys SET revoked_at = created_at", "revoked"),
        ("UPDATE api_keys SET expires_at = created_at", "expired"),
        ("UPDATE accounts SET state = 'suspended'", "suspended"),
        ("UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL", "erased"),
    ],
)
async def test_a_key_that_is_over_says_why(connection: Connection, change: str, why: str) -> None:
    await connection.execute(change)

    assert (await api_keys.kept(connection, ids=[KEY], now=LATER))[KEY].over == why


async def test_a_key_is_over_at_its_end(connection: Connection) -> None:
    before, at = END - timedelta(seconds=1), END

    assert [(await api_keys.kept(connection, ids=[KEY], now=now))[KEY].over for now in (before, at)] == [
        None,
        "expired",
    ]


async def test_a_key_that_never_was_is_not_there(connection: Connection) -> None:
    assert await api_keys.kept(connection, ids=[ApiKeyId(UUID(int=92))], now=LATER) == {}


async def test_the_hour_of_its_use_only_goes_on(connection: Connection) -> None:
    hours = [START.replace(hour=hour) for hour in (13, 14, 13)]
    for hour in hours:
        await api_keys.used(connection, ids=[KEY], hour=hour)

    assert (await api_keys.kept(connection, ids=[KEY], now=LATER))[KEY].used_at == hours[1]


async def test_keys_are_listed_newest_first_until_they_are_revoked(
    connection: Connection, account: AccountId
) -> None:
    stranger = await plant_account(connection, 2)
    newer = NewApiKey(
        id=ApiKeyId(UUID(int=93)),
        account=account,
        name="Second",
        hash=bytes(32),
        scopes=frozenset({Permission.BOOK}),
        expires_at=START,
    )
    await api_keys.add(connection, new=newer, now=LATER)

    listed = await api_keys.listed(connection, account=account)
    assert [one.name for one in listed] == ["Second", "Shop"]
    assert listed[1].scopes == {Permission.BOOK, Permission.BOOKINGS_READ}
    assert await api_keys.listed(connection, account=stranger) == []

    assert not await api_keys.revoke(connection, account=stranger, key=KEY, now=LATER)
    assert await api_keys.revoke(connection, account=account, key=KEY, now=LATER)
    assert not await api_keys.revoke(connection, account=account, key=KEY, now=LATER)
    assert [one.name for one in await api_keys.listed(connection, account=account)] == ["Second"]


@pytest.mark.parametrize("revoked_at", [None, START + timedelta(days=1), END + timedelta(days=1)])
async def test_a_key_that_has_long_been_over_is_dropped(
    connection: Connection, revoked_at: datetime | None
) -> None:
    over = min(revoked_at or END, END)
    await connection.execute("UPDATE api_keys SET revoked_at = $1", revoked_at)

    assert await api_keys.forget(connection, before=over, limit=9) == 0
    assert await api_keys.forget(connection, before=over + timedelta(seconds=1), limit=9) == 1
