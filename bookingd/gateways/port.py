"""What bookingd wants of a payment gateway, and what every adapter must keep.

A call ends in one of four ways: an answer, or one of bookingd.outcomes: Refused (the gateway says no:
final), Unavailable (it did not begin: safe to try again) or UnknownOutcome (it may have happened: look
it up with `find` or `retrieve`, never repeat blindly).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.outcomes import Unavailable


class GatewayStatus(StrEnum):
    """Where a payment stands at the gateway, in our words."""

    PENDING = "pending"
    """Made, not confirmed, or still being worked on."""
    REQUIRES_ACTION = "requires_action"
    """The payer must do something (3-D Secure) at `action_url`."""
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    DECLINED = "declined"
    """The attempt failed; another one needs a new payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPayment:
    """A payment as the gateway describes it."""

    gateway_reference: str
    """The gateway's id: `pi_…`."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """What is to be authorised, for capture later."""

    payment_id: PaymentId
    booking_reference: str
    amount: Money
    payment_method: str
    """The gateway's token of the payer's card: `pm_…`; card data never passes through bookingd."""
    return_url: str
    """Where the payer's browser goes after an action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as the gateway describes it."""

    gateway_reference: str
    amount: Money
    status: str
    """`pending`, `done` or `failed`."""


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


class CredentialsRejected(Unavailable):
    """The gateway does not accept our key: nothing was done, and nothing will be until an operator acts."""


class InvalidNotice(Exception):
    """A webhook is not what it says it is: bad signature, too old, or not readable."""


class Gateway(Protocol):
    """A payment gateway. `key` makes a repeated call harmless where the gateway honours it."""

    @property
    def name(self) -> str:
        """As in the configuration: `stripe`."""
        ...

    async def authorise(self, request: Authorisation, *, key: IntentId) -> GatewayPayment:
        """Create and confirm for manual capture. A decline is an answer with status DECLINED."""
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

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> GatewayNotice | None:
        """Verify and translate a webhook; None for one that tells nothing we follow. Raises InvalidNotice."""
        ...
