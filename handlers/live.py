"""The WebSocket of live updates: bookings as they move, searches as suppliers answer."""

import asyncio

from aiohttp import WSCloseCode, web

from bookingd.domain.ids import BookingId, Reference
from bookingd.messages.catalogue import Message
from bookingd.messages.live import AccountChanged, BookingTakenOver
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.live_bookings import FollowedBookings
from handlers.live_messages import Subscribe, SubscribeSearch, Unsubscribed, refuse
from handlers.live_searches import FollowedSearches
from handlers.live_socket import Socket, Wish
from handlers.middlewares import refuse_other_sites
from handlers.parts import PARTS

MESSAGE_BYTES = 4096
SOCKETS = 10_000
"""Of one process; more are told to come back."""

HEARTBEAT = 25.0
"""Seconds between pings: below the minute after which proxies drop a silent connection."""


class Connection:
    """One client: its socket, and all that it follows."""

    def __init__(self, answer: web.WebSocketResponse, request: web.Request) -> None:
        self.who = who_of(request)
        self.socket = Socket(answer, request)
        self._bookings = FollowedBookings(self.socket, request, self.who)
        self._searches = FollowedSearches(self.socket, request)

    async def run(self) -> None:
        """Until either side leaves."""
        try:
            await self.socket.run(self._take, self._bookings.tell_forever, self._searches.broken)
        finally:
            self._bookings.forget_all()
            await self._searches.forget_all()

    def follows(self, booking_id: BookingId, reference: Reference) -> bool:
        """Whether it is told of that booking, or is about to be."""
        return self._bookings.follows(booking_id, reference)

    async def _take(self, wish: Wish) -> None:
        match wish:
            case Subscribe():
                await self._bookings.follow(wish)
            case SubscribeSearch():
                await self._searches.follow(wish)
            case _:
                topic = wish.unsubscribe
                if not (self._bookings.forget(topic) or self._searches.forget(topic)):
                    raise refuse("unsubscribe", "unknown", "This is not followed here.")
                await self.socket.send(Unsubscribed(unsubscribed=topic))


class Live:
    """The open connections of this process."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()

    @property
    def full(self) -> bool:
        """Whether there is no place for one more."""
        return len(self._connections) >= SOCKETS

    def add(self, connection: Connection) -> None:
        """From now on it is told when the process goes away."""
        self._connections.add(connection)

    def remove(self, connection: Connection) -> None:
        """It is gone."""
        self._connections.discard(connection)

    def hear(self, notice: Message) -> None:
        """Hang up on an account that may do something else now, or is signed out, and on whoever follows a
        booking that belongs to somebody else now: who may, comes back.
        """
        for connection in self._connections:
            match notice:
                case AccountChanged():
                    over = connection.who.account == notice.account_id
                case BookingTakenOver():
                    over = connection.follows(notice.booking_id, notice.reference)
                case _:
                    return
            if over:
                connection.socket.leave()

    async def close(self) -> None:
        """Tell everybody that this process goes away; they come back to another."""
        goodbyes = [one.socket.close(WSCloseCode.GOING_AWAY, b"going away") for one in self._connections]
        await asyncio.gather(*goodbyes)


LIVE = web.AppKey("live", Live)


async def live(request: web.Request) -> web.StreamResponse:
    """Follow bookings as they move, and searches as they are answered."""
    parts, everybody = request.app[PARTS], request.app[LIVE]
    refuse_other_sites(request)
    answer = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=MESSAGE_BYTES, compress=False)
    if not answer.can_prepare(request):
        raise Problem("upgrade-required", "Connect with a WebSocket.", headers={"Upgrade": "websocket"})
    if everybody.full:
        raise Problem("unavailable", "Too many are connected here.", headers={"Retry-After": "10"})
    await answer.prepare(request)
    connection = Connection(answer, request)
    everybody.add(connection)
    parts.metrics.sockets.inc()
    try:
        await connection.run()
    finally:
        parts.metrics.sockets.dec()
        everybody.remove(connection)
    return answer
