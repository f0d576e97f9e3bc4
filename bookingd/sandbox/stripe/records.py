"""What the stand-in knows: frozen records, each change a new one, so that a snapshot costs nothing.

The one rule: no card number is ever kept, only what it makes a card do.
"""

from datetime import timedelta
from typing import TypeAlias

import msgspec

TOKENS_LAST = int(timedelta(hours=12).total_seconds())
"""Seconds for which a confirmation token can be used, as its `expires_at` says at the vendor."""


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
    exempt: str | None = None
    """When a payment without the payer needs no 3-D Secure: `always`, or once the card was `saved`; never."""
    refund: str = "succeeded"
    """How a refund to this card ends: `succeeded`, `pending` (then succeeded), `failed` (after success)."""
    dispute: str | None = None
    """The reason for which its holder disputes what was taken."""
    inquiry: bool = False
    """Whether the dispute is a question only, which takes no money."""
    risk: str = "normal"
    """What Radar thinks: `elevated` is reviewed by a person, `highest` is blocked."""
    checks: dict[str, str] = {}
    """What the bank says of the security code and the address: `{"cvc_check": "fail"}`."""
    wallet: str | None = None
    """The wallet that it came from: `apple_pay`, `google_pay`, `link`."""


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="payment_method"):
    """A card to pay with."""

    id: str
    created: int
    card: Card
    billing_details: dict[str, object]
    metadata: dict[str, str] = {}
    misbehave: tuple[str, str] | None = None
    """An operation and how it is to go wrong, where the token asks for it."""
    customer: str | None = None
    saved: bool = False
    """Whether its holder agreed, authenticated where that was asked for, to later charges without them."""
    spent: bool = False
    """Paid with once while nobody's, or detached: it pays no more."""


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
    customer: str | None = None
    setup_future_usage: str | None = None
    off_session: bool = False
    """Whether the last attempt was made without the payer."""
    review: str | None = None


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
    customer: str | None = None
    review: str | None = None
    dispute: str | None = None
    """The latest dispute about it."""


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
    failure_balance_transaction: str | None = None
    reference: str | None = None
    """The acquirer's reference number (ARN), by which the card's bank finds the refund."""


class Customer(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="customer"):
    """Somebody who pays more than once."""

    id: str
    created: int
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    deleted: bool = False


class ConfirmationToken(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="confirmation_token"
):
    """What the Payment Element collected, for one confirmation by the merchant's server."""

    id: str
    created: int
    method: PaymentMethod
    """The payment method that is made when the token is used."""
    return_url: str | None = None
    setup_future_usage: str | None = None
    intent: str | None = None
    """The payment that used it."""


class CheckoutSession(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="checkout.session"):
    """A page of the vendor's on which a payer pays; the payment is made there."""

    id: str
    created: int
    expires_at: int
    amount: int
    currency: str
    title: str
    success_url: str
    capture_method: str
    cancel_url: str | None = None
    url: str | None = None
    status: str = "open"
    paid: bool = False
    intent: str | None = None
    customer: str | None = None
    customer_creation: str = "if_required"
    customer_email: str | None = None
    client_reference_id: str | None = None
    setup_future_usage: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    intent_metadata: dict[str, str] = {}


class Dispute(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="dispute"):
    """A card's holder asks for the money back through the bank."""

    id: str
    created: int
    charge: str
    intent: str
    amount: int
    currency: str
    brand: str
    reason: str
    status: str
    due_by: int
    inquiry: bool = False
    evidence: dict[str, str] = {}
    submissions: int = 0
    movements: "tuple[BalanceTransaction, ...]" = ()
    metadata: dict[str, str] = {}


class Review(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="review"):
    """A payment that a person at the merchant is to look at, for the risk that Radar sees in it."""

    id: str
    created: int
    charge: str
    intent: str
    closed_reason: str | None = None


class BalanceTransaction(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="balance_transaction"
):
    """A movement of the merchant's balance; `amount` and `fee` in the vendor's units, signed."""

    id: str
    created: int
    amount: int
    fee: int
    currency: str
    type: str
    category: str
    source: str
    description: str | None = None


Told: TypeAlias = (
    PaymentIntent | Charge | Refund | PaymentMethod | Customer | CheckoutSession | Dispute | Review
)
"""What events tell of."""

Thing: TypeAlias = Told | ConfirmationToken | BalanceTransaction


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="event"):
    """Something that happened, with the object as it was then."""

    id: str
    created: int
    type: str
    thing: Told
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
    review: Review | None = None
    customer: Customer | None = None


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


Change: TypeAlias = Thing | Event | Kept | Delivered
"""A line of the journal is a list of these: all that one call changed."""
