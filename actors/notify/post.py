"""Handing mails over and writing down what became of them, whatever they are about.

The one rule: a mail is never kept back because an earlier one may have arrived. SMTP knows no look-up, so a
mail whose outcome is unknown is sent again under its Message-ID, and counted (P5).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from bookingd.actor.kinds import Ended, Letter
from bookingd.channels.account_views import AccountMailKind
from bookingd.channels.port import Channel, Delivery, OutgoingMail
from bookingd.domain.audit import AuditEntry
from bookingd.messages.envelope import SYSTEM
from bookingd.outcomes import Refused, Unavailable
from bookingd.sources import Sources
from bookingd.storage import notifications
from bookingd.storage.database import Connection, Database, is_unavailable
from bookingd.storage.intents import Intent, IntentState
from bookingd.storage.notifications import Attempt, NotificationKey
from bookingd.storage.transactions import Transaction

UNSHOWN = frozenset({AccountMailKind.VERIFY, AccountMailKind.ADDRESS_CONFIRM})
"""Mails to addresses that nobody has shown to be theirs: a mistyped one is no operator's affair, and whoever
makes some up shall not fill the operators' list.
"""


class Repeats(Protocol):
    """Counts mails that were sent again since the first outcome was unknown."""

    def inc(self) -> None:
        """One more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A mail that the provider took."""

    key: NotificationKey
    delivery: Delivery


class NotTaken(Refused):
    """A mail that the provider will never take."""

    def __init__(self, key: NotificationKey, refusal: Refused) -> None:
        Exception.__init__(self, str(refusal))
        self.code = refusal.code
        self.key = key


@asynccontextmanager
async def nothing_begun_without_database() -> AsyncIterator[None]:
    """Where the database is away before a mail was begun, trying again is safe: raises Unavailable."""
    try:
        yield
    except Exception as error:
        if is_unavailable(error):
            raise Unavailable("the database is away, and no mail was begun") from error
        raise


async def look_up(message: Any, intent: Intent) -> None:
    """SMTP knows no look-up: the window is closed in favour of delivery."""
    return


class Post:
    """Hands over, and records."""

    def __init__(self, *, channel: Channel, database: Database, sources: Sources, repeats: Repeats) -> None:
        self._channel = channel
        self._database = database
        self._sources = sources
        self._repeats = repeats

    def message_id(self, intent: Intent) -> str:
        """The Message-ID that the intent's mail carries, at every attempt."""
        return self._channel.message_id(intent.id)

    def now(self) -> datetime:
        """The time at which mails are begun."""
        return self._sources.clock.now()

    async def begin(self, connection: Connection, attempts: Sequence[Attempt]) -> list[Attempt]:
        """Record that mails are being handed over; those that are to be."""
        return await notifications.begin(
            connection, attempts=attempts, channel=self._channel.name, now=self.now()
        )

    async def hand_over(self, mail: OutgoingMail, *, key: NotificationKey, intent: Intent) -> Handed:
        """To the provider. Raises the errors of bookingd.outcomes, of which a refusal names the mail."""
        repeat = is_repeat(intent)
        if repeat:
            self._repeats.inc()
        try:
            delivery = await self._channel.send(mail, key=intent.id)
        except Unavailable:
            await self._put_off(key, repeat=repeat)
            raise
        except Refused as refusal:
            raise NotTaken(key, refusal) from refusal
        return Handed(key=key, delivery=delivery)

    async def record(self, transaction: Transaction, ended: Sequence[Ended]) -> None:
        """What the provider said; a mail that it will never take is an operator's to look at."""
        receipts: dict[UUID, str] = {}
        for letter, outcome in ended:
            if isinstance(outcome, NotTaken):
                await self._refused(transaction, letter, outcome)
            elif outcome is not None:
                receipts[outcome.key.id] = outcome.delivery.receipt
                told = outcome.delivery.message_id
                transaction.audit(self._entry(transaction, letter, outcome.key, "notification.sent", told))
        if receipts:
            await notifications.mark_sent(transaction.connection, receipts=receipts, sent_at=transaction.now)

    async def _refused(self, transaction: Transaction, letter: Letter, refusal: NotTaken) -> None:
        key, reason = refusal.key, str(refusal)
        await notifications.mark_failed(transaction.connection, notification_id=key.id, reason=reason)
        transaction.audit(self._entry(transaction, letter, key, "notification.failed", refusal.code))
        if key.kind in UNSHOWN:
            return
        await transaction.need_attention(
            kind=key.subject.kind,
            subject=key.about,
            about=key.id,
            reason=f"mail_refused_{key.kind}",
            detail=f"{_reader(key)} has not been told ({key.kind}): {reason}",
        )

    async def _put_off(self, key: NotificationKey, *, repeat: bool) -> None:
        """This attempt took nothing; an earlier one may have, and then it is not merely due."""
        if not repeat:
            async with self._database.transaction() as connection:
                await notifications.put_off(connection, notification_id=key.id)

    def _entry(
        self, transaction: Transaction, letter: Letter, key: NotificationKey, action: str, told: str
    ) -> AuditEntry:
        return AuditEntry(
            id=self._sources.ids.new(),
            at=transaction.now,
            principal=SYSTEM,
            action=action,
            subject=key.subject,
            correlation_id=letter.origin.correlation_id,
            details={"kind": key.kind, "channel": self._channel.name, "told": told},
        )


def is_repeat(intent: Intent) -> bool:
    """Whether an earlier attempt may have arrived."""
    return intent.found is not IntentState.IDLE


def _reader(key: NotificationKey) -> str:
    return "The traveller" if key.account_id is None else "The owner of the account"
