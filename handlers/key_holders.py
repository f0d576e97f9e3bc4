"""Whose an API key is, and whether it is good: read for all who ask together, and known for a moment.

The one rule: what is wrong costs no more than what is right. An id that nobody has, or whose key is over, is
known for a moment as well, apart from the good ones, so that a storm of wrong keys is a few looks by id. That
a key is refused that somebody did have stands in the audit trail, once a minute.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aiohttp import web

from bookingd.actor.batching import Batcher
from bookingd.domain.accounts.who import NOBODY, Who
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.ids import ApiKeyId
from bookingd.messages.catalogue import Message
from bookingd.messages.live import AccountChanged
from bookingd.security.api_keys import ApiKey
from bookingd.sources import Sources
from bookingd.storage import access, api_keys
from bookingd.storage.api_keys import KeptApiKey
from bookingd.storage.database import Connection, Database
from handlers.remembered import Remembered

log = logging.getLogger(__name__)

UNKNOWN, WRONG, EXPIRED = "unknown", "wrong_secret", "expired"
"""Why a key is refused, besides what `KeptApiKey.over` says."""


class _Shown(NamedTuple):
    """A key, and the request that it came with."""

    key: ApiKey
    correlation_id: UUID


class _Verdict(NamedTuple):
    """A key that there is or was, and why it is refused; None where it is good."""

    kept: KeptApiKey | None
    why: str | None


class KeyHolders:
    """Finds out whose API keys are."""

    def __init__(self, *, database: Database, sources: Sources) -> None:
        self._database = database
        self._sources = sources
        self._good: Remembered[ApiKeyId, KeptApiKey] = Remembered(sources.clock)
        self._refused: Remembered[ApiKey, str] = Remembered(sources.clock)
        self._looks: Batcher[_Shown, _Verdict] = Batcher(self._look)

    async def run(self) -> None:
        """Look until cancelled."""
        await self._looks.run()

    def hear(self, notice: Message) -> None:
        """A notice of the bus."""
        if isinstance(notice, AccountChanged):
            self._good.forget(notice.account_id)
            self._refused.forget(notice.account_id)

    async def find(self, shown: ApiKey, *, correlation_id: UUID) -> Who | None:
        """Who it is; None where the key is none, is over, or its account is not open."""
        if self._refused.recall(shown) is not None:
            return None
        known = self._good.recall(shown.id)
        if known is not None and _judge(shown, known, self._sources.clock.now()).why is None:
            return known.who
        good, refused = self._good.look(), self._refused.look()
        kept, why = await self._looks.submit(_Shown(shown, correlation_id))
        if kept is None or why is not None:
            self._refused.keep(shown, why or UNKNOWN, account=None, look=refused)
            return None
        self._good.keep(shown.id, kept, account=kept.who.account, look=good)
        return kept.who

    async def _look(self, shown: Sequence[_Shown]) -> Sequence[_Verdict]:
        now = self._sources.clock.now()
        async with self._database.connection() as connection:
            kept = await api_keys.kept(connection, ids={key.id for key, _ in shown}, now=now)
            verdicts = [_judge(key, kept.get(key.id), now) for key, _ in shown]
            await self._note_use(connection, verdicts, now)
            await self._note_refusals(connection, shown, verdicts, now)
        return verdicts

    async def _note_use(self, connection: Connection, verdicts: Sequence[_Verdict], now: datetime) -> None:
        """Write down that they were used in this hour, once in it."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        ids = {
            kept.who.api_key
            for kept, why in verdicts
            if kept and kept.who.api_key and why is None and (kept.used_at is None or kept.used_at < hour)
        }
        if ids:
            await api_keys.used(connection, ids=ids, hour=hour)

    async def _note_refusals(
        self, connection: Connection, shown: Sequence[_Shown], verdicts: Sequence[_Verdict], now: datetime
    ) -> None:
        """One of each key; of an id that nobody has there is nothing to tell."""
        refused = {
            key.id: (kept, why, correlation_id)
            for (key, correlation_id), (kept, why) in zip(shown, verdicts, strict=True)
            if kept is not None and why is not None
        }
        for key_id, (kept, why, correlation_id) in refused.items():
            log.warning("API key %s of %s is refused: %s", key_id, kept.who.principal, why)
            entry = AuditEntry(
                id=self._sources.ids.new(),
                at=now,
                principal=NOBODY.principal,
                action=access.REFUSED,
                subject=Subject.of("account", str(kept.who.account)),
                correlation_id=correlation_id,
                details={"api_key": str(key_id), "because": why},
            )
            await access.record_refusal(connection, entry=entry)


KEY_HOLDERS = web.AppKey("key_holders", KeyHolders)


def _judge(shown: ApiKey, kept: KeptApiKey | None, now: datetime) -> _Verdict:
    if kept is None:
        return _Verdict(None, UNKNOWN)
    if not shown.is_kept_as(kept.hash):
        return _Verdict(kept, WRONG)
    return _Verdict(kept, kept.over or (EXPIRED if kept.expires_at <= now else None))
