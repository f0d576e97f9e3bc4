"""What is asked of the payment actor besides the steps of a booking."""

from dataclasses import dataclass

from bookingd.domain.ids import BookingId, PaymentId


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
class ReadDisputes:
    """Read the payment's disputes from its gateway and tell what changed. From a webhook, and as a timer."""

    payment_id: PaymentId
    booking_id: BookingId
    poll: int = 0
    """Which of our own looks this is; 0 where somebody or something told us to look."""
