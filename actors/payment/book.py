"""What every step of a payment uses: its row, its gateway, the books, the trail and the operators' list."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bookingd.actor.kinds import Letter
from bookingd.domain import ledger
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    CapturePayment,
    ReauthorisePayment,
    RefundPayment,
    VoidPayment,
)
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Gateway
from bookingd.messages.payments import (
    FIRST_LOOK,
    CompletePayment,
    ForgetMeans,
    ReadDisputes,
    RefreshPayment,
    SettleRefund,
)
from bookingd.outcomes import Refused
from bookingd.security.card_testing import Brake
from bookingd.sources import Sources
from bookingd.storage import disputes, intents, payment_means, payments
from bookingd.storage import ledger as books
from bookingd.storage.database import Database
from bookingd.storage.disputes import DisputeRow
from bookingd.storage.intents import IntentState
from bookingd.storage.payment_means import NewMeans
from bookingd.storage.payments import PaymentRow, PaymentStatus, PaymentStep
from bookingd.storage.transactions import Transaction

REFERENCES_KEPT = 4096
"""Some 200 bytes each; those of other payments are read from their rows."""

REFERENCES_LAST = timedelta(minutes=10)
"""How long what an authorisation was called is taken for what it is called: long before one is renewed."""

STUCK = "payment_stuck"
"""The reason on the operators' list for what we cannot bring to its end."""

AtGateway = CapturePayment | RefundPayment | ReauthorisePayment
"""What is asked of a payment that its gateway knows."""

PaymentMessage = (
    AuthorisePayment
    | AtGateway
    | VoidPayment
    | RefreshPayment
    | CompletePayment
    | SettleRefund
    | ReadDisputes
    | ForgetMeans
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a transaction is to write of payments: rows, each payment once, and entries in the books."""

    rows: list[PaymentRow] = field(default_factory=list)
    entries: list[ledger.Entry] = field(default_factory=list)
    means: list[NewMeans] = field(default_factory=list)
    """What is kept of them, with consent."""
    declined: list[PaymentRow] = field(default_factory=list)
    """Those that their gateways have just declined."""
    good: list[PaymentRow] = field(default_factory=list)
    """Those that have just come to something."""


class PaymentBook:
    """Payments as we have them, and where their gateways are."""

    def __init__(
        self, *, gateways: Mapping[str, Gateway], database: Database, sources: Sources, brake: Brake
    ) -> None:
        self.gateways = gateways
        self.sources = sources
        self._brake = brake
        self._database = database
        self._references: OrderedDict[PaymentId, tuple[str, datetime]] = OrderedDict()
        """What payments are called at their gateways, and since when that is known: most are captured where,
        and soon after, they were authorised.
        """

    async def load(self, message: PaymentMessage) -> PaymentRow | None:
        """The payment as it is now; None if the gateway has not told of it yet."""
        async with self._database.connection() as connection:
            return await payments.load(connection, payment_id=message.payment_id)

    async def refunds(self, row: PaymentRow) -> list[payments.RefundRow]:
        """What was given back of it, the first begun first."""
        async with self._database.connection() as connection:
            return await payments.refunds_of(connection, payment_id=row.id)

    async def disputes(self, row: PaymentRow) -> list[DisputeRow]:
        """What is disputed of it, or was."""
        async with self._database.connection() as connection:
            return await disputes.of_payment(connection, payment_id=row.id)

    async def locked(self, transaction: Transaction, message: PaymentMessage) -> PaymentRow:
        """The payment, nobody else's until the transaction ends. Raises LookupError."""
        return (await self.all_locked(transaction, [message]))[message.payment_id]

    async def all_locked(
        self, transaction: Transaction, messages: Iterable[PaymentMessage]
    ) -> dict[PaymentId, PaymentRow]:
        """The same for many."""
        wanted = {message.payment_id for message in messages}
        rows = await payments.lock(transaction.connection, ids=wanted)
        if missing := wanted - rows.keys():
            raise LookupError(f"not recorded: payment {', '.join(map(str, missing))}")
        return rows

    async def at_gateway(self, message: AtGateway) -> tuple[Gateway, str]:
        """The gateway, and what the payment is called there. Raises Refused."""
        reference = self._noted(message.payment_id) or await self._reference(message)
        return self.gateways[message.gateway], reference

    def note_reference(self, payment_id: PaymentId, reference: str) -> None:
        """Keep in mind what the payment, authorised just now, is called at its gateway."""
        self._references[payment_id] = reference, self.sources.clock.now()
        if len(self._references) > REFERENCES_KEPT:
            self._references.popitem(last=False)

    def forget_reference(self, payment_id: PaymentId) -> None:
        """It is called otherwise from now on."""
        self._references.pop(payment_id, None)

    def _noted(self, payment_id: PaymentId) -> str | None:
        reference, since = self._references.get(payment_id, (None, self.sources.clock.now()))
        return reference if self.sources.clock.now() - since < REFERENCES_LAST else None

    async def _reference(self, message: AtGateway) -> str:
        row = await self.load(message)
        if row is None or row.gateway_reference is None:
            raise Refused("not_authorised", f"payment {message.payment_id} never reached its gateway")
        return row.gateway_reference

    async def begun(self, message: PaymentMessage, *steps: PaymentStep) -> dict[str, IntentState]:
        """Those of the steps that somebody has begun for the payment, and where each stands."""
        async with self._database.connection() as connection:
            return await intents.begun(
                connection, subject=message.booking_id, about=message.payment_id, steps=steps
            )

    async def kept_means(
        self, payment_id: PaymentId, message: AuthorisePayment
    ) -> payment_means.KeptMeans | None:
        """What was kept with that payment, as far as whoever pays now may be charged by it."""
        async with self._database.connection() as connection:
            return await payment_means.usable(
                connection, payment_id=payment_id, owner=message.owner, booking_id=message.booking_id
            )

    async def is_closed_to(self, fingerprint: str | None) -> bool:
        """Whether that card was declined too often to be taken now."""
        return await self._brake.is_closed_to(self._database, fingerprint)

    async def customer(self, message: AuthorisePayment) -> str | None:
        """What the gateway calls whose booking it is, where it knows them."""
        async with self._database.connection() as connection:
            return await payment_means.customer(connection, owner=message.owner, gateway=message.gateway)

    async def write(self, transaction: Transaction, page: Page) -> None:
        """Write what stands on the page."""
        if page.entries:
            await books.post(
                transaction.connection, entries=page.entries, ids=self.sources.ids, now=transaction.now
            )
        if page.rows:
            await payments.save(transaction.connection, rows=page.rows, now=transaction.now)
        if page.means:
            await payment_means.keep(transaction.connection, means=page.means)
        if page.good:
            await self._brake.give_back(transaction.connection, [row.id for row in page.good])
        if page.declined:
            declined = [(row.id, row.booking_id, row.means_fingerprint) for row in page.declined]
            await self._brake.decline(transaction.connection, declined)

    def enter(self, page: Page, before: PaymentRow, now: PaymentRow) -> None:
        """The payment as it is now, with what came to be held or is held no longer, and what was taken."""
        if _holds(now) and not _holds(before):
            self.post(page, ledger.authorised, now, now.amount)
        elif _holds(before) and not _holds(now):
            self.post(page, ledger.let_go, now, now.amount)
        if now.captured.amount > before.captured.amount:
            self.post(page, ledger.captured, now, now.captured - before.captured)
        page.rows.append(now)

    def post(self, page: Page, movement: ledger.Movement, row: PaymentRow, amount: Money) -> None:
        """Have entered in the books what moved of the payment."""
        entry = movement(
            journal=self.sources.ids.new(),
            booking_id=row.booking_id,
            payment_id=row.id,
            gateway=row.gateway,
            amount=amount,
        )
        page.entries.append(entry)

    def poll(self, transaction: Transaction, letter: Letter, row: PaymentRow, poll: int) -> None:
        """Look for the time `poll`, counted from 1, when it is due."""
        due: datetime = transaction.now + FIRST_LOOK * 2 ** (poll - 1)
        look = RefreshPayment(payment_id=row.id, booking_id=row.booking_id, poll=poll)
        transaction.send(look, origin=letter.origin, due=due)

    def audit(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, action: str, **told: str | int
    ) -> None:
        """Write down a change that moves no booking, and so is in no timeline (P11)."""
        entry = AuditEntry(
            id=self.sources.ids.new(),
            at=transaction.now,
            principal=letter.origin.principal,
            action=action,
            subject=Subject.of("booking", row.booking_id),
            correlation_id=letter.origin.correlation_id,
            details={"payment": str(row.id), "gateway": row.gateway, **told},
        )
        transaction.audit(entry)

    async def ask_operator(self, transaction: Transaction, message: PaymentMessage, why: str) -> None:
        """Have a person look at a payment that we cannot bring to its end."""
        await transaction.need_attention(
            subject=message.booking_id,
            about=message.payment_id,
            reason=STUCK,
            detail=f"payment {message.payment_id} {why}",
        )


def _holds(row: PaymentRow) -> bool:
    return row.state is PaymentStatus.AUTHORISED
