"""Accounts as those see them who look after them, and the administrators, of whom one is always left."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.storage import accounts
from bookingd.storage.accounts import Account
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

WITH_ROLES = query("staff.with_roles")
WITH_SECOND_FACTOR = query("staff.with_second_factor")
LOCK = query("staff.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An account, and whether it has a second factor: what is staff's counts only with one."""

    account: Account
    second_factor: bool


async def entries(connection: Connection, *, ids: Sequence[AccountId]) -> list[Entry]:
    """Those of the accounts that there are, in the order of `ids`; erased ones are not told of."""
    found = await accounts.by_ids(connection, ids=ids)
    strong = {row["id"] for row in await connection.fetch(WITH_SECOND_FACTOR, list(ids))}
    return [
        Entry(account=account, second_factor=account.id in strong)
        for account_id in ids
        if (account := found.get(account_id)) and account.address is not None
    ]


async def with_roles(
    connection: Connection, *, roles: Collection[Role], after: AccountId | None, limit: int
) -> list[AccountId]:
    """Up to `limit` accounts that have any of the roles, behind `after`."""
    rows = await connection.fetch(WITH_ROLES, [role.value for role in roles], after, limit)
    return [AccountId(row["id"]) for row in rows]


async def lock(connection: Connection, *, account: AccountId) -> frozenset[AccountId]:
    """Lock the account and all open administrators: those as they are now, with nobody changing any."""
    rows = await connection.fetch(LOCK, account)
    return frozenset(AccountId(row["id"]) for row in rows if row["administers"])
