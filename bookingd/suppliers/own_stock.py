"""Own inventory within a booking's transaction: no call, no intent, since it is our own PostgreSQL.

What a booking asks of its supplier is answered at once, for many bookings in one statement a kind: held or
refused, ticketed or lost, released. Locks are taken in the order that storage/stock.py prescribes.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeAlias, TypeVar

from bookingd.domain.booking.facts import (
    BookingMessage,
    ExtendHold,
    HoldItem,
    ItemHeld,
    ItemRefused,
    ItemTicketed,
    ReleaseItem,
    TicketItem,
)
from bookingd.domain.ids import ItemId, RecordLocator
from bookingd.domain.offers import Offer
from bookingd.domain.references import new_reference
from bookingd.sources import Chance
from bookingd.storage import bookings, stock
from bookingd.storage.database import Connection
from bookingd.storage.stock import Gone, Held, SoldOut, StockWant
from bookingd.suppliers.port import SOLD_OUT

NAME = "inventory"
"""What own inventory is called as a supplier."""

PREFIX = "990"
"""Ticket numbers are three digits of the issuer and ten of its own; 990 is ours."""

SupplierCommand: TypeAlias = HoldItem | ExtendHold | TicketItem | ReleaseItem
Reprice: TypeAlias = Callable[[Connection, Sequence[Offer]], Awaitable[Sequence[Offer]]]
"""The offers at today's fares and conditions, in the same order."""

C = TypeVar("C", bound=SupplierCommand)


class OwnStock:
    """Holds, tickets and gives back own inventory."""

    def __init__(self, *, reprice: Reprice, chance: Chance) -> None:
        self._reprice = reprice
        self._chance = chance

    async def lock(
        self, connection: Connection, *, commands: Iterable[SupplierCommand], items: Iterable[ItemId]
    ) -> None:
        """Lock all stock that this transaction may touch, before it takes some and gives some back."""
        wants = [_want(command) for command in commands if isinstance(command, HoldItem)]
        await stock.lock(connection, wants=wants, items=list(items))

    async def carry_out(
        self, connection: Connection, *, commands: Sequence[SupplierCommand], now: datetime
    ) -> list[BookingMessage | None]:
        """The fact that follows from each command, in order; None where nothing more is to be said."""
        facts: dict[ItemId, BookingMessage] = {}
        if released := _of(commands, ReleaseItem):
            await stock.release(connection, items=[command.item_id for command in released], now=now)
        if holds := _of(commands, HoldItem):
            facts |= await self._hold(connection, holds, now)
        for command in _of(commands, ExtendHold):
            await stock.extend(connection, items=[command.item_id], until=command.until)
        if tickets := _of(commands, TicketItem):
            facts |= await self._ticket(connection, tickets, now)
        return [
            facts.get(command.item_id) if isinstance(command, HoldItem | TicketItem) else None
            for command in commands
        ]

    async def _hold(
        self, connection: Connection, holds: Sequence[HoldItem], now: datetime
    ) -> dict[ItemId, BookingMessage]:
        outcomes = await stock.hold(connection, wants=[_want(hold) for hold in holds], now=now)
        held = [hold for hold in holds if isinstance(outcomes[hold.item_id], Held)]
        offers = await self._reprice(connection, [hold.offer for hold in held]) if held else []
        facts: dict[ItemId, BookingMessage] = {
            hold.item_id: ItemHeld(booking_id=hold.booking_id, item_id=hold.item_id, offer=offer)
            for hold, offer in zip(held, offers, strict=True)
        }
        for hold in holds:
            if reason := _refusal(outcomes[hold.item_id]):
                facts[hold.item_id] = ItemRefused(
                    booking_id=hold.booking_id, item_id=hold.item_id, reason=reason
                )
        return facts

    async def _ticket(
        self, connection: Connection, commands: Sequence[TicketItem], now: datetime
    ) -> dict[ItemId, BookingMessage]:
        sold = await stock.confirm(connection, items=[c.item_id for c in commands], now=now)
        count = sum(command.offer.party.size for command in commands)
        numbers = iter(await bookings.ticket_numbers(connection, count=count))
        return {
            command.item_id: self._ticketed(command, numbers)
            if sold[command.item_id]
            else ItemRefused(booking_id=command.booking_id, item_id=command.item_id, reason="hold_lost")
            for command in commands
        }

    def _ticketed(self, command: TicketItem, numbers: Iterator[int]) -> ItemTicketed:
        """One ticket a passenger, infants too."""
        tickets = tuple(f"{PREFIX}-{number}" for number in islice(numbers, command.offer.party.size))
        return ItemTicketed(
            booking_id=command.booking_id,
            item_id=command.item_id,
            locator=RecordLocator(new_reference(self._chance.choice)),
            tickets=tickets,
        )


def _want(hold: HoldItem) -> StockWant:
    itinerary = hold.offer.itinerary
    return StockWant(
        item_id=hold.item_id,
        legs=tuple((int(leg.supplier_key), itinerary.cabin) for leg in itinerary.segments),
        seats=hold.offer.party.seats,
        until=hold.until,
    )


def _refusal(outcome: Held | SoldOut | Gone) -> str | None:
    match outcome:
        case Held():
            return None
        case SoldOut():
            return SOLD_OUT
        case Gone():
            return "gone"


def _of(commands: Sequence[SupplierCommand], kind: type[C]) -> list[C]:
    return [command for command in commands if isinstance(command, kind)]
