"""A model of all that is outside of a booking: suppliers, a gateway, a traveller, time and the post.

What `decide` sends is put into the post. The post delivers in any order, some of it twice, and each
delivery is carried out by the model, whose answers go into the post again. Nothing is ever lost: that is
the outbox's promise. Effects happen once a key, as intents make them. All chance comes from one `Random`, so
that a history is known by its seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Verdict
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BookingCalledOff,
    BookingConfirmed,
    BookingExpired,
    BookingFailed,
    BookingHeld,
    BookingMessage,
    CallOff,
    CapturePayment,
    CaptureRefused,
    ExtendHold,
    GiveConsent,
    HoldItem,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentFailed,
    PaymentNeeded,
    PaymentRefunded,
    PaymentVoided,
    PlaceBooking,
    PriceChanged,
    RefundPayment,
    ReleaseItem,
    StartPayment,
    TicketItem,
    VoidPayment,
)
from bookingd.domain.booking.state import FINAL, IN_HAND, Booking, BookingState, Item, ItemState
from bookingd.domain.ids import ItemId, PaymentId, RecordLocator
from bookingd.domain.money import Money
from tests import factories
from tests.fakes.sources import START

MOST_STEPS = 500
"""A history that takes longer has found a way to run in circles."""

ATTEMPTS = 3
LOCATOR = RecordLocator("ABC234")
TERMS = factories.terms()

OFFERS = {
    (supplier, fee): factories.offer(supplier=supplier, cancel_fee=fee)
    for supplier in ("north", "south")
    for fee in (None, 0)
}
DEARER = {id(shown): factories.dearer(shown) for shown in OFFERS.values()}
STRICTER = {
    id(shown): replace(shown, itinerary=replace(shown.itinerary, conditions=factories.conditions("Light")))
    for shown in OFFERS.values()
}


@dataclass(slots=True)
class AtGateway:
    """A payment as the gateway has it."""

    amount: Money
    status: str
    captured: int = 0
    refunded: int = 0


@dataclass(slots=True, eq=False)
class Parcel:
    """A message in the post."""

    message: BookingMessage
    due: datetime
    deliveries: int


@dataclass(slots=True)
class World:
    """One history of one booking."""

    chance: Random
    booking: Booking
    now: datetime = START
    post: list[Parcel] = field(default_factory=list)
    done: set[tuple[str, object, int]] = field(default_factory=set)
    """Effects that have been carried out: step, item or payment, round."""
    at_suppliers: dict[ItemId, str] = field(default_factory=dict)
    at_gateway: dict[PaymentId, AtGateway] = field(default_factory=dict)
    authorised_once: bool = False
    attempts: int = 0
    captures: int = 0
    """How often a payment was captured because we asked for it."""
    events: int = 0
    told: list[BookingMessage] = field(default_factory=list)
    changed: bool = False
    """Whether a supplier holds something else than was shown."""
    consented: Money | None = None
    steps: int = 0

    def run(self) -> None:
        """From the request until nothing is left in the post."""
        self.send(PlaceBooking(booking_id=self.booking.id))
        if self.chance.random() < 0.05:
            self.send(CallOff(booking_id=self.booking.id), within=1200)
        while self.post:
            self.steps += 1
            assert self.steps < MOST_STEPS, "runs in circles"
            parcel = self._next()
            parcel.deliveries -= 1
            if not parcel.deliveries:
                self.post.remove(parcel)
            self._deliver(parcel.message)

    def send(self, message: BookingMessage, *, due: datetime | None = None, within: float = 0) -> None:
        """Put it into the post: for now, for `due`, or for some moment `within` seconds; some go twice."""
        delay = timedelta(seconds=self.chance.random() * within)
        twice = self.chance.random() < 0.15
        self.post.append(Parcel(message, due or self.now + delay, 1 + twice))

    def _next(self) -> Parcel:
        """Anything that is due; sometimes, and when nothing is, time passes until the next is."""
        due = [parcel for parcel in self.post if parcel.due <= self.now]
        if not due or (len(due) < len(self.post) and self.chance.random() < 0.05):
            self.now = min(parcel.due for parcel in self.post if due == [] or parcel.due > self.now)
            due = [parcel for parcel in self.post if parcel.due <= self.now]
        return due[int(self.chance.random() * len(due))]

    def _deliver(self, message: BookingMessage) -> None:
        carry_out = OUTSIDE.get(type(message))
        if carry_out is not None:
            carry_out(self, message)
        else:
            self._decide(message)

    # The booking

    def _decide(self, message: BookingMessage) -> None:
        decision = decide(self.booking, message, replace(TERMS, now=self.now))
        if decision.verdict is Verdict.EARLY:
            self.post.append(Parcel(message, self.now + timedelta(seconds=30), 1))
            return
        if decision.verdict is Verdict.ADVANCED:
            self.events += 1
        self.booking = decision.booking
        assert self.booking.sequence == self.events, "a gap in the timeline"
        for sent in decision.messages:
            self._check_sent(sent)
            if type(sent) in TOLD:
                self._hear(sent)
            elif not isinstance(sent, ExtendHold):
                self.send(sent)
        for timer in decision.timers:
            self.send(timer.message, due=timer.due)

    def _check_sent(self, sent: BookingMessage) -> None:
        match sent:
            case TicketItem():
                assert any(payment.state in IN_HAND for payment in self.booking.payments), "P3"
            case CapturePayment(amount=amount):
                assert all(item.state is ItemState.CONFIRMED for item in self.booking.items), "P3"
                assert amount == self.booking.total == self._agreed, "P8"

    @property
    def _agreed(self) -> Money:
        return self.consented or Money(10_000 * len(self.booking.items), "EUR")

    # The traveller

    def _hear(self, told: BookingMessage) -> None:
        self.told.append(told)
        match told:
            case PriceChanged(proposed=proposed):
                self._answer_price(proposed)
            case PaymentDeclined() | PaymentNeeded():
                if self.chance.random() < 0.7:
                    self._pay()
            case BookingHeld() if self.booking.state is BookingState.AWAITING_PAYMENT:
                for _ in range(1 + int(self.chance.random() * 1.6) if self.chance.random() < 0.9 else 0):
                    self._pay()

    def _answer_price(self, proposed: Money) -> None:
        chance = self.chance.random()
        if chance < 0.1 or chance > 0.95:
            self.send(GiveConsent(booking_id=self.booking.id, total=proposed + Money(1, "EUR")))
        if chance < 0.8:
            self.consented = proposed
            self.send(GiveConsent(booking_id=self.booking.id, total=proposed), within=1000)
            if chance < 0.2:
                self._pay()

    def _pay(self) -> None:
        if self.attempts == ATTEMPTS:
            return
        self.attempts += 1
        self.send(
            StartPayment(
                booking_id=self.booking.id,
                payment_id=factories.payment_id(self.attempts),
                gateway="fake",
                payment_method="pm",
                return_url="",
            ),
            within=1200 if self.chance.random() < 0.2 else 300,
        )

    # Suppliers

    def _once(self, step: str, of: object, round_: int = 1) -> bool:
        key = (step, of, round_)
        new = key not in self.done
        self.done.add(key)
        return new

    def hold(self, message: HoldItem) -> None:
        if not self._once("hold", message.item_id):
            return
        chance, held = self.chance.random(), message.offer
        if chance < 0.06:
            self._refuse(message.item_id, "sold_out")
            return
        if chance < 0.2:
            held = (DEARER if chance < 0.15 else STRICTER)[id(held)]
            self.changed = True
        self.at_suppliers[message.item_id] = "held"
        self._answer(ItemHeld(booking_id=message.booking_id, item_id=message.item_id, offer=held))

    def ticket(self, message: TicketItem) -> None:
        """A supplier may refuse, may have lost the hold, and may even ticket what was given back."""
        assert self.authorised_once, "P3"
        if not self._once("ticket", message.item_id):
            return
        chance, gone = self.chance.random(), message.item_id not in self.at_suppliers
        if chance < 0.12 or (gone and chance < 0.6):
            self._refuse(message.item_id, "hold_lost")
            return
        self.at_suppliers[message.item_id] = "ticketed"
        self._answer(
            ItemTicketed(
                booking_id=message.booking_id, item_id=message.item_id, locator=LOCATOR, tickets=("1",)
            )
        )

    def release(self, message: ReleaseItem) -> None:
        if self._once("release", message.item_id, message.round):
            self.at_suppliers.pop(message.item_id, None)

    def _refuse(self, item: ItemId, reason: str) -> None:
        self._answer(ItemRefused(booking_id=self.booking.id, item_id=item, reason=reason))

    def _answer(self, fact: BookingMessage) -> None:
        """Most answers come soon; some come when everything else is long over."""
        self.send(fact, within=4000 if self.chance.random() < 0.1 else 1)

    # The gateway, and the payment actor before it

    def authorise(self, message: AuthorisePayment) -> None:
        if not self._once("authorise", message.payment_id):
            return
        chance = self.chance.random()
        status = "authorised" if chance < 0.6 else "requires_action" if chance < 0.8 else "declined"
        self.at_gateway[message.payment_id] = AtGateway(message.amount, status)
        self.authorised_once |= status == "authorised"
        self._tell(message.payment_id)
        if status == "requires_action" and chance < 0.78:
            self.send(_Payer(booking_id=self.booking.id, payment_id=message.payment_id), within=2000)
        if chance < 0.08:
            by_itself = _Lapse if chance < 0.04 else _Meddle
            self.send(by_itself(booking_id=self.booking.id, payment_id=message.payment_id), within=100)

    def act(self, message: "_Payer") -> None:
        """The payer answers their bank, if the payment is still there; who fails may try again there."""
        payment = self.at_gateway[message.payment_id]
        if payment.status in {"requires_action", "declined"}:
            payment.status = "authorised" if self.chance.random() < 0.8 else "declined"
            self.authorised_once |= payment.status == "authorised"
            if payment.status == "declined" and self.chance.random() < 0.5:
                self.send(message, within=200)
        self._tell(message.payment_id)

    def lapse(self, message: "_Lapse") -> None:
        """The authorisation ends by itself; we learn of it at once, or when we use it."""
        payment = self.at_gateway[message.payment_id]
        if payment.status == "authorised":
            payment.status = "voided"
        if self.chance.random() < 0.5:
            self._tell(message.payment_id)

    def meddle(self, message: "_Meddle") -> None:
        """Somebody takes the money by hand, in the gateway's own pages."""
        payment = self.at_gateway[message.payment_id]
        if payment.status == "authorised":
            payment.status, payment.captured = "captured", payment.amount.amount
        self._tell(message.payment_id)

    def capture(self, message: CapturePayment) -> None:
        if not self._once("capture", message.payment_id):
            return
        payment, chance = self.at_gateway[message.payment_id], self.chance.random()
        if payment.status == "captured" or (payment.status == "voided" and chance < 0.5):
            self._tell(message.payment_id)
            return
        if payment.status != "authorised" or chance < 0.12:
            if chance < 0.06 and payment.status == "authorised":
                payment.status = "voided"
            self._answer(
                CaptureRefused(booking_id=self.booking.id, payment_id=message.payment_id, reason="expired")
            )
            return
        payment.status, payment.captured = "captured", message.amount.amount
        self.captures += 1
        assert self.captures == 1, "P2: charged twice"
        self._tell(message.payment_id)

    def void(self, message: VoidPayment) -> None:
        """What was never asked for cannot be voided: come back later."""
        payment = self.at_gateway.get(message.payment_id)
        if payment is None:
            self.send(message, within=60)
            return
        if not self._once("void", message.payment_id):
            return
        if payment.status != "captured":
            payment.status = "voided"
        self._tell(message.payment_id)

    def refund(self, message: RefundPayment) -> None:
        if not self._once("refund", message.payment_id):
            return
        payment = self.at_gateway[message.payment_id]
        assert payment.captured == message.amount.amount, "P2: gave back what was not taken"
        payment.refunded += message.amount.amount
        self._answer(PaymentRefunded(booking_id=self.booking.id, payment_id=message.payment_id))

    def _tell(self, payment_id: PaymentId) -> None:
        """As the payment actor does: what the payment is now, perhaps some more times (webhook, poll)."""
        of = self.booking.id
        facts: dict[str, BookingMessage] = {
            "requires_action": PaymentActionRequired(booking_id=of, payment_id=payment_id, action_url=""),
            "authorised": PaymentAuthorised(booking_id=of, payment_id=payment_id),
            "declined": PaymentFailed(booking_id=of, payment_id=payment_id, reason="generic_decline"),
            "captured": PaymentCaptured(booking_id=of, payment_id=payment_id),
            "voided": PaymentVoided(booking_id=of, payment_id=payment_id),
        }
        self._answer(facts[self.at_gateway[payment_id].status])

    def kept(self) -> int:
        """Minor units that were taken and not given back."""
        return sum(payment.captured - payment.refunded for payment in self.at_gateway.values())

    # What must be so in the end

    def check(self) -> None:
        """The promises, when nothing is left in the post and no timer runs."""
        confirmed = self.booking.state is BookingState.CONFIRMED
        assert self.booking.state in FINAL, "P6: it waits for nobody"
        assert self.consented or not (confirmed and self.changed), "P8: nobody agreed to the change"
        assert self.kept() == (self._agreed.amount if confirmed else 0), "P2"
        statuses = [payment.status for payment in self.at_gateway.values()]
        assert "authorised" not in statuses, "money is held for nothing"
        assert "requires_action" not in statuses, "a payment can still be made for nothing"
        wanted = dict.fromkeys([item.id for item in self.booking.items], "ticketed") if confirmed else {}
        assert self.at_suppliers == wanted, "stock is kept, or lost"
        ends = [told for told in self.told if isinstance(told, ENDS)]
        assert len(ends) == 1, "the traveller is told the end once"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payer(BookingMessage):
    payment_id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lapse(BookingMessage):
    payment_id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meddle(BookingMessage):
    payment_id: PaymentId


OUTSIDE: Mapping[type[BookingMessage], Callable[[World, Any], None]] = {
    HoldItem: World.hold,
    TicketItem: World.ticket,
    ReleaseItem: World.release,
    AuthorisePayment: World.authorise,
    CapturePayment: World.capture,
    VoidPayment: World.void,
    RefundPayment: World.refund,
    _Payer: World.act,
    _Lapse: World.lapse,
    _Meddle: World.meddle,
}
ENDS = (BookingConfirmed, BookingFailed, BookingExpired, BookingCalledOff)
TOLD = frozenset({*ENDS, BookingHeld, PriceChanged, PaymentDeclined, PaymentNeeded})


def history(chance: Random) -> World:
    """One history of a booking of one or two items, from its request to its end, checked."""
    suppliers = ("north", "south")[: 1 + (chance.random() < 0.4)]
    items = tuple(
        Item(id=factories.item_id(number), offer=OFFERS[supplier, chance.choice((None, 0))])
        for number, supplier in enumerate(suppliers)
    )
    world = World(chance=chance, booking=replace(EMPTY, items=items))
    world.run()
    world.check()
    return world


EMPTY = factories.booking()
