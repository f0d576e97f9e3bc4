"""A transaction and the messages that it causes: both happen, or neither does (the outbox).

`send` exists only on an open transaction, so no message can outrun its commit. What is sent to one place
goes as one bundle; it is handed to the relay after the commit, outside the handler.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from bookingd.domain.audit import AuditEntry
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Kind, Lane, Message
from bookingd.messages.envelope import Envelope, Origin
from bookingd.sources import Sources
from bookingd.storage import attention, audit, outbox
from bookingd.storage.attention import Attention
from bookingd.storage.database import Connection, Database
from bookingd.storage.outbox import Bundle


class Outlet(Protocol):
    """Who publishes what was committed: the relay."""

    def claim_until(self) -> datetime | None:
        """Until when rows written now are this process's to publish; None where anybody may."""
        ...

    def hand_over(self, bundles: Sequence[Bundle], notices: Sequence[Message]) -> None:
        """The transaction is committed."""
        ...


class Address(NamedTuple):
    """Where a bundle goes, and when."""

    kind: Kind
    destination: str
    lane: Lane
    due: datetime | None


class Transaction:
    """An open transaction, with what it sends, tells and writes into the audit trail."""

    def __init__(self, *, connection: Connection, sources: Sources, catalogue: Catalogue) -> None:
        self.connection = connection
        self.now = sources.clock.now()
        """The time of everything that this transaction does."""
        self._sources = sources
        self._catalogue = catalogue
        self._outgoing: dict[Address, list[Envelope]] = {}
        self._notices: list[Message] = []
        self._entries: list[AuditEntry] = []

    def send(self, message: Message, *, origin: Origin, due: datetime | None = None) -> MessageId:
        """Send a command or an event when this commits; not before `due`, if that is given (a timer)."""
        entry = self._catalogue.of(type(message))
        message_id = MessageId(self._sources.ids.new())
        envelope = codec.seal(message, catalogue=self._catalogue, id=message_id, origin=origin, now=self.now)
        destination = entry.owner or entry.name
        self._put(Address(entry.kind, destination, entry.lane, due), envelope)
        return message_id

    def lane_of(self, envelope: Envelope) -> Lane:
        """The lane that the message belongs in; raises UnknownMessage."""
        return self._catalogue.named(envelope.name).lane

    def send_again(self, envelope: Envelope, *, actor: str, lane: Lane, after: timedelta) -> None:
        """Deliver the same message to `actor` once more, `after` from now, as its next attempt.

        Whoever has tried it has survived it: what it was suspected of is forgotten.
        """
        again = replace(envelope, attempt=envelope.attempt + 1, abandoned=0)
        self.put_back(again, actor=actor, lane=lane, after=after)

    def put_back(self, envelope: Envelope, *, actor: str, lane: Lane, after: timedelta) -> None:
        """Deliver it to `actor` as it is, `after` from now: that was no attempt."""
        self._put(Address(Kind.COMMAND, actor, lane, self.now + after), envelope)

    def notify(self, notice: Message) -> None:
        """Tell every process when this has committed."""
        self._notices.append(notice)

    def audit(self, entry: AuditEntry) -> None:
        """Write into the audit trail."""
        self._entries.append(entry)

    async def need_attention(
        self,
        *,
        subject: UUID,
        reason: str,
        detail: str,
        about: UUID | None = None,
        kind: str = "booking",
    ) -> None:
        """Put a booking (or what else `kind` says) on the operators' list.

        `reason` is a stable code, `detail` a sentence, `about` the payment or item that it is about, if it is
        not about all of the subject.
        """
        entry = Attention(
            id=self._sources.ids.new(),
            subject_kind=kind,
            subject=subject,
            object=about or subject,
            reason=reason,
            detail=detail,
            owner="operator",
            opened_at=self.now,
        )
        await attention.open_entry(self.connection, entry=entry)

    async def came_right(self, *, subject: UUID, reason: str, about: UUID) -> None:
        """Take what `need_attention` put on the list off it, if it is there."""
        await attention.close_one(self.connection, subject=subject, reason=reason, about=about, now=self.now)

    def _put(self, address: Address, envelope: Envelope) -> None:
        self._outgoing.setdefault(address, []).append(envelope)

    async def flush(self, claimed_until: datetime | None) -> tuple[list[Bundle], list[Message]]:
        """Write bundles and audit entries, in one statement; what is to be handed over then."""
        bundles = list(self._bundles(claimed_until))
        if bundles and self._entries:
            await outbox.insert_and_record(self.connection, bundles=bundles, entries=self._entries)
        elif bundles:
            await outbox.insert(self.connection, bundles=bundles)
        else:
            await audit.record(self.connection, entries=self._entries)
        return bundles, self._notices

    def _bundles(self, claimed_until: datetime | None) -> Iterator[Bundle]:
        for address, envelopes in self._outgoing.items():
            for part in codec.bundles(envelopes):
                yield Bundle(
                    id=self._sources.ids.new(),
                    kind=address.kind,
                    destination=address.destination,
                    lane=address.lane,
                    payload=codec.pack(part),
                    due_at=address.due or self.now,
                    claimed_until=None if address.due else claimed_until,
                )


class Transactions:
    """Opens transactions that can send."""

    def __init__(
        self,
        *,
        database: Database,
        sources: Sources,
        catalogue: Catalogue,
        outlet: Outlet | None = None,
    ) -> None:
        self._database = database
        self._sources = sources
        self._catalogue = catalogue
        self._outlet = outlet
        """None where nobody publishes (the command line): any daemon's relay finds the rows."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """A transaction that commits at the end of the block; its messages follow the commit."""
        claimed_until = self._outlet.claim_until() if self._outlet else None
        async with self._database.transaction() as connection:
            transaction = Transaction(connection=connection, sources=self._sources, catalogue=self._catalogue)
            yield transaction
            bundles, notices = await transaction.flush(claimed_until)
        if self._outlet:
            self._outlet.hand_over(bundles, notices)

    @asynccontextmanager
    async def without(self) -> AsyncIterator[Connection]:
        """A connection without a transaction: each statement commits by itself, and nothing is sent."""
        async with self._database.connection() as connection:
            yield connection
