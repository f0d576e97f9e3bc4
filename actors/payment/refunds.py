"""Refunds are things of their own: asked for once, pending or done at first, and able to fail weeks later.

One rule: the books follow the gateway. What it says it gives back is entered when it says so; what comes
back from the payer's bank (`refund.failed`) is entered by a new entry the other way, and a person is told,
since only a person can pay this customer in another way (P2, P6). A refund that has failed stays so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actors.payment.book import Page, PaymentBook
from bookingd.actor.kinds import Letter
from bookingd.domain import ledger
from bookingd.domain.booking.facts import PaymentRefunded, RefundPayment
from bookingd.domain.ids import IntentId
from bookingd.gateways.port import Refund
from bookingd.outcomes import Refused
from bookingd.storage import payments
from bookingd.storage.intents import Intent
from bookingd.storage.payments import PaymentRow, PaymentStatus, RefundRow, RefundState
from bookingd.storage.transactions import Transaction

LAST_POLL = 18
"""Fifteen seconds doubled seventeen times is three weeks, six with those before: banks send a refund back
within 30 days (docs.stripe.com/refunds, "failed refunds", read 2026-11).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A refund as its gateway has it, with the intent that asked for it."""

    id: IntentId
    refund: Refund


class Refunds:
    """Gives back, and follows what was given back."""

    def __init__(self, book: PaymentBook) -> None:
        self._book = book

    async def give(self, message: RefundPayment, intent: Intent) -> Given:
        """Give the amount back."""
        gateway, reference = await self._book.at_gateway(message)
        refund = await gateway.refund(reference, amount=message.amount, key=intent.id)
        return Given(id=intent.id, refund=refund)

    async def find(self, message: RefundPayment, intent: Intent) -> Given | None:
        """What an earlier call gave back."""
        gateway, reference = await self._book.at_gateway(message)
        refund = await gateway.find_refund(reference, key=intent.id)
        return None if refund is None else Given(id=intent.id, refund=refund)

    async def given(self, transaction: Transaction, letter: Letter, outcome: Given | Refused) -> None:
        """Enter it in the books, tell the booking, and follow it; one that is refused needs a person."""
        message: RefundPayment = letter.message
        row = await self._book.locked(transaction, message)
        if isinstance(outcome, Refused):
            await self._book.ask_operator(transaction, message, f"cannot be refunded: {outcome}")
            self._book.audit(transaction, letter, row, "payment.refund_refused", reason=outcome.code)
            return
        made = RefundRow(
            id=outcome.id,
            payment_id=row.id,
            gateway_reference=outcome.refund.gateway_reference,
            amount=outcome.refund.amount,
            state=RefundState(outcome.refund.status),
        )
        if made.state is RefundState.FAILED:
            await self._failed(transaction, letter, row, made)
            return
        await self._enter(transaction, letter, row, made)
        self._book.poll(transaction, letter, row, 1)
        back = PaymentRefunded(booking_id=row.booking_id, payment_id=row.id)
        transaction.send(back, origin=letter.origin)

    async def look(self, row: PaymentRow) -> Sequence[Given]:
        """Those that may still change, as their gateway has them now."""
        gateway, reference = self._book.gateways[row.gateway], row.gateway_reference
        return [
            Given(id=made.id, refund=found)
            for made in await self._book.refunds(row)
            if made.state is not RefundState.FAILED
            and reference is not None
            and (found := await gateway.find_refund(reference, key=made.id)) is not None
        ]

    async def take_in(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, seen: Sequence[Given]
    ) -> PaymentRow:
        """Bring our refunds, of the payment that is locked, up to what was seen; the payment after that."""
        known = {
            made.id: made for made in await payments.refunds_of(transaction.connection, payment_id=row.id)
        }
        for given in seen:
            row = await self._moved(transaction, letter, row, known[given.id], given.refund)
        return row

    async def follow(self, transaction: Transaction, letter: Letter, row: PaymentRow, poll: int) -> None:
        """After the look number `poll`: look again later, or ask a person about what is still pending."""
        made = await payments.refunds_of(transaction.connection, payment_id=row.id)
        if poll < LAST_POLL:
            if any(refund.state is not RefundState.FAILED for refund in made):
                self._book.poll(transaction, letter, row, poll + 1)
            return
        for refund in made:
            if refund.state is RefundState.PENDING:
                await _need_person(transaction, row, refund, "refund_pending", "is pending for weeks")

    async def _moved(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, known: RefundRow, seen: Refund
    ) -> PaymentRow:
        state = RefundState(seen.status)
        if known.state is RefundState.FAILED or state in {known.state, RefundState.PENDING}:
            return row
        made = replace(known, state=state)
        if state is RefundState.FAILED:
            return await self._reverse(transaction, letter, row, made)
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        self._audit(transaction, letter, row, made)
        return row

    async def _enter(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> None:
        """What is given back has been taken before, whether or not we have heard of that yet."""
        page, back = Page(), row.refunded + made.amount
        if back.amount > row.captured.amount:
            self._book.post(page, ledger.captured, row, back - row.captured)
            row = replace(row, captured=back)
        self._book.post(page, ledger.refunded, row, made.amount)
        page.rows.append(replace(row, state=PaymentStatus.REFUNDED, refunded=back))
        await self._book.write(transaction, page)
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        self._audit(transaction, letter, row, made)

    async def _reverse(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> PaymentRow:
        """The money is with us again: it is the customer's still, and somebody has to get it there."""
        page, back = Page(), row.refunded - made.amount
        self._book.post(page, ledger.refund_failed, row, made.amount)
        state = PaymentStatus.REFUNDED if back else PaymentStatus.CAPTURED
        row = replace(row, state=state, refunded=back)
        page.rows.append(row)
        await self._book.write(transaction, page)
        await self._failed(transaction, letter, row, made)
        return row

    async def _failed(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> None:
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        self._audit(transaction, letter, row, made)
        await _need_person(transaction, row, made, "refund_failed", "has failed: pay the customer otherwise")

    def _audit(self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow) -> None:
        self._book.audit(
            transaction,
            letter,
            row,
            f"payment.refund_{made.state}",
            refund=str(made.id),
            amount=made.amount.amount,
            currency=made.amount.currency,
        )


async def _need_person(
    transaction: Transaction, row: PaymentRow, made: RefundRow, reason: str, what: str
) -> None:
    refund = f"{row.gateway} refund {made.gateway_reference} of {made.amount} for payment {row.id}"
    await transaction.need_attention(
        subject=row.booking_id, about=made.id, reason=reason, detail=f"{refund} {what}"
    )
