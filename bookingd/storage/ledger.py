"""The books in PostgreSQL: entries are added and never changed."""

from collections.abc import Sequence
from datetime import datetime

from bookingd.domain.ledger import Entry
from bookingd.domain.money import Money
from bookingd.sources import Ids
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

POST = query("ledger.post")
BALANCES = query("ledger.balances")


async def post(connection: Connection, *, entries: Sequence[Entry], ids: Ids, now: datetime) -> None:
    """Add entries."""
    await connection.execute(
        POST,
        [ids.new() for _ in entries],
        [entry.journal for entry in entries],
        [entry.booking_id for entry in entries],
        [entry.payment_id for entry in entries],
        [entry.reason for entry in entries],
        [entry.debit for entry in entries],
        [entry.credit for entry in entries],
        [entry.amount.amount for entry in entries],
        [entry.amount.currency for entry in entries],
        now,
    )


async def balances(connection: Connection) -> dict[str, list[Money]]:
    """What each account holds (debits less credits), one amount a currency."""
    held: dict[str, list[Money]] = {}
    for row in await connection.fetch(BALANCES):
        held.setdefault(row["account"], []).append(Money(row["balance"], row["currency"]))
    return held
