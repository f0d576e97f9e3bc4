"""What cannot be handled is kept for an operator, who is told: whatever it was about may hang now (P6)."""

import logging
import traceback

from bookingd.actor.patience import Patience
from bookingd.messages.envelope import Envelope
from bookingd.sources import Sources
from bookingd.storage import dead_letters, inbox
from bookingd.storage.dead_letters import DeadLetter
from bookingd.storage.transactions import Transactions

log = logging.getLogger(__name__)


class Burying:
    """Writes the dead letters of one actor."""

    def __init__(
        self, *, actor: str, transactions: Transactions, sources: Sources, patiently: Patience
    ) -> None:
        self._actor = actor
        self._transactions = transactions
        self._sources = sources
        self._patiently = patiently

    async def bury(self, envelope: Envelope, error: Exception) -> None:
        """Keep the message with the reason; it counts as handled from now on."""
        log.error("%s could not handle %s", self._actor, envelope.name, exc_info=error)
        letter = DeadLetter(
            id=self._sources.ids.new(),
            actor=self._actor,
            envelope=envelope,
            reason=f"{type(error).__name__}: {error}",
            trace="".join(traceback.format_tb(error.__traceback__)),
            died_at=self._sources.clock.now(),
        )
        await self._patiently(lambda: self._keep(letter))

    async def _keep(self, letter: DeadLetter) -> None:
        """Unless it was handled meanwhile: a second delivery may have fared better."""
        async with self._transactions.begin() as transaction:
            connection = transaction.connection
            if await inbox.take(connection, actor=letter.actor, envelopes=[letter.envelope]):
                await dead_letters.bury(connection, letter=letter)
                told = f"{letter.actor} could not handle {letter.envelope.name}: {letter.reason}"
                await transaction.need_attention(
                    kind="dead_letter",
                    subject=letter.id,
                    reason="dead_letter",
                    detail=dead_letters.text(told),
                )
