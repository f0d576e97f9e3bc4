"""What a command does to an account, within one transaction that a dry run takes back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import click

from bookingd.cli.admin.pages import Told
from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.running import somebody_runs
from bookingd.config import Settings
from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.envelope import Origin
from bookingd.security.account_office import AccountNotFound, AccountOffice
from bookingd.security.addresses import AccountAddress, key_of
from bookingd.security.passwords import Cost, PasswordHasher
from bookingd.sources import Sources
from bookingd.storage import accounts, staff
from bookingd.storage.accounts import Registration
from bookingd.storage.staff import Entry
from bookingd.storage.transactions import Transactions

MOST_LISTED = 1000

LOCALE = "en"
"""Until the owner chooses another one."""


class _Undone(Exception):
    """A dry run ends here, and with it its transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """How a change is asked for."""

    settings: Settings
    dry_run: bool
    as_json: bool


async def listed(how: Changing, roles: Collection[Role]) -> list[Entry]:
    """Accounts with any of the roles, after it was written down that somebody sees them."""
    async with _office(how) as office:
        connection = office.transaction.connection
        ids = await staff.with_roles(connection, roles=roles, after=None, limit=MOST_LISTED)
        found = await staff.entries(connection, ids=ids)
        office.note_read(entry.account.id for entry in found)
    return found


async def change(how: Changing, deed: Callable[[AccountOffice], Awaitable[AccountId]]) -> Told:
    """What the account is after the deed, or would be. Raises what the office does, and click's."""
    told: Sequence[Entry] = ()
    try:
        async with _office(how) as office:
            connection = office.transaction.connection
            account = await deed(office)
            told = await staff.entries(connection, ids=[account])
            heard = await somebody_runs(connection, now=office.transaction.now)
    except AccountNotFound as error:
        raise click.BadParameter("there is no such account.", param_hint="ACCOUNT") from error
    [entry] = told
    return Told(entry=entry, heard=heard)


async def find(office: AccountOffice, wanted: str) -> AccountId:
    """The account of that address or id. Raises AccountNotFound."""
    connection = office.transaction.connection
    with suppress(ValueError):
        return AccountId(UUID(wanted))
    found = await accounts.by_key(connection, key=key_of(wanted))
    if found is None:
        raise AccountNotFound
    return found.id


async def registration(
    settings: Settings,
    office: AccountOffice,
    whose: AccountAddress,
    *,
    name: str,
    password: str,
) -> Registration:
    """What the account is opened from."""
    hasher = PasswordHasher(chance=office.sources.chance, cost=Cost.of(settings.security), threads=1)
    try:
        hashed = await hasher.hash(password)
    finally:
        hasher.close()
    now = office.transaction.now
    return Registration(
        id=office.sources.ids.new(),
        address=whose.written,
        address_key=whose.key,
        password=hashed,
        name=name,
        locale=LOCALE,
        created_at=now,
        expires_at=now,
    )


@asynccontextmanager
async def _office(how: Changing) -> AsyncIterator[AccountOffice]:
    """The office of whoever runs the command; what a dry run has done there is undone."""
    sources = Sources.system()
    async with open_database(how.settings) as database:
        transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
        with suppress(_Undone):
            async with transactions.begin() as transaction:
                origin = Origin(principal=operator(), correlation_id=sources.ids.new())
                yield AccountOffice(transaction=transaction, sources=sources, origin=origin)
                if how.dry_run:
                    raise _Undone
