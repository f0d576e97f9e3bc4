"""Looking at payments: what the payer's return, the gateway's webhook and our own poll all end in."""

from collections.abc import Sequence
from dataclasses import dataclass

from actors.payment.book import Page, PaymentBook
from actors.payment.intake import WAITS, Intake
from actors.payment.refunds import LAST_POLL as LAST_OF_REFUNDS
from actors.payment.refunds import Given, Refunds
from bookingd.actor.kinds import Letter
from bookingd.gateways.port import GatewayPayment
from bookingd.messages.payments import RefreshPayment
from bookingd.outcomes import Refused, Unavailable
from bookingd.storage.payments import PaymentRow, PaymentStatus
from bookingd.storage.transactions import Transaction

LAST_POLL = 8
"""Fifteen seconds doubled seven times is half an hour: by then every hold has ended and voided it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A payment as its gateway has it, and as we had it when we looked."""

    row: PaymentRow
    seen: GatewayPayment | None
    """None where it will not change any more."""
    refunds: Sequence[Given] = ()


class Looking:
    """Looks, and tells what is new."""

    def __init__(self, book: PaymentBook, intake: Intake, refunds: Refunds) -> None:
        self._book = book
        self._intake = intake
        self._refunds = refunds

    async def refresh(self, message: RefreshPayment) -> Look | None:
        """The payment as the gateway has it now; None if there is nothing to learn any more."""
        row = await self._book.load(message)
        if row is None:
            raise Unavailable("the gateway's answer to the authorisation is still to come")
        if row.gateway_reference is None or row.state is PaymentStatus.VOIDED:
            return None
        refunds = await self._refunds.look(row)
        return Look(row=row, seen=await self._seen(message, row, row.gateway_reference), refunds=refunds)

    async def _seen(self, message: RefreshPayment, row: PaymentRow, reference: str) -> GatewayPayment | None:
        """Of one that is refunded only its refunds may still change; our own polls of one that is captured
        are for its refunds too, since nobody told us to look.
        """
        if row.state is PaymentStatus.REFUNDED or (message.poll and row.state is PaymentStatus.CAPTURED):
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
            row = self._intake.take_in(transaction, page, letter, row, outcome.seen)
            await self._book.write(transaction, page)
        row = await self._refunds.take_in(transaction, letter, row, outcome.refunds)
        await self._poll_again(transaction, letter, row, outcome.row)

    async def _saw_nothing(self, transaction: Transaction, letter: Letter, error: Exception) -> None:
        """The runtime has given this look up, and told a person; the next poll is another chance."""
        message: RefreshPayment = letter.message
        if isinstance(error, Refused):
            await self._book.ask_operator(transaction, message, f"cannot be looked at: {error}")
        elif message.poll:
            row = await self._book.locked(transaction, message)
            await self._poll_again(transaction, letter, row, row)

    async def _poll_again(
        self, transaction: Transaction, letter: Letter, row: PaymentRow, before: PaymentRow
    ) -> None:
        """A review that has just begun is followed from its beginning, by the intake."""
        poll = letter.message.poll
        if not poll or PaymentStatus.IN_REVIEW is row.state is not before.state:
            return
        if row.state in WAITS:
            if poll < _last(row):
                self._book.poll(transaction, letter, row, poll + 1)
        else:
            await self._refunds.follow(transaction, letter, row, poll)


def _last(row: PaymentRow) -> int:
    """A review may take as long as a bank's refund."""
    return LAST_OF_REFUNDS if row.state is PaymentStatus.IN_REVIEW else LAST_POLL
