"""Means of payment that their holders agreed to have kept, and what gateways call those holders.

The one rule: a means is charged only for whom it was kept, while the consent to it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

KEEP = query("payment_means.keep")
USABLE = query("payment_means.usable")
OF_OWNER = query("payment_means.of_owner")
REVOKE = query("payment_means.revoke")
CUSTOMER = query("payment_means.customer")
NOTE_CUSTOMERS = query("payment_means.note_customers")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeans:
    """What is to be kept, with the payment that it was agreed with: its time is the consent's."""

    payment_id: PaymentId
    customer: str | None
    token: str
    kind: str
    label: str
    fingerprint: str | None
    expires: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMeans:
    """A means that may be charged without its holder."""

    payment_id: PaymentId
    gateway: str
    customer: str | None
    token: str
    kind: str
    label: str
    """As its holder reads it: `Visa ending in 4242`."""
    expires: str | None
    """`2027-04`."""
    consent_at: datetime
    consent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What was kept until now: its gateway has to be told."""

    payment_id: PaymentId
    booking_id: BookingId
    gateway: str


async def keep(connection: Connection, *, means: Sequence[NewMeans]) -> None:
    """Keep them, each of a payment that is written and whose payer agreed; again changes what it is."""
    await connection.execute(
        KEEP,
        [one.payment_id for one in means],
        [one.customer for one in means],
        [one.token for one in means],
        [one.kind for one in means],
        [one.label for one in means],
        [one.fingerprint for one in means],
        [one.expires for one in means],
    )
    await connection.execute(
        NOTE_CUSTOMERS, [one.payment_id for one in means], [one.customer for one in means]
    )


async def usable(
    connection: Connection, *, payment_id: PaymentId, owner: str, booking_id: BookingId
) -> KeptMeans | None:
    """What was kept with that payment, if it is the owner's, or was kept for this very booking."""
    row = await connection.fetchrow(USABLE, payment_id, owner, booking_id)
    return None if row is None else _means(row)


async def of_owner(connection: Connection, *, owner: str) -> list[KeptMeans]:
    """All that the owner may be charged by, the last kept first."""
    return [_means(row) for row in await connection.fetch(OF_OWNER, owner)]


async def revoke(
    connection: Connection, *, owner: str, payment_id: PaymentId | None = None, now: datetime
) -> list[Revoked]:
    """The owner takes the consent back, to one means or to all; those to which it stood."""
    wanted = None if payment_id is None else [payment_id]
    return [
        Revoked(
            payment_id=PaymentId(row["payment_id"]),
            booking_id=BookingId(row["booking_id"]),
            gateway=row["gateway"],
        )
        for row in await connection.fetch(REVOKE, owner, now, wanted)
    ]


async def customer(connection: Connection, *, owner: str, gateway: str) -> str | None:
    """What the gateway calls the owner, where it has been told to know them."""
    found: str | None = await connection.fetchval(CUSTOMER, owner, gateway)
    return found


def _means(row: asyncpg.Record) -> KeptMeans:
    return KeptMeans(**(dict(row) | {"payment_id": PaymentId(row["payment_id"])}))
