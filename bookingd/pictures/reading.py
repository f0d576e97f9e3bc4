"""Foreign bytes as a picture of ours: upright, in sRGB, without whatever else was in the file.

Its one rule: nothing here trusts a byte. It runs in a worker (bookingd/pictures/worker.py) that may be
killed; what it cannot make sense of is refused, and no byte of the file is served.
"""

import io
import struct
import warnings

from PIL import ExifTags, Image, ImageCms

from bookingd.pictures.sizes import MOST_SIDE

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""Decoders that are tried at all; what a file is called, or said to be, counts for nothing."""

MOST_PIXELS = 50_000_000
"""Of a JPEG, which is not unpacked larger than we need it; more than cameras of phones make."""
MOST_UNPACKED = 25_000_000
"""Of others: 100 MB with transparency."""
LEAST_SIDE = 32
"""Pixels: smaller ones are there to count visitors."""
MOST_STRETCHED = 6
"""Times that one side may be as long as the other."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What has to be done for each orientation of EXIF 2.3, 4.6.4."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # Pillow looks at it too, at every frame


class Refused(Exception):
    """No picture that we take; `reason` is a stable code, the message a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read(given: bytes) -> Image.Image:
    """The picture in RGB, MOST_SIDE at most. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that is thrown away
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _read(given)
    except Refused:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_large(MOST_PIXELS) from error
    except MemoryError as error:
        raise Refused("too-large", "The picture needs more memory than it may have.") from error
    except Exception as error:  # a decoder raises whatever it likes at what it was not made for
        raise Refused("unreadable", "This is damaged, or not a JPEG, PNG, WebP or GIF picture.") from error


def _read(given: bytes) -> Image.Image:
    with Image.open(io.BytesIO(given), formats=FORMATS) as opened:
        _check(opened.size, MOST_PIXELS if opened.format in {"JPEG", "MPO"} else MOST_UNPACKED)
        opened.draft(None, (MOST_SIDE, MOST_SIDE))
        opened.load()  # of an animation, its first frame
        turn, profile = UPRIGHT.get(_orientation(opened)), opened.info.get("icc_profile")
        picture = _in_srgb(_without_alpha(opened), profile)
    picture.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    return _bare(picture if turn is None else picture.transpose(turn))


def _check(size: tuple[int, int], most: int) -> None:
    """By what the head of the file says."""
    if size[0] * size[1] > most:
        raise _too_large(most)
    if min(size) < LEAST_SIDE:
        raise Refused("too-small", f"Each side has {LEAST_SIDE} pixels at least.")
    if max(size) > MOST_STRETCHED * min(size):
        raise Refused("too-narrow", f"One side is at most {MOST_STRETCHED} times as long as the other.")


def _too_large(most: int) -> Refused:
    return Refused("too-large", f"It has more than {most:,} pixels.")


def _orientation(picture: Image.Image) -> int:
    """Which way is up; metadata that cannot be read says nothing about that."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return 1


def _without_alpha(picture: Image.Image) -> Image.Image:
    """On white, where one could look through it."""
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    if picture.mode.startswith("I"):  # sixteen bits a pixel
        return picture.convert("I").point(lambda level: level / 256).convert("L").convert("RGB")
    return picture if picture.mode == "CMYK" else picture.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as browsers show them that are told of no profile; one that does not fit is none."""
    if profile:
        try:
            there = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            here = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(picture, there, here, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            turned = None
        if turned is not None:
            return turned
    return picture.convert("RGB")


def _bare(picture: Image.Image) -> Image.Image:
    """Nothing but pixels: what is written from it carries no place, no camera, no name."""
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    return bare
