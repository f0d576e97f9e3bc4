"""Pictures of own hotels, as staff look after them.

The one rule: what is uploaded is read by a worker and kept as that has written it anew; not a byte of what
was sent gets further. The same picture sent twice is one picture.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.audit import Plain, Subject
from bookingd.domain.pictures import PictureId, uploaded_id
from bookingd.pictures.line import Line, LineFull
from bookingd.pictures.sizes import Format
from bookingd.pictures.work import Made
from bookingd.pictures.workshop import Unreadable, WorkerFailed
from bookingd.storage import pictures
from bookingd.storage.database import Connection
from bookingd.storage.pictures import Picture
from bookingd.storage.transactions import Transaction
from handlers.admin.picture_requests import NewPicture, PictureChange
from handlers.admin.trail import write_down
from handlers.bodies import json_body, read_large
from handlers.edits import changed_meanwhile, check_match, check_match_if_given, etag_of
from handlers.errors import FieldError, Problem, invalid, not_found
from handlers.fields import load_query
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.requests import schema
from handlers.views import View

MOST_PICTURES = 60
"""Of a hotel; nobody looks at more."""

TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
"""What is read; which of them a body is, is seen from itself."""

MIB = 1024 * 1024
MOST_ID = 2**63 - 1

UPLOADS = web.AppKey("uploads", Line)
AT_ONCE, WAITING = 2, 8
"""Uploads that are in memory, and such as wait for that with their body unread."""


class HotelPicture(View, frozen=True, kw_only=True):
    """A picture, as staff see it."""

    id: str
    address: Annotated[str, Meta(description="To which `/` and a width in pixels are added.")]
    kind: Annotated[str, Meta(description="drawn or uploaded")]
    caption: str
    position: Annotated[int, Meta(description="0 is shown first.")]
    width: Annotated[int | None, Meta(description="Pixels of the original.")]
    height: int | None
    etag: Annotated[str, Meta(description="For If-Match.")]


class HotelPictures(View, frozen=True, kw_only=True):
    """A hotel's pictures, the one that is shown first at the beginning."""

    pictures: tuple[HotelPicture, ...]


async def list_pictures(request: web.Request) -> web.Response:
    """All of them."""
    hotel = _hotel_in(request)
    async with request.app[PARTS].database.connection() as connection:
        found = await pictures.of_hotel(connection, hotel_id=hotel)
        if not (found or await pictures.is_hotel(connection, hotel_id=hotel)):
            raise not_found()
    return json_reply(HotelPictures(pictures=tuple(map(_view, found))))


async def upload_picture(request: web.Request) -> web.Response:
    """One more, behind the others."""
    asked, hotel = load_query(schema(NewPicture), request.query), _hotel_in(request)
    parts = request.app[PARTS]
    if not request.content_type.startswith("image/"):  # which no form can send, and so no other site
        told = f"The body is {request.content_type}; it has to be a picture, such as image/jpeg."
        raise Problem("media-type", told, headers={"Accept-Post": ", ".join(TYPES)})
    async with parts.database.connection() as connection:
        if not await pictures.is_hotel(connection, hotel_id=hotel):
            raise not_found()
    try:
        async with request.app[UPLOADS]:
            given = await read_large(request, most=parts.settings.pictures.upload_mib * MIB)
            picture_id = uploaded_id(hotel, hashlib.sha256(given).digest())
            made = await _taken_in(request, given)
    except LineFull as error:
        told = "Too many pictures are being made at the moment."
        raise Problem("unavailable", told, headers={hdrs.RETRY_AFTER: "5"}) from error
    added, new = await _add(request, hotel, picture_id, asked["caption"], made)
    await parts.pictures.put(picture_id, made.renditions, Format.WEBP)
    return _answer(added, status=201 if new else 200)


async def change_picture(request: web.Request) -> web.Response:
    """Another caption, or another place."""
    asked, _ = await json_body(request, PictureChange)
    hotel = _hotel_in(request)
    async with request.app[PARTS].transactions.begin() as transaction:
        connection = transaction.connection
        await _lock(connection, hotel)
        former = await _one(request, connection, hotel)
        check_match(request, former.version)
        caption = asked.get("caption", former.caption)
        changed = await pictures.describe(
            connection, picture=former.id, version=former.version, caption=caption
        )
        if changed is None:
            raise changed_meanwhile((await _one(request, connection, hotel)).version)
        if "position" in asked:
            await _move(connection, hotel, former.id, asked["position"])
        present = await _one(request, connection, hotel)
        _note(request, transaction, "hotel.picture_changed", former.id, {"written": sorted(asked)})
    request.app[PARTS].pictures.forget(former.id)
    return _answer(present)


async def remove_picture(request: web.Request) -> web.Response:
    """One less."""
    hotel = _hotel_in(request)
    async with request.app[PARTS].transactions.begin() as transaction:
        connection = transaction.connection
        await _lock(connection, hotel)
        former = await _one(request, connection, hotel)
        check_match_if_given(request, former.version)
        if not await pictures.remove(connection, picture=former.id, version=former.version):
            raise changed_meanwhile((await _one(request, connection, hotel)).version)
        _note(request, transaction, "hotel.picture_removed", former.id, {"kind": former.kind.value})
    await request.app[PARTS].pictures.drop(former.id)
    return web.Response(status=204)


async def _taken_in(request: web.Request, given: bytes) -> Made:
    """Raises Problem where it is no picture."""
    try:
        return await request.app[PARTS].pictures.take_in(given, Format.WEBP)
    except Unreadable as error:
        raise invalid(FieldError(field="", code=error.reason, message=str(error))) from error
    except WorkerFailed as error:
        told = "It could not be read in time, or at all."
        raise invalid(FieldError(field="", code=error.reason, message=told)) from error


async def _add(
    request: web.Request, hotel: int, picture_id: PictureId, caption: str, made: Made
) -> tuple[Picture, bool]:
    """The picture, and whether it was not there before. Raises Problem."""
    async with request.app[PARTS].transactions.begin() as transaction:
        connection = transaction.connection
        await _lock(connection, hotel)
        there = await pictures.of_hotel(connection, hotel_id=hotel)
        before = next((one for one in there if one.id == picture_id), None)
        if before is not None:
            return before, False
        if len(there) >= MOST_PICTURES:
            raise Problem("limit-reached", f"A hotel has {MOST_PICTURES} pictures at most.")
        added = await pictures.add(
            connection,
            picture=picture_id,
            hotel_id=hotel,
            caption=caption,
            size=(made.width, made.height),
            original=made.original,
            media_type=Format.WEBP.media_type,
            now=transaction.now,
        )
        size: dict[str, Plain] = {"width": made.width, "height": made.height, "bytes": len(made.original)}
        _note(request, transaction, "hotel.picture_added", picture_id, size)
    return added, True


async def _move(connection: Connection, hotel: int, moved: PictureId, position: int) -> None:
    order = [one.id for one in await pictures.of_hotel(connection, hotel_id=hotel) if one.id != moved]
    order.insert(position, moved)
    await pictures.arrange(connection, hotel_id=hotel, order=order)


async def _lock(connection: Connection, hotel: int) -> None:
    """Nobody else changes its pictures now. Raises Problem where there is no such hotel."""
    if not await pictures.lock_hotel(connection, hotel_id=hotel):
        raise not_found()


async def _one(request: web.Request, connection: Connection, hotel: int) -> Picture:
    """The picture of the address, which has to be that hotel's. Raises Problem."""
    wanted = PictureId(request.match_info["picture_id"])
    found = (await pictures.by_ids(connection, ids=[wanted])).get(wanted)
    if found is None or found.hotel_id != hotel:
        raise not_found()
    return found


def _hotel_in(request: web.Request) -> int:
    text = request.match_info["hotel_id"]
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MOST_ID):
        raise not_found()
    return int(text)


def _note(
    request: web.Request,
    transaction: Transaction,
    action: str,
    picture: PictureId,
    details: Mapping[str, Plain],
) -> None:
    hotel = Subject.of("hotel", _hotel_in(request))
    write_down(request, transaction, action, hotel, {"picture": picture, **details})


def _view(one: Picture) -> HotelPicture:
    return HotelPicture(
        id=one.id,
        address=f"/v1/pictures/{one.id}",
        kind=one.kind.value,
        caption=one.caption,
        position=one.position,
        width=one.width,
        height=one.height,
        etag=etag_of(one.version),
    )


def _answer(one: Picture, *, status: int = 200) -> web.Response:
    headers: dict[str, str] = {hdrs.ETAG: etag_of(one.version)}
    if status == 201:
        headers[hdrs.LOCATION] = f"/v1/admin/hotels/{one.hotel_id}/pictures/{quote(one.id)}"
    return json_reply(_view(one), status=status, headers=headers)
