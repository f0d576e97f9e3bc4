"""What the stand-in knows: frozen records, each change a new one, so that a snapshot costs nothing.

Amounts are in the smallest unit that the vendor writes (see `amounts`); times are aware, in UTC.
"""

from datetime import datetime
from typing import Any, TypeAlias

import msgspec


class Money(msgspec.Struct, frozen=True):
    """An amount: 1234 units of EUR are 12.34, of JPY 1234."""

    currency: str
    units: int


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """Who approves, and how their way of paying behaves."""

    email: str
    payer_id: str
    given_name: str
    surname: str
    country_code: str
    instrument: str
    """One of `buyers.INSTRUMENTS`."""
    misbehave: tuple[str, str] | None = None
    """An operation and how it is to go wrong, where the address asks for it."""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase unit: what is paid for, with the merchant's own references."""

    reference_id: str
    amount: Money
    breakdown: dict[str, Money] = {}
    description: str | None = None
    custom_id: str | None = None
    invoice_id: str | None = None
    soft_descriptor: str | None = None
    items: tuple[dict[str, Any], ...] = ()
    """As the merchant sent them; checked, and given back."""


class Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="order"):
    """A checkout."""

    id: str
    origin: str
    """Where the merchant found us: what its links begin with."""
    intent: str
    status: str
    created: datetime
    updated: datetime
    units: tuple[Unit, ...]
    wallet: bool
    """Whether a `payment_source` was named at its creation: its status and links differ then."""
    return_url: str | None = None
    cancel_url: str | None = None
    brand: str | None = None
    pay_now: bool = False
    buyer: Buyer | None = None
    expired: bool = False


class Authorization(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="authorization"):
    """Money held. What a re-authorisation makes points to the first one, which counts for all of them."""

    id: str
    order: str
    amount: Money
    status: str
    created: datetime
    updated: datetime
    expires: datetime
    reason: str | None = None
    parent: str | None = None
    captured: int = 0
    """Of this and of what re-authorised it; on the first one only."""
    captures: int = 0


class Capture(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="capture"):
    """Money taken."""

    id: str
    order: str
    unit: int
    """Its purchase unit's place in the order."""
    amount: Money
    status: str
    created: datetime
    updated: datetime
    fee: int
    final: bool
    authorization: str | None = None
    reason: str | None = None
    invoice_id: str | None = None
    custom_id: str | None = None
    note: str | None = None
    returned: int = 0
    """What refunds gave back or are about to."""


class Refund(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="refund"):
    """Money given back, by the merchant or against its will."""

    id: str
    capture: str
    amount: Money
    status: str
    created: datetime
    updated: datetime
    total: int
    """What had been given back of the capture when this was made, with this."""
    reason: str | None = None
    invoice_id: str | None = None
    custom_id: str | None = None
    note: str | None = None
    reversal: bool = False


class Dispute(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="dispute"):
    """A buyer wants the money of a capture back."""

    id: str
    capture: str
    amount: Money
    reason: str
    status: str
    created: datetime
    updated: datetime
    due: datetime | None
    """Until when the merchant has to answer, while it has to."""
    outcome: str | None = None
    evidences: tuple[dict[str, Any], ...] = ()
    """As the merchant sent them."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """Something that happened, with the resource as it was then."""

    id: str
    created: datetime
    type: str
    origin: str
    resource_type: str
    resource_version: str
    summary: str
    resource: dict[str, Any]
    pending: bool = False
    """Whether its webhook is still to be delivered."""


class Token(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="token"):
    """A bearer token, by its digest."""

    digest: str
    expires: datetime


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="kept"):
    """What a PayPal-Request-Id made at one kind of call."""

    key: str
    """The kind of call, and the id."""
    until: datetime
    made: str
    """The id of what was made or changed: a repetition is answered with what that is by now."""


class Delivered(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="delivered"):
    """An event's webhook was accepted, or given up."""

    event: str


Thing: TypeAlias = Order | Authorization | Capture | Refund
Change: TypeAlias = Thing | Dispute | Event | Token | Kept | Delivered
"""A line of the journal is a list of these: all that one call changed."""
