"""What the broker gives up (too many deliveries, unreadable) is kept like what an actor cannot handle.

The one rule: kept once. A bundle may be given up twice, and its messages may have been handled before.
"""

import hashlib
from uuid import UUID

from bookingd.actor.burying import Burying
from bookingd.actor.patience import Patience
from bookingd.messages import codec
from bookingd.sources import Sources
from bookingd.storage import dead_letters
from bookingd.storage.transactions import Transactions


class GivenUp(Exception):
    """The broker delivers a message no more; the text is its reason."""


class Burials:
    """The undertaker of a transport."""

    def __init__(self, *, transactions: Transactions, sources: Sources) -> None:
        self._transactions = transactions
        self._sources = sources
        self._patiently = Patience(actor="dead letters of RabbitMQ", sources=sources)

    async def keep(self, actor: str, payload: bytes, reason: str) -> None:
        """Keep the bundle that `actor` did not get; waits for a database that is away."""
        try:
            envelopes = codec.unpack(payload)
        except codec.Unreadable:
            await self._patiently(lambda: self._keep_bytes(actor, payload, reason))
            return
        burying = Burying(
            actor=actor,
            transactions=self._transactions,
            sources=self._sources,
            patiently=self._patiently,
        )
        for envelope in envelopes:
            await burying.bury(envelope, GivenUp(f"RabbitMQ delivers it no more ({reason})"))

    async def _keep_bytes(self, actor: str, payload: bytes, reason: str) -> None:
        letter = UUID(bytes=hashlib.sha256(payload).digest()[:16])  # of the bytes, so that it is kept once
        async with self._transactions.begin() as transaction:
            await dead_letters.bury_unreadable(
                transaction.connection,
                id=letter,
                actor=actor,
                payload=payload,
                reason=f"RabbitMQ brought what is no bundle of ours ({reason})",
                died_at=transaction.now,
            )
            await transaction.need_attention(
                kind="dead_letter",
                subject=letter,
                reason="dead_letter",
                detail=f"{actor} was sent what is no message of ours",
            )
