"""The booking actor owns bookings: it moves each through its lifecycle and never calls the outside itself.

It takes what people and timers ask (place, consent, call off, pay, give back, hold or balance due) and what
suppliers and gateways answer; it emits what is to be done next and what became of the booking. Each message
is one decision (bookingd.domain.booking.decide); a batch of them is one transaction. Own inventory is held,
ticketed and given back within that transaction.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar

import msgspec

from actors.booking.desks import Desks
from bookingd.actor.kinds import Acting, Answer, Decide, Letter
from bookingd.domain import ledger
from bookingd.domain.access import whose
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.booking import facts
from bookingd.domain.booking.decide import TABLE, decide
from bookingd.domain.booking.decision import Decision, Terms, Timer, Verdict
from bookingd.domain.booking.facts import BookingMessage
from bookingd.domain.booking.plans import PlanTerms
from bookingd.domain.booking.renewals import is_moot
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.booking.timeline import details
from bookingd.domain.ids import BookingId
from bookingd.domain.unsellable import Refusal, refusal
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue
from bookingd.messages.envelope import Origin
from bookingd.messages.live import BookingMoved, Refused, Step
from bookingd.sources import Sources
from bookingd.storage import bookings
from bookingd.storage import ledger as books
from bookingd.storage.bookings import BookingNotFound, Event
from bookingd.storage.transactions import Transaction
from bookingd.suppliers.own_stock import NAME as OWN
from bookingd.suppliers.own_stock import OwnStock, SupplierCommand

SUPPLIER_COMMANDS = (facts.HoldItem, facts.ExtendHold, facts.TicketItem, facts.ReleaseItem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The agency's times and plans; see bookingd.domain.booking.decision.Terms."""

    hold: timedelta
    payment_extension: timedelta
    repayment: timedelta
    patience: Mapping[str, timedelta] = field(default_factory=dict)
    plans: PlanTerms = field(default_factory=PlanTerms)

    def at(self, now: datetime) -> Terms:
        """What a decision at that time goes by."""
        return Terms(
            now=now,
            hold=self.hold,
            payment_extension=self.payment_extension,
            repayment=self.repayment,
            patience=self.patience,
            plans=self.plans,
        )


@dataclass(frozen=True, slots=True)
class Move:
    """A message that moves a booking, and on whose behalf."""

    message: BookingMessage
    origin: Origin
    letter: Letter | None = None
    """The letter that brought it; None for what follows within the same transaction."""


@dataclass(slots=True)
class Batch:
    """The bookings of one transaction, and what has become of them so far."""

    bookings: dict[BookingId, Booking]
    events: list[Event] = field(default_factory=list)
    moved: set[BookingId] = field(default_factory=set)
    early: list[Letter] = field(default_factory=list)
    own: list[tuple[SupplierCommand, Origin]] = field(default_factory=list)
    """What own inventory is to do next."""
    timers: list[tuple[Timer, Origin]] = field(default_factory=list)
    sold: list[Booking] = field(default_factory=list)
    cancelled: list[Booking] = field(default_factory=list)
    """Those of what was sold that are so no more."""
    refusals: set[Refusal] = field(default_factory=set)
    """What suppliers would not sell."""


class BookingActor:
    """Moves bookings."""

    name: ClassVar[str] = "booking"
    accepts: ClassVar[tuple[type, ...]] = (
        *TABLE,
        facts.HoldItem,
        facts.TicketItem,
        facts.ReleaseItem,
    )
    answering: Mapping[type, Answer] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(
        self,
        *,
        own_stock: OwnStock,
        desks: Desks,
        times: Times,
        sources: Sources,
        catalogue: Catalogue,
    ) -> None:
        self._own_stock = own_stock
        self._times = times
        self._sources = sources
        self._catalogue = catalogue
        self.deciding: Mapping[type, Decide] = dict.fromkeys(TABLE, self.move)
        self.acting: Mapping[type, Acting] = desks.table()

    async def move(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """Decide each letter in turn; own inventory's answers are decided in the same transaction."""
        batch = await self._load(transaction, letters)
        moves = [Move(letter.message, letter.origin, letter) for letter in letters]
        await self._decide(transaction, batch, moves)
        await self._lock_stock(transaction, batch)
        while batch.own:
            await self._decide(transaction, batch, await self._ask_own_stock(transaction, batch))
        await self._save(transaction, batch)
        return batch.early

    async def _load(self, transaction: Transaction, letters: Sequence[Letter]) -> Batch:
        wanted = {letter.message.booking_id for letter in letters}
        found = await bookings.lock(transaction.connection, ids=sorted(wanted))
        if missing := wanted - found.keys():
            raise BookingNotFound(f"no booking {', '.join(map(str, missing))}")
        return Batch(bookings=found)

    async def _decide(self, transaction: Transaction, batch: Batch, moves: Iterable[Move]) -> None:
        terms = self._times.at(transaction.now)
        for move in moves:
            booking = batch.bookings[move.message.booking_id]
            decision = decide(booking, move.message, terms)
            if decision.verdict is Verdict.ADVANCED:
                self._advance(transaction, batch, move, decision)
            elif decision.verdict is Verdict.EARLY and move.letter:
                batch.early.append(move.letter)

    def _advance(self, transaction: Transaction, batch: Batch, move: Move, decision: Decision) -> None:
        booking = decision.booking
        batch.bookings[booking.id] = booking
        batch.moved.add(booking.id)
        name = self._catalogue.of(type(move.message)).name
        told = details(move.message)
        batch.events.append(
            Event(
                booking_id=booking.id,
                sequence=booking.sequence,
                name=name,
                state=booking.state,
                details=codec.encode(told),
            )
        )
        if isinstance(move.message, facts.ItemRefused):
            batch.refusals |= _refusals(booking, move.message, transaction.now)
        transaction.audit(self._entry(transaction, booking, name, told, move.origin))
        self._send(transaction, batch, decision, move.origin)

    def _send(self, transaction: Transaction, batch: Batch, decision: Decision, origin: Origin) -> None:
        for message in decision.messages:
            if isinstance(message, SUPPLIER_COMMANDS) and message.offer.supplier == OWN:
                batch.own.append((message, origin))
            elif not isinstance(message, facts.ExtendHold):  # outside, a hold lasts as long as it lasts
                transaction.send(message, origin=origin)
            if isinstance(message, facts.BookingConfirmed):
                batch.sold.append(decision.booking)
            if isinstance(message, facts.BookingCancelled):
                batch.cancelled.append(decision.booking)
        batch.timers += [(timer, origin) for timer in decision.timers]

    def _entry(
        self,
        transaction: Transaction,
        booking: Booking,
        name: str,
        told: Mapping[str, str | int | list[str]],
        origin: Origin,
    ) -> AuditEntry:
        return AuditEntry(
            id=self._sources.ids.new(),
            at=transaction.now,
            principal=origin.principal,
            action=name,
            subject=Subject.of("booking", booking.id),
            correlation_id=origin.correlation_id,
            details={
                "reference": booking.reference,
                "state": booking.state.value,
                **told,
                **whose(origin.principal, booking),
            },
        )

    async def _lock_stock(self, transaction: Transaction, batch: Batch) -> None:
        """A batch that may touch stock rows in more than one statement locks all of them first, in one order.

        One statement it is where all ask for the same, and nobody's refusal gives other items back.
        """
        commands = [command for command, _ in batch.own]
        kinds = {type(command) for command in commands} - {facts.ExtendHold}
        single = all(len(booking.items) == 1 for booking in batch.bookings.values())
        if len(kinds) > 1 or (kinds and not single):
            items = [item.id for booking in batch.bookings.values() for item in booking.items]
            await self._own_stock.lock(transaction.connection, commands=commands, items=items)

    async def _ask_own_stock(self, transaction: Transaction, batch: Batch) -> list[Move]:
        asked, batch.own = batch.own, []
        answers = await self._own_stock.carry_out(
            transaction.connection, commands=[command for command, _ in asked], now=transaction.now
        )
        return [
            Move(fact, origin) for fact, (_, origin) in zip(answers, asked, strict=True) if fact is not None
        ]

    async def _save(self, transaction: Transaction, batch: Batch) -> None:
        if not batch.moved:
            return
        self._set_timers(transaction, batch)
        moved = [batch.bookings[booking_id] for booking_id in sorted(batch.moved)]
        await bookings.save(transaction.connection, bookings=moved, events=batch.events, now=transaction.now)
        events: defaultdict[BookingId, list[Event]] = defaultdict(list)
        for event in batch.events:
            events[event.booking_id].append(event)
        for booking in moved:
            transaction.notify(
                BookingMoved(
                    booking_id=booking.id,
                    reference=booking.reference,
                    sequence=booking.sequence,
                    state=booking.state,
                    reason=booking.reason,
                    steps=tuple(_step(event, transaction.now) for event in events[booking.id]),
                )
            )
        if batch.refusals:
            transaction.notify(Refused(refusals=tuple(batch.refusals)))
        await self._book_sales(transaction, batch)

    def _set_timers(self, transaction: Transaction, batch: Batch) -> None:
        """Most of what is authorised is being captured by now, and need not be looked at again in days."""
        for timer, origin in batch.timers:
            if not is_moot(batch.bookings[timer.message.booking_id], timer):
                transaction.send(timer.message, origin=origin, due=timer.due)

    async def _book_sales(self, transaction: Transaction, batch: Batch) -> None:
        new = self._sources.ids.new
        sales = [ledger.sale(booking, journal=new()) for booking in batch.sold]
        undone = [ledger.cancellation(booking, journal=new()) for booking in batch.cancelled]
        entries = [entry for journal in (*sales, *undone) for entry in journal]
        if entries:
            await books.post(
                transaction.connection, entries=entries, ids=self._sources.ids, now=transaction.now
            )


def _refusals(booking: Booking, message: facts.ItemRefused, at: datetime) -> set[Refusal]:
    refused = (item.offer for item in booking.items if item.id == message.item_id)
    found = (refusal(offer, message.reason, at=at) for offer in refused)
    return {one for one in found if one is not None}


def _step(event: Event, at: datetime) -> Step:
    """The event as it goes along with the notice."""
    return Step(
        sequence=event.sequence,
        name=event.name,
        state=BookingState(event.state),
        details=msgspec.Raw(event.details),
        at=at,
    )
