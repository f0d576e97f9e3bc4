"""API keys of partners' programs: whose each is, what it is good for, and until when.

The one rule: of a key only the hash of its secret is kept, and what it may do is read with its account each
time: roles that were taken away, a suspension or a lost second factor count for its keys at once.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.accounts.who import Who
from bookingd.domain.ids import AccountId, ApiKeyId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ADD = query("api_keys.add")
KEPT = query("api_keys.kept")
USED = query("api_keys.used")
LISTED = query("api_keys.listed")
REVOKE = query("api_keys.revoke")
REVOKE_ALL = query("api_keys.revoke_all")
FORGET = query("api_keys.forget")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that was made; `hash` is of its secret."""

    id: ApiKeyId
    account: AccountId
    name: str
    hash: bytes = field(repr=False)
    scopes: frozenset[Permission]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptApiKey:
    """A key that somebody may show, and who they are then."""

    who: Who
    hash: bytes = field(repr=False)
    expires_at: datetime
    used_at: datetime | None
    over: str | None
    """Why it is good no longer: `revoked`, `expired`, or the state of its account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApiKey:
    """A key as its owner sees it."""

    id: ApiKeyId
    name: str
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    """The hour in which it was used last."""


async def add(connection: Connection, *, new: NewApiKey, now: datetime) -> None:
    """Keep a key."""
    scopes = sorted(scope.value for scope in new.scopes)
    await connection.execute(ADD, new.id, new.account, new.name, new.hash, scopes, now, new.expires_at)


async def kept(
    connection: Connection, *, ids: Collection[ApiKeyId], now: datetime
) -> dict[ApiKeyId, KeptApiKey]:
    """Those of the keys that there are or were."""
    rows = await connection.fetch(KEPT, list(ids), now)
    return {ApiKeyId(row["id"]): _kept(row) for row in rows}


async def used(connection: Connection, *, ids: Collection[ApiKeyId], hour: datetime) -> None:
    """They were used in this hour."""
    await connection.execute(USED, list(ids), hour)


async def listed(connection: Connection, *, account: AccountId) -> list[ListedApiKey]:
    """The account's keys that were not revoked, expired ones too, the newest first."""
    return [_listed(row) for row in await connection.fetch(LISTED, account)]


async def revoke(connection: Connection, *, account: AccountId, key: ApiKeyId, now: datetime) -> bool:
    """The key is good no longer; whether it was the account's, and not revoked before."""
    return await connection.fetchval(REVOKE, account, key, now) is not None


async def revoke_all(connection: Connection, *, account: AccountId, now: datetime) -> int:
    """All of the account's keys are good no longer; how many were until now."""
    return len(await connection.fetch(REVOKE_ALL, account, now))


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` keys that were over before then; how many went."""
    return len(await connection.fetch(FORGET, before, limit))


def _kept(row: asyncpg.Record) -> KeptApiKey:
    who = Who(
        principal=f"account:{row['account_id']}",
        account=AccountId(row["account_id"]),
        roles=frozenset(map(Role, row["roles"])),
        second_factor=row["second_factor"],
        api_key=ApiKeyId(row["id"]),
        scopes=frozenset(map(Permission, row["scopes"])),
    )
    return KeptApiKey(
        who=who,
        hash=row["hash"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        over=row["over"],
    )


def _listed(row: asyncpg.Record) -> ListedApiKey:
    values = dict(row)
    values["scopes"] = frozenset(map(Permission, values["scopes"]))
    return ListedApiKey(**values)
