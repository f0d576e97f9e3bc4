"""What each actor has handled, so that a message takes effect once (P5)."""

from collections.abc import Sequence

from bookingd.domain.ids import MessageId
from bookingd.messages.envelope import Envelope
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

TAKE = query("inbox.take")
PUT_BACK = query("inbox.put_back")


async def take(connection: Connection, *, actor: str, envelopes: Sequence[Envelope]) -> set[MessageId]:
    """Count the messages as handled; the ids of those that were not before.

    A delivery of the same message elsewhere waits here until this transaction has ended.
    """
    rows = await connection.fetch(TAKE, actor, *_keys(envelopes))
    return {row["message_id"] for row in rows}


async def put_back(connection: Connection, *, actor: str, envelopes: Sequence[Envelope]) -> None:
    """Messages that came too early count as not handled again."""
    await connection.execute(PUT_BACK, actor, *_keys(envelopes))


def _keys(envelopes: Sequence[Envelope]) -> tuple[list[MessageId], list[object]]:
    return [envelope.id for envelope in envelopes], [envelope.sent_at for envelope in envelopes]
