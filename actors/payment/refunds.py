"""Refunds are things of their own: asked for once, pending or done at first, and able to fail weeks later.

One rule: the books follow the gateway. What it says it gives back is entered when it says so; what comes back
from the payer's bank (`refund.failed`) is entered anew, the other way. Booking and operators are told,
since only a person can pay this customer in another way (P2, P6). A refund that has failed stays so, until
that person says how it was paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actors.payment.book import STUCK, Page, PaymentBook
from actors.payment.intake import settled_state
from bookingd.actor.kinds import Letter
from bookingd.domain import ledger
from bookingd.domain.booking.facts import PaymentRefunded, RefundFailed, RefundPayment
from bookingd.domain.ids import IntentId
from bookingd.gateways.port import Refund
from bookingd.messages.payments import SettleRefund
from bookingd.outcomes import Refused
from bookingd.storage import payments
from bookingd.storage.intents import Intent
from bookingd.storage.payments import PaymentRow, RefundRow, RefundState, Settlement
from bookingd.storage.transactions import Transaction

REFUND_FAILED = "refund_failed"
REFUND_PENDING = "refund_pending"

OVER = frozenset({RefundState.FAILED, RefundState.SETTLED})
"""What the gateway does not change any more."""

LAST_POLL = 18
"""Fifteen seconds doubled seventeen times is three weeks, six with those before: banks send a refund back
within 30 days (docs.stripe.com/refunds, "failed refunds", read 2026-11).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A refund as its gateway has it, with the intent that asked for it."""

    id: IntentId
    refund: Refund | Refused
    """Or why it will not give anything back."""


class Refunds:
    """Gives back, and follows what was given back."""

    def __init__(self, book: PaymentBook) -> None:
        self._book = book

    async def give(self, message: RefundPayment, intent: Intent) -> Given:
        """Give the amount back. A refusal is an answer: what is refused is a refund too, and has failed."""
        try:
            gateway, reference = await self._book.at_gateway(message)
            refund = await gateway.refund(reference, amount=message.amount, key=intent.id)
        except Refused as refusal:
            return Given(id=intent.id, refund=refusal)
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
            # Only a look-up can end so: whether an earlier call gave something back is for a person to see.
            await self._book.ask_operator(transaction, message, f"may have been refunded: {outcome}")
            return
        made = _made(message, outcome)
        if isinstance(outcome.refund, Refused):
            await self._refused(transaction, letter, row, made, outcome.refund)
        elif made.state is RefundState.FAILED:
            await self._failed(transaction, letter, row, made)
        else:
            await self._enter(transaction, letter, row, made)
            self._book.poll(transaction, letter, row, 1)
            transaction.send(_back(row, made), origin=letter.origin)

    async def settle(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Staff have paid what had failed in another way: enter that, and close what waited for it."""
        for letter in letters:
            await self._settle(transaction, letter)
        return ()

    async def _settle(self, transaction: Transaction, letter: Letter) -> None:
        """One that did not fail, was settled before, or would give back more than was taken, is let be."""
        message: SettleRefund = letter.message
        row = await self._book.locked(transaction, message)
        found = await self._asked_in(transaction, message)
        if found is None or found.state is not RefundState.FAILED:
            self._book.audit(transaction, letter, row, "payment.settlement_ignored", round=message.round)
            return
        if (row.refunded + found.amount).amount > row.captured.amount:
            why = f"is given back already: refund {message.round} was settled once too often"
            await self._book.ask_operator(transaction, message, why)
            return
        by = Settlement(by=letter.origin.principal, how=message.how, proof=message.note, at=transaction.now)
        made = replace(found, state=RefundState.SETTLED, settlement=by)
        paid_by = replace(row, gateway=message.how)
        page, back = Page(), row.refunded + made.amount
        self._book.post(page, ledger.settled, paid_by, made.amount)
        now = replace(row, refunded=back)
        page.rows.append(replace(now, state=settled_state(now)))
        await self._book.write(transaction, page)
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        self._audit(transaction, letter, row, made)
        await _came_right(transaction, row, made)
        transaction.send(replace(_back(row, made), settled=True), origin=letter.origin)

    async def _asked_in(self, transaction: Transaction, message: SettleRefund) -> RefundRow | None:
        made = await payments.refunds_of(transaction.connection, payment_id=message.payment_id)
        return next((refund for refund in made if refund.round == message.round), None)

    async def look(self, row: PaymentRow) -> Sequence[Given]:
        """Those that may still change, as their gateway has them now."""
        gateway, reference = self._book.gateways[row.gateway], row.gateway_reference
        return [
            Given(id=made.id, refund=found)
            for made in await self._book.refunds(row)
            if made.state not in OVER
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
            if isinstance(given.refund, Refund):
                row = await self._moved(transaction, letter, row, known[given.id], given.refund)
        return row

    async def follow(self, transaction: Transaction, letter: Letter, row: PaymentRow, poll: int) -> None:
        """After the look number `poll`: look again later, or ask a person about what is still pending."""
        made = await payments.refunds_of(transaction.connection, payment_id=row.id)
        if poll < LAST_POLL:
            if any(refund.state not in OVER for refund in made):
                self._book.poll(transaction, letter, row, poll + 1)
            return
        for refund in made:
            if refund.state is RefundState.PENDING:
                await _need_person(transaction, row, refund, REFUND_PENDING, "is pending for weeks")

    async def _moved(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, known: RefundRow, seen: Refund
    ) -> PaymentRow:
        state = RefundState(seen.status)
        told = replace(
            known,
            trace=seen.trace or known.trace,
            expected_by=seen.expected_by or known.expected_by,
            failure=seen.failure,
        )
        if known.state in OVER or (state in {known.state, RefundState.PENDING} and told == known):
            return row
        if state is RefundState.FAILED:
            return await self._reverse(transaction, letter, row, replace(told, state=state))
        made = told if state is RefundState.PENDING else replace(told, state=state)
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        if made.state is not known.state:
            self._audit(transaction, letter, row, made)
        return row

    async def _enter(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> None:
        """What is given back has been taken before, whether or not we have heard of that yet."""
        page, back = Page(), row.refunded + made.amount
        now = replace(row, captured=max(row.captured, back), refunded=back)
        self._book.enter(page, row, replace(now, state=settled_state(now)))
        self._book.post(page, ledger.refunded, row, made.amount)
        await self._book.write(transaction, page)
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        self._audit(transaction, letter, row, made)

    async def _reverse(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> PaymentRow:
        """The money is with us again: it is the customer's still, and somebody has to get it there."""
        page, now = Page(), replace(row, refunded=row.refunded - made.amount)
        self._book.post(page, ledger.refund_failed, row, made.amount)
        now = replace(now, state=settled_state(now))
        page.rows.append(now)
        await self._book.write(transaction, page)
        await self._failed(transaction, letter, now, made)
        return now

    async def _failed(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> None:
        """That it failed moves the booking, and so is in its trail."""
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        await _need_person(transaction, row, made, REFUND_FAILED, "has failed: pay the customer otherwise")
        self._tell_failed(transaction, letter, row, made)

    async def _refused(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow, why: Refused
    ) -> None:
        await payments.save_refund(transaction.connection, refund=made, now=transaction.now)
        self._book.audit(transaction, letter, row, "payment.refund_refused", reason=why.code)
        await self._book.ask_operator(transaction, letter.message, f"cannot be refunded: {why}")
        self._tell_failed(transaction, letter, row, made)

    def _tell_failed(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, made: RefundRow
    ) -> None:
        failed = RefundFailed(
            booking_id=row.booking_id,
            payment_id=row.id,
            round=made.round,
            amount=made.amount,
            reason=made.failure or "failed",
        )
        transaction.send(failed, origin=letter.origin)

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


async def _came_right(transaction: Transaction, row: PaymentRow, made: RefundRow) -> None:
    """Nobody need care for it any more, for whatever reason it was on the list."""
    about = ((REFUND_FAILED, made.id), (REFUND_PENDING, made.id), (STUCK, row.id))
    for reason, subject in about:
        await transaction.came_right(subject=row.booking_id, reason=reason, about=subject)


def _made(message: RefundPayment, given: Given) -> RefundRow:
    """The refund as its gateway has taken it on, or not."""
    refund = given.refund
    if isinstance(refund, Refused):
        return RefundRow(
            id=given.id,
            payment_id=message.payment_id,
            round=message.round,
            gateway_reference=None,
            amount=message.amount,
            state=RefundState.FAILED,
            failure=refund.code,
        )
    return RefundRow(
        id=given.id,
        payment_id=message.payment_id,
        round=message.round,
        gateway_reference=refund.gateway_reference,
        amount=refund.amount,
        state=RefundState(refund.status),
        trace=refund.trace,
        expected_by=refund.expected_by,
        failure=refund.failure,
    )


def _back(row: PaymentRow, made: RefundRow) -> PaymentRefunded:
    return PaymentRefunded(
        booking_id=row.booking_id,
        payment_id=row.id,
        round=made.round,
        amount=made.amount,
        settled=made.state is RefundState.SETTLED,
    )
