"""Forgetting an account, but for what tax law wants (docs/decisions/erasure.md).

The one rule: whatever table comes to hold something of an account is emptied here too, in the transaction in
which the account is; a test looks for its address in every text of the database.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from bookingd.domain.accounts.erasure import Hindrance, hindrance
from bookingd.domain.audit import Subject
from bookingd.domain.ids import AccountId, BookingId, Reference
from bookingd.storage import audit, bookings, sessions
from bookingd.storage.accounts import Account
from bookingd.storage.database import Connection
from bookingd.storage.queries import query
from bookingd.storage.sessions import Ending

OPEN_OWNERS = query("erasure.open_owners")
BOOKINGS = query("erasure.bookings")
PENDING_REFUNDS = query("erasure.pending_refunds")
REGISTRATIONS = query("erasure.registrations")
PAYERS = query("erasure.payers")
PEOPLE = query("erasure.people")
MESSAGES = query("erasure.messages")
PROOFS = query("erasure.proofs")
WORDS = query("erasure.words")
BELONGINGS = query("erasure.belongings")
ACCOUNT = query("erasure.account")
FORGET_PAYERS = query("erasure.forget_payers")
DUE_PAYERS = query("erasure.due_payers")


async def open_owners(connection: Connection, *, accounts: Collection[AccountId]) -> set[AccountId]:
    """Those that are open; nobody erases them until the transaction ends."""
    return {AccountId(row["id"]) for row in await connection.fetch(OPEN_OWNERS, list(accounts))}


async def lock_bookings(connection: Connection, *, account: AccountId) -> list[BookingId]:
    """What the account booked: nothing becomes of it meanwhile."""
    rows = await connection.fetch(BOOKINGS, _owner(account))
    found = [BookingId(row["id"]) for row in rows]
    await bookings.lock(connection, ids=found)
    return found


async def hindrances(
    connection: Connection, *, booked: Sequence[BookingId], now: datetime
) -> Mapping[Reference, Hindrance]:
    """Which of the bookings keep their account, and why."""
    views = await bookings.by_ids(connection, ids=booked)
    rows = await connection.fetch(PENDING_REFUNDS, list(booked))
    refunding = {row["booking_id"] for row in rows}
    judged = {
        view.booking.reference: hindrance(view.booking, refund_pending=one in refunding, now=now)
        for one, view in views.items()
    }
    return {reference: why for reference, why in judged.items() if why is not None}


async def erase(
    connection: Connection, *, account: Account, booked: Sequence[BookingId], now: datetime
) -> None:
    """Forget the account, which is locked and not erased yet, and who travelled on what it `booked`."""
    address, key = account.address or "", account.address_key or ""
    wanted = [row["id"] for row in await connection.fetch(REGISTRATIONS, key)]
    people: list[UUID] = [account.id, *wanted]
    await sessions.end_all(connection, account=account.id, because=Ending.ERASED, now=now)
    await connection.execute(PAYERS, booked, account.name)
    await connection.execute(PEOPLE, booked)
    await connection.execute(MESSAGES, booked, people, address)
    await connection.execute(PROOFS, booked, people, address, key)
    await connection.execute(WORDS, booked, people, address, re.escape(address))
    await connection.execute(BELONGINGS, account.id, _owner(account.id), wanted)
    await connection.execute(ACCOUNT, account.id)
    for one in people:
        await audit.erase(connection, Subject.of("account", one))
    for booking_id in booked:
        await audit.erase(connection, Subject.of("booking", booking_id))


async def due_payers(connection: Connection, *, before: date) -> int:
    """How many names of payers are to go, who paid before then."""
    due: int = await connection.fetchval(DUE_PAYERS, before)
    return due


async def forget_payers(connection: Connection, *, before: date, limit: int) -> int:
    """Up to `limit` names of payers go, who paid before then; how many did."""
    return len(await connection.fetch(FORGET_PAYERS, before, limit))


def _owner(account: AccountId) -> str:
    return f"account:{account}"
