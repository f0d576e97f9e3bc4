"""Accounts: who has one, under which address, in which state, with which roles.

The one rule: an address has one account, whatever two people do at once. What is hashed is hashed before it
comes here; nothing here knows a password.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

REGISTER = query("accounts.register")
REGISTRATION = query("accounts.registration")
LOCK_REGISTRATIONS = query("accounts.lock_registrations")
DROP_REGISTRATIONS = query("accounts.drop_registrations")
FORGET_REGISTRATIONS = query("accounts.forget_registrations")
OPEN = query("accounts.open")
BY_KEY = query("accounts.by_key")
BY_KEYS = query("accounts.by_keys")
BY_ID = query("accounts.by_id")
BY_IDS = query("accounts.by_ids")
LOCK = query("accounts.lock")
SET_PASSWORD = query("accounts.set_password")
REHASH = query("accounts.rehash")
SET_ADDRESS = query("accounts.set_address")
SET_ROLES = query("accounts.set_roles")
SET_STATE = query("accounts.set_state")
SEARCH = query("accounts.search")


class AccountState(StrEnum):
    """Whether an account can be used."""

    OPEN = "open"
    SUSPENDED = "suspended"
    """By staff, until they open it again."""
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Somebody wants an account and has not shown yet that the address is theirs."""

    id: UUID
    address: str = field(repr=False)
    address_key: str = field(repr=False)
    """The same for all ways to write it (bookingd.security.addresses)."""
    password: str = field(repr=False)
    """Argon2id."""
    name: str = field(repr=False)
    locale: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account. `address` and its key are None where it was erased, `password` where it never had one."""

    id: AccountId
    state: AccountState
    address: str | None = field(repr=False)
    address_key: str | None = field(repr=False)
    password: str | None = field(repr=False)
    name: str = field(repr=False)
    locale: str
    currency: str
    roles: frozenset[Role]
    created_at: datetime
    password_changed_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether it can be used."""
        return self.state is AccountState.OPEN


async def register(connection: Connection, *, new: Registration) -> None:
    """Record that somebody wants an account."""
    await connection.execute(
        REGISTER,
        new.id,
        new.address,
        new.address_key,
        new.password,
        new.name,
        new.locale,
        new.created_at,
        new.expires_at,
    )


async def registration(
    connection: Connection, *, registration_id: UUID, now: datetime
) -> Registration | None:
    """The registration, while it is good."""
    row = await connection.fetchrow(REGISTRATION, registration_id, now)
    return None if row is None else Registration(**dict(row))


async def lock_registrations(
    connection: Connection, *, ids: Collection[UUID], now: datetime
) -> dict[UUID, Registration]:
    """Those of the registrations that are good; nobody else takes them up in this transaction's time."""
    rows = await connection.fetch(LOCK_REGISTRATIONS, list(ids), now)
    return {row["id"]: Registration(**dict(row)) for row in rows}


async def drop_registrations(connection: Connection, *, ids: Collection[UUID]) -> None:
    """Nothing comes of them."""
    await connection.execute(DROP_REGISTRATIONS, list(ids))


async def forget_registrations(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` registrations that were over before then; how many went."""
    return len(await connection.fetch(FORGET_REGISTRATIONS, before, limit))


async def open_account(
    connection: Connection,
    *,
    account: AccountId,
    wanted: Registration,
    currency: str,
    roles: Collection[Role],
    now: datetime,
) -> Account | None:
    """Open the account that was wanted; None where its address has one."""
    opened = await connection.fetchrow(
        OPEN,
        account,
        wanted.address,
        wanted.address_key,
        wanted.password,
        wanted.name,
        wanted.locale,
        currency,
        [role.value for role in roles],
        now,
    )
    return _account(opened)


async def by_key(connection: Connection, *, key: str | None) -> Account | None:
    """The account of the address with that key, in whatever state."""
    return _account(await connection.fetchrow(BY_KEY, key))


async def by_keys(connection: Connection, *, keys: Collection[str]) -> dict[str, Account]:
    """The accounts of the addresses with those keys, in whatever state."""
    rows = await connection.fetch(BY_KEYS, list(keys))
    return {row["address_key"]: account for row in rows if (account := _account(row))}


async def by_ids(connection: Connection, *, ids: Collection[AccountId]) -> dict[AccountId, Account]:
    """Those of the accounts that exist, in whatever state."""
    rows = await connection.fetch(BY_IDS, list(ids))
    return {AccountId(row["id"]): account for row in rows if (account := _account(row))}


async def by_id(connection: Connection, *, account: AccountId) -> Account | None:
    """The account, in whatever state."""
    return _account(await connection.fetchrow(BY_ID, account))


async def lock(connection: Connection, *, account: AccountId) -> Account | None:
    """The account, which nobody else changes until the end of the transaction."""
    return _account(await connection.fetchrow(LOCK, account))


async def set_password(
    connection: Connection, *, account: AccountId, hashed: str | None, now: datetime
) -> None:
    """It has another password, or none until the next one is set."""
    await connection.execute(SET_PASSWORD, account, hashed, now)


async def rehash(connection: Connection, *, account: AccountId, before: str, hashed: str) -> None:
    """The same password at another cost; nothing happens where it was changed meanwhile."""
    await connection.execute(REHASH, account, before, hashed)


async def set_address(connection: Connection, *, account: AccountId, address: str, key: str) -> bool:
    """It has another address; False where another account has that, also where it got it this very moment."""
    try:
        async with connection.transaction():  # a savepoint: what the caller has written stays
            return await connection.fetchval(SET_ADDRESS, account, address, key) is not None
    except asyncpg.UniqueViolationError:
        return False


async def set_roles(connection: Connection, *, account: AccountId, roles: Collection[Role]) -> None:
    """It has these roles."""
    await connection.execute(SET_ROLES, account, sorted(role.value for role in roles))


async def set_state(connection: Connection, *, account: AccountId, state: AccountState) -> None:
    """It is open, or suspended; what was erased stays so."""
    await connection.execute(SET_STATE, account, state)


async def search(connection: Connection, *, beginning: str, limit: int) -> list[Account]:
    """Up to `limit` accounts whose address begins so, by that."""
    rows = await connection.fetch(SEARCH, beginning, limit)
    return [account for row in rows if (account := _account(row))]


def _account(row: asyncpg.Record | None) -> Account | None:
    if row is None:
        return None
    values = dict(row)
    values["state"] = AccountState(values["state"])
    values["roles"] = frozenset(map(Role, values["roles"]))
    return Account(**values)
