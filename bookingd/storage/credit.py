"""Clients on account: up to how much they may owe us, what they use of it, and what they have paid."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.office import Movement, movement
from bookingd.storage.queries import query

LOCK = query("credit.lock")
LINE = query("credit.line")
USED = query("credit.used")
ASK = query("credit.ask")
USE = query("credit.use")
LOCK_USE = query("credit.lock_use")
OWE = query("credit.owe")
RELEASE = query("credit.release")
GIVE_BACK = query("credit.give_back")
GIVEN_BACK = query("credit.given_back")
OPEN_LINE = query("credit.open_line")
CHANGE_LINE = query("credit.change_line")
SETTLE = query("credit.settle")
MOVEMENTS = query("credit.movements")


class UseState(StrEnum):
    """Where a use of a line stands."""

    DECLINED = "declined"
    HELD = "held"
    OWED = "owed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """Up to how much a client may owe, and after how many days they pay."""

    most: Money
    days: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUse:
    """What one payment uses of a line."""

    owner: str
    amount: Money
    state: UseState
    reason: str | None
    owed: Money
    back: Money


async def lock(connection: Connection, *, owner: str) -> CreditLine | None:
    """The client's line, which nobody else uses until the transaction ends; None where they have none."""
    return _line(await connection.fetchrow(LOCK, owner))


async def line(connection: Connection, *, owner: str) -> CreditLine | None:
    """The client's line."""
    return _line(await connection.fetchrow(LINE, owner))


async def used(connection: Connection, *, owner: str) -> int:
    """What the client has used of it, in minor units of its currency; below zero where they paid ahead."""
    return int(await connection.fetchval(USED, owner))


async def ask(
    connection: Connection,
    *,
    payment_id: PaymentId,
    owner: str,
    amount: Money,
    refusal: str | None,
    now: datetime,
) -> None:
    """Hold so much of the line, or note why not; decided once a payment."""
    state = UseState.HELD if refusal is None else UseState.DECLINED
    await connection.execute(ASK, payment_id, owner, amount.amount, amount.currency, state, refusal, now)


async def use(connection: Connection, *, payment_id: PaymentId) -> CreditUse | None:
    """What the payment uses."""
    row = await connection.fetchrow(USE, payment_id)
    if row is None:
        return None
    currency = row["currency"]
    return CreditUse(
        owner=row["owner"],
        amount=Money(row["amount"], currency),
        state=UseState(row["state"]),
        reason=row["reason"],
        owed=Money(row["owed"], currency),
        back=Money(row["back"], currency),
    )


async def owe(connection: Connection, *, payment_id: PaymentId, amount: Money, now: datetime) -> bool:
    """What was held is owed, up to `amount`; False where nothing, or less, is held."""
    return await connection.fetchrow(OWE, payment_id, amount.amount, now) is not None


async def release(connection: Connection, *, payment_id: PaymentId) -> bool:
    """What was held is free again; False where it is owed already, or was never held."""
    return await connection.fetchrow(RELEASE, payment_id) is not None


async def lock_use(connection: Connection, *, payment_id: PaymentId) -> None:
    """Nobody else changes what the payment uses until the transaction ends."""
    await connection.execute(LOCK_USE, payment_id)


async def give_back(
    connection: Connection, *, return_id: IntentId, payment_id: PaymentId, amount: Money, now: datetime
) -> None:
    """So much is not owed any more; again by the same name, nothing changes."""
    await connection.execute(GIVE_BACK, return_id, payment_id, amount.amount, amount.currency, now)


async def given_back(connection: Connection, *, return_id: IntentId) -> Money | None:
    """What was given back by that name."""
    row = await connection.fetchrow(GIVEN_BACK, return_id)
    return None if row is None else Money(row["amount"], row["currency"])


async def set_line(
    connection: Connection, *, owner: str, most: Money, days: int, version: int, by: str, now: datetime
) -> int | None:
    """Open the client's line (`version` 0) or change the one of that version; its new version.

    None where it is another version by now. A line's currency never changes: what is owed is in it.
    """
    if version == 0:
        row = await connection.fetchrow(OPEN_LINE, owner, most.amount, most.currency, days, by, now)
    else:
        row = await connection.fetchrow(CHANGE_LINE, owner, most.amount, days, by, now, version)
    return None if row is None else int(row["version"])


async def settle(
    connection: Connection,
    *,
    settlement_id: UUID,
    owner: str,
    amount: Money,
    received_on: date,
    proof: str,
    by: str,
    now: datetime,
) -> bool:
    """The client has paid so much of what they owe; False where its proof was recorded before."""
    row = await connection.fetchrow(
        SETTLE, settlement_id, owner, amount.amount, amount.currency, received_on, proof, by, now
    )
    return row is not None


async def movements(connection: Connection, *, since: datetime, until: datetime) -> AsyncIterator[Movement]:
    """What came to be owed and what was taken off again."""
    for row in await connection.fetch(MOVEMENTS, since, until):
        yield movement(row)


def _line(row: asyncpg.Record | None) -> CreditLine | None:
    if row is None:
        return None
    return CreditLine(
        most=Money(row["most"], row["currency"]),
        days=row["days"],
        version=row["version"],
    )
