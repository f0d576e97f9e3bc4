"""Pictures, as anybody may look at them.

The one rule: an address shows the same picture for ever, so whoever has got one need not ask again; what is
answered was encoded by us, and can do nothing but be looked at.
"""

import re

from aiohttp import hdrs, web

from bookingd.domain.pictures import PictureId
from bookingd.pictures.gallery import Gallery
from bookingd.pictures.making import NoSuchPicture, PictureAway
from bookingd.pictures.shelf import Kept
from bookingd.pictures.sizes import WIDTHS, Format
from handlers.accepting import accepted
from handlers.errors import Problem, not_found
from handlers.middlewares import POLICY
from handlers.parts import PARTS

FOR_EVER = "public, max-age=31536000, immutable"
"""A year (RFC 8246)."""

NOTHING_BUT_LOOKED_AT = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

_ID = re.compile(r"[a-z2-7]{16}")
_WIDTH = re.compile(r"[1-9]\d{0,4}")


async def picture(request: web.Request) -> web.Response:
    """A picture in one of the widths, as WebP to whoever names it in Accept, else as JPEG."""
    named, width = request.match_info["picture_id"], request.match_info["width"]
    if not _ID.fullmatch(named) or not _WIDTH.fullmatch(width) or int(width) not in WIDTHS:
        raise not_found()
    form = Format.WEBP if dict(accepted(request)).get("image/webp") else Format.JPEG
    kept = await _show(request.app[PARTS].pictures, PictureId(named), int(width), form)
    return _answer(request, kept, form)


async def _show(gallery: Gallery, picture_id: PictureId, width: int, form: Format) -> Kept:
    try:
        return await gallery.show(picture_id, width, form)
    except NoSuchPicture as error:
        raise not_found() from error
    except PictureAway as error:
        told = "The picture cannot be had at the moment."
        raise Problem("unavailable", told, headers={hdrs.RETRY_AFTER: str(error.seconds)}) from error


def _answer(request: web.Request, kept: Kept, form: Format) -> web.Response:
    etag = kept.digest.hex()[:32]
    headers = {
        hdrs.ETAG: f'"{etag}"',
        hdrs.CACHE_CONTROL: FOR_EVER,
        hdrs.VARY: hdrs.ACCEPT,
        POLICY: NOTHING_BUT_LOOKED_AT,
    }
    known = request.if_none_match or ()
    if any(tag.value in {etag, "*"} for tag in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=kept.content, content_type=form.media_type, headers=headers)
