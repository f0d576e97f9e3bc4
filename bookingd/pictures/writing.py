"""Pictures as bytes: the original that is kept, and what is served of it."""

import io
from collections.abc import Collection

from PIL import Image

from bookingd.pictures.sizes import MOST_ORIGINAL, Format

QUALITY = 82
EFFORT = 2
"""Of WebP, 0 to 6. Measured on drawings: 1 takes four fifths of the time and a third more bytes, 4 more than
twice the time and a twentieth fewer bytes."""

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


def renditions_of(picture: Image.Image, form: Format, widths: Collection[int]) -> dict[int, bytes]:
    """By width: never wider than the picture is. Each is made of the next wider one, which costs least."""
    write, renditions, sized = (_webp if form is Format.WEBP else _jpeg), {}, picture
    for width in sorted(widths, reverse=True):
        if width < picture.width:
            height = max(1, round(picture.height * width / picture.width))
            sized = sized.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        renditions[width] = write(sized, QUALITY)
    return renditions


def _webp(picture: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=quality, method=EFFORT)
    return written.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality, optimize=True, progressive=True)
    return written.getvalue()
