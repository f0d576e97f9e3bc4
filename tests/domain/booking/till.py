"""The gateways of the model world, and the payment actor before them: cards, transfers, what staff record.

Effects happen once a key, as intents make them. What is told may come late, twice and in any order.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from bookingd.domain.booking.facts import (
    AuthorisationRenewed,
    AuthorisePayment,
    BookingMessage,
    CapturePayment,
    CaptureRefused,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentInReview,
    PaymentRefunded,
    PaymentVoided,
    ReauthorisationRefused,
    ReauthorisePayment,
    RefundFailed,
    RefundPayment,
    VoidPayment,
)
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money

TRANSFER = "transfer"
WAITS = frozenset({"requires_action", "in_review"})


@dataclass(slots=True)
class AtGateway:
    """A payment as the gateway has it; amounts in minor units."""

    amount: Money
    gateway: str
    status: str
    captured: int = 0
    refunded: int = 0
    until: datetime | None = None


class Around(Protocol):
    """What a gateway needs of the world."""

    chance: Random
    booking: Booking
    now: datetime
    happened: set[str]

    def send(self, message: BookingMessage, *, due: datetime | None = None, within: float = 0) -> None: ...
    def answer(self, fact: BookingMessage) -> None: ...
    def once(self, step: str, of: object, round_: int = 1) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBank(BookingMessage):
    """The payer answers their bank, or the gateway's risk desk has looked."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse(BookingMessage):
    """An authorisation ends by itself."""

    payment_id: PaymentId
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meddle(BookingMessage):
    """Somebody takes the money by hand, in the gateway's own pages."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred(BookingMessage):
    """A transfer comes, whole or in part, awaited or not."""

    payment_id: PaymentId
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce(BookingMessage):
    """What was given back comes back."""

    payment_id: PaymentId
    round: int
    amount: Money


@dataclass(slots=True)
class Till:
    """All gateways together."""

    around: Around
    payments: dict[PaymentId, AtGateway] = field(default_factory=dict)
    authorised_once: bool = False

    @property
    def kept(self) -> int:
        """Minor units that were taken and not given back."""
        return sum(payment.captured - payment.refunded for payment in self.payments.values())

    # Authorise

    def authorise(self, message: AuthorisePayment) -> None:
        if not self.around.once("authorise", message.payment_id):
            return
        payment = AtGateway(message.amount, message.gateway, "declined")
        self.payments[message.payment_id] = payment
        if message.received:
            self.around.happened.add("received by staff")
            payment.status, payment.captured = "captured", message.amount.amount
        elif message.gateway == TRANSFER:
            payment.status = "requires_action"
            self._await_transfer(message.payment_id, message.amount.amount)
        else:
            self._ask_card(message, payment)
        self.authorised_once |= payment.status in {"authorised", "captured"}
        self.tell(message.payment_id)

    def _ask_card(self, message: AuthorisePayment, payment: AtGateway) -> None:
        around, chance, of = self.around, self.around.chance.random(), message.payment_id
        if message.off_session:
            around.happened.add("kept card charged")
        payment.status = "authorised" if chance < 0.6 else "declined"
        if 0.6 <= chance < 0.85:
            payment.status = "requires_action" if chance < 0.78 else "in_review"
            if chance < 0.76 or chance > 0.79:
                around.send(AtBank(booking_id=message.booking_id, payment_id=of), within=2000)
        if payment.status == "in_review":
            around.happened.add("review")
        if chance < 0.16:
            payment.until = around.now + timedelta(hours=12, seconds=600 * around.chance.random())
            around.send(
                Lapse(booking_id=message.booking_id, payment_id=of, until=payment.until), due=payment.until
            )
        if 0.16 < chance < 0.24:
            by_itself = Lapse if chance < 0.2 else Meddle
            around.send(by_itself(booking_id=message.booking_id, payment_id=of), within=100)

    def _await_transfer(self, of: PaymentId, amount: int) -> None:
        chance, booking_id, half = self.around.chance.random(), self.around.booking.id, amount // 2
        wholly, too_much = (amount,), (amount + amount // 5,)
        ways = ((0.6, wholly), (0.68, (half,)), (0.85, (half, amount - half)), (0.95, too_much), (1.0, ()))
        parts = next(parts for most, parts in ways if chance <= most)
        for part in parts:
            come = Transferred(booking_id=booking_id, payment_id=of, amount=part)
            self.around.send(come, within=5 * 86400 if self.around.chance.random() < 0.1 else 86400)

    def transferred(self, message: Transferred) -> None:
        """The post may bring this twice, a bank does not."""
        if not self.around.once("transfer", (message.payment_id, id(message))):
            return
        payment = self.payments[message.payment_id]
        if payment.captured:
            self.around.happened.add("transfer in parts")
        payment.status, payment.captured = "captured", payment.captured + message.amount
        self.authorised_once = True
        self.tell(message.payment_id)

    def at_bank(self, message: AtBank) -> None:
        """If the payment is still there; who fails may try again there."""
        payment = self.payments[message.payment_id]
        if payment.status in {*WAITS, "declined"}:
            payment.status = "authorised" if self.around.chance.random() < 0.8 else "declined"
            self.authorised_once |= payment.status == "authorised"
            if payment.status == "declined" and self.around.chance.random() < 0.5:
                self.around.send(message, within=200)
        self.tell(message.payment_id)

    def lapse(self, message: Lapse) -> None:
        """We learn of it at once, or when we use it."""
        payment = self.payments[message.payment_id]
        if payment.status == "authorised" and (message.until is None or message.until == payment.until):
            payment.status = "voided"
        if self.around.chance.random() < 0.5:
            self.tell(message.payment_id)

    def meddle(self, message: Meddle) -> None:
        payment = self.payments[message.payment_id]
        if payment.status == "authorised":
            payment.status, payment.captured = "captured", payment.amount.amount
        self.tell(message.payment_id)

    def reauthorise(self, message: ReauthorisePayment) -> None:
        if not self.around.once("reauthorise", message.payment_id, message.round):
            return
        payment, of = self.payments[message.payment_id], message.booking_id
        if payment.status == "authorised" and self.around.chance.random() < 0.5:
            self.around.happened.add("renewed")
            payment.until = self.around.now + timedelta(hours=13)
            renewed = AuthorisationRenewed(booking_id=of, payment_id=message.payment_id, until=payment.until)
            self.around.answer(renewed)
            self.around.send(
                Lapse(booking_id=of, payment_id=message.payment_id, until=payment.until), due=payment.until
            )
            return
        self.around.happened.add("renewal refused")
        self.around.answer(
            ReauthorisationRefused(booking_id=of, payment_id=message.payment_id, reason="not_supported")
        )

    # Capture, void

    def capture(self, message: CapturePayment) -> None:
        if not self.around.once("capture", message.payment_id):
            return
        payment, chance = self.payments[message.payment_id], self.around.chance.random()
        if payment.status == "captured" or (payment.status == "voided" and chance < 0.5):
            self.tell(message.payment_id)
            return
        if payment.status != "authorised" or chance < 0.12:
            if chance < 0.06 and payment.status == "authorised":
                payment.status = "voided"
            self.around.answer(
                CaptureRefused(booking_id=message.booking_id, payment_id=message.payment_id, reason="expired")
            )
            return
        assert message.amount <= payment.amount, "took more than is held"
        payment.status, payment.captured = "captured", message.amount.amount
        self.tell(message.payment_id)

    def void(self, message: VoidPayment) -> None:
        """What was never asked for cannot be voided: come back later."""
        payment = self.payments.get(message.payment_id)
        if payment is None:
            self.around.send(message, within=60)
            return
        if not self.around.once("void", message.payment_id):
            return
        if payment.status != "captured":
            payment.status = "voided"
        self.tell(message.payment_id)

    # Refund

    def refund(self, message: RefundPayment) -> None:
        if not self.around.once("refund", message.payment_id, message.round):
            return
        payment, chance = self.payments[message.payment_id], self.around.chance.random()
        payment.refunded += message.amount.amount
        assert payment.refunded <= payment.captured, "P2: gave back what was not taken"
        if chance < 0.1:
            bounce = Bounce(
                booking_id=message.booking_id,
                payment_id=message.payment_id,
                round=message.round,
                amount=message.amount,
            )
            self.around.send(bounce, within=100)
        if chance > 0.03:
            self.around.answer(
                PaymentRefunded(
                    booking_id=message.booking_id,
                    payment_id=message.payment_id,
                    round=message.round,
                    amount=message.amount,
                )
            )

    def bounce(self, message: Bounce) -> None:
        """It is the payer's all the same: staff pay it in another way, sooner or later."""
        if not self.around.once("bounce", message.payment_id, message.round):
            return
        self.around.happened.add("refund failed")
        of, payment, round_ = message.booking_id, message.payment_id, message.round
        self.around.answer(
            RefundFailed(
                booking_id=of, payment_id=payment, round=round_, amount=message.amount, reason="closed"
            )
        )
        settled = PaymentRefunded(
            booking_id=of, payment_id=payment, round=round_, amount=message.amount, settled=True
        )
        self.around.send(settled, within=5000)

    def tell(self, payment_id: PaymentId) -> None:
        """As the payment actor does: what the payment is now."""
        of, payment = self.around.booking.id, self.payments[payment_id]
        fact: BookingMessage
        match payment.status:
            case "requires_action":
                fact = PaymentActionRequired(booking_id=of, payment_id=payment_id, action_url="")
            case "in_review":
                fact = PaymentInReview(booking_id=of, payment_id=payment_id)
            case "authorised":
                fact = PaymentAuthorised(booking_id=of, payment_id=payment_id, until=payment.until)
            case "captured":
                taken = Money(payment.captured, payment.amount.currency)
                fact = PaymentCaptured(booking_id=of, payment_id=payment_id, amount=taken)
            case "voided":
                fact = PaymentVoided(booking_id=of, payment_id=payment_id)
            case _:
                fact = PaymentFailed(booking_id=of, payment_id=payment_id, reason="generic_decline")
        self.around.answer(fact)
