"""What accounts say of themselves: how they are called, and in what they read and count."""

from dataclasses import dataclass, field
from datetime import datetime

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LOAD = query("profiles.load")
CHANGE = query("profiles.change")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account as its owner sees it. Address and roles are changed elsewhere, and not of its version."""

    id: AccountId
    address: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    """BCP 47."""
    currency: str
    """ISO 4217, in which prices are shown."""
    home_airport: str | None
    """IATA."""
    roles: tuple[Role, ...]
    version: int
    created_at: datetime


async def load(connection: Connection, *, account: AccountId) -> Profile | None:
    """The account's; None where there is none, or it was erased."""
    row = await connection.fetchrow(LOAD, account)
    if row is None:
        return None
    return Profile(**{**dict(row), "roles": tuple(map(Role, row["roles"]))})


async def change(connection: Connection, *, profile: Profile) -> int | None:
    """Write what its owner may change; the version that it has then, None where it is not as it was read."""
    version: int | None = await connection.fetchval(
        CHANGE,
        profile.id,
        profile.version,
        profile.name,
        profile.locale,
        profile.currency,
        profile.home_airport,
    )
    return version
