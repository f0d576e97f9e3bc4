"""The WebSocket: bookings as they move.

A client subscribes to a booking after the last event that it has seen, and gets every later one, once and in
order. Nothing is queued for it: a socket remembers how far it has told each timeline, and a notice only says
that there is more to read. So a lost notice is made good by the next look, and a slow reader costs no memory:
while it does not read, nothing is read for it, and after a while it is let go with a code of its own.
"""

import asyncio
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from bookingd.domain.access import Action, may
from bookingd.domain.ids import BookingId
from bookingd.domain.references import parse_reference
from bookingd.storage import bookings
from bookingd.storage.bookings import BookingNotFound, Event
from bookingd.storage.database import is_unavailable
from handlers.bodies import read_json
from handlers.booking_views import EventView
from handlers.bookings import MOVES, event_view
from handlers.errors import FieldError, Problem, ProblemBody, invalid, not_found, problem_of
from handlers.middlewares import CORRELATION, refuse_other_sites
from handlers.opened import note_refusal
from handlers.parts import PARTS
from handlers.principals import principal_of, proofs_of
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

GOODBYE = 1.0
"""Seconds that a client has to answer a goodbye."""

SLOW_READER = 4008
TOO_MANY_MISTAKES = 4029

MISTAKES = 20
"""Messages that make no sense, in a row, before the socket is closed."""

EVENTS_AT_ONCE = 100


_NAMED = re.compile(r"at `\$\.(\w+)`|field `([^`]+)`")


class Gone(Exception):
    """The client hung up."""


class Leave(Exception):
    """This connection ends, for a reason that its close code names."""

    def __init__(self, code: int, why: bytes) -> None:
        super().__init__(why.decode())
        self.code = code
        self.why = why


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: follow a booking from behind an event on."""

    subscribe: str
    """`booking:` and the reference."""
    after: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    token: str | None = None
    """A booking token or a mail link's, where the session did not make the booking."""


class Unsubscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Follow it no longer."""

    unsubscribe: str


class LiveEvent(EventView, frozen=True, kw_only=True):
    """What a client gets: one step of a timeline."""

    topic: str


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription stands; events after `after` follow."""

    subscribed: str
    after: int


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription has ended."""

    unsubscribed: str


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message was not followed."""

    error: ProblemBody


@dataclass(slots=True)
class Following:
    """One timeline and how far it has been told."""

    topic: str
    booking_id: BookingId
    told: int


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
    principal = principal_of(request)
    await answer.prepare(request)
    socket = Socket(answer, request, principal)
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

    def __init__(self, answer: web.WebSocketResponse, request: web.Request, principal: str | None) -> None:
        self._answer = answer
        self._request = request
        self._principal = principal
        self._database = request.app[PARTS].database
        self._moves = request.app[MOVES]
        self._following: dict[str, Following] = {}
        self._news = asyncio.Event()
        """Set when any of the bookings moved, or one more is followed."""
        self._mistakes = 0

    async def run(self) -> None:
        """Follow what the client asks until either side leaves."""
        tasks = [
            asyncio.create_task(self._read_forever(), name="live reading"),
            asyncio.create_task(self._tell_forever(), name="live telling"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        await self._end(*(end for end in ends if isinstance(end, Exception)))

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
        for following in self._following.values():
            self._moves.remove(following.booking_id, self._news)
        self._following.clear()

    # What the client sends

    async def _read_forever(self) -> None:
        async for message in self._answer:
            if message.type is not WSMsgType.TEXT:
                await self._complain(Problem("bad-request", "Send text, one JSON object a message."))
            else:
                await self._take(message.data)

    async def _take(self, text: str) -> None:
        try:
            wish = _read(text)
            if isinstance(wish, Unsubscribe):
                await self._unfollow(wish)
            else:
                await self._follow(wish)
            self._mistakes = 0
        except (Leave, Gone):
            raise
        except Exception as error:  # noqa: BLE001 - the map of errors knows what to tell and what to log
            await self._complain(problem_of(error))

    async def _follow(self, wish: Subscribe) -> None:
        if wish.subscribe not in self._following and len(self._following) >= SUBSCRIPTIONS:
            raise _refuse("subscribe", "too_many", f"A socket follows {SUBSCRIPTIONS} bookings at most.")
        booking_id = await self._opened(wish)
        await self._send(Subscribed(subscribed=wish.subscribe, after=wish.after))
        self._following[wish.subscribe] = Following(
            topic=wish.subscribe, booking_id=booking_id, told=wish.after
        )
        self._moves.add(booking_id, self._news)
        self._news.set()

    async def _unfollow(self, wish: Unsubscribe) -> None:
        following = self._following.pop(wish.unsubscribe, None)
        if following is None:
            raise _refuse("unsubscribe", "unknown", "This is not followed here.")
        self._moves.remove(following.booking_id, self._news)
        await self._send(Unsubscribed(unsubscribed=wish.unsubscribe))

    async def _opened(self, wish: Subscribe) -> BookingId:
        """The booking of the topic, if it is open to this client; the same answer for unknown and foreign."""
        kind, _, text = wish.subscribe.partition(":")
        reference = parse_reference(text)
        if kind != "booking" or reference is None or reference != text:
            raise _refuse("subscribe", "topic", "This has to be 'booking:' and a reference.")
        async with self._database.connection() as connection:
            try:
                booking = (await bookings.by_reference(connection, reference=reference)).booking
            except BookingNotFound as error:
                raise not_found() from error
            proofs = proofs_of(self._request, wish.token or "")
            if not may(self._principal, Action.VIEW, booking, proofs):
                await note_refusal(connection, self._request, self._principal, Action.VIEW, booking)
                raise not_found()
        return booking.id

    # What the client is told

    async def _tell_forever(self) -> None:
        while not self._answer.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_ANYWAY):
                    await self._news.wait()
            self._news.clear()
            for following in list(self._following.values()):
                await self._tell(following)

    async def _tell(self, following: Following) -> None:
        """Everything that the table has behind what was told; a gap cannot be, whatever notices came."""
        more = True
        while more and self._following.get(following.topic) is following and not self._answer.closed:
            try:
                async with self._database.connection() as connection:
                    found = await bookings.events_after(
                        connection,
                        booking_id=following.booking_id,
                        sequence=following.told,
                        limit=EVENTS_AT_ONCE,
                    )
            except Exception as error:
                if not is_unavailable(error):
                    raise
                return  # the next look makes it good
            for event in found:
                if self._following.get(following.topic) is not following:
                    return  # unsubscribed while the table was read
                await self._send(live_event(following.topic, event))
                following.told = event.sequence
            more = len(found) == EVENTS_AT_ONCE

    async def _complain(self, problem: Problem) -> None:
        self._mistakes += 1
        await self._send(Failed(error=problem.body(self._request[CORRELATION])))
        if self._mistakes >= MISTAKES:
            raise Leave(TOO_MANY_MISTAKES, b"too many mistakes")

    async def _send(self, value: object) -> None:
        """Send within a time: aiohttp waits here while the client's side is full.

        Raises Leave for a slow reader, Gone for one that hung up.
        """
        try:
            async with asyncio.timeout(SLOW):
                await self._answer.send_str(encode(value).decode())
        except TimeoutError as error:
            raise Leave(SLOW_READER, b"reads too slowly") from error
        except ConnectionError as error:
            raise Gone from error


def live_event(topic: str, event: Event) -> LiveEvent:
    """A step of a timeline as it goes over the wire."""
    shown = event_view(event)
    return LiveEvent(
        topic=topic,
        sequence=shown.sequence,
        name=shown.name,
        state=shown.state,
        details=shown.details,
        at=shown.at,
    )


def _read(text: str) -> Subscribe | Unsubscribe:
    """What the client wants. Raises Problem."""
    given = read_json(text.encode(errors="replace"))
    try:
        if isinstance(given, dict) and "unsubscribe" in given:
            return msgspec.convert(given, Unsubscribe)
        return msgspec.convert(given, Subscribe)
    except msgspec.ValidationError as error:
        told = f"{error}. Send {{'subscribe': 'booking:REF', 'after': 0}}."
        raise _refuse(_field_of(str(error)), "message", told) from error


def _field_of(told: str) -> str:
    """The field that msgspec complains of; it names one it misses or knows not in words, others by a path."""
    found = _NAMED.search(told)
    return next((name for name in found.groups() if name), "") if found else ""


def _refuse(field_name: str, code: str, message: str) -> Problem:
    return invalid(FieldError(field=field_name, code=code, message=message))
