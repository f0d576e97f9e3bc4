"""The merchant's account at the stand-in: all records, and the one way to change them.

The one rule: what a call changes (objects, events, the answer that its idempotency key keeps) is one line
of the journal, written before the call is answered.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from bookingd.sandbox.journal import Journal
from bookingd.sandbox.stripe.records import (
    BalanceTransaction,
    Change,
    Charge,
    CheckoutSession,
    ConfirmationToken,
    Customer,
    Delivered,
    Dispute,
    Event,
    Kept,
    PaymentIntent,
    PaymentMethod,
    Refund,
    Review,
    Thing,
    Told,
)
from bookingd.sources import Chance, Clock, Ids

KEYS_LAST = int(timedelta(hours=24).total_seconds())
"""Seconds for which an idempotency key is remembered: the vendor promises at least 24 hours."""

EVENTS_KEPT = 10_000
"""Delivered events that can still be listed; the vendor keeps them for 30 days."""

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(list[Change]).decode


class Account:
    """Records by id. Read them freely; change them through a `Work`."""

    def __init__(self, journal: Journal | None) -> None:
        self.intents: dict[str, PaymentIntent] = {}
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self.methods: dict[str, PaymentMethod] = {}
        self.customers: dict[str, Customer] = {}
        self.tokens: dict[str, ConfirmationToken] = {}
        self.sessions: dict[str, CheckoutSession] = {}
        self.disputes: dict[str, Dispute] = {}
        self.reviews: dict[str, Review] = {}
        self.movements: dict[str, BalanceTransaction] = {}
        self._shelves: dict[type, dict[str, Any]] = {
            PaymentMethod: self.methods,
            Customer: self.customers,
            ConfirmationToken: self.tokens,
            Charge: self.charges,
            PaymentIntent: self.intents,
            Refund: self.refunds,
            CheckoutSession: self.sessions,
            Dispute: self.disputes,
            Review: self.reviews,
            BalanceTransaction: self.movements,
        }
        self.undelivered: dict[str, Event] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._kept: dict[str, Kept] = {}
        self._intent_ids: list[str] = []
        self._positions: dict[str, int] = {}
        self._refunds_of: dict[str, list[str]] = {}
        self._session_of: dict[str, str] = {}
        self._journal = journal

    def open(self, now: datetime) -> None:
        """Read back what was known before, and go on writing."""
        if self._journal is None:
            return
        for line in self._journal.lines():
            self.apply(_DECODE(line))
        self._forget_keys(int(now.timestamp()))
        self._journal.open(_ENCODE([change]) for change in self._essence())

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def write(self, changes: list[Change]) -> None:
        """Put what has been applied on record."""
        if self._journal is not None and changes:
            self._journal.append(_ENCODE(changes))

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over changes; the latest of an object wins."""
        for change in changes:
            match change:
                case Event():
                    self._take_event(change)
                case Kept():
                    self._kept[change.key] = change
                case Delivered():
                    self.undelivered.pop(change.event, None)
                case _:
                    self._take(change)

    def _take(self, thing: Thing) -> None:
        shelf = self._shelves[type(thing)]
        if thing.id not in shelf:
            self._find_again(thing)
        if isinstance(thing, CheckoutSession) and thing.intent is not None:
            self._session_of[thing.intent] = thing.id
        shelf[thing.id] = thing

    def _find_again(self, thing: Thing) -> None:
        """Keep what is asked for by something else than its id where it is found fast."""
        match thing:
            case PaymentIntent():
                self._positions[thing.id] = len(self._intent_ids)
                self._intent_ids.append(thing.id)
            case Refund():
                self._refunds_of.setdefault(thing.intent, []).append(thing.id)

    def _take_event(self, event: Event) -> None:
        self._events.append(event)
        if event.pending:
            self.undelivered[event.id] = event

    def kept(self, key: str, now: int) -> Kept | None:
        """The answer that this idempotency key has been given, for a day."""
        self._forget_keys(now, at_most=2)
        return self._kept.get(key)

    def _forget_keys(self, now: int, at_most: int | None = None) -> None:
        oldest = list(islice(self._kept.values(), at_most))
        for kept in oldest:
            if kept.created + KEYS_LAST >= now:
                break
            del self._kept[kept.key]

    def newest_intents(self, after: str | None = None) -> Iterator[PaymentIntent]:
        """All payments made before `after`, the latest first."""
        end = len(self._intent_ids) if after is None else self._positions.get(after, 0)
        return (self.intents[self._intent_ids[position]] for position in range(end - 1, -1, -1))

    def refunds_of(self, intent_id: str | None) -> Iterator[Refund]:
        """The refunds of one payment, or of all, the latest first."""
        found = list(self.refunds) if intent_id is None else self._refunds_of.get(intent_id, [])
        return (self.refunds[refund_id] for refund_id in reversed(found))

    def session_of(self, intent_id: str) -> CheckoutSession | None:
        """The page on which this payment was made, if it was on one."""
        return self.sessions.get(self._session_of.get(intent_id, ""))

    def newest_events(self) -> Iterator[Event]:
        return reversed(self._events)

    def _essence(self) -> Iterator[Change]:
        for shelf in self._shelves.values():
            yield from shelf.values()
        yield from (event for event in self._events if event.id in self.undelivered)
        yield from self._kept.values()


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
        request_id: str | None = None,
        key: str | None = None,
        origin: str = "",
    ) -> None:
        """`notify`: whether a kind of event goes to a webhook; `origin`: where the caller found us."""
        self.account = account
        self.at = clock.now()
        self.now = int(self.at.timestamp())
        self.origin = origin
        self.request_id = request_id
        self.key = key
        self.events: list[Event] = []
        self.changes: list[Thing | Kept] = []
        self._ids = ids
        self._chance = chance
        self._notify = notify

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{self._ids.new().hex}"

    def secret(self) -> str:
        return self._chance.token(16).hex()

    def put(self, change: Thing | Kept) -> None:
        """An object is new, or is so from now on."""
        self.changes.append(change)
        self.account.apply((change,))

    def tell(self, kind: str, thing: Told, previous: dict[str, object] | None = None) -> None:
        """An event of the vendor's `kind` happened to `thing`."""
        self.events.append(
            Event(
                id=self.new_id("evt"),
                created=self.now,
                type=kind,
                thing=thing,
                previous=previous,
                request_id=self.request_id,
                idempotency_key=self.key,
                pending=self._notify(kind),
            )
        )

    def commit(self) -> None:
        """Put everything on record as one line."""
        self.account.apply(self.events)
        self.account.write([*self.changes, *self.events])
