"""Means that their holders will not have kept any more: the gateway is told to forget them, until it has.

The one rule: we have forgotten first. What may be charged is looked up with us, so nothing is charged by it
any more, whether its gateway is away or refuses.
"""

from actors.payment.book import PaymentBook
from bookingd.actor.kinds import Letter
from bookingd.messages.payments import ForgetMeans
from bookingd.outcomes import Refused
from bookingd.storage.intents import Intent
from bookingd.storage.transactions import Transaction


class Forgetting:
    """Has gateways forget."""

    def __init__(self, book: PaymentBook) -> None:
        self._book = book

    async def forget(self, message: ForgetMeans, intent: Intent) -> bool:
        """Once or twice makes no difference."""
        row = await self._book.load(message)
        if row is not None and row.gateway_reference is not None:
            await self._book.gateways[message.gateway].forget(row.gateway_reference, key=intent.id)
        return True

    async def find(self, message: ForgetMeans, intent: Intent) -> bool:
        """An answer that was lost: it is asked for again, with the same key."""
        return await self.forget(message, intent)

    async def forgotten(self, transaction: Transaction, letter: Letter, outcome: bool | Refused) -> None:
        """Write down what became of it; what is refused is for a person."""
        message: ForgetMeans = letter.message
        row = await self._book.locked(transaction, message)
        if isinstance(outcome, Refused):
            why = f"was kept, and its gateway will not forget the means: {outcome}"
            await self._book.ask_operator(transaction, message, why)
            return
        self._book.audit(transaction, letter, row, "payment.means_forgotten")
