"""What accounts prove themselves with besides a password: an app's codes, passkeys, codes on paper.

The one rule: whatever is shown is taken once. A code has its step, a passkey its count and its challenge, and
a recovery code its row; the one statement that takes it says whether it was still to be had.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, ProofId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ADDRESS = query("second_factors.address")
LOCK = query("second_factors.lock")
HELD = query("second_factors.held")
SET_UP_TOTP = query("second_factors.set_up_totp")
TOTP = query("second_factors.totp")
CONFIRM_TOTP = query("second_factors.confirm_totp")
TAKE_STEP = query("second_factors.take_step")
REMOVE_TOTP = query("second_factors.remove_totp")
REPLACE_RECOVERY_CODES = query("second_factors.replace_recovery_codes")
USE_RECOVERY_CODE = query("second_factors.use_recovery_code")
REMOVE_RECOVERY_CODES = query("second_factors.remove_recovery_codes")
ADD_PASSKEY = query("second_factors.add_passkey")
PASSKEY = query("second_factors.passkey")
PASSKEYS = query("second_factors.passkeys")
USE_PASSKEY = query("second_factors.use_passkey")
REMOVE_PASSKEY = query("second_factors.remove_passkey")
TAKE_CHALLENGE = query("second_factors.take_challenge")
RESET = query("second_factors.reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an account has. Recovery codes stand in for one of the others, and are none by themselves."""

    totp: bool
    passkeys: int
    recovery_codes: int
    """How many are left."""

    @property
    def any(self) -> bool:
        """Whether a second factor is asked for at sign-in."""
        return self.totp or self.passkeys > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """An account's app: the secrets, sealed for `totp_place`, and the step of the last code taken."""

    sealed: bytes | None
    pending: bytes | None
    """Set up; counts from its first code on, in place of the other."""
    last_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey and whose it is. `public_key` is a COSE key."""

    id: bytes
    account_id: AccountId
    public_key: bytes
    sign_count: int
    name: str
    transports: tuple[str, ...]
    created_at: datetime
    used_at: datetime | None = None


def totp_place(account: AccountId) -> str:
    """For what a TOTP secret is sealed; the same before and after it counts."""
    return f"authenticators/{account}"


async def lock(connection: Connection, *, account: AccountId) -> frozenset[Role] | None:
    """The account's roles, while nobody else changes what it has; None where it is not open."""
    roles = await connection.fetchval(LOCK, account)
    return None if roles is None else frozenset(map(Role, roles))


async def address(connection: Connection, *, account: AccountId) -> str:
    """By which an authenticator names the account to its owner; empty for one that was erased."""
    found: str | None = await connection.fetchval(ADDRESS, account)
    return found or ""


async def held(connection: Connection, *, account: AccountId) -> Held:
    """What the account has."""
    [row] = await connection.fetch(HELD, account)
    return Held(**dict(row))


async def set_up_totp(connection: Connection, *, account: AccountId, sealed: bytes) -> None:
    """An app that counts when a code of it was shown; in place of one that was set up before and did not."""
    await connection.execute(SET_UP_TOTP, account, sealed)


async def totp(connection: Connection, *, account: AccountId) -> Totp | None:
    """The account's app, if one was set up."""
    row = await connection.fetchrow(TOTP, account)
    return None if row is None else Totp(**dict(row))


async def confirm_totp(
    connection: Connection, *, account: AccountId, pending: bytes, step: int, now: datetime
) -> bool:
    """From now on codes of the app set up as `pending` count; False where that was another by now."""
    return bool(await connection.fetchval(CONFIRM_TOTP, account, pending, step, now))


async def take_step(connection: Connection, *, account: AccountId, step: int) -> bool:
    """Take the code of that step; False where it, or a later one, was taken before."""
    return bool(await connection.fetchval(TAKE_STEP, account, step))


async def remove_totp(connection: Connection, *, account: AccountId) -> bool:
    """The app counts no longer; whether it did."""
    return bool(await connection.fetchval(REMOVE_TOTP, account))


async def replace_recovery_codes(
    connection: Connection, *, account: AccountId, hashes: Collection[bytes]
) -> None:
    """Recovery codes, by their hashes; those before are none any more."""
    await connection.execute(REPLACE_RECOVERY_CODES, account, list(hashes))


async def use_recovery_code(
    connection: Connection, *, account: AccountId, hashed: bytes, now: datetime
) -> bool:
    """Use the code; False where there is none, or it was used before."""
    return bool(await connection.fetchval(USE_RECOVERY_CODE, account, hashed, now))


async def remove_recovery_codes(connection: Connection, *, account: AccountId) -> None:
    """They are none any more."""
    await connection.execute(REMOVE_RECOVERY_CODES, account)


async def add_passkey(connection: Connection, *, passkey: Passkey) -> bool:
    """It is the account's; False where somebody, whoever it is, has it."""
    return bool(
        await connection.fetchval(
            ADD_PASSKEY,
            passkey.id,
            passkey.account_id,
            passkey.public_key,
            passkey.sign_count,
            passkey.name,
            list(passkey.transports),
            passkey.created_at,
        )
    )


async def passkey(connection: Connection, *, passkey_id: bytes) -> Passkey | None:
    """The passkey, if there is one and its account is open."""
    row = await connection.fetchrow(PASSKEY, passkey_id)
    return None if row is None else _passkey(dict(row))


async def passkeys(connection: Connection, *, account: AccountId) -> list[Passkey]:
    """The account's passkeys, the oldest first."""
    return [_passkey(dict(row)) for row in await connection.fetch(PASSKEYS, account)]


async def use_passkey(connection: Connection, *, passkey_id: bytes, sign_count: int, now: datetime) -> bool:
    """It signed with that count; False where it is gone, or one with this count or a higher was seen."""
    return bool(await connection.fetchval(USE_PASSKEY, passkey_id, sign_count, now))


async def remove_passkey(connection: Connection, *, account: AccountId, passkey_id: bytes) -> str | None:
    """It is the account's no longer; its name, or None where it was not."""
    name: str | None = await connection.fetchval(REMOVE_PASSKEY, account, passkey_id)
    return name


async def take_challenge(
    connection: Connection, *, challenge: ProofId, account: AccountId, now: datetime, expires_at: datetime
) -> bool:
    """The challenge was answered; False where it was before. What was never answered has no row."""
    return bool(await connection.fetchval(TAKE_CHALLENGE, challenge, account, now, expires_at))


async def reset(connection: Connection, *, account: AccountId) -> None:
    """The account has no second factor any more, nor recovery codes."""
    await connection.execute(RESET, account)


def _passkey(row: dict[str, object]) -> Passkey:
    row["transports"] = tuple(row["transports"])  # type: ignore[arg-type]
    return Passkey(**row)  # type: ignore[arg-type]
