"""What gateways sent us, once by the sender's event id, and which payments it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.storage.database import Connection
from bookingd.storage.payments import PaymentStatus
from bookingd.storage.queries import query

RECEIVE = query("webhooks.receive")
TOLD_OF = query("webhooks.told_of")
FORGET = query("webhooks.forget")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A verified event of a gateway."""

    gateway: str
    event_id: str
    kind: str
    payment_id: PaymentId | None
    """Ours, where the gateway's object names it."""
    gateway_reference: str | None
    """The gateway's own id of the payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """A payment that a new event is about."""

    gateway: str
    event_id: str
    payment_id: PaymentId
    booking_id: BookingId
    state: PaymentStatus
    under_way: frozenset[str]
    """The steps (see PaymentStep) of it that somebody is calling the gateway for at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A payment that we have by now, which an event was about."""

    payment_id: PaymentId
    booking_id: BookingId
    state: PaymentStatus


class Received(NamedTuple):
    """What events are about that were not stored before."""

    concerned: list[Concerned]
    early: list[tuple[str, str]]
    """Gateways and ids of those about payments that we do not have, or not yet."""


async def receive(connection: Connection, *, events: Sequence[Webhook], now: datetime) -> Received:
    """Store verified webhooks, each given once; what the new ones are about."""
    rows = await connection.fetch(
        RECEIVE,
        [webhook.gateway for webhook in events],
        [webhook.event_id for webhook in events],
        [webhook.kind for webhook in events],
        [webhook.payment_id for webhook in events],
        [webhook.gateway_reference for webhook in events],
        now,
    )
    return Received(
        concerned=[_concerned(row) for row in rows if row["id"]],
        early=[(row["gateway"], row["event_id"]) for row in rows if not row["id"]],
    )


def _concerned(row: asyncpg.Record) -> Concerned:
    return Concerned(
        gateway=row["gateway"],
        event_id=row["event_id"],
        payment_id=PaymentId(row["id"]),
        booking_id=BookingId(row["booking_id"]),
        state=PaymentStatus(row["state"]),
        under_way=frozenset(row["under_way"]),
    )


async def told_of(
    connection: Connection, *, gateway: str, payment_id: PaymentId | None, reference: str | None
) -> Subject | None:
    """What an event of the gateway is about; None while we do not have it."""
    row = await connection.fetchrow(TOLD_OF, gateway, payment_id, reference)
    if row is None:
        return None
    return Subject(
        payment_id=PaymentId(row["id"]),
        booking_id=BookingId(row["booking_id"]),
        state=PaymentStatus(row["state"]),
    )


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` webhooks that came earlier; how many went."""
    return len(await connection.fetch(FORGET, before, limit))
