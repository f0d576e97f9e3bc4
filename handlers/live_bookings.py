"""Bookings as one client follows them over a WebSocket.

A client subscribes to a booking after the last event that it has seen, and gets every later one, once and in
order. Its one rule: how far each timeline has been told is remembered, and notices are believed only as long
as nothing is missing in between; else the table is read. So a lost notice is made good by the next one or the
next look, and a slow reader costs little memory: of what it does not take a few events are kept.
"""

import asyncio
from contextlib import suppress

from aiohttp import web

from bookingd.domain.access import Action
from bookingd.domain.accounts.who import Who
from bookingd.domain.ids import BookingId, Reference
from bookingd.messages.live import BookingMoved
from bookingd.storage import bookings
from bookingd.storage.database import is_unavailable
from handlers.bookings import MOVES
from handlers.following import Following
from handlers.gate import is_still
from handlers.live_messages import Subscribe, Subscribed, brought, read_from_table, reference_in, refuse
from handlers.live_socket import SIGN_IN_AGAIN, Leave, Socket
from handlers.opened import open_for, still_opens
from handlers.parts import PARTS

SUBSCRIPTIONS = 50

LOOK_ANYWAY = 30.0
"""Seconds after which every subscribed timeline is read again, whether a notice came or not."""

EVENTS_AT_ONCE = 100


class FollowedBookings:
    """What one socket follows, and one task that tells it what is new."""

    def __init__(self, socket: Socket, request: web.Request, who: Who) -> None:
        self._socket = socket
        self._request = request
        self._who = who
        self._database = request.app[PARTS].database
        self._moves = request.app[MOVES]
        self._following: dict[str, Following] = {}
        self._news = asyncio.Event()
        """Set when there is more to tell of any of the bookings."""
        self._asked: Reference | None = None
        """What is just being looked up, to be followed."""

    def follows(self, booking_id: BookingId, reference: Reference) -> bool:
        """Whether it is told of that booking, or is about to be."""
        followed = {following.booking_id for following in self._following.values()}
        return booking_id in followed or self._asked == reference

    async def follow(self, wish: Subscribe) -> None:
        """From behind an event on. Raises Problem, Leave."""
        if wish.subscribe not in self._following and len(self._following) >= SUBSCRIPTIONS:
            raise refuse("subscribe", "too_many", f"A socket follows {SUBSCRIPTIONS} bookings at most.")
        self._asked = reference_in(wish.subscribe)
        try:
            await self._follow(wish, self._asked)
        finally:
            self._asked = None

    def forget(self, topic: str) -> bool:
        """Whether it was followed until now."""
        following = self._following.pop(topic, None)
        if following is None:
            return False
        self._moves.remove(following.booking_id, following.hear)
        return True

    def forget_all(self) -> None:
        """Follow nothing any more."""
        for topic in list(self._following):
            self.forget(topic)

    async def tell_forever(self) -> None:
        """Tell what is new until cancelled, or nothing more can be sent."""
        while not self._socket.closed:
            if not await self._has_news():
                self._look_everywhere()
            self._news.clear()
            try:
                await self._tell_all()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._look_everywhere()
                self._news.clear()  # the next look makes it good

    async def _follow(self, wish: Subscribe, reference: Reference) -> None:
        await self._check_session()
        heard: list[BookingMoved] = []
        with self._moves.telling(reference, heard.append):  # also while it is looked up
            opened = await open_for(self._request, self._who, Action.VIEW, reference, wish.token or "")
            await self._socket.send(Subscribed(subscribed=wish.subscribe, after=wish.after))
        self.forget(wish.subscribe)
        following = Following(
            topic=wish.subscribe,
            booking_id=opened.booking.id,
            reference=reference,
            shown=wish.token or "",
            told=wish.after,
            news=self._news,
        )
        self._following[wish.subscribe] = following
        self._moves.add(following.booking_id, following.hear)
        if opened.booking.sequence > wish.after:
            following.look()
        for moved in heard:
            following.hear(moved)

    def _look_everywhere(self) -> None:
        for following in self._following.values():
            following.look()

    async def _tell_all(self) -> None:
        await self._check_session()
        for following in list(self._following.values()):
            await self._tell(following)

    async def _check_session(self) -> None:
        """The notice that it has ended may be lost: nobody is told more for that. Raises Leave."""
        if not await is_still(self._request, self._who):
            raise Leave(SIGN_IN_AGAIN, b"sign in again")

    async def _has_news(self) -> bool:
        """Whether any came before it is time to look anyway."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_ANYWAY):
                return await self._news.wait()
        return False

    async def _tell(self, following: Following) -> None:
        """Everything behind what was told; a gap cannot be, whatever notices came."""
        while self._follows(following) and not self._socket.closed:
            if following.behind:
                await self._catch_up(following)
            elif step := following.next():
                await self._socket.send(brought(following.topic, step))
                following.told = step.sequence
            else:
                return

    def _follows(self, following: Following) -> bool:
        return self._following.get(following.topic) is following

    async def _catch_up(self, following: Following) -> None:
        """Tell what the table has. Raises Leave where the booking is somebody else's by now."""
        following.behind = False  # before the table is read: what is missed from now on is behind again
        await self._check_right(following)
        async with self._database.connection() as connection:
            found = await bookings.events_after(
                connection, booking_id=following.booking_id, sequence=following.told, limit=EVENTS_AT_ONCE
            )
        for event in found:
            if not self._follows(following):
                return  # unsubscribed while the table was read
            await self._socket.send(read_from_table(following.topic, event))
            following.told = event.sequence
        if len(found) == EVENTS_AT_ONCE:
            following.look()

    async def _check_right(self, following: Following) -> None:
        """As `_check_session`: that it was taken over may have been told in vain. Raises Leave."""
        reference, shown = following.reference, following.shown
        if not await still_opens(self._request, self._who, Action.VIEW, reference, shown):
            raise Leave(SIGN_IN_AGAIN, b"sign in again")
