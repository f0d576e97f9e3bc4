"""Sealing anew what an older field key has sealed, so that the old one can go.

The one rule: every table that holds something sealed is in `VAULTS`, and in the statement that counts by key.
What cannot be opened is left as it is and told; nothing is ever thrown away here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from bookingd.domain.ids import AccountId
from bookingd.security.keyring import CannotOpen, Keyring
from bookingd.storage.database import Connection
from bookingd.storage.queries import query
from bookingd.storage.second_factors import totp_place
from bookingd.storage.travellers import documents_place, secrets_place

BY_KEY = query("sealed.by_key")
TRAVELLERS = query("sealed.travellers")
RESEAL_TRAVELLERS = query("sealed.reseal_travellers")
AUTHENTICATORS = query("sealed.authenticators")
RESEAL_AUTHENTICATORS = query("sealed.reseal_authenticators")

BITE = 500
"""Rows that one transaction locks at most."""

FIRST = UUID(int=0)
"""Before the first row."""

Place = Callable[[UUID], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A table that holds sealed values: how its rows are read and written, and for which places they are."""

    name: str
    read: str
    write: str
    places: tuple[Place, ...]


def _app(account: UUID) -> str:
    return totp_place(AccountId(account))


VAULTS = (
    Vault(
        name="travellers", read=TRAVELLERS, write=RESEAL_TRAVELLERS, places=(secrets_place, documents_place)
    ),
    Vault(name="authenticators", read=AUTHENTICATORS, write=RESEAL_AUTHENTICATORS, places=(_app, _app)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many values of a kind a key has sealed."""

    kind: str
    """Table and column."""
    key: str
    """The key's id; empty where the value was never sealed."""
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bite:
    """What became of some rows."""

    last: UUID | None
    """Behind which to go on; None where that was the end."""
    resealed: int
    unreadable: tuple[str, ...]
    """Places whose value could not be opened, and why."""


async def by_key(connection: Connection) -> list[Kept]:
    """What every key has sealed that is still there."""
    return [Kept(**dict(row)) for row in await connection.fetch(BY_KEY)]


async def reseal(
    connection: Connection, vault: Vault, *, keyring: Keyring, after: UUID, limit: int = BITE
) -> Bite:
    """Seal anew what is not sealed with the current key, in up to `limit` rows behind one."""
    rows = await connection.fetch(vault.read, after, limit)
    made = [(row, _Anew(row, vault, keyring)) for row in rows]
    changed = [(row["id"], *anew.values) for row, anew in made if anew.resealed]
    if changed:
        await connection.execute(vault.write, *map(list, zip(*changed, strict=True)))
    return Bite(
        last=rows[-1]["id"] if len(rows) == limit else None,
        resealed=sum(anew.resealed for _, anew in made),
        unreadable=tuple(why for _, anew in made for why in anew.unreadable),
    )


class _Anew:
    """One row's values, each under the current key where it could be opened."""

    def __init__(self, row: asyncpg.Record, vault: Vault, keyring: Keyring) -> None:
        self.resealed = 0
        self.unreadable: list[str] = []
        sealed: Sequence[bytes | None] = tuple(row.values())[1:]
        self.values = [
            self._value(value, place(row["id"]), keyring)
            for value, place in zip(sealed, vault.places, strict=True)
        ]

    def _value(self, value: bytes | None, place: str, keyring: Keyring) -> bytes | None:
        if value is None or keyring.is_current(value):
            return value
        try:
            plain = keyring.open(value, place=place)
        except CannotOpen as error:
            self.unreadable.append(str(error))
            return value
        self.resealed += 1
        return keyring.seal(plain, place=place)
