"""What workers are asked, what they answer, and the one function that turns one into the other."""

import io
from typing import TypeAlias

import msgspec
from PIL import Image

from bookingd.domain.pictures import Recipe
from bookingd.pictures.drawing import draw
from bookingd.pictures.reading import Refused, read
from bookingd.pictures.sizes import Format
from bookingd.pictures.writing import original_of, renditions_of


class Draw(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Draw the recipe, in these widths."""

    recipe: str
    form: Format
    widths: tuple[int, ...]


class TakeIn(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Make an original of foreign bytes, and these widths of it."""

    given: bytes
    form: Format
    widths: tuple[int, ...]


class Size(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Make these widths of an original of ours."""

    original: bytes
    form: Format
    widths: tuple[int, ...]


class Made(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Pictures by their width, and of what was taken in the original."""

    width: int
    """Pixels of what was drawn or read, and `height`."""
    height: int
    renditions: dict[int, bytes]
    original: bytes = b""


class Unfit(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The bytes are no picture that we take."""

    reason: str
    message: str


Job: TypeAlias = Draw | TakeIn | Size
Answer: TypeAlias = Made | Unfit


def do(job: Job) -> Answer:
    """Do it. What it raises is a fault of ours."""
    match job:
        case Draw():
            return _made(draw(Recipe.from_json(job.recipe), max(job.widths)), job)
        case Size():
            with Image.open(io.BytesIO(job.original), formats=("WEBP",)) as opened:
                return _made(opened.convert("RGB"), job)
        case TakeIn():
            return _taken_in(job)


def _made(picture: Image.Image, job: Job, original: bytes = b"") -> Made:
    return Made(
        width=picture.width,
        height=picture.height,
        renditions=renditions_of(picture, job.form, job.widths),
        original=original,
    )


def _taken_in(job: TakeIn) -> Answer:
    try:
        picture = read(job.given)
    except Refused as error:
        return Unfit(reason=error.reason, message=str(error))
    original = original_of(picture)
    with Image.open(io.BytesIO(original), formats=("WEBP",)) as kept:  # it may be smaller than what was read
        return _made(kept.convert("RGB"), job, original)
