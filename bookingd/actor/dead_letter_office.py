"""What was buried is put back or given up: by an operator, in one transaction, once.

The one rule: a letter leaves the table together with what becomes of it. The message is on its way, the entry
that waited for a person is closed and the audit trail says who did it, or nothing has changed.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.messages.catalogue import Lane, UnknownMessage
from bookingd.messages.envelope import Envelope
from bookingd.sources import Ids
from bookingd.storage import attention, dead_letters, inbox
from bookingd.storage.dead_letters import KeptLetter
from bookingd.storage.transactions import Transaction, Transactions

SUBJECT = "dead_letter"
"""Of entries in the audit trail and on the list of what waits for a person."""


class CannotReplay(Exception):
    """The letter stays where it is; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterOffice:
    """Replays and drops dead letters on behalf of `principal`, and writes down who looked into one."""

    transactions: Transactions
    ids: Ids
    actors: Collection[str]
    """All actors of the house, also those that run elsewhere."""
    principal: str

    async def replay(self, letter_id: UUID) -> KeptLetter:
        """Have its actor handle it anew, as its first attempt; the letter that was.

        What killed its process is handled apart again: its envelope keeps what it was suspected of.
        Raises DeadLetterNotFound, CannotReplay.
        """
        async with self.transactions.begin() as transaction:
            letter = await dead_letters.take_out(transaction.connection, letter_id=letter_id)
            envelope = replayable(letter, actors=self.actors)
            await inbox.put_back(transaction.connection, actor=letter.actor, envelopes=[envelope])
            anew = replace(envelope, attempt=1, deadline=None)
            lane = _lane(transaction, envelope)
            transaction.put_back(anew, actor=letter.actor, lane=lane, after=timedelta())
            await self._close(transaction, letter)
            transaction.audit(self._entry(transaction, letter, "dead_letter.replayed", {}))
        return letter

    async def drop(self, letter_id: UUID, *, reason: str) -> KeptLetter:
        """Give it up; the message will never be handled. The letter that was. Raises DeadLetterNotFound."""
        async with self.transactions.begin() as transaction:
            letter = await dead_letters.take_out(transaction.connection, letter_id=letter_id)
            await self._close(transaction, letter)
            why: dict[str, Plain] = {"reason": dead_letters.text(reason)}
            transaction.audit(self._entry(transaction, letter, "dead_letter.dropped", why))
        return letter

    async def open(self, letter_id: UUID) -> KeptLetter:
        """The letter, after it was written down that somebody read it (P11). Raises DeadLetterNotFound."""
        async with self.transactions.begin() as transaction:
            letter = await dead_letters.load(transaction.connection, letter_id=letter_id)
            transaction.audit(self._entry(transaction, letter, "dead_letter.read", {}))
        return letter

    async def _close(self, transaction: Transaction, letter: KeptLetter) -> None:
        connection, now = transaction.connection, transaction.now
        await attention.close(connection, subject_kind=SUBJECT, subject=letter.id, now=now)

    def _entry(
        self, transaction: Transaction, letter: KeptLetter, action: str, more: dict[str, Plain]
    ) -> AuditEntry:
        envelope = letter.envelope
        about: dict[str, Plain] = {
            "actor": letter.actor,
            "message": letter.name,
            "message_id": str(envelope.id) if envelope else None,
        }
        return AuditEntry(
            id=self.ids.new(),
            at=transaction.now,
            principal=self.principal,
            action=action,
            subject=Subject.of(SUBJECT, letter.id),
            correlation_id=envelope.correlation_id if envelope else self.ids.new(),
            details=about | more,
        )


def replayable(letter: KeptLetter, *, actors: Collection[str]) -> Envelope:
    """The envelope that would be sent. Raises CannotReplay with the reason."""
    if letter.envelope is None:
        raise CannotReplay("it is no message that this release can read: it can only be dropped")
    if letter.actor not in actors:
        raise CannotReplay(f"there is no actor {letter.actor!r} any more: it can only be dropped")
    return letter.envelope


def _lane(transaction: Transaction, envelope: Envelope) -> Lane:
    """A name that this release does not know waits in the lane where the runtime lets it wait."""
    try:
        return transaction.lane_of(envelope)
    except UnknownMessage:
        return Lane.NORMAL
