"""The WebSocket: bookings as they move.

A client subscribes to a booking after the last event that it has seen, and gets every later one, once and in
order. A socket remembers how far it has told each timeline. It tells what notices bring as long as nothing is
missing in between; else it reads the table. So a lost notice is made good by the next one or the next look,
and a slow reader costs little memory: of what it does not take a few events are kept, and after a while it is
let go with a code of its own.
"""

import asyncio
import logging
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from bookingd.domain.access import Action
from bookingd.domain.ids import BookingId, Reference
from bookingd.messages.catalogue import Message
from bookingd.messages.live import AccountChanged, BookingMoved, BookingTakenOver
from bookingd.storage import bookings
from bookingd.storage.database import is_unavailable
from handlers.bookings import MOVES
from handlers.errors import Problem, problem_of
from handlers.following import Following
from handlers.gate import is_still, who_of
from handlers.live_messages import (
    Failed,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    brought,
    read,
    read_from_table,
    reference_in,
    refuse,
)
from handlers.middlewares import CORRELATION, refuse_other_sites
from handlers.opened import open_for, still_opens
from handlers.parts import PARTS
from handlers.reply import encode

log = logging.getLogger(__name__)

MESSAGE_BYTES = 4096
SUBSCRIPTIONS = 50
SOCKETS = 10_000
"""Of one process; more are told to come back."""

HEARTBEAT = 25.0
"""Seconds between pings: below the minute after which proxies drop a silent connection."""

LOOK_ANYWAY = 30.0
"""Seconds after which every subscribed timeline is read again, whether a notice came or not."""

SLOW = 10.0
"""Seconds in which a client has to take what is sent to it."""

ROOM = 8192
"""Characters for which a connection has room while nothing waits on it; writers are stopped at 64 KiB."""

GOODBYE = 1.0
"""Seconds that a client has to answer a goodbye."""

SIGN_IN_AGAIN = 4001
SLOW_READER = 4008
TOO_MANY_MISTAKES = 4029

MISTAKES = 20
"""Messages that make no sense, in a row, before the socket is closed."""

EVENTS_AT_ONCE = 100


class Gone(Exception):
    """The client hung up."""


class Leave(Exception):
    """This connection ends, for a reason that its close code names."""

    def __init__(self, code: int, why: bytes) -> None:
        super().__init__(why.decode())
        self.code = code
        self.why = why


class Live:
    """The open sockets of this process."""

    def __init__(self) -> None:
        self._sockets: set[Socket] = set()

    @property
    def full(self) -> bool:
        """Whether there is no place for one more."""
        return len(self._sockets) >= SOCKETS

    def add(self, socket: "Socket") -> None:
        """From now on it is told when the process goes away."""
        self._sockets.add(socket)

    def remove(self, socket: "Socket") -> None:
        """It is gone."""
        self._sockets.discard(socket)

    def hear(self, notice: Message) -> None:
        """Hang up on an account that may do something else now, or is signed out, and on whoever follows a
        booking that belongs to somebody else now: who may, comes back.
        """
        for socket in self._sockets:
            match notice:
                case AccountChanged():
                    over = socket.who.account == notice.account_id
                case BookingTakenOver():
                    over = socket.follows(notice.booking_id, notice.reference)
                case _:
                    return
            if over:
                socket.leave()

    async def close(self) -> None:
        """Tell everybody that this process goes away; they come back to another."""
        goodbyes = [socket.close(WSCloseCode.GOING_AWAY, b"going away") for socket in self._sockets]
        await asyncio.gather(*goodbyes)


LIVE = web.AppKey("live", Live)


async def live(request: web.Request) -> web.StreamResponse:
    """Follow bookings as they move."""
    parts, everybody = request.app[PARTS], request.app[LIVE]
    refuse_other_sites(request)
    answer = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=MESSAGE_BYTES, compress=False)
    if not answer.can_prepare(request):
        raise Problem("upgrade-required", "Connect with a WebSocket.", headers={"Upgrade": "websocket"})
    if everybody.full:
        raise Problem("unavailable", "Too many are connected here.", headers={"Retry-After": "10"})
    await answer.prepare(request)
    socket = Socket(answer, request)
    everybody.add(socket)
    parts.metrics.sockets.inc()
    try:
        await socket.run()
    finally:
        parts.metrics.sockets.dec()
        everybody.remove(socket)
        socket.forget_all()
    return answer


class Socket:
    """One connection: what it follows, and one task that tells it what is new."""

    def __init__(self, answer: web.WebSocketResponse, request: web.Request) -> None:
        self._answer = answer
        self._request = request
        self.who = who_of(request)
        self._database = request.app[PARTS].database
        self._moves = request.app[MOVES]
        self._following: dict[str, Following] = {}
        self._news = asyncio.Event()
        """Set when there is more to tell of any of the bookings."""
        self._asked: Reference | None = None
        """What is just being looked up, to be followed."""
        self._mistakes = 0
        self._left = asyncio.Event()

    async def run(self) -> None:
        """Follow what the client asks until either side leaves."""
        tasks = [
            asyncio.create_task(self._read_forever(), name="live reading"),
            asyncio.create_task(self._tell_forever(), name="live telling"),
            asyncio.create_task(self._left.wait(), name="live leaving"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        await self._end(*(end for end in ends if isinstance(end, Exception)))
        if self._left.is_set():
            await self.close(SIGN_IN_AGAIN, b"sign in again")

    def follows(self, booking_id: BookingId, reference: Reference) -> bool:
        """Whether it is told of that booking, or is about to be."""
        followed = {following.booking_id for following in self._following.values()}
        return booking_id in followed or self._asked == reference

    def leave(self) -> None:
        """Say goodbye: whose it is may not be theirs any more."""
        self._left.set()

    async def _end(self, *errors: Exception) -> None:
        for error in errors:
            if isinstance(error, Leave):
                log.info("a WebSocket is closed: %s", error)
                await self.close(error.code, error.why)
            elif not isinstance(error, Gone):
                log.error("a WebSocket met an unforeseen error", exc_info=error)
                await self.close(WSCloseCode.INTERNAL_ERROR, b"internal error")

    async def close(self, code: int, why: bytes) -> None:
        """Say goodbye, and hang up on whoever does not listen."""
        transport = self._request.transport
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await self._answer.close(code=code, message=why, drain=False)
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()

    def forget_all(self) -> None:
        """Follow nothing any more."""
        for topic in list(self._following):
            self._forget(topic)

    # What the client sends

    async def _read_forever(self) -> None:
        async for message in self._answer:
            if message.type is not WSMsgType.TEXT:
                await self._complain(Problem("bad-request", "Send text, one JSON object a message."))
            else:
                await self._take(message.data)

    async def _take(self, text: str) -> None:
        try:
            wish = read(text)
            if isinstance(wish, Unsubscribe):
                await self._unfollow(wish)
            else:
                await self._follow(wish)
            self._mistakes = 0
        except (Leave, Gone):
            raise
        except Exception as error:  # noqa: BLE001 - the map of errors knows what to tell and what to log
            await self._complain(problem_of(error))
        finally:
            self._asked = None

    async def _follow(self, wish: Subscribe) -> None:
        if wish.subscribe not in self._following and len(self._following) >= SUBSCRIPTIONS:
            raise refuse("subscribe", "too_many", f"A socket follows {SUBSCRIPTIONS} bookings at most.")
        reference = self._asked = reference_in(wish.subscribe)
        await self._check_session()
        heard: list[BookingMoved] = []
        with self._moves.telling(reference, heard.append):  # also while it is looked up
            opened = await open_for(self._request, self.who, Action.VIEW, reference, wish.token or "")
            await self._send(Subscribed(subscribed=wish.subscribe, after=wish.after))
        self._forget(wish.subscribe)
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

    async def _unfollow(self, wish: Unsubscribe) -> None:
        if not self._forget(wish.unsubscribe):
            raise refuse("unsubscribe", "unknown", "This is not followed here.")
        await self._send(Unsubscribed(unsubscribed=wish.unsubscribe))

    def _forget(self, topic: str) -> bool:
        """Whether it was followed until now."""
        following = self._following.pop(topic, None)
        if following is None:
            return False
        self._moves.remove(following.booking_id, following.hear)
        return True

    # What the client is told

    async def _tell_forever(self) -> None:
        while not self._answer.closed:
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

    def _look_everywhere(self) -> None:
        for following in self._following.values():
            following.look()

    async def _tell_all(self) -> None:
        await self._check_session()
        for following in list(self._following.values()):
            await self._tell(following)

    async def _check_session(self) -> None:
        """The notice that it has ended may be lost: nobody is told more for that. Raises Leave."""
        if not await is_still(self._request, self.who):
            raise Leave(SIGN_IN_AGAIN, b"sign in again")

    async def _has_news(self) -> bool:
        """Whether any came before it is time to look anyway."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_ANYWAY):
                return await self._news.wait()
        return False

    async def _tell(self, following: Following) -> None:
        """Everything behind what was told; a gap cannot be, whatever notices came."""
        while self._follows(following) and not self._answer.closed:
            if following.behind:
                await self._catch_up(following)
            elif step := following.next():
                await self._send(brought(following.topic, step))
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
            await self._send(read_from_table(following.topic, event))
            following.told = event.sequence
        if len(found) == EVENTS_AT_ONCE:
            following.look()

    async def _check_right(self, following: Following) -> None:
        """As `_check_session`: that it was taken over may have been told in vain. Raises Leave."""
        reference, shown = following.reference, following.shown
        if not await still_opens(self._request, self.who, Action.VIEW, reference, shown):
            raise Leave(SIGN_IN_AGAIN, b"sign in again")

    async def _complain(self, problem: Problem) -> None:
        self._mistakes += 1
        await self._send(Failed(error=problem.body(self._request[CORRELATION])))
        if self._mistakes >= MISTAKES:
            raise Leave(TOO_MANY_MISTAKES, b"too many mistakes")

    async def _send(self, value: object) -> None:
        """Send within a time: aiohttp waits here while the client's side is full.

        Raises Leave for a slow reader, Gone for one that hung up.
        """
        text = encode(value).decode()
        try:
            if self._takes(text):
                await self._answer.send_str(text)
                return
            async with asyncio.timeout(SLOW):
                await self._answer.send_str(text)
        except TimeoutError as error:
            raise Leave(SLOW_READER, b"reads too slowly") from error
        except ConnectionError as error:
            raise Gone from error

    def _takes(self, text: str) -> bool:
        """Whether it is sent without waiting: nothing is waiting before it, and it does not fill the way."""
        transport = self._request.transport
        return transport is not None and not transport.get_write_buffer_size() and len(text) < ROOM
