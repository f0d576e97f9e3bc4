"""What has to be done now and then, whoever books: partitions ahead of time, old records away."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from bookingd.config.sections import Retention
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.messages.envelope import SYSTEM
from bookingd.security.card_testing import CARD_WINDOW
from bookingd.sources import Sources
from bookingd.storage import (
    accounts,
    api_keys,
    audit,
    bookings,
    documents,
    erasure,
    idempotency,
    payment_attempts,
    proofs,
    sessions,
    travellers,
    webhooks,
)
from bookingd.storage.database import (
    Connection,
    Database,
    drop_old_partitions,
    ensure_partitions,
    is_retryable,
    is_unavailable,
    take_turn,
)

log = logging.getLogger(__name__)

KEEP_EVERY = 3600.0
"""Seconds between two rounds."""

ANSWERS_KEPT = timedelta(days=3)
"""How long a repeated request gets its old answer: clients give up long before."""

WEBHOOKS_KEPT = timedelta(days=30)
"""Gateways repeat an event for three days at most (Stripe, PayPal)."""

KEYS_KEPT = timedelta(days=90)
"""How long it can still be told whose an API key was that is over and shown again."""

REGISTRATIONS_KEPT = timedelta()
"""Who did not confirm an address has no account, so nothing of theirs is kept beyond their time."""

PROOFS_KEPT = timedelta(days=1)
"""What is over opens nothing; a mail about it that waits for its provider still finds out that it is over."""

SESSIONS_KEPT = timedelta(days=90)
"""So long a device is known to its account after it was signed out, and nobody is warned of a sign-in there;
the address that it came from is erased at once.
"""

BITE = 1000
"""Rows that one statement removes at most."""


Chore = Callable[[Connection], Awaitable[int]]


class Forget(Protocol):
    """Removes up to `limit` rows from before a time, or what is in them; how many."""

    async def __call__(self, connection: Connection, *, before: datetime, limit: int) -> int: ...


class Erase(Protocol):
    """Erases something in up to `limit` rows from before a day; in how many."""

    async def __call__(self, connection: Connection, *, before: date, limit: int) -> int: ...


class Housekeeping:
    """A loop of small chores; what the database refuses in one round is done in the next."""

    def __init__(self, *, database: Database, sources: Sources, retention: Retention) -> None:
        self._database = database
        self._sources = sources
        self._retention = retention

    async def run(self) -> None:
        """For as long as the daemon lives."""
        while True:
            await self._sources.clock.sleep(KEEP_EVERY)
            try:
                await self.keep()
            except Exception as error:
                if not (is_unavailable(error) or is_retryable(error)):
                    raise
                log.warning("housekeeping waits: %s", error)

    async def keep(self) -> None:
        """Partitions ahead of time, and away with what nobody asks for any more."""
        now, clock = self._sources.clock.now(), self._sources.clock
        await self._in_turn(lambda connection: ensure_partitions(connection, clock=clock))
        await self._in_turn(lambda connection: drop_old_partitions(connection, clock=clock))
        await self._forget(idempotency.forget, before=now - ANSWERS_KEPT)
        await self._forget(webhooks.forget, before=now - WEBHOOKS_KEPT)
        await self._forget(payment_attempts.forget, before=now - CARD_WINDOW)
        await self._forget(api_keys.forget, before=now - KEYS_KEPT)
        await self._forget(accounts.forget_registrations, before=now - REGISTRATIONS_KEPT)
        await self._forget(proofs.forget, before=now - PROOFS_KEPT)
        await self._forget(sessions.expire, before=now)
        await self._forget(sessions.forget, before=now - SESSIONS_KEPT)
        await self._erase(now)

    async def _erase(self, now: datetime) -> None:
        """What people need not be remembered by any more. It stands in the audit trail before it is done,
        once a round: whoever dies in the middle has said what was begun.
        """
        today = now.astimezone(UTC).date()
        before = today - timedelta(days=self._retention.documents_days)
        paid_before = date(today.year - self._retention.invoices_years, 1, 1)

        async def announce(connection: Connection) -> int:
            due: dict[str, Plain] = {
                "documents": await travellers.due_documents(connection, before=before),
                "birth_dates": await bookings.due_births(connection, before=before),
                "addressees": await documents.due_addressees(connection, before=paid_before),
                "payers": await erasure.due_payers(connection, before=paid_before),
            }
            if not any(due.values()):
                return 0
            await audit.record(connection, [self._entry(now, before, due)])
            return 1

        if await self._in_turn(announce):
            await self._bite_by_bite(travellers.erase_documents, before)
            await self._bite_by_bite(bookings.erase_births, before)
            await self._bite_by_bite(documents.forget_addressees, paid_before)
            await self._bite_by_bite(erasure.forget_payers, paid_before)

    def _entry(self, now: datetime, before: date, due: Mapping[str, Plain]) -> AuditEntry:
        return AuditEntry(
            id=self._sources.ids.new(),
            at=now,
            principal=SYSTEM,
            action="retention.erasing",
            subject=Subject.of("retention", before.isoformat()),
            correlation_id=self._sources.ids.new(),
            details=due,
        )

    async def _in_turn(self, chore: Chore) -> int:
        """How much was done, in a transaction; nothing where another process is at the chores just now."""
        async with self._database.transaction() as connection:
            return await chore(connection) if await take_turn(connection) else 0

    async def _forget(self, forget: Forget, *, before: datetime) -> None:
        """In small bites, so that nobody waits for a lock."""
        gone = BITE
        while gone == BITE:
            gone = await self._in_turn(lambda connection: forget(connection, before=before, limit=BITE))

    async def _bite_by_bite(self, erase: Erase, before: date) -> None:
        """The same, by days."""
        gone = BITE
        while gone == BITE:
            gone = await self._in_turn(lambda connection: erase(connection, before=before, limit=BITE))
