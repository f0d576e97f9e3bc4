"""What bookingd wants of a payment gateway, and what every adapter must keep.

A call ends in one of four ways: an answer, or one of bookingd.outcomes: Refused (the gateway says no:
final), Unavailable (it did not begin: safe to try again) or UnknownOutcome (it may have happened: look
it up with `find` or `retrieve`, never repeat blindly).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.outcomes import Unavailable

CANCELLED = "cancelled"
"""What the payer's browser brings back to `return_url`, with the value 1, when they left the gateway's page
without paying.
"""


class GatewayStatus(StrEnum):
    """Where a payment stands at the gateway, in our words."""

    PENDING = "pending"
    """Made, not confirmed, or still being worked on."""
    REQUIRES_ACTION = "requires_action"
    """The payer must do something (3-D Secure, PayPal's approval) at `action_url`."""
    APPROVED = "approved"
    """The payer has agreed: `complete` has the gateway hold the money."""
    IN_REVIEW = "in_review"
    """The gateway looks at the risk: the money may be held already, and counts only when it says so."""
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    DECLINED = "declined"
    """The attempt failed; another one needs a new payment."""


class DisputeStatus(StrEnum):
    """Where a dispute stands."""

    INQUIRY = "inquiry"
    """A question before a dispute: no money has moved, and giving it back answers it."""
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    """The money stays with us, or is with us again."""
    LOST = "lost"


class PostingKind(StrEnum):
    """What a movement in the gateway's books is."""

    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    """Taken from us, for as long as the dispute lasts or for good."""
    DISPUTE_WON = "dispute_won"
    FEE = "fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a payment was made with: never a number, only what tells a payer which card it was."""

    kind: str
    """`card`, `paypal`, `wallet`, `transfer`, `cash`, `credit`."""
    label: str
    """As a person reads it: `Visa ending in 4242`."""
    fingerprint: str | None = None
    """The same for the same card, whoever uses it: what attempts are counted by."""
    token: str | None = None
    """What the gateway calls it for later charges, where the payer agreed to that."""
    customer: str | None = None
    expires: str | None = None
    """`2027-04`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPayment:
    """A payment as the gateway describes it."""

    gateway_reference: str
    """What the gateway needs to find it: `pi_…`, or several ids. It may grow as the payment moves on."""
    payment_id: PaymentId | None
    """Ours, as we gave it along; None where the gateway's object is not one of ours."""
    status: GatewayStatus
    amount: Money
    captured: Money
    refunded: Money
    action_url: str | None = None
    decline_reason: str | None = None
    """A stable code for people to act on: `insufficient_funds`."""
    authorised_until: datetime | None = None
    """When the gateway lets go of what it holds, unless it is captured or authorised again before."""
    means: Means | None = None
    """What was paid with, as far as the gateway tells."""
    instructions: Mapping[str, str] | None = None
    """What the payer is to do outside of any page: whom to send a transfer, with which words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """What is to be authorised, for capture later."""

    payment_id: PaymentId
    booking_reference: str
    amount: Money
    payment_method: str
    """The gateway's token of the payer's means (`pm_…`, `ctoken_…`); empty where the payer chooses at the
    gateway's own page. Card data never passes through bookingd.
    """
    return_url: str
    """Where the payer's browser goes after an action."""
    owner: str = ""
    """Whose booking it is: `account:<uuid>`, `guest:<uuid>`."""
    customer: str | None = None
    """The gateway's id of the payer, where it has one."""
    keep: bool = False
    """The payer agrees that the means is kept, and charged later without them."""
    off_session: bool = False
    """The payer is not there: what they agreed to be charged for is due now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as the gateway describes it."""

    gateway_reference: str
    amount: Money
    status: str
    """`pending`, `done` or `failed`."""
    trace: str | None = None
    """By what the payer's bank finds it: the acquirer's reference number."""
    expected_by: datetime | None = None
    """When the payer should have it."""
    failure: str | None = None
    """Why it failed, as a stable code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The payer's bank (or the payer, at PayPal) wants money back against our will."""

    gateway_reference: str
    """The gateway's id: `dp_…`."""
    amount: Money
    reason: str
    """The gateway's code: `fraudulent`, `product_not_received`."""
    status: DisputeStatus
    respond_by: datetime | None = None
    """Until when evidence counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One movement of money as the gateway's own books have it, to compare ours with."""

    kind: PostingKind
    gateway_reference: str
    """Of the payment."""
    payment_id: PaymentId | None
    amount: Money
    """Above zero, whichever way it went."""
    at: datetime
    own_reference: str
    """The gateway's id of the movement itself: of the charge, the capture, the refund or the dispute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayNotice:
    """A verified webhook: something happened at the gateway; the payment itself is read again."""

    event_id: str
    kind: str
    gateway_reference: str | None
    payment_id: PaymentId | None
    status: GatewayStatus | None = None
    """Where the payment stood when the event was made; None where the event is about something else of it.
    Only good for telling that there is nothing new: events come late and in any order.
    """
    dispute: str | None = None
    """The gateway's id of the dispute, where the event is about one."""


class CredentialsRejected(Unavailable):
    """The gateway does not accept our key: nothing was done, and nothing will be until an operator acts."""


class InvalidNotice(Exception):
    """A webhook is not what it says it is. `reason` is one of REFUSALS, for whoever counts."""

    REFUSALS = ("bad_signature", "too_old", "foreign_account", "unreadable")

    def __init__(self, message: str, *, reason: str = "bad_signature") -> None:
        super().__init__(message)
        self.reason = reason


class Gateway(Protocol):
    """A payment gateway. `key` makes a repeated call harmless where the gateway honours it."""

    @property
    def name(self) -> str:
        """As in the configuration: `stripe`."""
        ...

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """Create and confirm for manual capture. A decline is an answer with status DECLINED."""
        ...

    async def complete(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Have what the payer has APPROVED held. Raises Refused('not_approved'); a decline is an answer."""
        ...

    async def reauthorise(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """Have it held for longer. Raises Refused('not_supported') where the gateway knows no such thing."""
        ...

    async def retrieve(self, gateway_reference: str) -> GatewayPayment:
        """The payment as it stands now. Raises Refused(code='not_found')."""
        ...

    async def find(self, payment_id: PaymentId, *, since: datetime) -> GatewayPayment | None:
        """Look up by our own id among payments made at or after `since`; None if there is none."""
        ...

    async def capture(self, gateway_reference: str, *, amount: Money, key: IntentId) -> GatewayPayment:
        """Take `amount` (at most what is authorised); the rest is released."""
        ...

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        """Release an authorisation, or abandon a payment that is not authorised yet."""
        ...

    async def refund(self, gateway_reference: str, *, amount: Money, key: IntentId) -> Refund:
        """Give back `amount` of what was captured."""
        ...

    async def find_refund(self, gateway_reference: str, *, key: IntentId) -> Refund | None:
        """Look up a refund of this payment by the intent that asked for it."""
        ...

    async def forget(self, gateway_reference: str, *, key: IntentId) -> None:
        """Keep no more what this payment was made with; what is not kept, or not any more, is fine."""
        ...

    async def disputes(self, gateway_reference: str) -> Sequence[Dispute]:
        """All disputes of this payment, as they stand now."""
        ...

    def statement(self, *, since: datetime, until: datetime) -> AsyncIterator[Posting]:
        """What the gateway's own books say moved at or after `since` and before `until`."""
        ...

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """Verify and translate a webhook; None for one that tells nothing we follow.

        Raises InvalidNotice, or Unavailable where what it has to be verified with cannot be had now.
        """
        ...
