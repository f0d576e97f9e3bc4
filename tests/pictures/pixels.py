"""Pictures that tests make up."""

import io
import random
from collections.abc import Callable
from typing import Any

from PIL import Image


def plain(width: int, height: int) -> Image.Image:
    """Red on the left half, blue on the right one, and a white corner on top of the left."""
    picture = Image.new("RGB", (width, height), (30, 60, 220))
    picture.paste((220, 40, 30), (0, 0, width // 2, height))
    picture.paste((255, 255, 255), (0, 0, width // 4, height // 4))
    return picture


def noise(width: int, height: int) -> Image.Image:
    """Nothing can pack it."""
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, form, **options)
    return written.getvalue()


def jpeg(width: int, height: int, of: Callable[[int, int], Image.Image] = plain, **options: Any) -> bytes:
    return encoded(of(width, height), "JPEG", **{"quality": 95, **options})


def png(width: int, height: int) -> bytes:
    return encoded(plain(width, height), "PNG")
