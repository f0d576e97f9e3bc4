"""What is asked of the payment actor besides the steps of a booking."""

from dataclasses import dataclass
from datetime import timedelta

from bookingd.domain.ids import BookingId, PaymentId

FIRST_LOOK = timedelta(seconds=15)
"""How soon what waits for a payer, or for another's answer, is looked at; doubling from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPayment:
    """Read the payment from its gateway again and tell what changed.

    The payer's return, the gateway's webhook and our own poll all end in this one message, so they
    may come in any order and number.
    """

    payment_id: PaymentId
    booking_id: BookingId
    poll: int = 0
    """Which poll this is; 0 where somebody or something told us to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletePayment:
    """The payer has approved: have the gateway hold the money. Of the payment actor to itself."""

    payment_id: PaymentId
    booking_id: BookingId
    round: int = 1
    """Which approval of this payment it is: a payer whose means was declined may approve it with another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRefund:
    """Staff have paid a failed refund in another way."""

    payment_id: PaymentId
    booking_id: BookingId
    round: int
    """Which refund of this payment it is, from 1."""
    note: str
    """What proves it: the bank's reference, or the number of the receipt."""
    how: str = "transfer"
    """`transfer` or `cash`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetMeans:
    """Have the gateway forget a means whose holder took their consent back; we have forgotten it already."""

    payment_id: PaymentId
    """With which it was kept: the gateway knows what that was made with, and we no longer do."""
    booking_id: BookingId
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDisputes:
    """Read the payment's disputes from its gateway and tell what changed. From a webhook, and as a timer."""

    payment_id: PaymentId
    booking_id: BookingId
    poll: int = 0
    """Which of our own looks this is; 0 where somebody or something told us to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyNotice:
    """A gateway has told of a payment that we did not have then: look for it, and look at it.

    Stored with the event itself, and so not lost with whoever took it in.
    """

    gateway: str
    event_id: str
    payment_id: PaymentId | None
    gateway_reference: str | None
    dispute: str | None = None
    """The gateway's id of the dispute that the event is about."""
    status: str | None = None
    """Where the event says that the payment stood; None where it is about something else of it."""
    look: int = 1
    """Which time it is looked for, counted from 1."""
