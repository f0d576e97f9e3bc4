"""People whom accounts book for. Names are kept as they are, the rest of a traveller is sealed.

The one rule: what is sealed enters this module open and leaves it opened; nobody else handles it half. Who
asks says whose traveller it is: that of another account is not there (P10).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from bookingd.domain.accounts.travellers import Loyalty, SavedTraveller, TravelDocument, TravellerData
from bookingd.domain.ids import AccountId, TravellerId
from bookingd.messages import codec
from bookingd.security.keyring import Keyring
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

KEEP = query("travellers.keep")
COUNT = query("travellers.count")
VERSION = query("travellers.version")
ADD = query("travellers.add")
OF_ACCOUNT = query("travellers.of_account")
PAGE = query("travellers.page")
CHANGE = query("travellers.change")
REMOVE = query("travellers.remove")
USE = query("travellers.use")
DUE_DOCUMENTS = query("travellers.due_documents")
ERASE_DOCUMENTS = query("travellers.erase_documents")


class Use(NamedTuple):
    """A traveller of an account goes on a trip that ends on that day."""

    traveller: TravellerId
    account: AccountId
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secrets:
    """What is sealed beside the documents."""

    born: date
    loyalty: tuple[Loyalty, ...]


def secrets_place(traveller: UUID) -> str:
    """For what birth date and loyalty numbers are sealed."""
    return f"travellers.sealed/{traveller}"


def documents_place(traveller: UUID) -> str:
    """For what documents are sealed."""
    return f"travellers.documents/{traveller}"


async def keep(connection: Connection, *, account: AccountId) -> bool:
    """Whether the account is open; if so nobody else adds to what it keeps until the transaction ends."""
    return bool(await connection.fetchval(KEEP, account))


async def count(connection: Connection, *, account: AccountId) -> int:
    """How many the account has."""
    number: int = await connection.fetchval(COUNT, account)
    return number


async def add(
    connection: Connection,
    *,
    keyring: Keyring,
    traveller: TravellerId,
    account: AccountId,
    data: TravellerData,
    now: datetime,
) -> SavedTraveller:
    """Record a new one."""
    sealed, documents = _seal(keyring, traveller, data)
    await connection.execute(
        ADD, traveller, account, data.name, data.given_name, data.surname, sealed, documents, now
    )
    return SavedTraveller(id=traveller, account=account, data=data, version=1, created_at=now, changed_at=now)


async def of_account(
    connection: Connection, *, keyring: Keyring, account: AccountId, ids: Collection[UUID]
) -> dict[TravellerId, SavedTraveller]:
    """Those that are the account's. Raises CannotOpen."""
    rows = await connection.fetch(OF_ACCOUNT, account, list(ids))
    return {TravellerId(row["id"]): _opened(keyring, row) for row in rows}


async def page(
    connection: Connection,
    *,
    keyring: Keyring,
    account: AccountId,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[SavedTraveller]:
    """Up to `limit` of the account, the newest first, behind the one made then. Raises CannotOpen."""
    made_at, traveller = after or (None, None)
    rows = await connection.fetch(PAGE, account, made_at, traveller, limit)
    return [_opened(keyring, row) for row in rows]


async def change(
    connection: Connection, *, keyring: Keyring, former: SavedTraveller, data: TravellerData, now: datetime
) -> int | None:
    """It is otherwise now; its version from now on, None where it is not `former` any more."""
    sealed, documents = _seal(keyring, former.id, data)
    version: int | None = await connection.fetchval(
        CHANGE,
        former.id,
        former.version,
        data.name,
        data.given_name,
        data.surname,
        sealed,
        documents,
        now,
        data.documents != former.data.documents,
        now.astimezone(UTC).date(),
    )
    return version


async def version_of(connection: Connection, *, account: AccountId, traveller: TravellerId) -> int | None:
    """The version of the account's traveller, also where nobody can open it; None where there is none."""
    version: int | None = await connection.fetchval(VERSION, account, traveller)
    return version


async def remove(connection: Connection, *, traveller: TravellerId, version: int) -> bool:
    """It is gone; False where it is not at that version any more."""
    return bool(await connection.fetchval(REMOVE, traveller, version))


async def use(connection: Connection, *, uses: Sequence[Use]) -> None:
    """Their documents are needed until the end of a trip. One that is gone, or another's, is left out."""
    await connection.execute(
        USE, [one.traveller for one in uses], [one.account for one in uses], [one.until for one in uses]
    )


async def due_documents(connection: Connection, *, before: date) -> int:
    """How many travellers have documents whose last trip ended before then."""
    due: int = await connection.fetchval(DUE_DOCUMENTS, before)
    return due


async def erase_documents(connection: Connection, *, before: date, limit: int) -> int:
    """Up to `limit` travellers lose their documents, whose last trip ended before then; how many did."""
    return len(await connection.fetch(ERASE_DOCUMENTS, before, limit))


def _seal(keyring: Keyring, traveller: TravellerId, data: TravellerData) -> tuple[bytes, bytes | None]:
    secrets = codec.encode(_Secrets(born=data.born, loyalty=data.loyalty))
    documents = None
    if data.documents:
        documents = keyring.seal(codec.encode(data.documents), place=documents_place(traveller))
    return keyring.seal(secrets, place=secrets_place(traveller)), documents


def _opened(keyring: Keyring, row: asyncpg.Record) -> SavedTraveller:
    traveller = TravellerId(row["id"])
    secrets = codec.decode(keyring.open(row["sealed"], place=secrets_place(traveller)), _Secrets)
    documents: tuple[TravelDocument, ...] = ()
    if row["documents"] is not None:
        opened = keyring.open(row["documents"], place=documents_place(traveller))
        documents = codec.decode(opened, tuple[TravelDocument, ...])
    return SavedTraveller(
        id=traveller,
        account=AccountId(row["account_id"]),
        data=TravellerData(
            name=row["name"],
            given_name=row["given_name"],
            surname=row["surname"],
            born=secrets.born,
            documents=documents,
            loyalty=secrets.loyalty,
        ),
        documents_until=row["documents_until"],
        version=row["version"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
