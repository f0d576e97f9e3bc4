"""What outside suppliers are asked on behalf of a booking: hold, ticket, release, one effect each.

Nothing is decided here: an answer becomes a fact, and the fact moves the booking.
"""

from collections.abc import Mapping

from bookingd.actor.kinds import Acting, Letter, each
from bookingd.domain.booking.facts import (
    HoldItem,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    ReleaseItem,
    TicketItem,
)
from bookingd.domain.conversion import as_sold, as_supplied
from bookingd.domain.offers import Offer
from bookingd.outcomes import Refused
from bookingd.storage.intents import Intent, IntentKey
from bookingd.storage.transactions import Transaction
from bookingd.suppliers.port import FlightDesk, Ticketed

RELEASED = "released"


class Desks:
    """The outside suppliers of this installation, by the name that their offers carry."""

    def __init__(self, desks: Mapping[str, FlightDesk]) -> None:
        self._desks = desks

    def table(self) -> dict[type, Acting]:
        """Message type -> effect."""
        return {
            HoldItem: Acting(
                key=lambda message: _key(message, "hold"),
                perform=self.hold,
                look_up=self.find_hold,
                record=each(self.held),
            ),
            TicketItem: Acting(
                key=lambda message: _key(message, "ticket"),
                perform=self.ticket,
                look_up=self.find_ticket,
                record=each(self.ticketed),
            ),
            ReleaseItem: Acting(
                key=lambda message: _key(message, "release", again=message.round),
                perform=self.release,
                look_up=self.find_release,
                record=each(self.released),
            ),
        }

    async def hold(self, message: HoldItem, intent: Intent) -> Offer:
        """Hold the item; the offer as held, in the supplier's currency."""
        desk, wanted = self._desk(message), as_supplied(message.offer)
        return await desk.hold(message.item_id, wanted, until=message.until, key=intent.id)

    async def find_hold(self, message: HoldItem, intent: Intent) -> Offer | None:
        """The offer as held by an earlier call."""
        order = await self._desk(message).find(message.item_id)
        return order.held if order else None

    async def held(self, transaction: Transaction, letter: Letter, outcome: Offer | Refused) -> None:
        """Tell the booking."""
        message: HoldItem = letter.message
        if isinstance(outcome, Refused):
            self._refused(transaction, letter, outcome)
            return
        held = as_sold(outcome, shown=message.offer)
        fact = ItemHeld(booking_id=message.booking_id, item_id=message.item_id, offer=held)
        transaction.send(fact, origin=letter.origin)

    async def ticket(self, message: TicketItem, intent: Intent) -> Ticketed:
        """Confirm the item and issue its tickets."""
        return await self._desk(message).ticket(message.item_id, key=intent.id)

    async def find_ticket(self, message: TicketItem, intent: Intent) -> Ticketed | None:
        """What an earlier call had issued."""
        order = await self._desk(message).find(message.item_id)
        return order.ticketed if order else None

    async def ticketed(self, transaction: Transaction, letter: Letter, outcome: Ticketed | Refused) -> None:
        """Tell the booking."""
        message: TicketItem = letter.message
        if isinstance(outcome, Refused):
            self._refused(transaction, letter, outcome)
            return
        fact = ItemTicketed(
            booking_id=message.booking_id,
            item_id=message.item_id,
            locator=outcome.locator,
            tickets=outcome.tickets,
        )
        transaction.send(fact, origin=letter.origin)

    async def release(self, message: ReleaseItem, intent: Intent) -> str:
        """Give the item back."""
        await self._desk(message).release(message.item_id, key=intent.id)
        return RELEASED

    async def find_release(self, message: ReleaseItem, intent: Intent) -> str | None:
        """Whether the supplier has nothing of it any more."""
        return None if await self._desk(message).find(message.item_id) else RELEASED

    async def released(self, transaction: Transaction, letter: Letter, outcome: str | Refused) -> None:
        """A supplier that takes nothing back leaves its cost with us: an operator must know."""
        if isinstance(outcome, Refused):
            message: ReleaseItem = letter.message
            await transaction.need_attention(
                subject=message.booking_id,
                about=message.item_id,
                reason="release_refused",
                detail=f"{message.offer.supplier} does not take item {message.item_id} back: {outcome}",
            )

    def _refused(self, transaction: Transaction, letter: Letter, refusal: Refused) -> None:
        message: HoldItem | TicketItem = letter.message
        fact = ItemRefused(booking_id=message.booking_id, item_id=message.item_id, reason=refusal.code)
        transaction.send(fact, origin=letter.origin)

    def _desk(self, message: HoldItem | TicketItem | ReleaseItem) -> FlightDesk:
        return self._desks[message.offer.supplier]


def _key(message: HoldItem | TicketItem | ReleaseItem, step: str, *, again: int = 1) -> IntentKey:
    return IntentKey(subject=message.booking_id, object=message.item_id, step=step, round=again)
