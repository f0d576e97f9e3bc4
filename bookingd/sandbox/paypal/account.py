"""The merchant's account at the stand-in: all records, and the one way to change them.

The one rule: what a call changes (records, events, what its request id made) is one line of the journal,
written before the call is answered.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import msgspec

from bookingd.sandbox.journal import Journal
from bookingd.sandbox.paypal import faults
from bookingd.sandbox.paypal.records import (
    Authorization,
    Capture,
    Change,
    Delivered,
    Dispute,
    Event,
    Kept,
    Order,
    Refund,
    Thing,
    Token,
)
from bookingd.sources import Chance, Clock, Ids

EVENTS_KEPT = 10_000
"""Delivered events that can still be listed."""

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(list[Change]).decode
T = TypeVar("T")

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Account:
    """Records by id. Read them freely; change them through a `Work`."""

    def __init__(self, journal: Journal | None) -> None:
        self.orders: dict[str, Order] = {}
        self.authorizations: dict[str, Authorization] = {}
        self.captures: dict[str, Capture] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self.tokens: dict[str, Token] = {}
        self.undelivered: dict[str, Event] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._kept: dict[str, Kept] = {}
        self._of: dict[str, list[str]] = {}
        self._orders_of_invoice: dict[str, set[str]] = {}
        self._journal = journal

    def open(self, now: datetime) -> None:
        """Read back what was known before, and go on writing."""
        if self._journal is None:
            return
        for line in self._journal.lines():
            self.apply(_DECODE(line))
        self._kept = {key: kept for key, kept in self._kept.items() if kept.until > now}
        self.tokens = {digest: token for digest, token in self.tokens.items() if token.expires > now}
        self._journal.open(_ENCODE([change]) for change in self._essence())

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def write(self, changes: list[Change]) -> None:
        """Put what has been applied on record."""
        if self._journal is not None and changes:
            self._journal.append(_ENCODE(changes))

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over changes; the latest of a record wins."""
        for change in changes:
            match change:
                case Order():
                    self.orders[change.id] = change
                    self._note_invoices(change)
                case Authorization() | Capture() | Refund():
                    self._take(change)
                case Dispute():
                    self.disputes[change.id] = change
                case Token():
                    self.tokens[change.digest] = change
                case Event():
                    self._take_event(change)
                case Kept():
                    self._kept[change.key] = change
                case Delivered():
                    self.undelivered.pop(change.event, None)

    def _take(self, thing: Authorization | Capture | Refund) -> None:
        owned = self._of.setdefault(thing.capture if isinstance(thing, Refund) else thing.order, [])
        if thing.id not in owned:
            owned.append(thing.id)
        match thing:
            case Authorization():
                self.authorizations[thing.id] = thing
            case Capture():
                self.captures[thing.id] = thing
            case Refund():
                self.refunds[thing.id] = thing

    def _note_invoices(self, order: Order) -> None:
        for unit in order.units:
            if unit.invoice_id is not None:
                self._orders_of_invoice.setdefault(unit.invoice_id, set()).add(order.id)

    def _take_event(self, event: Event) -> None:
        self._events.append(event)
        if event.pending:
            self.undelivered[event.id] = event

    def kept(self, key: str, now: datetime) -> Kept | None:
        """What this request id made at this kind of call, while the vendor remembers."""
        for old in list(islice(self._kept.values(), 2)):
            if old.until <= now:
                del self._kept[old.key]
        found = self._kept.get(key)
        return None if found is None or found.until <= now else found

    def authorizations_of(self, order_id: str) -> list[Authorization]:
        """Those of an order, the first one first."""
        ids = self._of.get(order_id, ())
        return [self.authorizations[each] for each in ids if each in self.authorizations]

    def captures_of(self, order_id: str) -> list[Capture]:
        return [self.captures[each] for each in self._of.get(order_id, ()) if each in self.captures]

    def refunds_of(self, capture_id: str) -> list[Refund]:
        return [self.refunds[each] for each in self._of.get(capture_id, ())]

    def orders_of_invoice(self, invoice_id: str) -> Iterator[Order]:
        """Orders with a purchase unit of this invoice."""
        had_it = (self.orders[each] for each in self._orders_of_invoice.get(invoice_id, ()))
        return (order for order in had_it if any(unit.invoice_id == invoice_id for unit in order.units))

    def newest_events(self) -> Iterator[Event]:
        return reversed(self._events)

    def thing(self, thing_id: str) -> Thing:
        """The record of an id that is known to exist."""
        return (
            self.orders.get(thing_id)
            or self.authorizations.get(thing_id)
            or self.captures.get(thing_id)
            or self.refunds[thing_id]
        )

    def open_dispute_of(self, capture_id: str) -> Dispute | None:
        """The dispute that is going on about a capture, if there is one."""
        return next(
            (
                each
                for each in self.disputes.values()
                if each.capture == capture_id and each.status != "RESOLVED"
            ),
            None,
        )

    def order_of(self, thing_id: str) -> Order | None:
        """The order that a record belongs to, if there is one."""
        if thing_id in self.refunds:
            thing_id = self.refunds[thing_id].capture
        owned = self.captures.get(thing_id) or self.authorizations.get(thing_id)
        return self.orders.get(thing_id if owned is None else owned.order)

    def order(self, order_id: str) -> Order:
        """The order of a path. Raises the vendor's 404, as the others do."""
        return _found(self.orders, order_id, "order_id")

    def authorization(self, authorization_id: str) -> Authorization:
        return _found(self.authorizations, authorization_id, "authorization_id")

    def capture(self, capture_id: str) -> Capture:
        return _found(self.captures, capture_id, "capture_id")

    def refund(self, refund_id: str) -> Refund:
        return _found(self.refunds, refund_id, "refund_id")

    def dispute(self, dispute_id: str) -> Dispute:
        return _found(self.disputes, dispute_id, "dispute_id")

    def _essence(self) -> Iterator[Change]:
        yield from self.orders.values()
        yield from self.authorizations.values()
        yield from self.captures.values()
        yield from self.refunds.values()
        yield from self.disputes.values()
        yield from self.tokens.values()
        yield from (event for event in self._events if event.id in self.undelivered)
        yield from self._kept.values()


def _found(table: dict[str, T], thing_id: str, field: str) -> T:
    found = table.get(thing_id)
    if found is None:
        raise faults.no_such(field, thing_id)
    return found


class Work:
    """What one call, click or passed deadline changes."""

    def __init__(
        self,
        account: Account,
        *,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        notify: Callable[[str], bool],
        origin: str = "",
    ) -> None:
        """`notify`: whether a kind of event goes to a webhook; `origin`: where the caller found us."""
        self.account = account
        self.now = clock.now()
        self.origin = origin
        self.events: list[Event] = []
        self.changes: list[Change] = []
        self._ids = ids
        self._chance = chance
        self._notify = notify

    def new_id(self, length: int = 17) -> str:
        """Capital letters and digits, as the vendor's ids are."""
        number = self._ids.new().int
        digits = []
        for _ in range(length):
            number, digit = divmod(number, 36)
            digits.append(_DIGITS[digit])
        return "".join(reversed(digits))

    def secret(self) -> str:
        return self._chance.token(48).hex().upper()

    def put(self, change: Thing | Dispute | Token | Kept) -> None:
        """A record is new, or is so from now on."""
        self.changes.append(change)
        self.account.apply((change,))

    def tell(
        self, kind: str, resource_type: str, summary: str, resource: dict[str, Any], origin: str
    ) -> None:
        """An event of the vendor's `kind` happened to a resource, written as it is now."""
        self.events.append(
            Event(
                id=f"WH-{self.new_id()}-{self.new_id()}",
                created=self.now,
                type=kind,
                origin=origin,
                resource_type=resource_type,
                resource_version="2.0",
                summary=summary,
                resource=resource,
                pending=self._notify(kind),
            )
        )

    def commit(self) -> None:
        """Put everything on record as one line."""
        self.account.apply(self.events)
        self.account.write([*self.changes, *self.events])
