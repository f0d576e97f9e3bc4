"""The payment actor owns payments: it carries out what bookings ask of gateways and tells what became of it.

It takes authorise, capture, void, refund, and `RefreshPayment`, in which the payer's return, the gateway's
webhook and our own poll all end; it emits what the gateway says. It never decides what a payment is for.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from actors.payment.book import Page, PaymentBook
from actors.payment.documents import FOLLOWED, Agency, Documents
from actors.payment.refunds import Given, Refunds
from bookingd.actor.kinds import Acting, Answer, Decide, Ended, Letter, Reading, Record, each
from bookingd.domain import ledger
from bookingd.domain.booking.facts import (
    AuthorisePayment,
    BookingMessage,
    CapturePayment,
    CaptureRefused,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentVoided,
    RefundPayment,
    VoidPayment,
)
from bookingd.domain.money import Money
from bookingd.gateways.port import Authorisation, Gateway, GatewayPayment, GatewayStatus
from bookingd.messages.payments import RefreshPayment
from bookingd.outcomes import Refused, Unavailable, UnknownOutcome
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.intents import Intent, IntentKey
from bookingd.storage.payments import PaymentRow, PaymentStatus, PaymentStep
from bookingd.storage.transactions import Transaction

LAST_POLL = 8
"""Fifteen seconds doubled seven times is half an hour: by then every hold has ended and voided it."""

WAITS = frozenset({PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION})
"""For the payer, or for the gateway."""

HOLDS_NOTHING = frozenset({GatewayStatus.VOIDED, GatewayStatus.CAPTURED, GatewayStatus.DECLINED})
"""Nothing is left to be voided."""

STATUS = MappingProxyType(
    {
        GatewayStatus.PENDING: PaymentStatus.CREATED,
        GatewayStatus.REQUIRES_ACTION: PaymentStatus.REQUIRES_ACTION,
        GatewayStatus.AUTHORISED: PaymentStatus.AUTHORISED,
        GatewayStatus.CAPTURED: PaymentStatus.CAPTURED,
        GatewayStatus.VOIDED: PaymentStatus.VOIDED,
        GatewayStatus.DECLINED: PaymentStatus.FAILED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A payment as its gateway has it, and as we had it when we looked."""

    row: PaymentRow
    seen: GatewayPayment | None
    """None where it will not change any more."""
    refunds: Sequence[Given] = ()


class PaymentActor:
    """Carries out payments."""

    name: ClassVar[str] = "payment"
    accepts: ClassVar[tuple[type, ...]] = (
        AuthorisePayment,
        CapturePayment,
        VoidPayment,
        RefundPayment,
        RefreshPayment,
        *FOLLOWED,
    )
    answering: Mapping[type, Answer] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(
        self, *, gateways: Mapping[str, Gateway], database: Database, sources: Sources, agency: Agency
    ) -> None:
        """`agency` issues the documents that follow from what is paid."""
        self.deciding: Mapping[type, Decide] = Documents(agency=agency, sources=sources).deciding
        self._book = PaymentBook(gateways=gateways, database=database, sources=sources)
        self._refunds = refunds = Refunds(self._book)
        self.acting: Mapping[type, Acting | Reading] = {
            AuthorisePayment: _acting(PaymentStep.AUTHORISE, self.authorise, self.find, self.authorised),
            CapturePayment: _acting(PaymentStep.CAPTURE, self.capture, self.find_capture, self.captured),
            VoidPayment: _acting(PaymentStep.VOID, self.void, self.find_void, each(self.voided)),
            RefundPayment: _acting(PaymentStep.REFUND, refunds.give, refunds.find, each(refunds.given)),
            RefreshPayment: Reading(
                key=_key(PaymentStep.REFRESH), read=self.refresh, record=each(self.refreshed)
            ),
        }

    # Authorise

    async def authorise(self, message: AuthorisePayment, intent: Intent) -> GatewayPayment:
        """Have the gateway hold the amount; a decline is an answer."""
        request = Authorisation(
            payment_id=message.payment_id,
            booking_reference=message.reference,
            amount=message.amount,
            payment_method=message.payment_method,
            return_url=message.return_url,
        )
        made = await self._book.gateways[message.gateway].authorise(request, key=intent.id)
        self._book.note_reference(message.payment_id, made.gateway_reference)
        return made

    async def find(self, message: AuthorisePayment, intent: Intent) -> GatewayPayment | None:
        """What an earlier call made, by our own id."""
        gateway = self._book.gateways[message.gateway]
        return await gateway.find(message.payment_id, since=intent.opened_at)

    async def authorised(self, transaction: Transaction, ended: Sequence[Ended]) -> None:
        """Record the payments and tell their bookings."""
        page = Page()
        for letter, outcome in ended:
            row = _asked_for(letter.message)
            if isinstance(outcome, Refused):
                row = replace(row, state=PaymentStatus.FAILED, failure=outcome.code)
                page.rows.append(row)
                self._tell(transaction, letter, row)
            else:
                self._take_in(transaction, page, letter, row, outcome)
        await self._book.write(transaction, page)

    # Capture

    async def capture(self, message: CapturePayment, intent: Intent) -> GatewayPayment:
        """Take the amount."""
        gateway, reference = await self._book.at_gateway(message)
        try:
            return _finished(await gateway.capture(reference, amount=message.amount, key=intent.id))
        except Refused:
            seen = await gateway.retrieve(reference)
            if seen.status is GatewayStatus.CAPTURED:
                return seen
            raise

    async def find_capture(self, message: CapturePayment, intent: Intent) -> GatewayPayment | None:
        """The payment if it is captured or can no longer be; None while it waits to be captured."""
        gateway, reference = await self._book.at_gateway(message)
        seen = _finished(await gateway.retrieve(reference))
        return None if seen.status is GatewayStatus.AUTHORISED else seen

    async def captured(self, transaction: Transaction, ended: Sequence[Ended]) -> None:
        """Enter them in the books and tell the bookings; a refusal is the booking's to deal with."""
        answered = [one for one in ended if isinstance(one.outcome, GatewayPayment)]
        rows = await self._book.all_locked(transaction, (letter.message for letter, _ in answered))
        page = Page()
        for letter, seen in answered:
            self._take_in(transaction, page, letter, rows[letter.message.payment_id], seen)
        await self._book.write(transaction, page)
        for letter, outcome in ended:
            if refusal := _refusal(outcome):
                message: CapturePayment = letter.message
                refused = CaptureRefused(
                    booking_id=message.booking_id, payment_id=message.payment_id, reason=refusal
                )
                transaction.send(refused, origin=letter.origin)

    # Void

    async def void(self, message: VoidPayment, intent: Intent) -> GatewayPayment | None:
        """Release the authorisation, or see to it that there never is one."""
        row = await self._book.load(message)
        gateway = self._book.gateways[message.gateway]
        if row is None:
            raise Unavailable("the gateway's answer to the authorisation is still to come")
        if row.gateway_reference is None:
            return None
        try:
            return _finished(await gateway.void(row.gateway_reference, key=intent.id))
        except Refused:
            seen = await gateway.retrieve(row.gateway_reference)
            if seen.status in HOLDS_NOTHING:
                return seen
            raise

    async def find_void(self, message: VoidPayment, intent: Intent) -> GatewayPayment | None:
        """The payment if it holds nothing any more; None while it still does."""
        row = await self._book.load(message)
        if row is None or row.gateway_reference is None:
            return None
        seen = await self._book.gateways[message.gateway].retrieve(row.gateway_reference)
        return seen if seen.status in HOLDS_NOTHING else None

    async def voided(
        self, transaction: Transaction, letter: Letter, outcome: GatewayPayment | Refused | None
    ) -> None:
        """Tell the booking what is so: released, or captured after all."""
        message: VoidPayment = letter.message
        row = await self._book.locked(transaction, message)
        if isinstance(outcome, Refused):
            await self._book.ask_operator(transaction, message, f"cannot be voided: {outcome}")
        elif outcome is None:
            gone = PaymentVoided(booking_id=row.booking_id, payment_id=row.id)
            transaction.send(gone, origin=letter.origin)
        else:
            page = Page()
            self._take_in(transaction, page, letter, row, outcome, told=True)
            await self._book.write(transaction, page)

    # Refresh

    async def refresh(self, message: RefreshPayment) -> Look | None:
        """The payment as the gateway has it now; None if there is nothing to learn any more."""
        row = await self._book.load(message)
        if row is None:
            raise Unavailable("the gateway's answer to the authorisation is still to come")
        if row.gateway_reference is None or row.state is PaymentStatus.VOIDED:
            return None
        refunds = await self._refunds.look(row)
        return Look(row=row, seen=await self._seen(row, row.gateway_reference), refunds=refunds)

    async def _seen(self, row: PaymentRow, reference: str) -> GatewayPayment | None:
        """Of one that is refunded only its refunds may still change."""
        if row.state is PaymentStatus.REFUNDED:
            return None
        return await self._book.gateways[row.gateway].retrieve(reference)

    async def refreshed(
        self, transaction: Transaction, letter: Letter, outcome: Look | Exception | None
    ) -> None:
        """Tell the booking what is new; a poll that saw nothing new polls again, for a while.

        What changed here while we looked may be newer than what was seen: then we look once more.
        """
        message: RefreshPayment = letter.message
        if outcome is None:
            return
        if isinstance(outcome, Exception):
            await self._saw_nothing(transaction, letter, outcome)
            return
        row = await self._book.locked(transaction, message)
        if row != outcome.row:
            transaction.send(message, origin=letter.origin)
            return
        if outcome.seen:
            page = Page()
            row = self._take_in(transaction, page, letter, row, outcome.seen)
            await self._book.write(transaction, page)
        row = await self._refunds.take_in(transaction, letter, row, outcome.refunds)
        await self._poll_again(transaction, letter, row)

    async def _saw_nothing(self, transaction: Transaction, letter: Letter, error: Exception) -> None:
        """The runtime has given this look up, and told a person; the next poll is another chance."""
        message: RefreshPayment = letter.message
        if isinstance(error, Refused):
            await self._book.ask_operator(transaction, message, f"cannot be looked at: {error}")
        elif message.poll:
            await self._poll_again(transaction, letter, await self._book.locked(transaction, message))

    async def _poll_again(self, transaction: Transaction, letter: Letter, row: PaymentRow) -> None:
        poll = letter.message.poll
        if not poll:
            return
        if row.state in WAITS:
            if poll < LAST_POLL:
                self._book.poll(transaction, letter, row, poll + 1)
        else:
            await self._refunds.follow(transaction, letter, row, poll)

    # What all of them share

    def _take_in(
        self,
        transaction: Transaction,
        page: Page,
        letter: Letter,
        row: PaymentRow,
        seen: GatewayPayment,
        *,
        told: bool = False,
    ) -> PaymentRow:
        """Bring our row up to what the gateway says; tell the booking if that is new (or `told` anyway)."""
        now = replace(
            row,
            gateway_reference=seen.gateway_reference,
            state=row.state if row.state is PaymentStatus.REFUNDED else STATUS[seen.status],
            captured=max(row.captured, seen.captured),
            action_url=seen.action_url,
            failure=seen.decline_reason,
        )
        if seen.captured.amount > row.captured.amount:
            self._book.post(page, ledger.captured, now, seen.captured - row.captured)
        page.rows.append(now)
        first = row.gateway_reference is None
        if first and now.state in WAITS:
            self._book.poll(transaction, letter, now, 1)
        if first or told or now.state is not row.state:
            self._tell(transaction, letter, now)
        if now.state is PaymentStatus.VOIDED is not row.state:
            self._book.audit(transaction, letter, now, "payment.void_confirmed")
        return now

    def _tell(self, transaction: Transaction, letter: Letter, row: PaymentRow) -> None:
        fact = _fact(row)
        if fact is not None:
            transaction.send(fact, origin=letter.origin)


def _acting(
    step: PaymentStep,
    perform: Callable[..., Awaitable[Any]],
    look_up: Callable[..., Awaitable[Any]],
    record: Record,
) -> Acting:
    return Acting(
        key=_key(step),
        perform=perform,
        look_up=look_up,
        record=record,
    )


def _key(step: PaymentStep) -> Callable[[Any], IntentKey]:
    return lambda message: IntentKey(subject=message.booking_id, object=message.payment_id, step=step)


def _asked_for(message: AuthorisePayment) -> PaymentRow:
    """The payment before its gateway has told of it."""
    nothing = Money.zero(message.amount.currency)
    return PaymentRow(
        id=message.payment_id,
        booking_id=message.booking_id,
        gateway=message.gateway,
        amount=message.amount,
        captured=nothing,
        refunded=nothing,
    )


def _refusal(outcome: GatewayPayment | Refused) -> str | None:
    """Why it was not captured; None where it was."""
    if isinstance(outcome, Refused):
        return outcome.code
    return None if outcome.status is GatewayStatus.CAPTURED else "payment_lost"


def _finished(seen: GatewayPayment) -> GatewayPayment:
    """What the gateway is still working on has no outcome yet: it is looked up a little later."""
    if seen.status is GatewayStatus.PENDING:
        raise UnknownOutcome(f"{seen.gateway_reference} is still being worked on")
    return seen


def _fact(row: PaymentRow) -> BookingMessage | None:
    """What the booking is told of a payment that stands so; None while there is nothing to tell."""
    match row.state:
        case PaymentStatus.REQUIRES_ACTION:
            return PaymentActionRequired(
                booking_id=row.booking_id, payment_id=row.id, action_url=row.action_url or ""
            )
        case PaymentStatus.AUTHORISED:
            return PaymentAuthorised(booking_id=row.booking_id, payment_id=row.id)
        case PaymentStatus.CAPTURED:
            return PaymentCaptured(booking_id=row.booking_id, payment_id=row.id)
        case PaymentStatus.FAILED:
            reason = row.failure or "declined"
            return PaymentFailed(booking_id=row.booking_id, payment_id=row.id, reason=reason)
        case PaymentStatus.VOIDED:
            return PaymentVoided(booking_id=row.booking_id, payment_id=row.id)
        case PaymentStatus.CREATED | PaymentStatus.REFUNDED:
            return None
