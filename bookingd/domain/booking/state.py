"""What a booking is: an order of items, the payments made for it, and where it stands."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bookingd.domain.ids import BookingId, ItemId, PaymentId, RecordLocator, Reference
from bookingd.domain.money import Money, total
from bookingd.domain.offers import Offer


class BookingState(StrEnum):
    """Where a booking stands."""

    PENDING = "pending"
    """Asked for; its items are being held."""
    PRICE_CHANGED = "price_changed"
    """Held, at another price or other conditions than shown: waits for the traveller's consent."""
    AWAITING_PAYMENT = "awaiting_payment"
    """Held until its deadline; nothing authorised yet."""
    CONFIRMING = "confirming"
    """Paid for: tickets are being issued and the money captured."""
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    """Not paid for in time; everything given back."""
    FAILED = "failed"
    """Could not be had; everything given back."""
    CANCELLED = "cancelled"
    """Called off by the traveller."""


OVER = frozenset({BookingState.EXPIRED, BookingState.FAILED, BookingState.CANCELLED})
"""States that keep neither stock nor money."""

FINAL = OVER | {BookingState.CONFIRMED}
"""States in which a booking waits for nothing."""


class ItemState(StrEnum):
    """Where an item stands with its supplier."""

    QUOTED = "quoted"
    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    """Given back, or never had."""


class PaymentState(StrEnum):
    """Where a payment stands, as the booking knows it."""

    CREATED = "created"
    """Asked of the gateway; no answer yet."""
    REQUIRES_ACTION = "requires_action"
    IN_REVIEW = "in_review"
    """The gateway looks at the risk: it may hold the money, and pays for nothing yet."""
    AUTHORISED = "authorised"
    CAPTURING = "capturing"
    CAPTURED = "captured"
    VOIDING = "voiding"
    """Being released, or never to be taken."""
    VOIDED = "voided"
    FAILED = "failed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


OPEN_PAYMENTS = frozenset(
    {
        PaymentState.CREATED,
        PaymentState.REQUIRES_ACTION,
        PaymentState.IN_REVIEW,
        PaymentState.AUTHORISED,
    }
)
"""A payment in one of these may hold, or come to hold, the payer's money."""

IN_HAND = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.CAPTURED})
"""A payment in one of these pays for the booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing booked of one supplier. `offer` is what the traveller agreed to (P8)."""

    id: ItemId
    offer: Offer
    state: ItemState = ItemState.QUOTED
    proposed: Offer | None = None
    """What the supplier holds instead, until the traveller consents to it."""
    locator: RecordLocator | None = None
    tickets: tuple[str, ...] = ()
    releases: int = 0
    """How often it was asked to be given back: again when a hold or a ticket came through after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as the booking knows it; the gateway's side is the payment actor's."""

    id: PaymentId
    gateway: str
    amount: Money
    state: PaymentState = PaymentState.CREATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """An order with its items and payments. Personal data is not in here: it lives beside it, erasable."""

    id: BookingId
    reference: Reference
    owner: str
    """Whose it is: `guest:<uuid>`, the session that made it or one that nobody has, or `account:<uuid>`."""
    items: tuple[Item, ...]
    payments: tuple[Payment, ...] = ()
    state: BookingState = BookingState.PENDING
    sequence: int = 0
    """How many events its timeline has."""
    hold_until: datetime | None = None
    extended: bool = False
    """Whether starting to pay has already prolonged the hold; it does so once."""
    reason: str | None = None
    """Why it failed, as a stable code: `sold_out`."""

    @property
    def total(self) -> Money:
        """What the traveller agreed to pay."""
        return total((item.offer.total for item in self.items), self.currency)

    @property
    def proposed_total(self) -> Money:
        """What it costs with what the suppliers propose instead."""
        return total(((item.proposed or item.offer).total for item in self.items), self.currency)

    @property
    def currency(self) -> str:
        """ISO 4217; one a booking."""
        return self.items[0].offer.price.currency

    @property
    def ends_on(self) -> date:
        """The local day on which all of it is over."""
        return max(item.offer.itinerary.ends_on for item in self.items)

    @property
    def is_asking_for_money(self) -> bool:
        """Whether a gateway has been asked for a payment and has not answered yet."""
        return any(payment.state is PaymentState.CREATED for payment in self.payments)

    @property
    def deadline(self) -> datetime:
        """When the hold ends; raises ValueError where nothing is held."""
        if self.hold_until is None:
            raise ValueError(f"booking {self.reference} holds nothing")
        return self.hold_until

    def item(self, item_id: ItemId) -> Item | None:
        """The item of that id, if the booking has it."""
        return next((item for item in self.items if item.id == item_id), None)

    def payment(self, payment_id: PaymentId) -> Payment | None:
        """The payment of that id, if the booking knows it."""
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    def with_item(self, item: Item) -> "Booking":
        """This, with the item of the same id replaced."""
        return replace(self, items=tuple(item if old.id == item.id else old for old in self.items))

    def with_payment(self, payment: Payment) -> "Booking":
        """This, with the payment of the same id replaced, or added."""
        if self.payment(payment.id) is None:
            return replace(self, payments=(*self.payments, payment))
        known = tuple(payment if old.id == payment.id else old for old in self.payments)
        return replace(self, payments=known)
