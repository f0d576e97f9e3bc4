"""What an asker hears after a query, whichever way it travels: parts, then an end, a failure or silence.

The time limit is a marker among the parts: a limit that cancels would strike the asker's own code, which
runs between two parts.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from bookingd.bus.port import QueryFailed, QueryTimeout
from bookingd.domain.ids import MessageId
from bookingd.messages import codec
from bookingd.messages.catalogue import Catalogue, Message
from bookingd.messages.envelope import Envelope, Origin
from bookingd.sources import Clock, Ids

_END = object()
_FAILED = object()
_LATE = object()


class Answers:
    """The parts of one answer, in order."""

    def __init__(self, query: str, timeout: float) -> None:
        """Of a query by that name; nobody listens any more `timeout` seconds from now."""
        self._query = query
        self._parts: asyncio.Queue[Any] = asyncio.Queue()
        self._timer = asyncio.get_running_loop().call_later(timeout, self._parts.put_nowait, _LATE)

    def part(self, part: Any) -> None:
        """One part has come."""
        self._parts.put_nowait(part)

    def end(self) -> None:
        """All parts have come."""
        self._parts.put_nowait(_END)

    def fail(self) -> None:
        """There will be no answer."""
        self._parts.put_nowait(_FAILED)

    def late(self) -> QueryTimeout:
        """What is raised when the deadline has passed."""
        return QueryTimeout(f"{self._query} was not answered before its deadline")

    async def heard(self) -> AsyncIterator[Any]:
        """The parts as they come. Raises QueryTimeout, QueryFailed."""
        try:
            while (part := await self._parts.get()) is not _END:
                if part is _FAILED:
                    raise QueryFailed(f"{self._query} could not be answered")
                if part is _LATE:
                    raise self.late()
                yield part
        finally:
            self._timer.cancel()


class Sealer:
    """Puts queries into envelopes that say until when somebody waits."""

    def __init__(self, *, catalogue: Catalogue, clock: Clock, ids: Ids) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids

    def seal(self, query: Message, origin: Origin, timeout: float) -> Envelope:
        """The query's envelope, with a deadline `timeout` seconds from now."""
        now = self._clock.now()
        return codec.seal(
            query,
            catalogue=self._catalogue,
            id=MessageId(self._ids.new()),
            origin=origin,
            now=now,
            deadline=now + timedelta(seconds=timeout),
        )
