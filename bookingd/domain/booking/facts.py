"""What moves a booking, and what a booking asks for: every message of its lifecycle, as plain values.

Commands are imperative, events past tense. bookingd.messages gives them their names on the wire.
"""

from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.booking.plans import Schedule
from bookingd.domain.ids import BookingId, ItemId, PaymentId, RecordLocator, Reference
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMessage:
    """Anything that concerns one booking."""

    booking_id: BookingId


# What people and timers ask of a booking


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceBooking(BookingMessage):
    """Hold what was chosen. Sent by HTTP with the booking's row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveConsent(BookingMessage):
    """The traveller agrees to the proposed price and conditions."""

    total: Money
    """The total that was agreed to; another one than proposed is no consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOff(BookingMessage):
    """The traveller does not want it any more, before anything is paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPayment(BookingMessage):
    """Pay with a method that the traveller gave to the gateway."""

    payment_id: PaymentId
    gateway: str
    payment_method: str
    return_url: str
    schedule: Schedule = Schedule.FULL
    """How what the booking costs is spread; counts with the first payment of a booking."""
    keep: bool = False
    """The payer agrees that the means is kept, and charged for the balance without them."""
    received: Money | None = None
    """What staff have received (transfer, cash): then this is the payment's amount. Never from a client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack(BookingMessage):
    """Staff, or a cancellation, give back part or all of what a payment took."""

    payment_id: PaymentId
    round: int
    """Which refund of this payment it is, from 1: the same round again is the same refund."""
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationDue(BookingMessage):
    """A timer: what a gateway holds is soon let go of, at `until`."""

    payment_id: PaymentId
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReminder(BookingMessage):
    """A timer: the balance due at `deadline` is to be asked for, or a kept card to be charged for it."""

    deadline: datetime
    number: int = 1
    """Which reminder it is, from 1."""
    charge: bool = False
    """Charge the kept card, instead of asking."""
    payment_id: PaymentId | None = None
    """The id of the payment that a charge makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceDue(BookingMessage):
    """A timer: the balance had to be paid by `deadline`."""

    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldDue(BookingMessage):
    """A timer: the hold that ends at `deadline` is over."""

    deadline: datetime


# What happened outside


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemHeld(BookingMessage):
    """A supplier holds the item; `offer` is the item as held, with its price and conditions now."""

    item_id: ItemId
    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRefused(BookingMessage):
    """A supplier will not hold or ticket the item: `sold_out`, `gone`, `not_allowed`."""

    item_id: ItemId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTicketed(BookingMessage):
    """The item is confirmed: tickets in the party's order."""

    item_id: ItemId
    locator: RecordLocator
    tickets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentActionRequired(BookingMessage):
    """The payer must act at `action_url` (3-D Secure)."""

    payment_id: PaymentId
    action_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInReview(BookingMessage):
    """The gateway looks at the risk before the money counts."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorised(BookingMessage):
    """The gateway holds the money for us, until `until` where it says so."""

    payment_id: PaymentId
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationRenewed(BookingMessage):
    """The gateway holds the money for longer."""

    payment_id: PaymentId
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReauthorisationRefused(BookingMessage):
    """The gateway will not hold it for longer: `not_supported`, `declined`."""

    payment_id: PaymentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(BookingMessage):
    """The attempt came to nothing; nothing is held. `reason` is a stable code."""

    payment_id: PaymentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured(BookingMessage):
    """The money is ours: `amount` of it, or all that was asked for."""

    payment_id: PaymentId
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRefused(BookingMessage):
    """The gateway will not capture what it had authorised, for good."""

    payment_id: PaymentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentVoided(BookingMessage):
    """The authorisation is released; nothing was taken."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(BookingMessage):
    """The gateway has taken on to give it back: the refund `round`, or all that was taken."""

    payment_id: PaymentId
    round: int = 1
    amount: Money | None = None
    settled: bool = False
    """It had failed, and staff have paid it in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(BookingMessage):
    """What was given back has come back, or could not be given: it is to be paid in another way."""

    payment_id: PaymentId
    round: int = 1
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed(BookingMessage):
    """The payer wants money back through their bank; evidence counts until `respond_by`."""

    payment_id: PaymentId
    dispute: str
    amount: Money
    reason: str
    respond_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeClosed(BookingMessage):
    """A dispute has come to its end."""

    payment_id: PaymentId
    dispute: str
    won: bool


# What a booking asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldItem(BookingMessage):
    """Hold the item's stock until `until`."""

    item_id: ItemId
    offer: Offer
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendHold(BookingMessage):
    """Keep the item's stock until `until`."""

    item_id: ItemId
    offer: Offer
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketItem(BookingMessage):
    """Confirm the held item and issue its tickets."""

    item_id: ItemId
    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseItem(BookingMessage):
    """Give the item's stock back, ticketed or not."""

    item_id: ItemId
    offer: Offer
    round: int = 1
    """Grows when a hold or a ticket came through after the item had been given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisePayment(BookingMessage):
    """Have the gateway hold `amount` for us."""

    reference: Reference
    payment_id: PaymentId
    gateway: str
    amount: Money
    payment_method: str
    """The gateway's token; `kept:<payment id>` is the means that its payer agreed to have kept then."""
    return_url: str
    owner: str = ""
    """Whose booking it is, as in its lifecycle."""
    keep: bool = False
    off_session: bool = False
    """The payer is not there."""
    received: bool = False
    """Staff have received the amount: there is nobody to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReauthorisePayment(BookingMessage):
    """Have the gateway hold it for longer."""

    payment_id: PaymentId
    gateway: str
    amount: Money
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePayment(BookingMessage):
    """Take what is authorised."""

    payment_id: PaymentId
    gateway: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidPayment(BookingMessage):
    """Release what is authorised, or make sure that nothing ever is."""

    payment_id: PaymentId
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPayment(BookingMessage):
    """Give back what was taken, or part of it."""

    payment_id: PaymentId
    gateway: str
    amount: Money
    round: int = 1
    """Which refund of this payment it is: grows by a decision, never by a retry."""


# What the rest of the house is told


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingHeld(BookingMessage):
    """Everything is held until `until`; `total` is due."""

    total: Money
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged(BookingMessage):
    """What is held differs from what was shown; the traveller's consent is waited for until `until`."""

    shown: Money
    proposed: Money
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingConfirmed(BookingMessage):
    """Ticketed and paid."""

    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFailed(BookingMessage):
    """It could not be had. `reason` is a stable code; `paid_back` says that money is on its way back."""

    reason: str
    paid_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingExpired(BookingMessage):
    """It was not paid for in time."""

    paid_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCalledOff(BookingMessage):
    """The traveller called it off before it was paid for."""

    paid_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDeclined(BookingMessage):
    """A payment attempt failed while the booking still waits for one."""

    payment_id: PaymentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNeeded(BookingMessage):
    """Ticketed, but the money could not be taken: another payment is waited for until `until`."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAsked(BookingMessage):
    """The balance is still to be paid, by `until`."""

    amount: Money
    until: datetime
    number: int = 1
    """After which reminder."""
    after: PaymentId | None = None
    """The charge without the payer that came to nothing, where that is why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPaid(BookingMessage):
    """A confirmed booking is paid for in full."""

    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCancelled(BookingMessage):
    """A confirmed booking is cancelled for `reason`, a code; `kept` stays with us, the rest goes back."""

    reason: str
    kept: Money
    paid_back: Money
