"""Taking what is held."""

from collections.abc import Sequence

from actors.payment.book import Page, PaymentBook
from actors.payment.intake import Intake, finished
from bookingd.actor.kinds import Ended
from bookingd.domain.booking.facts import CapturePayment, CaptureRefused
from bookingd.gateways.port import GatewayPayment, GatewayStatus
from bookingd.outcomes import Refused
from bookingd.storage.intents import Intent
from bookingd.storage.transactions import Transaction

STILL_HELD = frozenset({GatewayStatus.AUTHORISED, GatewayStatus.IN_REVIEW})
"""What may be captured: a look at the risk that begins after the money was held takes nothing from us."""


class Taking:
    """Captures."""

    def __init__(self, book: PaymentBook, intake: Intake) -> None:
        self._book = book
        self._intake = intake

    async def capture(self, message: CapturePayment, intent: Intent) -> GatewayPayment:
        """Take the amount; what is held beyond it is released."""
        gateway, reference = await self._book.at_gateway(message)
        try:
            return finished(await gateway.capture(reference, amount=message.amount, key=intent.id))
        except Refused:
            seen = await gateway.retrieve(reference)
            if seen.status is GatewayStatus.CAPTURED:
                return seen
            raise

    async def find_capture(self, message: CapturePayment, intent: Intent) -> GatewayPayment | None:
        """The payment if it is captured or can no longer be; None while it waits to be captured."""
        gateway, reference = await self._book.at_gateway(message)
        seen = finished(await gateway.retrieve(reference))
        return None if seen.status in STILL_HELD else seen

    async def captured(self, transaction: Transaction, ended: Sequence[Ended]) -> None:
        """Enter them in the books and tell the bookings; a refusal is the booking's to deal with."""
        answered = [one for one in ended if isinstance(one.outcome, GatewayPayment)]
        rows = await self._book.all_locked(transaction, (letter.message for letter, _ in answered))
        page = Page()
        for letter, seen in answered:
            row = rows[letter.message.payment_id]
            self._intake.take_in(transaction, page, letter, row, seen)
        await self._book.write(transaction, page)
        for letter, outcome in ended:
            if refusal := _refusal(outcome):
                message: CapturePayment = letter.message
                refused = CaptureRefused(
                    booking_id=message.booking_id, payment_id=message.payment_id, reason=refusal
                )
                transaction.send(refused, origin=letter.origin)


def _refusal(outcome: GatewayPayment | Refused) -> str | None:
    """Why it was not captured; None where it was."""
    if isinstance(outcome, Refused):
        return outcome.code
    return None if outcome.status is GatewayStatus.CAPTURED else "payment_lost"
