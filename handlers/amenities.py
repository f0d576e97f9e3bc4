"""What hotels can have: the same for everybody, and seldom another."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.storage import amenities
from handlers.parts import PARTS
from handlers.reply import tagged_reply
from handlers.views import View


class AmenityView(View, frozen=True, kw_only=True):
    """Something that a hotel can have."""

    code: Annotated[str, Meta(description="As filters and hotels have it.")]
    label: str
    category: Annotated[str, Meta(description="Under which it is listed.")]


class Amenities(View, frozen=True, kw_only=True):
    """All of them, in the order in which they are listed."""

    amenities: tuple[AmenityView, ...]


async def every_amenity(request: web.Request) -> web.Response:
    """All amenities, with an ETag: 304 while they are the same."""
    async with request.app[PARTS].database.connection() as connection:
        found = await amenities.every(connection)
    shown = tuple(AmenityView(code=one.code, label=one.label, category=one.category) for one in found)
    return tagged_reply(request, Amenities(amenities=shown))
