"""Accounts as rows, for tests of what hangs on them."""

from uuid import UUID

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from tests.fakes.sources import START


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
