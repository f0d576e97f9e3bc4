"""Who waits for which booking to move: notices wake them, and the tables tell what is so.

A notice may be lost, so nobody trusts its absence: whoever waits looks at the table when its time is over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

from bookingd.actor.batching import Batcher
from bookingd.bus.port import Bus
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import BookingId, Reference
from bookingd.messages.catalogue import Message
from bookingd.messages.live import BookingMoved
from bookingd.storage import bookings
from bookingd.storage.database import Database

Listener: TypeAlias = Callable[[BookingMoved], None]


class Watch:
    """What is heard of one booking."""

    def __init__(self) -> None:
        self._last: BookingMoved | None = None
        self._news = asyncio.Event()

    def hear(self, moved: BookingMoved) -> None:
        """A notice: it may be old, or repeated."""
        if self._last is None or moved.sequence > self._last.sequence:
            self._last = moved
            self._news.set()

    async def next(self) -> BookingMoved:
        """The latest move, once for each that is seen."""
        await self._news.wait()
        self._news.clear()
        if self._last is None:
            raise AssertionError("there are no news without a move")
        return self._last

    async def until(self, is_so: Callable[[BookingMoved], bool], *, seconds: float) -> BookingMoved | None:
        """The first move after which it is so; None where none is heard of in time: then the table tells."""
        try:
            async with asyncio.timeout(seconds):
                while not is_so(moved := await self.next()):
                    pass
        except TimeoutError:
            return None
        return moved


class Moves:
    """Hears every notice of this process's bus and tells those whom it concerns."""

    def __init__(self, *, bus: Bus, database: Database) -> None:
        self._bus = bus
        self._database = database
        self._listeners: dict[BookingId | Reference, set[Listener]] = {}
        self._looks: Batcher[BookingId, Booking] = Batcher(self._load_all)

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Hear notices within the block; who is woken by them looks together with others who are."""
        stop = self._bus.watch(self._hear)
        looking = asyncio.create_task(self._looks.run(), name="looks at bookings that moved")
        try:
            yield
        finally:
            stop()
            looking.cancel()

    @contextmanager
    def watching(self, booking_id: BookingId) -> Iterator[Watch]:
        """See the booking move, within the block."""
        watch = Watch()
        with self.telling(booking_id, watch.hear):
            yield watch

    @contextmanager
    def telling(self, booking: BookingId | Reference, listener: Listener) -> Iterator[None]:
        """Have the listener hear of every move of the booking, within the block."""
        self.add(booking, listener)
        try:
            yield
        finally:
            self.remove(booking, listener)

    def add(self, booking: BookingId | Reference, listener: Listener) -> None:
        """Have the listener hear of every move of the booking, until it is removed."""
        self._listeners.setdefault(booking, set()).add(listener)

    def remove(self, booking: BookingId | Reference, listener: Listener) -> None:
        """Leave the listener alone from now on."""
        listeners = self._listeners.get(booking, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(booking, None)

    async def settled(
        self,
        booking_id: BookingId,
        watch: Watch,
        is_settled: Callable[[Booking], bool],
        *,
        seconds: float,
    ) -> Booking:
        """The booking when it is as wanted, or as it is when the time is over.

        `watch` was begun before whatever moves the booking was asked for, so no move is missed.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    booking = await self.look(booking_id)
                    if is_settled(booking):
                        return booking
                    await watch.next()
        except TimeoutError:
            return await self.look(booking_id)

    async def look(self, booking_id: BookingId) -> Booking:
        """The booking as the table has it."""
        return await self._looks.submit(booking_id)

    async def _load_all(self, ids: Sequence[BookingId]) -> Sequence[Booking]:
        async with self._database.connection() as connection:
            found = await bookings.by_ids(connection, ids=ids)
        return [found[booking_id].booking for booking_id in ids]

    def _hear(self, notice: Message) -> None:
        if isinstance(notice, BookingMoved):
            for booking in (notice.booking_id, notice.reference):
                for listener in list(self._listeners.get(booking, ())):
                    listener(notice)
