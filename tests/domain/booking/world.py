"""A model of all that is outside of a booking: suppliers, gateways, a traveller, staff, time and the post.

What `decide` sends is put into the post. The post delivers in any order, some of it twice, and each
delivery is carried out by the model, whose answers go into the post again. Nothing is ever lost: that is
the outbox's promise. Effects happen once a key, as intents make them. All chance comes from one `Random`, so
that a history is known by its seed.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.decision import Terms, Verdict
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BalanceAsked,
    BookingCalledOff,
    BookingCancelled,
    BookingConfirmed,
    BookingExpired,
    BookingFailed,
    BookingHeld,
    BookingMessage,
    BookingPaid,
    CallOff,
    CapturePayment,
    DisputeClosed,
    ExtendHold,
    GiveBack,
    GiveConsent,
    HoldItem,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    PaymentDeclined,
    PaymentDisputed,
    PaymentNeeded,
    PlaceBooking,
    PriceChanged,
    ReauthorisePayment,
    RefundPayment,
    ReleaseItem,
    StartPayment,
    TicketItem,
    VoidPayment,
)
from bookingd.domain.booking.plans import PlanTerms, Schedule
from bookingd.domain.booking.state import (
    FINAL,
    OVER,
    Booking,
    BookingState,
    Item,
    PaymentState,
    RefundState,
)
from bookingd.domain.ids import ItemId, PaymentId, RecordLocator
from bookingd.domain.money import Money
from tests import factories
from tests.domain.booking import till
from tests.domain.booking.till import TRANSFER, Till
from tests.fakes.sources import START

MOST_STEPS = 500
"""A history that takes longer has found a way to run in circles."""

ATTEMPTS = 3
LOCATOR = RecordLocator("ABC234")
TERMS = replace(
    factories.terms(),
    patience={TRANSFER: timedelta(days=3)},
    plans=PlanTerms(
        deposit=Fraction(3, 10),
        balance_before=timedelta(days=8),
        least_wait=timedelta(hours=1),
        reminders=(timedelta(hours=20), timedelta(hours=4)),
        charge_before=timedelta(hours=8),
    ),
)
"""The balance of a flight in ten days is due the day after tomorrow."""

RECEIVED = 90
"""What staff record are payments of their own, numbered from here."""

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
    till: Till = field(init=False)
    attempts: int = 0
    schedule: Schedule = Schedule.FULL
    keep: bool = False
    terms: Terms = TERMS
    given_by_staff: int = 0
    """Minor units that were given back because staff said so, and not for want of a booking."""
    happened: set[str] = field(default_factory=set)
    early: Counter[int] = field(default_factory=Counter)
    """How often a message came too early."""
    events: int = 0
    told: list[BookingMessage] = field(default_factory=list)
    changed: bool = False
    """Whether a supplier holds something else than was shown."""
    consented: Money | None = None
    steps: int = 0

    def __post_init__(self) -> None:
        self.till = Till(self)

    def run(self) -> None:
        """From the request until nothing is left in the post."""
        self.send(PlaceBooking(booking_id=self.booking.id))
        if self.chance.random() < 0.05:
            self.send(CallOff(booking_id=self.booking.id), within=1200)
        if self.chance.random() < 0.2:
            self._employ_staff()
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
        if (carry_out := OUTSIDE.get(type(message))) is not None:
            carry_out(self, message)
        elif (at_till := AT_TILL.get(type(message))) is not None:
            at_till(self.till, message)
        else:
            self._decide(message)

    # The booking

    def _decide(self, message: BookingMessage) -> None:
        decision = decide(self.booking, message, replace(self.terms, now=self.now))
        if decision.verdict is Verdict.EARLY:
            self._deliver_later(message)
            return
        if decision.verdict is Verdict.ADVANCED:
            self.events += 1
            if isinstance(message, GiveBack):
                self.given_by_staff += message.amount.amount
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
            if self.chance.random() < 0.1:
                self.send(timer.message, within=3600)

    def _deliver_later(self, message: BookingMessage) -> None:
        """As the runtime does: after pauses that grow."""
        self.early[id(message)] += 1
        pause = timedelta(seconds=15 * 2 ** min(self.early[id(message)], 7))
        self.post.append(Parcel(message, self.now + pause, 1))

    def _check_sent(self, sent: BookingMessage) -> None:
        booking = self.booking
        match sent:
            case TicketItem():
                assert booking.in_hand >= booking.due_now, "P3"
            case AuthorisePayment(amount=amount, received=False):
                assert booking.total == self._agreed, "P8"
                assert amount <= booking.total, "P8"
            case CapturePayment(payment_id=payment_id, amount=amount):
                others = booking.in_hand - amount
                assert others + amount <= booking.owed or booking.state is not BookingState.CONFIRMED, "P8"
                self._check_capture(payment_id)

    def _check_capture(self, payment_id: PaymentId) -> None:
        """Before everything is ticketed only what would lapse is taken."""
        payment = self.booking.payment(payment_id)
        assert payment is not None
        assert self.booking.is_ticketed or payment.renewals, "P3"

    @property
    def _agreed(self) -> Money:
        return self.consented or Money(10_000 * len(self.booking.items), "EUR")

    # The traveller

    def _hear(self, told: BookingMessage) -> None:
        self.told.append(told)
        match told:
            case PriceChanged(proposed=proposed):
                self._answer_price(proposed)
            case PaymentDeclined() | PaymentNeeded() | BalanceAsked():
                if self.chance.random() < 0.7:
                    self._pay()
            case BookingPaid():
                self.happened.add("balance paid")
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
                gateway=TRANSFER if self.chance.random() < 0.15 else "fake",
                payment_method="pm",
                return_url="",
                schedule=self.schedule,
                keep=self.keep,
            ),
            within=1200 if self.chance.random() < 0.2 else 300,
        )

    # Staff, and the payer's bank

    def _employ_staff(self) -> None:
        """Record money, give some back, hear of disputes: whenever they like, and not always rightly."""
        of, chance = self.booking.id, self.chance
        for number in range(RECEIVED, RECEIVED + int(chance.random() * 3)):
            cash = StartPayment(
                booking_id=of,
                payment_id=factories.payment_id(number),
                gateway="cash",
                payment_method="",
                return_url="",
                schedule=self.schedule,
                received=Money(chance.choice((1_000, 5_000, 10_000, 25_000)), "EUR"),
            )
            self.send(cash, within=3 * 86400 if chance.random() < 0.5 else 1200)
        for _ in range(int(chance.random() * 4)):
            back = GiveBack(
                booking_id=of,
                payment_id=self._any_payment(),
                round=1 + int(chance.random() * 2),
                amount=Money(chance.choice((700, 2_500, 10_000)), "EUR"),
                reason="goodwill",
            )
            self.send(back, within=3 * 86400 if chance.random() < 0.5 else 1200)
        if chance.random() < 0.3:
            self._dispute(self._any_payment())

    def _any_payment(self) -> PaymentId:
        return factories.payment_id(self.chance.choice((1, 1, 2, RECEIVED)))

    def _dispute(self, payment: PaymentId) -> None:
        of, amount = self.booking.id, Money(500, "EUR")
        self.send(
            PaymentDisputed(
                booking_id=of, payment_id=payment, dispute="dp", amount=amount, reason="fraudulent"
            ),
            within=86400,
        )
        self.send(DisputeClosed(booking_id=of, payment_id=payment, dispute="dp", won=False), within=2 * 86400)

    # Suppliers

    def once(self, step: str, of: object, round_: int = 1) -> bool:
        key = (step, of, round_)
        new = key not in self.done
        self.done.add(key)
        return new

    def hold(self, message: HoldItem) -> None:
        if not self.once("hold", message.item_id):
            return
        chance, held = self.chance.random(), message.offer
        if chance < 0.06:
            self._refuse(message.item_id, "sold_out")
            return
        if chance < 0.2:
            held = (DEARER if chance < 0.15 else STRICTER)[id(held)]
            self.changed = True
        self.at_suppliers[message.item_id] = "held"
        self.answer(ItemHeld(booking_id=message.booking_id, item_id=message.item_id, offer=held))

    def ticket(self, message: TicketItem) -> None:
        """A supplier may refuse, may have lost the hold, and may even ticket what was given back."""
        assert self.till.authorised_once, "P3"
        if not self.once("ticket", message.item_id):
            return
        chance, gone = self.chance.random(), message.item_id not in self.at_suppliers
        if chance < 0.12 or (gone and chance < 0.6):
            self._refuse(message.item_id, "hold_lost")
            return
        self.at_suppliers[message.item_id] = "ticketed"
        self.answer(
            ItemTicketed(
                booking_id=message.booking_id, item_id=message.item_id, locator=LOCATOR, tickets=("1",)
            )
        )

    def release(self, message: ReleaseItem) -> None:
        if self.once("release", message.item_id, message.round):
            self.at_suppliers.pop(message.item_id, None)

    def _refuse(self, item: ItemId, reason: str) -> None:
        self.answer(ItemRefused(booking_id=self.booking.id, item_id=item, reason=reason))

    def answer(self, fact: BookingMessage) -> None:
        """Most answers come soon; some come when everything else is long over."""
        self.send(fact, within=4000 if self.chance.random() < 0.1 else 1)

    # What must be so in the end

    def check(self) -> None:
        """The promises, when nothing is left in the post and no timer runs."""
        confirmed = self.booking.state is BookingState.CONFIRMED
        assert self.booking.state in FINAL, "P6: it waits for nobody"
        assert not self.booking.has_open_balance, "P6: it waits for its balance"
        assert self.consented or not (confirmed and self.changed), "P8: nobody agreed to the change"
        self._check_money(self.booking.owed.amount if confirmed else (self.booking.kept or NOTHING).amount)
        wanted = dict.fromkeys([item.id for item in self.booking.items], "ticketed") if confirmed else {}
        assert self.at_suppliers == wanted, "stock is kept, or lost"
        self._check_told()

    def _check_money(self, due: int) -> None:
        """What is with us is what is owed, less what staff gave back: to the cent, as gateways have it."""
        kept, booking = self.till.kept, self.booking
        assert due - self.given_by_staff <= kept <= due, "P2"
        assert kept == booking.captured.amount == booking.in_hand.amount, "the booking counts otherwise"
        statuses = {payment.status for payment in self.till.payments.values()}
        assert statuses <= {"captured", "voided", "declined"}, "money is held, or can still be taken"
        assert not any(payment.state in MOVING for payment in booking.payments), "a payment has no end"
        refunds = [refund for payment in booking.payments for refund in payment.refunds]
        assert all(refund.state in {RefundState.DONE, RefundState.SETTLED} for refund in refunds), (
            "P2: unpaid"
        )

    def _check_told(self) -> None:
        """The traveller is told the end once; a confirmed booking may be cancelled after that, once."""
        ends = [type(told) for told in self.told if isinstance(told, ENDS)]
        assert len(ends) == 1, "the end is told once"
        cancelled = [told for told in self.told if isinstance(told, BookingCancelled)]
        assert len(cancelled) == (ends == [BookingConfirmed] and self.booking.state in OVER), "told wrongly"
        paid = [told for told in self.told if isinstance(told, BookingPaid)]
        assert len(paid) <= self.booking.paid, "paid twice"


OUTSIDE: Mapping[type[BookingMessage], Callable[[World, Any], None]] = {
    HoldItem: World.hold,
    TicketItem: World.ticket,
    ReleaseItem: World.release,
}
AT_TILL: Mapping[type[BookingMessage], Callable[[Till, Any], None]] = {
    AuthorisePayment: Till.authorise,
    ReauthorisePayment: Till.reauthorise,
    CapturePayment: Till.capture,
    VoidPayment: Till.void,
    RefundPayment: Till.refund,
    till.AtBank: Till.at_bank,
    till.Lapse: Till.lapse,
    till.Meddle: Till.meddle,
    till.Transferred: Till.transferred,
    till.Bounce: Till.bounce,
}
MOVING = frozenset(
    {
        *(PaymentState.CREATED, PaymentState.REQUIRES_ACTION, PaymentState.IN_REVIEW),
        *(PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.VOIDING, PaymentState.REFUNDING),
    }
)
NOTHING = Money.zero("EUR")
ENDS = (BookingConfirmed, BookingFailed, BookingExpired, BookingCalledOff)
TOLD = frozenset(
    {
        *(*ENDS, BookingHeld, PriceChanged, PaymentDeclined, PaymentNeeded),
        *(BalanceAsked, BookingPaid, BookingCancelled),
    }
)


def history(chance: Random) -> World:
    """One history of a booking of one or two items, from its request to its end, checked."""
    suppliers = ("north", "south")[: 1 + (chance.random() < 0.4)]
    items = tuple(
        Item(id=factories.item_id(number), offer=OFFERS[supplier, chance.choice((None, 0))])
        for number, supplier in enumerate(suppliers)
    )
    world = World(chance=chance, booking=replace(EMPTY, items=items))
    if chance.random() < 0.3:
        world.schedule, world.keep = Schedule.DEPOSIT, chance.random() < 0.5
        keeps = replace(TERMS.plans, keeps_deposit=chance.random() < 0.5)
        world.terms = replace(TERMS, plans=keeps)
    world.run()
    world.check()
    return world


EMPTY = factories.booking()
