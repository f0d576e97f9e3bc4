"""What our books say, for comparing; and what comparing came to."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

MOVEMENTS = query("reconciliation.movements")
PAYMENTS = query("reconciliation.payments")
DISPUTES = query("reconciliation.disputes")
OUT_OF_BOOKS = query("reconciliation.out_of_books")
CHANGED_BOOKINGS = query("reconciliation.changed_bookings")
OPEN_FOR_LONG = query("reconciliation.open_for_long")
KNOWN = query("reconciliation.known")
NEW_FEES = query("reconciliation.new_fees")
TAKE_TURN = query("reconciliation.take_turn")
FINISH = query("reconciliation.finish")
LAST = query("reconciliation.last")

NOBODY = UUID(int=0)
BOOKINGS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An entry of what a gateway moved of a payment."""

    payment_id: PaymentId
    booking_id: BookingId
    reference: str
    gateway: str
    gateway_reference: str
    reason: str
    """`capture`, `refund` or `refund_failed`."""
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfBooks:
    """A payment whose row and books disagree."""

    payment_id: PaymentId
    booking_id: BookingId
    reference: str
    gateway: str
    captured: Money
    refunded: Money
    booked: Money
    booked_back: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A payment or refund that waits for longer than it should."""

    payment_id: PaymentId
    booking_id: BookingId
    reference: str
    gateway: str
    state: str
    amount: Money
    since: datetime


class Owner(NamedTuple):
    """Whose a payment is."""

    booking_id: BookingId
    reference: str
    gateway: str


class Last(NamedTuple):
    """What the last comparison came to; None and nothing where there was none."""

    finished_at: datetime | None
    findings: Mapping[str, int]
    unasked: Mapping[str, str]


async def movements(connection: Connection, *, since: datetime, until: datetime) -> list[Booked]:
    """What gateways moved, from `since` until before `until`."""
    return [
        Booked(
            payment_id=PaymentId(row["payment_id"]),
            booking_id=BookingId(row["booking_id"]),
            reference=row["reference"],
            gateway=row["gateway"],
            gateway_reference=row["gateway_reference"] or "",
            reason=row["reason"],
            amount=Money(row["amount"], row["currency"]),
            at=row["at"],
        )
        for row in await connection.fetch(MOVEMENTS, since, until)
    ]


async def owners(connection: Connection, *, ids: Collection[PaymentId]) -> dict[PaymentId, Owner]:
    """Whose those of the payments are that we have."""
    return {
        PaymentId(row["id"]): Owner(BookingId(row["booking_id"]), row["reference"], row["gateway"])
        for row in await connection.fetch(PAYMENTS, ids)
    }


async def known_disputes(connection: Connection, *, gateway: str, names: Collection[str]) -> set[str]:
    """Those of the gateway's disputes that we know of."""
    return {row["gateway_reference"] for row in await connection.fetch(DISPUTES, gateway, names)}


async def out_of_books(connection: Connection, *, since: datetime, until: datetime) -> list[OutOfBooks]:
    """Payments that changed in that time, and of which the books say something else."""
    return [
        OutOfBooks(
            payment_id=PaymentId(row["id"]),
            booking_id=BookingId(row["booking_id"]),
            reference=row["reference"],
            gateway=row["gateway"],
            captured=Money(row["captured"], row["currency"]),
            refunded=Money(row["refunded"], row["currency"]),
            booked=Money(row["booked"], row["currency"]),
            booked_back=Money(row["booked_back"], row["currency"]),
        )
        for row in await connection.fetch(OUT_OF_BOOKS, since, until)
    ]


async def changed_bookings(
    connection: Connection, *, since: datetime, until: datetime
) -> AsyncIterator[list[BookingId]]:
    """Bookings of which a payment changed in that time, some at once."""
    last = NOBODY
    while rows := await connection.fetch(CHANGED_BOOKINGS, since, until, last, BOOKINGS_AT_ONCE):
        last = rows[-1]["booking_id"]
        yield [BookingId(row["booking_id"]) for row in rows]


async def open_for_long(
    connection: Connection, *, waiting_since: datetime, held_until: datetime, refund_since: datetime
) -> list[Waiting]:
    """Payments that wait since before, are held beyond their time, or whose refunds are pending."""
    return [
        _waiting(row)
        for row in await connection.fetch(OPEN_FOR_LONG, waiting_since, held_until, refund_since)
    ]


async def known(
    connection: Connection, *, entries: Collection[tuple[UUID, str, UUID]]
) -> set[tuple[UUID, str, UUID]]:
    """Those (subject, reason, object) that operators were told of before, dealt with or not."""
    wanted = list(entries)
    columns = [[entry[place] for entry in wanted] for place in range(3)]
    return {(row["subject"], row["reason"], row["object"]) for row in await connection.fetch(KNOWN, *columns)}


async def new_fees(
    connection: Connection, *, fees: Sequence[tuple[str, str, PaymentId]]
) -> set[tuple[str, str]]:
    """Note fees (gateway, its own id of it, payment); those that were not noted before."""
    columns = [[fee[place] for fee in fees] for place in range(3)]
    return {(row["gateway"], row["own_reference"]) for row in await connection.fetch(NEW_FEES, *columns)}


async def take_turn(
    connection: Connection, *, now: datetime, until: datetime, ended_before: datetime
) -> bool:
    """Whether it is ours until then: nobody is at it, and the last one ended before."""
    return bool(await connection.fetch(TAKE_TURN, now, until, ended_before))


async def finish(
    connection: Connection,
    *,
    now: datetime,
    since: datetime,
    until: datetime,
    findings: Mapping[str, int],
    unasked: Mapping[str, str],
) -> None:
    """It came to its end; another one may have its turn."""
    counts, why = msgspec.json.encode(findings).decode(), msgspec.json.encode(unasked).decode()
    await connection.execute(FINISH, now, since, until, counts, why)


async def last(connection: Connection) -> Last:
    """What the last one came to."""
    row = await connection.fetchrow(LAST)
    if row is None:
        return Last(None, {}, {})
    return Last(
        row["finished_at"],
        msgspec.json.decode(row["findings"], type=dict[str, int]),
        msgspec.json.decode(row["unasked"], type=dict[str, str]),
    )


def _waiting(row: asyncpg.Record) -> Waiting:
    return Waiting(
        payment_id=PaymentId(row["id"]),
        booking_id=BookingId(row["booking_id"]),
        reference=row["reference"],
        gateway=row["gateway"],
        state=row["state"],
        amount=Money(row["amount"], row["currency"]),
        since=row["since"],
    )
