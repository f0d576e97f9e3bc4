"""Pictures as bytes: the original that is kept, and what is served of it."""

import io

from PIL import Image

from bookingd.pictures.sizes import MOST_ORIGINAL, WIDTHS, Format

QUALITY = 82
EFFORT = 2
"""Of WebP, 0 to 6. Measured on drawings: 4 takes three times as long and saves a twentieth."""

QUALITIES = (90, 80, 65, 45, 25)
"""Tried for an original, until it is small enough."""


def original_of(picture: Image.Image) -> bytes:
    """As WebP of MOST_ORIGINAL bytes at most."""
    for quality in QUALITIES:
        written = _webp(picture, quality)
        if len(written) <= MOST_ORIGINAL:
            return written
    halved = picture.reduce(2)  # noise: there is no other way
    return original_of(halved)


def renditions_of(picture: Image.Image, form: Format) -> dict[int, bytes]:
    """By width: never wider than the picture is."""
    return {width: _rendition(picture, width, form) for width in WIDTHS}


def _rendition(picture: Image.Image, width: int, form: Format) -> bytes:
    sized = picture
    if width < picture.width:
        height = max(1, round(picture.height * width / picture.width))
        sized = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _webp(sized, QUALITY) if form is Format.WEBP else _jpeg(sized)


def _webp(picture: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=quality, method=EFFORT)
    return written.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return written.getvalue()
