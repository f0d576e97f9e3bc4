"""What a booking is: an order of items, the payments made for it, and where it stands.

Also its sums: what is due, what is in hand, what more it can use. Nothing else adds up payments.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bookingd.domain.booking.plans import Plan
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
    """Called off by the traveller, or cancelled by rule: its balance was not paid."""


OVER = frozenset({BookingState.EXPIRED, BookingState.FAILED, BookingState.CANCELLED})
"""States that keep no stock, and no money but what a plan says is kept of a cancelled booking."""

FINAL = OVER | {BookingState.CONFIRMED}
"""States in which a booking can stay; a confirmed one waits for its balance still, if it has an open one."""


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


UNDER_WAY = frozenset({PaymentState.CREATED, PaymentState.REQUIRES_ACTION, PaymentState.IN_REVIEW})
"""A payment in one of these may still come to hold the payer's money."""

OPEN_PAYMENTS = UNDER_WAY | {PaymentState.AUTHORISED}
"""A payment in one of these may hold, or come to hold, the payer's money."""

IN_HAND = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.CAPTURED})
"""A payment in one of these pays for the booking."""

ASKING = frozenset({PaymentState.CREATED, PaymentState.IN_REVIEW})
"""A payment in one of these waits for its gateway: beside it no other is asked for."""

TAKEN = frozenset({PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED})
"""A payment in one of these was captured, whatever became of the money since."""


class RefundState(StrEnum):
    """Where a refund stands, as the booking knows it."""

    ASKED = "asked"
    DONE = "done"
    """The gateway has taken it on."""
    FAILED = "failed"
    """It came back, or could not be made: still the payer's money, to be paid in another way."""
    SETTLED = "settled"
    """Failed, and then paid in another way."""


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
class Refund:
    """Part or all of what a payment took, given back. No two of a payment have the same round."""

    round: int
    amount: Money
    state: RefundState = RefundState.ASKED
    wish: int | None = None
    """The round that it was asked for by; None where it follows from a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The payer wants money back through their bank: a flag for people, no sum of ours is changed by it."""

    id: str
    """The gateway's."""
    amount: Money | None = None
    """Unknown, like the two below, while only the dispute's end was heard of."""
    reason: str | None = None
    respond_by: datetime | None = None
    won: bool | None = None
    """None while it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as the booking knows it; the gateway's side is the payment actor's."""

    id: PaymentId
    gateway: str
    amount: Money
    """What its payer was asked for, or what staff received."""
    state: PaymentState = PaymentState.CREATED
    taking: Money | None = None
    """How much of it was asked to be captured; None for all, or where nothing was asked yet."""
    captured: Money | None = None
    """How much of it was taken in all; None for its amount, or where nothing was taken yet."""
    refunds: tuple[Refund, ...] = ()
    until: datetime | None = None
    """When the gateway lets go of what it holds, where it says so."""
    renewals: int = 0
    """How often the gateway was asked to hold it for longer."""
    renewing: bool = False
    keep: bool = False
    """Its means is kept, and may be charged for the balance."""
    off_session: bool = False
    """Its payer was not there."""
    received: bool = False
    """Staff had the money before there was a payment: nobody is asked for it."""
    disputes: tuple[Dispute, ...] = ()

    @property
    def taken(self) -> Money:
        """What the gateway captured of it, given back since or not."""
        if self.state not in TAKEN:
            return Money.zero(self.amount.currency)
        return self.amount if self.captured is None else self.captured

    @property
    def refundable(self) -> Money:
        """What of it is still with us and can be given back. What a failed refund left is not in it."""
        if self.state is not PaymentState.CAPTURED:
            return Money.zero(self.amount.currency)
        return self.taken - total((one.amount for one in self.refunds), self.amount.currency)

    @property
    def in_hand(self) -> Money:
        """How much of it pays for the booking."""
        match self.state:
            case PaymentState.AUTHORISED:
                return self.amount
            case PaymentState.CAPTURING:
                return self.taking or self.amount
        return self.refundable

    @property
    def next_round(self) -> int:
        """Of its next refund."""
        return max((one.round for one in self.refunds), default=0) + 1

    @property
    def is_disputed(self) -> bool:
        """Whether a dispute about it is open."""
        return any(one.won is None for one in self.disputes)


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
    waited: bool = False
    """Whether a slow way of paying has already prolonged the hold; it does so once too."""
    reason: str | None = None
    """Why it failed, as a stable code: `sold_out`."""
    plan: Plan | None = None
    """What is due when, as agreed by the first payment; None: all of it at once."""
    paid: bool = False
    """Its balance was paid: what is given back after that is not asked for again."""
    reminded: int = 0
    """The last reminder of its balance that was sent."""
    put_off: int = 0
    """The last time that charging the kept means was put off, since money was on its way by hand."""
    balance_extended: bool = False
    """Whether starting to pay the balance has already prolonged its deadline; it does so once."""
    kept: Money | None = None
    """What its plan lets the agency keep, of a cancelled booking."""

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
    def at_property(self) -> Money:
        """How much of the total the traveller pays there, and not to us."""
        return total((item.offer.price.at_property for item in self.items), self.currency)

    @property
    def owed(self) -> Money:
        """All that is paid to us, now or later."""
        return self.plan.owed if self.plan else self.total - self.at_property

    @property
    def due_now(self) -> Money:
        """What has to be in hand before anything is confirmed (P3)."""
        return self.plan.due_now if self.plan else self.owed

    @property
    def in_hand(self) -> Money:
        """What was authorised or captured for it, less what was given back."""
        return total((payment.in_hand for payment in self.payments), self.currency)

    @property
    def captured(self) -> Money:
        """What was taken for it, less what was given back."""
        return total((payment.refundable for payment in self.payments), self.currency)

    @property
    def has_open_balance(self) -> bool:
        """Whether it is confirmed and not paid for in full."""
        balance = self.plan is not None and bool(self.plan.balance)
        return self.state is BookingState.CONFIRMED and balance and not self.paid

    @property
    def wanted(self) -> Money:
        """How much more money than is in hand it can use; nothing where none is waited for."""
        takes = self.state in {BookingState.AWAITING_PAYMENT, BookingState.CONFIRMING}
        if not (takes or self.has_open_balance):
            return Money.zero(self.currency)
        return max(self.owed - self.in_hand, Money.zero(self.currency))

    @property
    def has_firm_plan(self) -> bool:
        """Whether its plan is agreed for good: there is money, or a ticket, for that."""
        return self.plan is not None and (bool(self.in_hand) or self.is_ticketed)

    @property
    def payable(self) -> Money:
        """The amount of a payment that is started now: what is due now, or of one confirmed, the balance."""
        if self.state is BookingState.AWAITING_PAYMENT:
            return max(self.due_now - self.in_hand, Money.zero(self.currency))
        return self.wanted if self.has_open_balance else Money.zero(self.currency)

    @property
    def balance_by(self) -> datetime | None:
        """When the open balance has to be paid; None where there is none."""
        return self.plan.balance_by if self.plan and self.has_open_balance else None

    @property
    def is_ticketed(self) -> bool:
        """Whether every item is confirmed."""
        return all(item.state is ItemState.CONFIRMED for item in self.items)

    @property
    def starts_at(self) -> datetime:
        """The first departure."""
        return min(item.offer.itinerary.slices[0].departs_at for item in self.items)

    @property
    def ends_on(self) -> date:
        """The local day on which all of it is over."""
        return max(item.offer.itinerary.ends_on for item in self.items)

    @property
    def is_asking_for_money(self) -> bool:
        """Whether a gateway has been asked for a payment and may hold it at any moment, or does already."""
        return any(payment.state in ASKING for payment in self.payments)

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
