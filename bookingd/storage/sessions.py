"""Where accounts are signed in: sessions, and the refresh tokens that keep them going.

The one rule: a refresh token is good once. Whoever shows one a second time has stolen it, or was stolen from,
and nobody can tell which: the session ends. One case is neither: an answer that got lost, or two tabs that
refresh at once. It is told by the successor not having been used, for a moment; then that is given once more,
so that both tabs have the same one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import asyncpg

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.accounts.who import Who
from bookingd.domain.ids import AccountId, SessionId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

OPEN = query("sessions.open")
WHO = query("sessions.who")
LOCK_BY_TOKEN = query("sessions.lock_by_token")
TOKENS = query("sessions.tokens")
ROTATE = query("sessions.rotate")
PROVE = query("sessions.prove")
END = query("sessions.end")
END_BY_TOKEN = query("sessions.end_by_token")
END_ALL = query("sessions.end_all")
LISTED = query("sessions.listed")
KNOWS_DEVICE = query("sessions.knows_device")
EXPIRE = query("sessions.expire")
FORGET = query("sessions.forget")

FORGIVEN = timedelta(seconds=10)
"""How long the token before the latest is taken for a lost answer, while the latest was not used."""


MOST_OPEN = 100
"""Of one account: more than anybody has devices, and few enough to be listed."""


class Ending(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    """By its owner, from another one; or there were too many."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    ADDRESS_CHANGED = "address_changed"
    REPLAYED = "replayed"
    """A refresh token was shown a second time."""
    SUSPENDED = "suspended"
    ERASED = "erased"
    FACTOR_RESET = "factor_reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """Somebody signs in; `second_factor` says whether more than a password was shown."""

    id: SessionId
    account: AccountId
    expires_at: datetime
    """However often it is refreshed."""
    second_factor: bool
    device: str
    """As its owner may know it: "Firefox on Linux"."""
    client_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """An open session as its owner sees it."""

    id: SessionId
    created_at: datetime
    seen_at: datetime
    """The last refresh."""
    expires_at: datetime
    second_factor: bool
    device: str
    client_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The token was good, and is used now; the next one was recorded."""

    session: SessionId
    account: AccountId
    second_factor: bool
    expires_at: datetime
    """Of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The token was used before: the session has ended, if it had not."""

    session: SessionId
    account: AccountId
    device: str
    ended: bool
    """Whether by this."""


def hash_of(token: bytes) -> bytes:
    """What is stored of a refresh token. It is unguessable, so that a plain SHA-256 tells nothing of it."""
    return sha256(token).digest()


async def open_session(connection: Connection, *, new: NewSession, token: bytes, now: datetime) -> int:
    """Record the session with its first refresh token. How many end by that, the longest unseen first, since
    there were too many.
    """
    ended: int = await connection.fetchval(
        OPEN,
        new.id,
        new.account,
        now,
        new.expires_at,
        new.second_factor,
        new.device,
        new.client_address,
        hash_of(token),
        MOST_OPEN - 1,
    )
    return ended


async def who(connection: Connection, *, ids: Collection[SessionId], now: datetime) -> dict[SessionId, Who]:
    """Who is behind those of the sessions that are open, of accounts that are."""
    rows = await connection.fetch(WHO, list(ids), now)
    return {SessionId(row["id"]): _who(row) for row in rows}


async def rotate(
    connection: Connection, *, token: bytes, successor: bytes, now: datetime
) -> Rotated | Replayed | None:
    """Use a refresh token, and record its successor; None for one that was never ours or is over."""
    found = await connection.fetchrow(LOCK_BY_TOKEN, hash_of(token))
    if found is None:
        return None
    session, account = SessionId(found["id"]), AccountId(found["account_id"])
    tokens = await connection.fetchrow(TOKENS, hash_of(token), session)
    if tokens is None or not _is_good(tokens, now):
        ended = await end(connection, account=account, ids=[session], because=Ending.REPLAYED, now=now)
        return Replayed(session=session, account=account, device=found["device"], ended=bool(ended))
    if found["ended_at"] is not None or found["expires_at"] <= now or found["account_state"] != "open":
        return None
    if tokens["latest_hash"] != hash_of(successor):  # else it was recorded, and the answer got lost
        await connection.execute(ROTATE, session, tokens["latest_number"], now, hash_of(successor))
    return Rotated(
        session=session,
        account=account,
        second_factor=found["second_factor"],
        expires_at=found["expires_at"],
    )


async def prove(connection: Connection, *, session: SessionId, second_factor: bool, now: datetime) -> None:
    """Its owner has just shown again who they are."""
    await connection.execute(PROVE, session, now, second_factor)


async def end(
    connection: Connection,
    *,
    account: AccountId,
    ids: Sequence[SessionId],
    because: Ending,
    now: datetime,
) -> tuple[SessionId, ...]:
    """End those of the sessions that are the account's; which were open until now."""
    rows = await connection.fetch(END, account, list(ids), now, because)
    return tuple(SessionId(row["id"]) for row in rows)


async def end_by_token(
    connection: Connection, *, token: bytes, because: Ending, now: datetime
) -> tuple[SessionId, AccountId] | None:
    """End the session that a refresh token is of, whichever of its tokens; which, if it was open till now."""
    row = await connection.fetchrow(END_BY_TOKEN, hash_of(token), now, because)
    return None if row is None else (SessionId(row["id"]), AccountId(row["account_id"]))


async def end_all(
    connection: Connection,
    *,
    account: AccountId,
    because: Ending,
    now: datetime,
    but: SessionId | None = None,
) -> tuple[SessionId, ...]:
    """End all of the account's sessions but one; which were open until now."""
    rows = await connection.fetch(END_ALL, account, but, now, because)
    return tuple(SessionId(row["id"]) for row in rows)


async def listed(connection: Connection, *, account: AccountId, now: datetime) -> list[ListedSession]:
    """The account's open sessions, the one that was seen last first."""
    return [ListedSession(**dict(row)) for row in await connection.fetch(LISTED, account, now)]


async def knows_device(connection: Connection, *, account: AccountId, device: str) -> bool | None:
    """Whether the account was signed in on such a device before; None where it never was anywhere."""
    known: bool | None = await connection.fetchval(KNOWS_DEVICE, account, device)
    return known


async def expire(connection: Connection, *, before: datetime, limit: int) -> int:
    """Close up to `limit` sessions whose time was over before then, as those that were ended; how many."""
    return len(await connection.fetch(EXPIRE, before, limit))


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` sessions that were over before then; how many went."""
    return len(await connection.fetch(FORGET, before, limit))


def _is_good(tokens: asyncpg.Record, now: datetime) -> bool:
    """Whether a token is the latest, or the one before while nobody has used the latest."""
    if tokens["used_at"] is None:
        return bool(tokens["number"] == tokens["latest_number"])
    lately = now - tokens["used_at"] <= FORGIVEN
    return bool(tokens["number"] == tokens["latest_number"] - 1 and not tokens["latest_used"] and lately)


def _who(row: asyncpg.Record) -> Who:
    return Who(
        principal=f"account:{row['account_id']}",
        account=AccountId(row["account_id"]),
        session=SessionId(row["id"]),
        roles=frozenset(map(Role, row["roles"])),
        second_factor=row["second_factor"],
        proved_at=row["proved_at"],
    )
