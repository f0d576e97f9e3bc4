"""Attempts to pay of the last day that came to nothing so far: what card testing is recognised by.

The one rule: counted and recorded are one step, so that a hundred attempts at once are a hundred attempts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

TAKE = query("payment_attempts.take")
GIVE_BACK = query("payment_attempts.give_back")
DECLINE = query("payment_attempts.decline")
DECLINES_OF_CARD = query("payment_attempts.declines_of_card")
FORGET = query("payment_attempts.forget")


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """How many may be made; 0: any number."""

    attempts: int
    declines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to pay. Whoever it is told by is a keyed hash."""

    payment_id: PaymentId
    booking_id: BookingId
    network: bytes | None
    account: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """An attempt that its gateway declined."""

    payment_id: PaymentId
    booking_id: BookingId
    card: bytes | None


async def take(
    connection: Connection,
    *,
    attempt: Attempt,
    by_network: Most,
    at_booking: Most,
    of_account: Most,
    since: datetime,
    now: datetime,
) -> list[tuple[str, datetime]]:
    """Record the attempt; or the gates that are closed, each with the time that it counts from."""
    rows = await connection.fetch(
        TAKE,
        attempt.payment_id,
        now,
        since,
        attempt.network,
        attempt.booking_id,
        attempt.account,
        by_network.attempts,
        by_network.declines,
        at_booking.attempts,
        at_booking.declines,
        of_account.attempts,
        of_account.declines,
    )
    return [(row["gate"], row["counted_from"]) for row in rows]


async def give_back(connection: Connection, *, ids: Collection[PaymentId]) -> None:
    """They were none, or have succeeded."""
    await connection.execute(GIVE_BACK, ids)


async def decline(connection: Connection, *, declined: Sequence[Declined], now: datetime) -> None:
    """Their gateways declined them, each given once."""
    await connection.execute(
        DECLINE,
        [one.payment_id for one in declined],
        [one.booking_id for one in declined],
        [one.card for one in declined],
        now,
    )


async def declines_of_card(connection: Connection, *, card: bytes, since: datetime) -> int:
    """How often the card was declined since then."""
    counted: int = await connection.fetchval(DECLINES_OF_CARD, card, since)
    return counted


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` attempts that were made earlier; how many went."""
    return len(await connection.fetch(FORGET, before, limit))
