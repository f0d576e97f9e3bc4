"""Bookings: take one in, list one's own, look at one, read its timeline."""

import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from bookingd.domain.access import Action
from bookingd.domain.accounts.permissions import Permission
from bookingd.domain.accounts.who import Who
from bookingd.domain.booking.facts import PlaceBooking
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.ids import BookingId
from bookingd.messages.live import BookingMoved
from bookingd.storage import bookings, documents, notifications, own_bookings, payments, places, travellers
from bookingd.storage.bookings import NewBooking as Placed
from bookingd.storage.payments import RefundRow
from bookingd.tokens import Purpose
from handlers.bodies import fingerprint, json_body, read_body, required_key, wait_of
from handlers.booking_page import booking_page, wants_page
from handlers.booking_views import (
    BookingAccepted,
    Bookings,
    Events,
    Messages,
    booking_body,
    booking_line,
    event_view,
    links,
    message_view,
)
from handlers.cursors import read_cursor, write_cursor
from handlers.errors import Problem
from handlers.exchange import check_rate
from handlers.fields import load_query
from handlers.gate import check, who_of
from handlers.guests.access_page import way_in
from handlers.intake import Claim, Intake, Work
from handlers.moves import Moves, Watch
from handlers.offer_shelf import OfferShelf
from handlers.opened import open_booking
from handlers.ordering import Saved, named_travellers, order
from handlers.parts import PARTS, Parts
from handlers.principals import origin_of
from handlers.reply import encode, json_reply
from handlers.requests import After, NewBooking, Page, schema
from handlers.rush import Rush
from handlers.views import codes

INTAKE = web.AppKey("intake", Intake)
MOVES = web.AppKey("moves", Moves)
RUSH = web.AppKey("rush", Rush)
SHELF = web.AppKey("shelf", OfferShelf)

Watched: TypeAlias = Mapping[BookingId, Watch]
"""Bookings that were watched before they were asked for. A repeated request is answered with another one."""


class Taken(NamedTuple):
    """A booking that was taken in."""

    recorded: bytes
    """The answer."""
    watched: Watched
    on_behalf: bool
    """Whether it is somebody else's than of who asked."""


TOKEN_LIFE = timedelta(days=400)
"""A booking can be looked at until after its journey: flights are sold 361 days ahead."""

EVENTS_LIMIT = 200

GIVEN_BACK = frozenset({PaymentState.REFUNDING, PaymentState.REFUNDED})

_accepted = msgspec.json.Decoder(BookingAccepted)


async def place(request: web.Request) -> web.Response:
    """Book an offer. Answers when the request is recorded; holding the seats comes after."""
    await read_body(request)  # whoever is slow to send it takes nobody's turn
    with ExitStack() as watching:
        async with request.app[RUSH].turn():
            taken = await _take_in(request, watching)
        return await _answer_placed(request, taken)


async def _take_in(request: web.Request, watching: ExitStack) -> Taken:
    """Recorded, and watched from now on. Raises Problem."""
    who, intake = who_of(request), request.app[INTAKE]
    asked, given = await json_body(request, NewBooking)
    owner, on_behalf = _owner(request, asked), asked["on_behalf"]
    claim = Claim(key=required_key(request, who.principal), fingerprint=fingerprint(request, given))
    try:
        new = await _wanted(request, asked, owner)
    except Problem:
        # Offers expire, seats are sold; the answer to a request that was taken in before does not change.
        if (before := await intake.recall(claim)) is None:
            raise
        return Taken(before, {}, on_behalf)
    work = Work(
        claim=claim,
        origin=origin_of(request, who.acting),
        messages=(PlaceBooking(booking_id=new.booking.id),),
        answer=lambda placed, now: _taken_in(placed or new, now),
        location=lambda placed: f"/v1/bookings/{(placed or new).booking.reference}",
        booking=new,
    )
    watch = watching.enter_context(request.app[MOVES].watching(new.booking.id))
    return Taken(await intake.submit(work), {new.booking.id: watch}, on_behalf)


def _owner(request: web.Request, asked: Mapping[str, Any]) -> str:
    """Whose the booking is to be; raises Problem for whoever may not book for others.

    A traveller's is that of a guest session which nobody has: it opens to the link in their mails, to a code
    that goes to their address, and an account with that address may take it over.
    """
    who = who_of(request)
    if not asked["on_behalf"]:
        return who.principal
    sources = request.app[PARTS].sources
    check(who, Permission.BOOKINGS_ACT, now=sources.clock.now())
    return Who.guest(sources.ids.new()).principal


async def _wanted(request: web.Request, asked: dict[str, Any], owner: str) -> Placed:
    """The booking that is asked for, if it can be had as far as anybody here knows. Raises Problem."""
    app, saved = request.app, await _saved(request, named_travellers(asked))
    new = await order(asked, owner=owner, shelf=app[SHELF], sources=app[PARTS].sources, saved=saved)
    for item in new.booking.items:
        check_rate(app[PARTS], item.offer)
        app[RUSH].check(item.offer)
    return new


async def _saved(request: web.Request, named: Sequence[UUID]) -> Saved:
    """Those of the named travellers that the account keeps; a guest keeps none."""
    parts, account = request.app[PARTS], who_of(request).account
    if not named or account is None:
        return {}
    async with parts.database.connection() as connection:
        return await travellers.of_account(
            connection, keyring=parts.accounts.keyring, account=account, ids=named
        )


async def own(request: web.Request) -> web.Response:
    """The bookings of this session, or of the account, the newest first."""
    owner = who_of(request).principal
    asked = load_query(schema(Page), request.query)
    after, limit = read_cursor(asked["cursor"]), asked["limit"]
    async with request.app[PARTS].database.connection() as connection:
        found = await own_bookings.page(connection, owner=owner, after=after, limit=limit + 1)
    shown, more = found[:limit], len(found) > limit
    following = write_cursor(shown[-1].created_at, shown[-1].id) if more else None
    return json_reply(Bookings(bookings=tuple(map(booking_line, shown)), next=following))


async def show(request: web.Request) -> web.Response:
    """A booking as it stands: JSON for programs, and a page for whoever follows the link of a mail."""
    as_page = wants_page(request)
    try:
        stored = await open_booking(request, Action.VIEW)
    except Problem as problem:
        if as_page and problem.kind.slug == "not-found":
            return way_in(request)
        raise
    booking = stored.booking
    refunds = await _refunds(request.app[PARTS], booking)
    tag = _tag(booking, refunds)
    headers: dict[str, str] = {hdrs.ETAG: f'W/"{tag}"', hdrs.VARY: hdrs.ACCEPT}
    if not as_page and _matches(request, tag):
        return web.Response(status=304, headers=headers)
    async with request.app[PARTS].database.connection() as connection:
        people = await bookings.travellers(connection, booking_id=booking.id)
        rows = await payments.of_booking(connection, booking_id=booking.id)
        airports, airlines = codes(item.offer.itinerary for item in booking.items)
        names = await places.names(connection, airports=airports, airlines=airlines)
        papers = await documents.of_bookings(connection, ids=[booking.id]) if as_page else {}
    body = booking_body(stored, people, rows, refunds, names)
    if as_page:
        return booking_page(request, booking, body, papers.get(booking.id, []))
    return json_reply(body, headers=headers)


async def _refunds(parts: Parts, booking: Booking) -> list[RefundRow]:
    """What went back of it; nothing is read where nothing did."""
    returned = [one.id for one in booking.payments if one.refunds or one.state in GIVEN_BACK]
    if not returned:
        return []
    async with parts.database.connection() as connection:
        return [
            refund
            for payment_id in returned
            for refund in await payments.refunds_of(connection, payment_id=payment_id)
        ]


def _tag(booking: Booking, refunds: Sequence[RefundRow]) -> str:
    """What changes with the answer: a bank moves a refund without moving the booking."""
    told = [(one.round, one.state, one.trace, one.expected_by, one.settlement) for one in refunds]
    moved = f"-{zlib.crc32(repr(told).encode()):08x}" if refunds else ""
    return f"{booking.sequence}{moved}"


async def events(request: web.Request) -> web.Response:
    """A booking's timeline after a sequence number."""
    asked = load_query(schema(After), request.query)
    booking = (await open_booking(request, Action.VIEW)).booking
    async with request.app[PARTS].database.connection() as connection:
        found = await bookings.events_after(
            connection, booking_id=booking.id, sequence=asked["after"], limit=EVENTS_LIMIT + 1
        )
    shown = tuple(event_view(event) for event in found[:EVENTS_LIMIT])
    return json_reply(Events(events=shown, more=len(found) > EVENTS_LIMIT))


async def messages(request: web.Request) -> web.Response:
    """What the traveller was told, and where it went."""
    booking = (await open_booking(request, Action.VIEW)).booking
    async with request.app[PARTS].database.connection() as connection:
        said = await notifications.of_booking(connection, booking_id=booking.id)
    return json_reply(Messages(messages=tuple(message_view(one) for one in said)))


def booking_token(parts: Parts, booking_id: UUID, created_at: datetime) -> str:
    """The token that opens the booking: always the same one, so a repeated request gets it again."""
    return parts.signer.sign(Purpose.BOOKING, str(booking_id), expires_at=created_at + TOKEN_LIFE)


def _taken_in(placed: Placed, now: datetime) -> bytes:
    """What is recorded as the answer: without the token, which is made anew each time."""
    booking = placed.booking
    return encode(
        BookingAccepted(
            id=str(booking.id),
            reference=booking.reference,
            state=booking.state,
            created_at=now,
            links=links(booking.reference),
        )
    )


async def _answer_placed(request: web.Request, taken: Taken) -> web.Response:
    """Who books for others gets no token: what they may do ends with their role, and a token would not."""
    parts, answer = request.app[PARTS], _accepted.decode(taken.recorded)
    booking_id = BookingId(UUID(answer.id))
    headers: dict[str, str] = {hdrs.LOCATION: answer.links.self}
    if not taken.on_behalf:
        token = booking_token(parts, booking_id, answer.created_at)
        answer = msgspec.structs.replace(answer, booking_token=token)
    if not (wait := wait_of(request)):
        return json_reply(answer, status=202, headers=headers)
    watch = taken.watched.get(booking_id)
    stands = await _as_it_stands(request.app[MOVES], booking_id, watch, seconds=wait)
    answer = msgspec.structs.replace(answer, state=stands.state, reason=stands.reason)
    headers["Preference-Applied"] = f"wait={wait}"
    return json_reply(answer, status=201 if _has_left_pending(stands) else 202, headers=headers)


async def _as_it_stands(
    moves: Moves, booking_id: BookingId, watch: Watch | None, *, seconds: float
) -> Booking | BookingMoved:
    """When it has left pending, or the time is over: as heard where all of it was watched, else as read."""
    if watch:
        return await watch.until(_has_left_pending, seconds=seconds) or await moves.look(booking_id)
    with moves.watching(booking_id) as from_now:
        return await moves.settled(booking_id, from_now, _has_left_pending, seconds=seconds)


def _has_left_pending(booking: Booking | BookingMoved) -> bool:
    return booking.state is not BookingState.PENDING


def _matches(request: web.Request, tag: str) -> bool:
    return any(etag.value in {tag, "*"} for etag in request.if_none_match or ())
