"""Pictures of hotels: whose they are, what is known of them, and the originals of what was uploaded."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from bookingd.domain.pictures import Kind, PictureId, State, fetched_id
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

BY_IDS = query("pictures.by_ids")
OF_HOTEL = query("pictures.of_hotel")
IS_HOTEL = query("pictures.is_hotel")
LOCK_HOTEL = query("pictures.lock_hotel")
ADD = query("pictures.add")
KEEP_ORIGINAL = query("pictures.keep_original")
ORIGINAL = query("pictures.original")
WANT = query("pictures.want")
READY = query("pictures.ready")
FAILED = query("pictures.failed")
REFUSED = query("pictures.refused")
DESCRIBE = query("pictures.describe")
ARRANGE = query("pictures.arrange")
REMOVE = query("pictures.remove")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it is known. What it has depends on its kind: a recipe, an address, or an original."""

    id: PictureId
    hotel_id: int | None
    """Of our own inventory; None: a supplier's."""
    supplier: str | None
    supplier_hotel: str | None
    position: int
    """0 is shown first."""
    caption: str
    kind: Kind
    recipe: str | None
    url: str | None
    state: State
    reason: str | None
    failures: int
    try_after: datetime | None
    width: int | None
    """Pixels of the original, and `height`; None: not known yet."""
    height: int | None
    hash: bytes | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A supplier's picture that may be fetched when somebody asks for it."""

    supplier: str
    hotel: str
    """The supplier's own key."""
    url: str
    caption: str
    position: int

    @property
    def id(self) -> PictureId:
        """What it will be served as."""
        return fetched_id(self.supplier, self.hotel, self.url)


async def by_ids(connection: Connection, *, ids: Collection[PictureId]) -> Mapping[PictureId, Picture]:
    """Those that there are."""
    return {PictureId(row["id"]): _picture(row) for row in await connection.fetch(BY_IDS, list(ids))}


async def of_hotel(connection: Connection, *, hotel_id: int) -> Sequence[Picture]:
    """Of a hotel of our own, the first one first."""
    return [_picture(row) for row in await connection.fetch(OF_HOTEL, hotel_id)]


async def is_hotel(connection: Connection, *, hotel_id: int) -> bool:
    """Whether there is such a hotel of our own."""
    there: bool = await connection.fetchval(IS_HOTEL, hotel_id)
    return there


async def lock_hotel(connection: Connection, *, hotel_id: int) -> bool:
    """Whether there is such a hotel of our own. Nobody else changes its pictures until this commits."""
    return await connection.fetchval(LOCK_HOTEL, hotel_id) is not None


async def add(
    connection: Connection,
    *,
    picture: PictureId,
    hotel_id: int,
    caption: str,
    size: tuple[int, int],
    original: bytes,
    media_type: str,
    now: datetime,
) -> Picture:
    """Put an uploaded picture behind the hotel's others, with its original, whose width and height in pixels
    `size` is.
    """
    digest = hashlib.sha256(original).digest()
    (row,) = await connection.fetch(ADD, picture, hotel_id, caption, *size, digest, now)
    await connection.execute(KEEP_ORIGINAL, picture, media_type, original)
    return _picture(row)


async def original(connection: Connection, *, picture: PictureId) -> bytes | None:
    """What was uploaded, as we keep it; None where the picture was removed."""
    kept: bytes | None = await connection.fetchval(ORIGINAL, picture)
    return kept


async def want(connection: Connection, *, pictures: Sequence[Wanted], now: datetime) -> None:
    """Have suppliers' pictures served from now on. What is known of them already stays."""
    unique = {one.id: one for one in pictures}.values()
    rows = [(one.id, one.supplier, one.hotel, one.position, one.caption, one.url) for one in unique]
    if rows:
        await connection.execute(WANT, *map(list, zip(*rows, strict=True)), now)


async def note_ready(
    connection: Connection, *, picture: PictureId, size: tuple[int, int], digest: bytes
) -> None:
    """It was fetched: its size in pixels, and the SHA-256 of the original."""
    await connection.execute(READY, picture, *size, digest)


async def note_failure(
    connection: Connection, *, picture: PictureId, reason: str, try_after: datetime
) -> None:
    """It could not be had, and is tried again later."""
    await connection.execute(FAILED, picture, reason, try_after)


async def note_refusal(connection: Connection, *, picture: PictureId, reason: str) -> None:
    """It is never to be had."""
    await connection.execute(REFUSED, picture, reason)


async def describe(
    connection: Connection, *, picture: PictureId, version: int, caption: str
) -> Picture | None:
    """Give it another caption; None where it is another version by now."""
    row = await connection.fetchrow(DESCRIBE, picture, version, caption)
    return None if row is None else _picture(row)


async def arrange(connection: Connection, *, hotel_id: int, order: Sequence[PictureId]) -> None:
    """Put the hotel's pictures into that order."""
    await connection.execute(ARRANGE, hotel_id, list(order))


async def remove(connection: Connection, *, picture: PictureId, version: int) -> bool:
    """Away with it and its original; False where it is another version by now."""
    return await connection.fetchval(REMOVE, picture, version) is not None


def _picture(row: asyncpg.Record) -> Picture:
    known = dict(row)
    known["kind"], known["state"] = Kind(row["kind"]), State(row["state"])
    return Picture(**known)
