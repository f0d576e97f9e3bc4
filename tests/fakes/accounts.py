"""Accounts as rows, for tests of what hangs on them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.ids import AccountId, ApiKeyId
from bookingd.security.api_keys import new_api_key
from bookingd.storage import api_keys, second_factors
from bookingd.storage.api_keys import NewApiKey
from bookingd.storage.database import Connection
from tests.fakes.sources import START, SeededChance


async def plant_account(
    connection: Connection,
    number: int = 1,
    *roles: Role,
    address: str | None = None,
    password: str | None = None,
    state: str = "open",
) -> AccountId:
    """An account of these roles, a traveller's unless some are given; its id ends in `number`."""
    account = AccountId(UUID(int=(0x019A << 112) | (7 << 76) | (2 << 62) | number))
    address = address or f"somebody-{number}@mail.example"
    await connection.execute(
        "INSERT INTO accounts (id, state, address, address_key, password, name, locale, currency, roles,"
        " created_at, password_changed_at) VALUES ($1, $2, $3, $4, $5, $6, 'en', 'EUR', $7, $8, $8)",
        account,
        state,
        address,
        address.casefold(),
        password,
        f"Somebody {number}",
        [role.value for role in roles or (Role.TRAVELLER,)],
        START,
    )
    return account


async def plant_api_key(
    connection: Connection,
    account: AccountId,
    number: int = 1,
    *,
    scopes: Collection[Permission] = frozenset(Permission),
    expires_at: datetime = START + timedelta(days=90),
) -> str:
    """A key of the account, as its owner knows it; its id ends in `number`. Its row may say anything."""
    key_id = ApiKeyId(UUID(int=(0x019B << 112) | (7 << 76) | (2 << 62) | number))
    shown, kept = new_api_key(key_id, SeededChance(number))
    new = NewApiKey(
        id=key_id,
        account=account,
        name=f"Key {number}",
        hash=kept.hash,
        scopes=frozenset(scopes),
        expires_at=expires_at,
    )
    await api_keys.add(connection, new=new, now=START)
    return shown


async def plant_app(connection: Connection, account: AccountId) -> None:
    """An authenticator app of the account that counts; nobody knows its codes."""
    await second_factors.set_up_totp(connection, account=account, sealed=b"sealed")
    await second_factors.confirm_totp(connection, account=account, pending=b"sealed", step=1, now=START)
