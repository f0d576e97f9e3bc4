"""What the stand-in knows: frozen records, each change a new one, so that a snapshot costs nothing.

The one rule: no card number is ever kept, only what it makes a card do.
"""

from typing import TypeAlias

import msgspec


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card without its number, and how it behaves."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    country: str = "US"
    funding: str = "credit"
    cvc_checked: bool = False
    decline: str | None = None
    """The decline code with which each attempt ends."""
    authenticate: bool = False
    """Whether the payer is sent to 3-D Secure."""
    refund: str = "succeeded"
    """How a refund to this card ends: `succeeded`, `pending` (then succeeded), `failed` (after success)."""


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="payment_method"):
    """A card to pay with."""

    id: str
    created: int
    card: Card
    billing_details: dict[str, object]
    metadata: dict[str, str] = {}
    misbehave: tuple[str, str] | None = None
    """An operation and how it is to go wrong, where the token asks for it."""


class ApiError(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="error"):
    """The inside of an error body, and of `last_payment_error`."""

    type: str
    message: str
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    charge: str | None = None
    intent: "PaymentIntent | None" = None
    method: PaymentMethod | None = None


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="payment_intent"):
    """A payment. Amounts are in the vendor's units, times in Unix seconds."""

    id: str
    amount: int
    currency: str
    created: int
    capture_method: str
    client_secret: str
    status: str
    metadata: dict[str, str]
    automatic_methods: bool = False
    description: str | None = None
    receipt_email: str | None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    payment_method: str | None = None
    amount_capturable: int = 0
    amount_received: int = 0
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    latest_charge: str | None = None
    last_error: ApiError | None = None
    return_url: str | None = None
    action_url: str | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="charge"):
    """An attempt to take the money of a payment."""

    id: str
    intent: str
    amount: int
    currency: str
    created: int
    method: PaymentMethod
    metadata: dict[str, str]
    description: str | None = None
    statement_descriptor_suffix: str | None = None
    status: str = "succeeded"
    captured: bool = False
    amount_captured: int = 0
    amount_refunded: int = 0
    """With what a partial capture or a cancellation released."""
    returned: int = 0
    """What refunds gave back, without what was only released."""
    authenticated: bool = False
    capture_before: int | None = None
    balance_transaction: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    decline_code: str | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="refund"):
    """Money given back."""

    id: str
    amount: int
    currency: str
    created: int
    charge: str
    intent: str
    status: str
    metadata: dict[str, str]
    reason: str | None = None
    balance_transaction: str | None = None
    failure_reason: str | None = None


Thing: TypeAlias = PaymentIntent | Charge | Refund | PaymentMethod


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="event"):
    """Something that happened, with the object as it was then."""

    id: str
    created: int
    type: str
    thing: PaymentIntent | Charge | Refund
    previous: dict[str, object] | None = None
    request_id: str | None = None
    idempotency_key: str | None = None
    pending: bool = False
    """Whether its webhook is still to be delivered."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is answered with: status, object, and what is put into it in full."""

    thing: Thing | ApiError
    status: int = 200
    expand: tuple[str, ...] = ()
    charge: Charge | None = None
    method: PaymentMethod | None = None
    intent: PaymentIntent | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="kept"):
    """The answer that an idempotency key gives from now on."""

    key: str
    created: int
    endpoint: str
    digest: str
    request_id: str
    answer: Answer


class Delivered(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="delivered"):
    """An event's webhook was accepted, or given up."""

    event: str


Change: TypeAlias = PaymentIntent | Charge | Refund | PaymentMethod | Event | Kept | Delivered
"""A line of the journal is a list of these: all that one call changed."""
